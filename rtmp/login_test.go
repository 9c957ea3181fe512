package rtmp

import (
	"errors"
	"testing"
)

// rejected is a refusal of an access manager.
func rejected(words string) error {
	return &StatusError{Code: "NetConnection.Connect.Rejected", Description: words}
}

// What the client answers to servers of other kinds.
func TestLoginAnswers(t *testing.T) {
	l := login{url: &URL{App: "live", User: "bob", Password: "s3cret"}}
	if err := l.next(rejected("[ AccessManager.Reject ] : [ code=403 need auth ; authmod=adobe ] : ")); err != nil {
		t.Fatal(err)
	}
	if l.shown != "?authmod=adobe&user=bob" {
		t.Errorf("first it shows %s", l.shown)
	}
	for words, want := range map[string]string{
		"?reason=needauth&user=bob&salt=salty&challenge=chal1234&opaque=opaq==": "&challenge=3e6d02a9&response=bP5UcQIW2hAImQT+diZhxA==&opaque=opaq==",
		"?reason=needauth&user=bob&salt=salty&challenge=opaq==":                 "&challenge=3e6d02a9&response=bP5UcQIW2hAImQT+diZhxA==",
	} {
		a, ok := readAccess(rejected("[ AccessManager.Reject ] : [ authmod=adobe ] : " + words))
		if got := l.answerWith(&a, "3e6d02a9"); !ok || got != want {
			t.Errorf("%s: got %s", words, got)
		}
	}
	a, _ := readAccess(rejected("[ AccessManager.Reject ] : [ authmod=llnw ] : ?reason=needauth&user=bob&nonce=NONCE123"))
	if got := l.answerWith(&a, "9d88f9b3"); got != "&nonce=NONCE123&cnonce=9d88f9b3&nc=00000001&response=256173a65f111ca9e2aac43b6b891b97" {
		t.Errorf("got %s", got)
	}
}

// A server that never has enough does not keep the client busy.
func TestLoginEnds(t *testing.T) {
	const (
		need = "[ AccessManager.Reject ] : [ code=403 need auth ; authmod=adobe ] : "
		ask  = "[ AccessManager.Reject ] : [ authmod=adobe ] : ?reason=needauth&user=bob&salt=s&challenge=c"
	)
	plain := rejected("The application is closed.")
	for _, test := range []struct {
		says []error
		want error
	}{
		{[]error{plain}, plain},
		{[]error{rejected(need), rejected(need)}, ErrCredentials},
		{[]error{rejected(need), rejected(ask), rejected(ask)}, ErrCredentials},
		{[]error{rejected(need), rejected(ask), rejected(need)}, ErrCredentials},
		{[]error{rejected(ask), rejected("[ AccessManager.Reject ] : [ authmod=adobe ] : ?reason=authfailed")}, ErrCredentials},
		{[]error{rejected("[ AccessManager.Reject ] : [ authmod=new ] : ")}, ErrChallenged},
		{[]error{errors.ErrUnsupported}, errors.ErrUnsupported},
	} {
		l := login{url: &URL{App: "live", User: "bob", Password: "x"}}
		for i, e := range test.says {
			err := l.next(e)
			if last := i == len(test.says)-1; !last && err != nil || last && !errors.Is(err, test.want) {
				t.Errorf("%v: %d: %v", test.says, i, err)
			}
		}
	}
}

func TestParseURLUser(t *testing.T) {
	u, err := ParseURL("rtmp://b%40b:p%2F:w@[::1]:19/live/key")
	if err != nil {
		t.Fatal(err)
	}
	want := URL{
		Scheme: "rtmp", Host: "[::1]:19", App: "live", Name: "key", TCURL: "rtmp://[::1]:19/live", User: "b@b", Password: "p/:w",
	}
	if *u != want {
		t.Errorf("got %#v", *u)
	}
	if got := u.String(); got != "rtmp://[::1]:19/live/…" {
		t.Errorf("printed as %s", got)
	}
	to, err := u.resolve("rtmp://other/live")
	if err != nil || to.User != u.User || to.Password != u.Password {
		t.Errorf("after a reconnect request: %#v, %v", to, err)
	}
}
