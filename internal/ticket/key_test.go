package ticket

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/millrace-live/millrace/internal/config"
)

func TestNewKey(t *testing.T) {
	a, b := NewKey(), NewKey()
	if err := CheckKeys([]Key{a, b}); err != nil {
		t.Fatal(err)
	}
	if a.ID == b.ID || a.Secret.Reveal() == b.Secret.Reveal() {
		t.Error("two new keys are alike")
	}
	// 5 bits a letter.
	if n := len(strings.TrimPrefix(a.Secret.Reveal(), "ms_")); n*5 < 256 {
		t.Errorf("a new secret has %d letters", n)
	}
}

// A key that lands in a log or an answer by mistake does not give its secret away.
func TestKeyHidesItsSecret(t *testing.T) {
	k := NewKey()
	s := newSigner(t, k)
	v := newVerifier(t, Options{Keys: []Key{k}})
	asJSON, err := json.Marshal(k)
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{
		fmt.Sprint(k), fmt.Sprintf("%+v", k), fmt.Sprintf("%#v", k), fmt.Sprintf("%x", k), string(asJSON),
		fmt.Sprintf("%+v", s), fmt.Sprintf("%#v", *s), fmt.Sprintf("%+v", v), fmt.Sprintf("%#v", v),
	} {
		if strings.Contains(text, k.Secret.Reveal()) {
			t.Errorf("it prints its secret")
		}
	}
}

func TestRotate(t *testing.T) {
	now := time.Now()
	first := Rotate(nil, now, time.Hour)
	second := Rotate(first, now, time.Hour)
	if len(second) != 2 || second[1].ID != first[0].ID || !second[1].Until.Equal(now.Add(time.Hour)) || !second[0].Until.IsZero() {
		t.Fatalf("after a rotation the keys are %v", second)
	}
	// A second rotation gives the oldest key no longer life, a shorter overlap a
	// shorter one.
	third := Rotate(second, now.Add(time.Minute), 2*time.Hour)
	if len(third) != 3 || !third[2].Until.Equal(now.Add(time.Hour)) {
		t.Errorf("after two rotations the keys are %v", third)
	}
	if k := Rotate(second, now, time.Second)[2]; !k.Until.Equal(now.Add(time.Second)) {
		t.Errorf("a short overlap ends at %v", k.Until)
	}
	if keys := Rotate(third, now.Add(3*time.Hour), time.Hour); len(keys) != 2 {
		t.Errorf("keys that have ended are kept: %v", keys)
	}

	v := newVerifier(t, Options{Keys: second})
	claims := Claims{Subject: "live/cam1", Expires: now.Add(24 * time.Hour)}
	old, young := issue(t, first[0], claims), issue(t, second[0], claims)
	for _, c := range []struct {
		at          time.Duration
		old, young  bool
		whatAndWhen string
	}{
		{0, true, true, "at once"},
		{time.Hour - time.Second, true, true, "in the overlap"},
		{time.Hour, false, true, "after the overlap"},
	} {
		for token, want := range map[string]bool{old: c.old, young: c.young} {
			if _, err := v.Verify(t.Context(), now.Add(c.at), token, "live/cam1", viewer); err == nil != want {
				t.Errorf("%s: %v, and it should be %t", c.whatAndWhen, err, want)
			}
		}
	}
	if s, err := NewSigner(second); err != nil || s.key.ID != second[0].ID {
		t.Errorf("the key to sign with is not the newest: %v", err)
	}
}

func TestNewSignerNeedsAKey(t *testing.T) {
	k := key("old")
	k.Until = time.Now().Add(time.Hour)
	for _, keys := range [][]Key{nil, {k}, {{ID: "short", Secret: config.NewSecret("x")}}} {
		if _, err := NewSigner(keys); err == nil {
			t.Errorf("a signer with the keys %v", keys)
		}
	}
}

func TestCheckKeys(t *testing.T) {
	long := config.NewSecret(strings.Repeat("x", minSecret))
	many := make([]Key, maxKeys+1)
	for i := range many {
		many[i] = Key{ID: fmt.Sprint(i), Secret: long}
	}
	if err := CheckKeys(many[:maxKeys]); err != nil {
		t.Error(err)
	}
	for name, keys := range map[string][]Key{
		"too many":               many,
		"no id":                  {{Secret: long}},
		"a long id":              {{ID: strings.Repeat("x", maxID+1), Secret: long}},
		"a blank":                {{ID: "a b", Secret: long}},
		"a line break":           {{ID: "a\n", Secret: long}},
		"beyond ASCII":           {{ID: "ä", Secret: long}},
		"the same twice":         {{ID: "a", Secret: long}, {ID: "a", Secret: long}},
		"a line break behind it": {{ID: "a", Secret: config.NewSecret(long.Reveal() + "\n")}},
		"a short secret":         {{ID: "a", Secret: config.NewSecret("thirty-one bytes are too little")}},
	} {
		err := CheckKeys(keys)
		if err == nil {
			t.Errorf("%s: they are taken", name)
		} else if strings.Contains(err.Error(), "thirty-one") {
			t.Errorf("the error shows the secret: %v", err)
		}
	}
	if err := newVerifier(t, Options{}).SetKeys(many); err == nil {
		t.Error("a verifier takes too many keys")
	}
}
