package rtmp

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/millrace-live/millrace/amf"
	"github.com/millrace-live/millrace/rtmp/message"
)

// capturedVerifier is bob's, with the salt of the captured sessions.
func capturedVerifier() Verifier {
	return Verifier{
		user: "bob", salt: "salty", plain: true,
		adobe: adobeSecret("bob", "salty", "s3cret"), llnw: limelightSecret("bob", "s3cret"),
	}
}

func only(v Verifier) func(string) (Verifier, bool) {
	return func(user string) (Verifier, bool) { return v, user == v.user }
}

// What FFmpeg, GStreamer and librtmp sent to a server that knew bob: who they are when they are asked, and answers that
// are right.
func TestChallengeReplay(t *testing.T) {
	for _, client := range []string{"ff-adobe", "ff-llnw", "gst2-adobe", "librtmp-llnw"} {
		method := client[strings.LastIndexByte(client, '-')+1:]
		wants := []string{
			`^\[ AccessManager\.Reject \] : \[ code=403 need auth ; authmod=adobe \] : $`,
			`^\[ AccessManager\.Reject \] : \[ authmod=` + method + ` \] : \?reason=needauth&user=bob&` +
				map[string]string{
					"adobe": `salt=salty&challenge=([0-9a-f]{32})&opaque=([0-9a-f]{32})$`, "llnw": `nonce=[0-9a-f]{32}$`,
				}[method],
		}
		for n, want := range wants {
			c := &Challenge{Verifier: only(capturedVerifier())}
			p, end := replayConnect(t, c, fmt.Sprintf("auth-%s.conn%d.c2s.bin", client, n))
			status := p.answer("_error", 1).Args.Object(0)
			if status.String("code") != message.CodeConnectRejected ||
				!regexp.MustCompile(want).MatchString(status.String("description")) {
				t.Errorf("%s %d: got %v", client, n, status)
			}
			p.conn.Close()
			if err := receive(t, end, "end"); !errors.Is(err, ErrChallenged) || errors.Is(err, ErrCredentials) {
				t.Errorf("%s %d: ended by %v", client, n, err)
			}
		}
		for _, again := range []bool{false, true} {
			// The nonces are those of the server that was captured.
			c := &Challenge{Verifier: only(capturedVerifier()), issued: map[string]issued{}}
			if !again {
				until := time.Now().Add(time.Minute)
				c.issued["opaq=="] = issued{"bob", "adobe", until}
				c.issued["NONCE123"] = issued{"bob", "llnw", until}
			}
			p, end := replayConnect(t, c, "auth-"+client+".conn2.c2s.bin")
			if again {
				want := "[ AccessManager.Reject ] : [ authmod=" + method + " ] : ?reason=authfailed"
				if got := p.answer("_error", 1).Args.Object(0).String("description"); got != want {
					t.Errorf("%s: got %s", client, got)
				}
				p.conn.Close()
				if err := receive(t, end, "end"); !errors.Is(err, ErrCredentials) {
					t.Errorf("%s: ended by %v", client, err)
				}
				continue
			}
			if got := p.until("_result", 1); got != message.CodeConnectSuccess {
				t.Errorf("%s: got %s", client, got)
			}
			p.conn.Close()
			receive(t, end, "end")
		}
	}
}

// replayConnect sends a captured file to a server that challenges.
func replayConnect(t *testing.T, c *Challenge, file string) (p *peer, ended chan error) {
	t.Helper()
	b, err := os.ReadFile("testdata/" + file)
	if err != nil {
		t.Fatal(err)
	}
	client, server := net.Pipe()
	p = &peer{t: t, conn: client, got: make(chan message.Message, 1000)}
	ended = make(chan error, 1)
	srv := &Server{Challenge: c, Handler: HandlerFunc(func(s *Stream) error {
		info := s.Session().ConnectInfo()
		if s.Session().User() != "bob" || info.App != "live" || !strings.HasSuffix(info.TCURL, "/live") || len(s.Query()) > 0 {
			t.Errorf("%s: %q connected to %q at %q with %v", file, s.Session().User(), info.App, info.TCURL, s.Query())
		}
		return s.Accept()
	})}
	go func() { ended <- srv.ServeConn(context.Background(), server, nil) }()
	go p.read()
	go func() { _, _ = client.Write(b) }()
	return p, ended
}

// knownUsers have their passwords in the test's addresses.
func knownUsers(t testing.TB) func(string) (Verifier, bool) {
	t.Helper()
	users := make(map[string]Verifier)
	add := func(v Verifier, err error) {
		if err != nil {
			t.Fatal(err)
		}
		users[v.User()] = v
	}
	add(NewVerifier("both", "p+a/s=s&w%ord"))
	add(NewAdobeVerifier("adobe", "pa"))
	add(NewLimelightVerifier("llnw", "pl"))
	return func(user string) (Verifier, bool) { v, ok := users[user]; return v, ok }
}

// This package's client and server meet.
func TestLogin(t *testing.T) {
	type seen struct {
		user, app, tcURL string
	}
	streams, ends := make(chan seen, 1), make(chan error, 10)
	srv := &Server{
		Challenge: &Challenge{
			Verifier: knownUsers(t),
			Demand:   func(s *Session) bool { return strings.HasPrefix(s.ConnectInfo().App, "live") },
		},
		Handler: HandlerFunc(func(s *Stream) error {
			streams <- seen{s.Session().User(), s.App(), s.Session().ConnectInfo().TCURL}
			return s.Accept()
		}),
		Ended: func(_ *Session, err error) { ends <- err },
	}
	address := listen(t, srv)
	host := strings.TrimPrefix(address, "rtmp://")
	for _, test := range []struct {
		login, path string
		user        string // "": refused
		connections int
		err         error
	}{
		{"both:p%2Ba%2Fs%3Ds%26w%25ord@", "live/x", "both", 3, nil},
		{"both:p%2Ba%2Fs%3Ds%26w%25ord@", "live/inst/x", "both", 3, nil},
		{"adobe:pa@", "live/x", "adobe", 3, nil},
		{"llnw:pl@", "live?auth=llnw/x", "llnw", 3, nil},
		{"both:p%2Ba%2Fs%3Ds%26w%25ord@", "open?auth=llnw/x", "both", 3, nil},
		{"adobe:pa@", "open?auth=adobe/x", "adobe", 3, nil},
		{"adobe:pa@", "open?a=b&auth=adobe/x", "adobe", 3, nil},
		{"adobe:pa@", "open/x", "-", 1, nil}, // nobody asks
		{"", "open/x", "-", 1, nil},
		{"", "live/x", "", 1, ErrChallenged},
		{"adobe:wrong@", "live/x", "", 3, ErrCredentials},
		{"both:wrong@", "live?auth=llnw/x", "", 3, ErrCredentials},
		{"nobody:pa@", "live/x", "", 3, ErrCredentials},
		{"llnw:pl@", "live/x", "", 3, ErrCredentials}, // it has no verifier for this one
		{"nob~ody:pa@", "live?authmod=other/x", "", 3, ErrCredentials},
	} {
		name := test.login + test.path
		app := strings.TrimSuffix(test.path, "/x")
		u, err := ParseURL("rtmp://" + test.login + host + "/" + test.path)
		if err != nil {
			t.Fatal(err)
		}
		s, err := new(Dialer).dial(within(t), u)
		switch {
		case test.user == "":
			if !errors.Is(err, test.err) || strings.Contains(fmt.Sprint(err), "wrong@") {
				t.Errorf("%s: %v", name, err)
			}
		case err != nil:
			t.Errorf("%s: %v", name, err)
		default:
			if info := s.ConnectInfo(); info.App != app || info.TCURL != u.TCURL {
				t.Errorf("%s: the client shows %q, %q", name, info.App, info.TCURL)
			}
			if _, err := s.Publish(within(t), "x"); err != nil {
				t.Errorf("%s: %v", name, err)
			}
			plain, _, _ := strings.Cut(app, "?")
			in := receive(t, streams, "stream")
			if in.user != strings.Trim(test.user, "-") || in.app != plain || in.tcURL != u.TCURL {
				t.Errorf("%s: the server saw %+v", name, in)
			}
			s.Close()
		}
		asked, failed := 0, 0 // connections end in any order
		for range test.connections {
			switch err := receive(t, ends, "end"); {
			case errors.Is(err, ErrChallenged):
				asked++
			case errors.Is(err, ErrCredentials):
				failed++
			}
		}
		wantFailed := map[bool]int{true: 1}[errors.Is(test.err, ErrCredentials)]
		wantAsked := test.connections - 1
		if errors.Is(test.err, ErrChallenged) {
			wantAsked = 1
		}
		if asked != wantAsked || failed != wantFailed {
			t.Errorf("%s: asked %d times, failed %d times", name, asked, failed)
		}
		if len(ends) > 0 {
			t.Errorf("%s: there was one more connection", name)
			<-ends
		}
	}
}

// connectAs connects by hand, and gives the description of the refusal, or "" if there was none.
func connectAs(t *testing.T, srv *Server, app string) string {
	t.Helper()
	client, server := net.Pipe()
	done := make(chan struct{})
	go func() { defer close(done); _ = srv.ServeConn(context.Background(), server, nil) }()
	p := newPeer(t, client)
	p.command(0, "connect", 1.0, amf.NewObject("app", app, "tcUrl", "rtmp://h/"+app))
	defer func() { client.Close(); <-done }()
	for m := range p.got {
		if m.Type != message.Command {
			continue
		}
		c, err := message.ParseCall(&m)
		if err != nil {
			t.Fatal(err)
		}
		if c.TransactionID == 1 {
			return map[bool]string{true: c.Args.Object(0).String("description")}[c.Name == "_error"]
		}
	}
	t.Fatal("no answer to connect")
	return ""
}

// challenged gets adobe's challenge for a user.
func challenged(t *testing.T, srv *Server, user string) *access {
	t.Helper()
	words := connectAs(t, srv, "live?authmod=adobe&user="+user)
	a, ok := readAccess(&StatusError{Description: words})
	if !ok || a.reason != "needauth" {
		t.Fatalf("got %q", words)
	}
	return &a
}

// An answer is good once, for a short time, and for whom it was asked.
func TestChallengeNonces(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := &Server{Challenge: &Challenge{Verifier: knownUsers(t)}}
		app := func(user string, a *access) string {
			l := login{url: &URL{App: "live", User: user, Password: "pa"}}
			return "live?authmod=adobe&user=" + user + l.answerWith(a, "0badcafe")
		}
		right := app("adobe", challenged(t, srv, "adobe"))
		if words := connectAs(t, srv, right); words != "" {
			t.Fatalf("a right answer: %q", words)
		}
		failed := regexp.MustCompile(`: \[ authmod=adobe \] : \?reason=authfailed&opaque=[0-9a-f]{32}$`)
		if words := connectAs(t, srv, right); !failed.MatchString(words) {
			t.Errorf("the same answer again: %q", words)
		}
		late := app("adobe", challenged(t, srv, "adobe"))
		time.Sleep(nonceLife + time.Second)
		if words := connectAs(t, srv, late); !failed.MatchString(words) {
			t.Errorf("a late answer: %q", words)
		}
		if words := connectAs(t, srv, app("adobe", challenged(t, srv, "both"))); !failed.MatchString(words) {
			t.Errorf("an answer to what was asked of another: %q", words)
		}
		// A wrong answer uses its nonce up.
		a := challenged(t, srv, "adobe")
		good := app("adobe", a)
		if words := connectAs(t, srv, strings.Replace(good, "0badcafe", "0badcaff", 1)); !failed.MatchString(words) {
			t.Errorf("a wrong answer: %q", words)
		}
		if words := connectAs(t, srv, good); !failed.MatchString(words) {
			t.Errorf("a right answer behind a wrong one: %q", words)
		}
		old := challenged(t, srv, "adobe")
		for range maxIssued {
			srv.Challenge.issue(&credentials{method: methodAdobe, user: "both"})
		}
		if n := len(srv.Challenge.issued); n > maxIssued {
			t.Errorf("%d nonces are kept", n)
		}
		if words := connectAs(t, srv, app("adobe", old)); !failed.MatchString(words) {
			t.Errorf("a nonce that was pushed out: %q", words)
		}
	})
}

// Nobody learns from the challenge which users there are.
func TestChallengeHidesUsers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := &Server{Challenge: &Challenge{Verifier: knownUsers(t)}}
		there, missing := challenged(t, srv, "adobe"), challenged(t, srv, "missing")
		if len(there.salt) != len(missing.salt) || missing.salt == "" {
			t.Errorf("salts %q and %q", there.salt, missing.salt)
		}
		if again := challenged(t, srv, "missing"); again.salt != missing.salt || again.opaque == missing.opaque {
			t.Errorf("got %+v after %+v", again, missing)
		}
		for _, user := range []string{"a b", "a\"b", strings.Repeat("x", 65), "é"} {
			if words := connectAs(t, srv, "live?authmod=adobe&user="+user); !strings.HasSuffix(words, "?reason=nosuchuser") {
				t.Errorf("%q: %q", user, words)
			}
		}
		// The zero verifier, which a careless caller gives, lets nobody in.
		srv.Challenge.Verifier = func(string) (Verifier, bool) { return Verifier{}, true }
		l := login{url: &URL{App: "live", User: "adobe", Password: ""}}
		a := challenged(t, srv, "adobe")
		if words := connectAs(t, srv, "live?authmod=adobe&user=adobe"+l.answerWith(a, "00")); words == "" {
			t.Error("a verifier of nobody let somebody in")
		}
	})
}

// Who was wrong too often is told so, and its answer is not looked at.
func TestChallengeAllow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := &Server{Challenge: &Challenge{Verifier: knownUsers(t), Allow: func(*Session) error {
			return &StatusError{Code: message.CodeConnectRejected, Description: "Wait."}
		}}}
		l := login{url: &URL{App: "live", User: "adobe", Password: "pa"}}
		answer := l.answerWith(challenged(t, srv, "adobe"), "00")
		if words := connectAs(t, srv, "live?authmod=adobe&user=adobe"+answer); words != "Wait." {
			t.Errorf("got %q", words)
		}
	})
}

func FuzzReadCredentials(f *testing.F) {
	f.Add("live?authmod=adobe&user=bob&challenge=3e6d02a9&response=bP5UcQIW2hAImQT+diZhxA==&opaque=opaq==")
	f.Add("live?authmod=llnw?authmod=llnw&user=bob&nonce=N&cnonce=9d88f9b3&nc=00000001&response=25")
	f.Add("a/b?x=1&authmod=")
	f.Fuzz(func(t *testing.T, app string) {
		c, ok := readCredentials(app)
		if !ok {
			return
		}
		if strings.Contains(withoutCredentials(app), "?authmod=") || len(c.apps) != 6 {
			t.Errorf("%q leaves %q", app, withoutCredentials(app))
		}
		v := capturedVerifier()
		if c.response == "" && v.answered(&c) {
			t.Error("nothing is an answer")
		}
	})
}

// Whoever has nothing to do with a challenge pays nothing for it.
func TestNotAskedForFree(t *testing.T) {
	for _, app := range []string{"live", "live/instance", "live?key=0123456789"} {
		if n := testing.AllocsPerRun(100, func() {
			if _, ok := readCredentials(app); ok || wanted(app) != "" {
				t.Errorf("%s is taken for one who asks", app)
			}
		}); n != 0 {
			t.Errorf("%s: %v allocations", app, n)
		}
	}
}
