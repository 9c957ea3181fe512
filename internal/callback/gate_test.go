package callback

import (
	"bytes"
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/millrace-live/millrace/internal/hub"
)

// refusal returns the refusal that err is.
func refusal(t *testing.T, err error) *hub.Refusal {
	t.Helper()
	var r *hub.Refusal
	if !errors.As(err, &r) {
		t.Fatalf("the error is %v, which is no refusal", err)
	}
	return r
}

func TestPublishIsAskedAbout(t *testing.T) {
	b := newBackend(t, text(`{"allow":true,"limits":{"bitrate":500,"width":1280}}`))
	g := newGate(t, nil, Settings{URL: b.URL + "/ask?a=b"})
	grant, err := g.Publish(t.Context(), publish("cam1", "user=bob"))
	if err != nil || grant.Stream != "live/cam1" || !grant.Open || grant.MaxBitrate != 500 || grant.MaxWidth != 1280 {
		t.Fatalf("%+v, %v", grant, err)
	}
	got := b.next(t)
	if got.line != "POST /ask?a=b" || got.header.Get("Content-Type") != "application/json" || got.header.Get("User-Agent") != "Millrace" ||
		got.header["Idempotency-Key"] != nil {
		t.Errorf("%s %v", got.line, got.header)
	}
	for _, want := range []string{
		`"event":"publish"`, `"stream":"live/cam1"`, `"session":"s-cam1"`, `"address":"192.0.2.1"`, `"query":{"user":"bob"}`, `"vouched":"open"`,
	} {
		if !strings.Contains(got.body, want) {
			t.Errorf("%s is not in %s", want, got.body)
		}
	}

	b.says(text(`{"allow":false,"reason":"not today"}`))
	_, err = g.Publish(t.Context(), publish("cam1"))
	if r := refusal(t, err); r.Reason != "not today" || r.Code != hub.Forbidden || r.Stream != "" {
		t.Errorf("%+v", r)
	}
	b.next(t)
	_, err = g.Publish(t.Context(), publish("keyed", "key=KEY"))
	if r := refusal(t, err); r.Stream != "live/keyed" {
		t.Errorf("%+v", r)
	}
	b.next(t)

	b.says(text(`{"allow":true,"stream":"other/cam9"}`))
	if grant, err = g.Publish(t.Context(), publish("cam1")); err != nil || grant.Stream != "other/cam9" || !grant.Open {
		t.Errorf("%+v, %v", grant, err)
	}
}

// Who has a key is asked about, and the key stays here.
func TestKeyStaysHere(t *testing.T) {
	for _, mode := range []Mode{Millrace, NginxRTMP, SRS, MediaMTX} {
		b := newBackend(t, text(map[Mode]string{Millrace: `{"allow":true}`, SRS: "0"}[mode]))
		g := newGate(t, nil, Settings{URL: b.URL, Mode: mode})
		ctx := WithClient(t.Context(), Client{TCURL: "rtmp://h/live/KEY?key=KEY", AppQuery: "key=KEY", NameQuery: "key=KEY&u=1"})
		for _, req := range []*hub.PublishRequest{publish("KEY"), publish("keyed", "key=KEY", "u=1")} {
			req.Session = "s1"
			grant, err := g.Publish(ctx, req)
			if err != nil || grant.Owner != "ky_1" || grant.Open || grant.MaxBitrate != 900 {
				t.Fatalf("%s: %+v, %v", mode, grant, err)
			}
			got := b.next(t)
			if all := got.line + got.body; strings.Contains(all, "KEY") || !strings.Contains(all, "keyed") {
				t.Errorf("%s: %s", mode, all)
			}
		}
	}
}

// The server's own no is the end of it, unless the back end decides alone.
func TestOrder(t *testing.T) {
	b := newBackend(t, text(`{"allow":true}`))
	closed := func(o *Options) { o.Next = rules{} }
	g := newGate(t, closed, Settings{URL: b.URL})
	for _, req := range []*hub.PublishRequest{publish("cam1"), publish("cam1", "key=WRONG"), publish("keyed")} {
		if _, err := g.Publish(t.Context(), req); err == nil {
			t.Errorf("%s is let in", req.Name)
		}
	}
	alone := newGate(t, closed, Settings{URL: b.URL, Alone: true})
	for _, req := range []*hub.PublishRequest{publish("keyed"), publish("keyed", "key=WRONG"), publish("banned")} {
		if _, err := alone.Publish(t.Context(), req); err == nil {
			t.Errorf("%s is let in by the back end alone", req.Name)
		}
	}
	if !b.quiet() {
		t.Errorf("the back end was asked: %v", b.next(t))
	}
	for _, req := range []*hub.PublishRequest{publish("cam1"), publish("cam1", "key=ITS-OWN")} {
		grant, err := alone.Publish(t.Context(), req)
		if err != nil || grant.Stream != "live/cam1" || grant.Owner != "callback:live/cam1" || grant.Open {
			t.Fatalf("%+v, %v", grant, err)
		}
		if got := b.next(t); !strings.Contains(got.body, `"vouched":"nobody"`) || !strings.Contains(got.body, req.Query.Get("key")) {
			t.Errorf("%s", got.body)
		}
	}
	// It cannot lead somebody without a key to a stream that has one.
	b.says(text(`{"allow":true,"stream":"live/keyed"}`))
	_, err := alone.Publish(t.Context(), publish("cam1"))
	if r := refusal(t, err); r.Stream != "live/keyed" {
		t.Errorf("%+v", r)
	}
	// The server's rules for the stream hold.
	b.says(text(`{"allow":true}`))
	ruled := newGate(t, func(o *Options) {
		o.Next = rules{}
		o.Admit = func(_ context.Context, _ *hub.PublishRequest, stream, owner string) (hub.Grant, error) {
			if stream == "live/disabled" {
				return hub.Grant{}, &hub.Refusal{Code: hub.Forbidden, Reason: "disabled"}
			}
			return hub.Grant{Stream: stream, Owner: owner, SecondPublisher: hub.Refuse}, nil
		}
	}, Settings{URL: b.URL, Alone: true})
	if grant, err := ruled.Publish(t.Context(), publish("cam1")); err != nil || grant.SecondPublisher != hub.Refuse || grant.Owner == "" {
		t.Errorf("%+v, %v", grant, err)
	}
	if _, err := ruled.Publish(t.Context(), publish("disabled")); refusal(t, err).Reason != "disabled" {
		t.Error(err)
	}
}

// What no client from outside asks for is not asked about.
func TestOwnRequestsAreNotAskedAbout(t *testing.T) {
	b := newBackend(t, status(403))
	g := newGate(t, nil, Settings{URL: b.URL, Apps: []string{"live"}})
	demo, dry, other := publish("demo"), publish("dry"), publish("cam")
	demo.Remote, dry.Session, other.App = netip.AddrPort{}, "", "else"
	for _, req := range []*hub.PublishRequest{demo, dry, other} {
		if _, err := g.Publish(t.Context(), req); err != nil {
			t.Errorf("%s: %v", req.Name, err)
		}
	}
	shift, packager, elsewhere := play("a"), play("b"), play("c")
	shift.Remote, packager.FromOldest, elsewhere.App = netip.AddrPort{}, true, "else"
	for _, req := range []*hub.PlayRequest{shift, packager, elsewhere} {
		if err := g.Play(t.Context(), req); err != nil {
			t.Errorf("%s: %v", req.Name, err)
		}
	}
	if !b.quiet() {
		t.Error("the back end was asked")
	}
	if _, err := g.Publish(t.Context(), publish("cam")); err == nil {
		t.Error("a publisher is not asked about")
	}
}

func TestPlayIsAskedAbout(t *testing.T) {
	b := newBackend(t, nil)
	g := newGate(t, nil, Settings{URL: b.URL, Mode: NginxRTMP})
	req := play("cam1")
	if err := g.Play(t.Context(), req); err != nil || req.Stream != "live/cam1" || req.PlayWait != -1 {
		t.Fatalf("%+v, %v", req, err)
	}
	want := "app=live&flashver=player&swfurl=&tcurl=&pageurl=&addr=192.0.2.2&clientid=1&call=play&name=cam1&start=0&duration=0&reset=0"
	if got := b.next(t); got.body != want || got.header.Get("Content-Type") != "application/x-www-form-urlencoded" ||
		got.header.Get("User-Agent") != "" || got.line != "POST /" {
		t.Errorf("%+v", got)
	}
	if err := g.Play(t.Context(), play("private")); refusal(t, err).Code != hub.Unauthorized || !b.quiet() {
		t.Error("who may not play is asked about")
	}
	b.says(redirect("cam2"))
	if err := g.Play(t.Context(), req); err != nil || req.Stream != "live/cam2" {
		t.Errorf("%+v, %v", req, err)
	}
	// By its new name, too, a stream is only for those who may watch it.
	b.says(redirect("private"))
	req = play("cam1")
	req.Admitted = true
	if err := g.Play(t.Context(), req); refusal(t, err).Code != hub.Unauthorized || req.Stream != "live/cam1" {
		t.Errorf("%+v, %v", req, err)
	}
	for location, word := range map[string]string{"rtmp://192.0.2.9/live/x": "another server", "x/../y": "cannot have"} {
		b.says(redirect(location))
		if err := g.Play(t.Context(), play("cam1")); !strings.Contains(refusal(t, err).Reason, word) {
			t.Errorf("%s: %v", location, err)
		}
		if strings.Contains(g.log.String(), location) {
			t.Errorf("the log has %s", location)
		}
	}
	b.says(status(403))
	if err := g.Play(t.Context(), play("cam1")); !strings.Contains(refusal(t, err).Reason, "watch") {
		t.Error(err)
	}
}

// Who asks for a hidden stream finds what those find who ask for none: the same
// question, the same answer.
func TestHiddenStream(t *testing.T) {
	b := newBackend(t, nil)
	g := newGate(t, nil, Settings{URL: b.URL, Mode: NginxRTMP})
	req := play("hidden")
	if err := g.Play(t.Context(), req); err != nil || !hub.IsNowhere(req.Stream) {
		t.Errorf("%q, %v", req.Stream, err)
	}
	if got := b.next(t).body; !strings.Contains(got, "&name=hidden&") {
		t.Errorf("%s", got)
	}
	b.says(status(403))
	if err := g.Play(t.Context(), req); refusal(t, err).Stream != "" {
		t.Error(err)
	}
	b.says(redirect("cam2"))
	if err := g.Play(t.Context(), req); err != nil || req.Stream != "live/cam2" {
		t.Errorf("%q, %v", req.Stream, err)
	}
}

// Not every Access gives a stream its name.
func TestPlayHasAName(t *testing.T) {
	b := newBackend(t, status(204))
	g := newGate(t, func(o *Options) { o.Next = hub.Everyone{} }, Settings{URL: b.URL, Apps: []string{"live"}})
	req := play("cam1")
	if err := g.Play(t.Context(), req); err != nil || req.Stream != "live/cam1" || !strings.Contains(b.next(t).body, `"stream":"live/cam1"`) {
		t.Errorf("%+v, %v", req, err)
	}
}

func TestNginxGet(t *testing.T) {
	b := newBackend(t, redirect("/renamed"))
	g := newGate(t, nil, Settings{On: map[Event][]string{OnPublish: {b.URL + "/gpub?k=v"}}, Mode: NginxRTMP, Method: "GET"})
	ctx := WithClient(t.Context(), Client{
		TCURL: "rtmp://127.0.0.1:21936/dst", FlashVer: "LNX.11,1,102,55", NameQuery: "raw=a b\r\nX: y#é",
	})
	req := publish("fromcb")
	req.App = "dst"
	grant, err := g.Publish(ctx, req)
	if err != nil || grant.Stream != "dst/renamed" {
		t.Fatalf("%+v, %v", grant, err)
	}
	want := "GET /gpub?k=v&app=dst&flashver=LNX.11,1,102,55&swfurl=&tcurl=rtmp://127.0.0.1:21936/dst&pageurl=&addr=192.0.2.1" +
		"&clientid=1&call=publish&name=fromcb&type=live&raw=a%20b%0D%0AX:%20y%23%C3%A9"
	if got := b.next(t); got.line != want || got.body != "" {
		t.Errorf("%s, want\n%s", got.line, want)
	}
	// Without an address for it nobody asks about playing.
	if err := g.Play(t.Context(), play("cam1")); err != nil || !b.quiet() {
		t.Errorf("%v", err)
	}
}

// SRS asks several, one after another, until one says no.
func TestSRSAsksSeveral(t *testing.T) {
	first, second := newBackend(t, text("0")), newBackend(t, text(`{"code":0}`))
	g := newGate(t, nil, Settings{Mode: SRS, On: map[Event][]string{OnPublish: {first.URL, second.URL}}})
	if _, err := g.Publish(t.Context(), publish("cam1")); err != nil {
		t.Fatal(err)
	}
	if a, b := first.next(t), second.next(t); a.body != b.body || !strings.Contains(a.body, `"action":"on_publish"`) {
		t.Errorf("%v, %v", a, b)
	}
	first.says(text(`{"code":7}`))
	if _, err := g.Publish(t.Context(), publish("cam1")); err == nil || !second.quiet() {
		t.Errorf("%v", err)
	}
}

// on_connect comes before the first stream of a connection, once, and may rename the
// app.
func TestConnect(t *testing.T) {
	b := newBackend(t, nil)
	b.says(func(w http.ResponseWriter, body string) {
		if strings.Contains(body, "call=connect") {
			redirect("renamed")(w, body)
		}
	})
	settings := Settings{Mode: NginxRTMP, On: map[Event][]string{}}
	for _, e := range []Event{OnConnect, OnPublish, OnPlay, OnDisconnect} {
		settings.On[e] = []string{b.URL}
	}
	g := newGate(t, nil, settings)
	ctx := WithClient(t.Context(), Client{TCURL: "rtmp://h/live?tk=9", AppQuery: "tk=9", NameQuery: "x=1"})
	grant, err := g.Publish(ctx, publish("cam1"))
	if err != nil || grant.Stream != "renamed/cam1" {
		t.Fatalf("%+v, %v", grant, err)
	}
	if got := b.next(t); !strings.HasPrefix(got.body, "app=live&") || !strings.HasSuffix(got.body, "&call=connect&tk=9") {
		t.Errorf("%s", got.body)
	}
	if got := b.next(t); !strings.HasPrefix(got.body, "app=renamed&") || !strings.HasSuffix(got.body, "&call=publish&name=cam1&type=live&x=1") {
		t.Errorf("%s", got.body)
	}
	again := play("cam2")
	again.Session = "s-cam1"
	if err := g.Play(ctx, again); err != nil || again.Stream != "renamed/cam2" {
		t.Fatalf("%+v, %v", again, err)
	}
	if got := b.next(t); !strings.Contains(got.body, "&clientid=1&call=play&name=cam2") {
		t.Errorf("%s", got.body)
	}
	b.says(func(w http.ResponseWriter, body string) {
		if !strings.Contains(body, "call=connect") {
			w.WriteHeader(http.StatusForbidden)
		}
	})
	// Who is refused was connected, and is no more.
	if _, err := g.Publish(t.Context(), publish("cam3")); err == nil {
		t.Fatal("let in")
	}
	for _, want := range []string{"call=connect", "call=publish", "clientid=2&call=disconnect&app=live"} {
		if got := b.next(t); !strings.Contains(got.body, want) {
			t.Errorf("%s, want %s", got.body, want)
		}
	}
	b.says(status(403))
	if _, err := g.Publish(t.Context(), publish("cam4")); err == nil || !strings.Contains(b.next(t).body, "call=connect") {
		t.Error("who may not connect is let in")
	}
	b.says(redirect("rtmp://192.0.2.1/x"))
	if _, err := g.Publish(t.Context(), publish("cam5")); !strings.Contains(refusal(t, err).Reason, "another server") {
		t.Error(err)
	}
}

// garbage is a server that answers with those bytes, or closes at once.
func garbage(t *testing.T, answer string) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				c.Read(make([]byte, 4096))
				c.Write([]byte(answer))
			}()
		}
	}()
	return "http://" + l.Addr().String()
}

// secret is what must be nowhere but in a request.
const secret = "s3cr3t"

// A back end that does not answer refuses, unless it is told not to.
func TestFailure(t *testing.T) {
	slow := make(chan struct{})
	hanging := newBackend(t, func(http.ResponseWriter, string) { <-slow })
	t.Cleanup(func() { close(slow) })
	gone := newBackend(t, nil)
	gone.Close()
	for name, c := range map[string]struct{ url, word string }{
		"hangs":         {hanging.URL, "no answer in time"},
		"dead":          {gone.URL, "cannot be reached"},
		"closes":        {garbage(t, ""), "closed the connection"},
		"garbage":       {garbage(t, secret+" is not HTTP\r\n\r\n"), "not HTTP"},
		"not an answer": {newBackend(t, text(`{"code":"`+secret+`"}`)).URL, "is none in the mode srs"},
		"endless":       {newBackend(t, text(strings.Repeat("0", maxAnswer+1))).URL, "longer than"},
		"breaks off":    {garbage(t, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n0"), "closed the connection"},
		"error":         {newBackend(t, status(503)).URL, "503"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			address := strings.Replace(c.url, "http://", "http://user:"+secret+"@", 1) + "/" + secret + "?" + secret
			settings := Settings{URL: address, Mode: SRS, Timeout: 200 * time.Millisecond}
			g := newGate(t, nil, settings)
			_, err := g.Publish(t.Context(), publish("cam1", "pass="+secret))
			if r := refusal(t, err); !strings.Contains(r.Reason, "does not answer") || r.Stream != "" {
				t.Errorf("%+v", r)
			}
			settings.Allow = true
			open := newGate(t, nil, settings)
			if grant, err := open.Publish(t.Context(), publish("cam1", "pass="+secret)); err != nil || grant.Stream != "live/cam1" {
				t.Errorf("%+v, %v", grant, err)
			}
			if err := open.Play(t.Context(), play("cam1")); err != nil {
				t.Error(err)
			}
			// Nobody has vouched for those: they stay out.
			settings.Alone = true
			alone := newGate(t, func(o *Options) { o.Next = rules{} }, settings)
			if _, err := alone.Publish(t.Context(), publish("cam1", "pass="+secret)); err == nil {
				t.Error("a publisher whom nobody vouches for is let in")
			}
			for _, log := range []*bytes.Buffer{g.log, open.log, alone.log} {
				if !strings.Contains(log.String(), c.word) || strings.Contains(log.String(), secret) {
					t.Errorf("the log is\n%s", log)
				}
			}
		})
	}
}

func TestClientGoes(t *testing.T) {
	slow := make(chan struct{})
	b := newBackend(t, func(http.ResponseWriter, string) { <-slow })
	defer close(slow)
	g := newGate(t, nil, Settings{URL: b.URL})
	for range trip + 1 {
		ctx, cancel := context.WithCancelCause(t.Context())
		go func() {
			b.next(t)
			cancel(errors.New("gone"))
		}()
		if _, err := g.Publish(ctx, publish("cam1")); err == nil || err.Error() != "gone" {
			t.Errorf("%v", err)
		}
	}
	if s := g.Stats()[0]; s.Away || s.Failures != 0 || s.Asked != trip+1 {
		t.Errorf("%+v", s)
	}
}

func TestBreakerSparesClients(t *testing.T) {
	b := newBackend(t, func(w http.ResponseWriter, _ string) { panic(http.ErrAbortHandler) })
	b.Config.ErrorLog = nil
	g := newGate(t, nil, Settings{URL: b.URL})
	for range trip + 3 {
		if _, err := g.Publish(t.Context(), publish("cam1")); err == nil {
			t.Fatal("let in")
		}
	}
	if s := g.Stats()[0]; !s.Away || s.Asked != trip || s.NotAsked != 3 || s.Host != strings.TrimPrefix(b.URL, "http://") {
		t.Errorf("%+v", s)
	}
	b.says(text(`{"allow":true}`))
	g.services[0].breaker.mu.Lock()
	g.services[0].breaker.until = time.Now()
	g.services[0].breaker.mu.Unlock()
	if _, err := g.Publish(t.Context(), publish("cam1")); err != nil || g.Stats()[0].Away {
		t.Errorf("%v, %+v", err, g.Stats())
	}
	if log := g.log.String(); strings.Count(log, "left alone") != 1 || strings.Count(log, "answers again") != 1 {
		t.Errorf("the log is\n%s", log)
	}
}

func TestBreaker(t *testing.T) {
	var b breaker
	now := time.Now()
	fail := func() (opened bool) {
		ok, try := b.admit(now)
		if !ok {
			t.Fatal("not admitted")
		}
		opened, _ = b.settle(failed, try, now)
		return opened
	}
	for i := range trip {
		if fail() != (i == trip-1) {
			t.Errorf("opened at %d", i)
		}
	}
	if ok, _ := b.admit(now.Add(rest - 1)); ok {
		t.Error("admitted while it rests")
	}
	now = now.Add(rest)
	ok, try := b.admit(now)
	if again, _ := b.admit(now); !ok || !try || again {
		t.Error("not a single one tries")
	}
	// A late failure of another request is not the end of the try.
	b.settle(failed, false, now)
	if again, _ := b.admit(now.Add(rest)); again {
		t.Error("a second one tries")
	}
	b.settle(dropped, true, now)
	now = now.Add(rest)
	if ok, try = b.admit(now); !ok || !try {
		t.Error("nobody tries after one who left")
	}
	if _, closed := b.settle(answered, try, now); !closed || b.open() {
		t.Error("it stays open")
	}
}

func TestAnswersAreKept(t *testing.T) {
	b := newBackend(t, text(`{"allow":true,"cache":"1h"}`))
	g := newGate(t, nil, Settings{URL: b.URL})
	ask := func(name, session, query string) {
		t.Helper()
		req := publish(name, query)
		req.Session = session
		if _, err := g.Publish(t.Context(), req); err != nil {
			t.Fatal(err)
		}
	}
	ask("cam1", "s1", "user=bob")
	ask("cam1", "s2", "user=bob")
	if n := g.Stats()[0].Asked; n != 1 {
		t.Errorf("asked %d times", n)
	}
	ask("cam1", "s3", "user=eve")
	ask("cam2", "s4", "user=bob")
	if n := g.Stats()[0].Asked; n != 3 {
		t.Errorf("asked %d times about different things", n)
	}
	b.says(text(`{"allow":true}`))
	ask("cam3", "s5", "")
	ask("cam3", "s6", "")
	if n := g.Stats()[0].Asked; n != 5 {
		t.Errorf("asked %d times", n)
	}
}

func TestAnswersAreBounded(t *testing.T) {
	var a answers
	now := time.Now()
	for i := range 3 * maxAnswers {
		a.put(digest{byte(i), byte(i >> 8), byte(i >> 16)}, verdict{}, now.Add(time.Hour))
	}
	if n := len(a.young) + len(a.old); n > 2*maxAnswers {
		t.Errorf("%d are kept", n)
	}
	if _, ok := a.get(digest{0xff, 0x5f}, now); !ok {
		t.Error("the last one is not there")
	}
	if _, ok := a.get(digest{0xff, 0x5f}, now.Add(time.Hour)); ok {
		t.Error("it holds for too long")
	}
	if _, ok := a.get(digest{0xff, 0x1f}, now); ok {
		t.Error("the first generation is there")
	}
	if _, ok := a.get(digest{0xff, 0x3f}, now); !ok {
		t.Error("the old generation is not there")
	}
}

func TestUnderWayIsBounded(t *testing.T) {
	var mu sync.Mutex
	most, now := 0, 0
	b := newBackend(t, func(w http.ResponseWriter, _ string) {
		mu.Lock()
		now++
		most = max(most, now)
		mu.Unlock()
		time.Sleep(time.Millisecond) // as a back end does
		mu.Lock()
		now--
		mu.Unlock()
		w.WriteHeader(http.StatusNoContent)
	})
	g := newGate(t, nil, Settings{URL: b.URL})
	var all sync.WaitGroup
	for i := range 4 * maxUnderWay {
		all.Go(func() {
			if _, err := g.Publish(t.Context(), publish(fmt.Sprintf("cam%d", i))); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if most > maxUnderWay || most < 2 {
		t.Errorf("%d were under way", most)
	}
}

func TestHTTPS(t *testing.T) {
	a, stranger := newAuthority(t), newAuthority(t)
	b := newTLSBackend(t, a)
	b.says(status(204))
	_, _, cert, key := a.issue("millrace", &x509.Certificate{ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}})
	for name, c := range map[string]struct {
		s    Settings
		word string
	}{
		"good":                  {Settings{CA: a.file, Cert: cert, Key: key}, ""},
		"without the CA":        {Settings{Cert: cert, Key: key}, "vouches"},
		"with another CA":       {Settings{CA: stranger.file, Cert: cert, Key: key}, "vouches"},
		"without a certificate": {Settings{CA: a.file}, "TLS"},
	} {
		c.s.URL = b.URL
		g := newGate(t, nil, c.s)
		_, err := g.Publish(t.Context(), publish("cam1"))
		if (err == nil) != (c.word == "") || !strings.Contains(g.log.String(), c.word) {
			t.Errorf("%s: %v\n%s", name, err, g.log)
		}
	}
	named := strings.Replace(b.URL, "127.0.0.1", "localhost", 1)
	g := newGate(t, nil, Settings{URL: named, CA: a.file, Cert: cert, Key: key})
	if _, err := g.Publish(t.Context(), publish("cam1")); err == nil || !strings.Contains(g.log.String(), "another name") {
		t.Errorf("%v\n%s", err, g.log)
	}
}

func TestCheck(t *testing.T) {
	text := newAuthority(t)
	for name, c := range map[string]struct {
		s    Settings
		word string
	}{
		"nothing":          {Settings{}, "no address"},
		"mode":             {Settings{URL: "http://a", Mode: "wowza"}, "no mode"},
		"scheme":           {Settings{URL: "ftp://" + secret}, "http://HOST"},
		"host":             {Settings{URL: "http:///" + secret}, "http://HOST"},
		"broken":           {Settings{URL: "http://a/%zz" + secret}, "http://HOST"},
		"event":            {Settings{On: map[Event][]string{"on_dvr": {"http://a"}}, Mode: SRS}, "on-unpublish"},
		"several":          {Settings{On: map[Event][]string{OnPlay: {"http://a", "http://b"}}}, "several"},
		"get":              {Settings{URL: "http://a", Method: "get"}, "method"},
		"put":              {Settings{URL: "http://a", Method: "put", Mode: NginxRTMP}, "method"},
		"timeout":          {Settings{URL: "http://a", Timeout: time.Minute}, "timeout"},
		"cache":            {Settings{URL: "http://a", Mode: SRS, Cache: 2 * time.Hour}, "kept"},
		"cache of our own": {Settings{URL: "http://a", Cache: time.Second}, "say themselves"},
		"update":           {Settings{URL: "http://a", Update: time.Millisecond}, "updates"},
		"half a pair":      {Settings{URL: "http://a", Cert: "x"}, "belong together"},
		"no such file":     {Settings{URL: "http://a", CA: "no-such-file"}, "no-such-file"},
		"no certificate":   {Settings{URL: "http://a", CA: "doc.go"}, "holds no certificate"},
		"not its key":      {Settings{URL: "http://a", Cert: text.file, Key: text.file}, "certificate that is shown"},
		"good":             {Settings{URL: "be.example:8080/auth", Mode: NginxRTMP, Method: "GET", CA: text.file}, ""},
		"silent":           {Settings{URL: "http://a", On: map[Event][]string{OnPlay: nil}}, ""},
	} {
		err := c.s.Check()
		if c.word == "" && err != nil || c.word != "" && (err == nil || !strings.Contains(err.Error(), c.word)) {
			t.Errorf("%s: %v", name, err)
		}
		if err != nil && strings.Contains(err.Error(), secret) {
			t.Errorf("%s: the error holds the address: %v", name, err)
		}
	}
}

func TestHTTPClient(t *testing.T) {
	r, err := http.NewRequest(http.MethodGet, "http://tv.example/live/cam1.flv?a=%20b", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Referer", "https://page.example/")
	r.Header.Set("User-Agent", "VLC")
	r.SetBasicAuth("u", "p")
	want := Client{
		TCURL: "http://tv.example/live", PageURL: "https://page.example/", FlashVer: "VLC", NameQuery: "a=%20b", User: "u", Password: "p",
	}
	if got := HTTPClient(r); got != want {
		t.Errorf("%+v", got)
	}
	r.Header.Set("Authorization", "bearer t0")
	if got := HTTPClient(r); got.Bearer != "t0" || got.User != "" {
		t.Errorf("%+v", got)
	}
}

// Viewers of files are asked about once, not for each segment.
func TestWatch(t *testing.T) {
	b := newBackend(t, func(w http.ResponseWriter, body string) {
		if !strings.Contains(body, "user=bob") {
			w.WriteHeader(http.StatusForbidden)
		}
	})
	g := newGate(t, nil, Settings{URL: b.URL, Mode: NginxRTMP})
	watch := func(address, query string) error {
		q, _ := url.ParseQuery(query)
		return g.Watch(t.Context(), &hub.PlayRequest{
			Stream: "live/cam1", Query: q, Protocol: "hls", Remote: netip.MustParseAddrPort(address + ":1"), Software: "hls.js",
		})
	}
	if err := watch("192.0.2.1", "_HLS_msn=3"); err == nil {
		t.Error("a stranger is let in")
	}
	b.next(t)
	if err := watch("192.0.2.1", "user=bob&_HLS_msn=3&_HLS_part=1"); err != nil {
		t.Fatal(err)
	}
	if got := b.next(t); !strings.HasSuffix(got.body, "&user=bob&_HLS_msn=3") && !strings.Contains(got.body, "user=bob") {
		t.Errorf("%s", got.body)
	}
	for _, query := range []string{"", "_HLS_msn=4", "user=bob&_HLS_msn=5", "start=-30"} {
		if err := watch("192.0.2.1", query); err != nil {
			t.Errorf("%q: %v", query, err)
		}
	}
	if !b.quiet() {
		t.Errorf("asked again: %v", b.next(t))
	}
	other := &hub.PlayRequest{
		Stream: "live/cam1", Protocol: "hls", Remote: netip.MustParseAddrPort("192.0.2.1:1"), Software: "hls.js", Bearer: "x",
	}
	if err := g.Watch(t.Context(), other); err == nil {
		t.Error("who shows something else is let in")
	}
	b.next(t)
	if err := watch("192.0.2.3", ""); err == nil {
		t.Error("another address is let in")
	}
	if err := watch("192.0.2.1", "user=eve"); err == nil {
		t.Error("other arguments are let in")
	}
	// When the time is over, the arguments that came first are asked about.
	b.next(t)
	b.next(t)
	for _, w := range g.watched.young {
		w.until = time.Time{}
	}
	if err := watch("192.0.2.1", ""); err != nil || !strings.Contains(b.next(t).body, "user=bob") {
		t.Errorf("%v", err)
	}
	b.says(redirect("other"))
	if err := watch("192.0.2.4", "user=bob"); !strings.Contains(refusal(t, err).Reason, "another name") {
		t.Error(err)
	}
	poster := play("cam1")
	poster.Protocol = posterProtocol
	b.says(status(403))
	if err := g.Play(t.Context(), poster); err == nil {
		t.Error("a poster is not asked about")
	}
	if n := len(g.seen.conns); n != 0 {
		t.Errorf("%d viewers are held for sessions", n)
	}
}

func BenchmarkWatch(b *testing.B) {
	g, err := New(Options{Services: []Settings{{URL: "http://127.0.0.1:1"}}, Next: rules{open: true}})
	if err != nil {
		b.Fatal(err)
	}
	req := &hub.PlayRequest{Stream: "live/cam1", Remote: netip.MustParseAddrPort("192.0.2.1:1"), Software: "hls.js"}
	g.watched.find(viewerDigest(b.Context(), req, "")).until = time.Now().Add(time.Hour)
	b.ReportAllocs()
	for b.Loop() {
		if err := g.Watch(b.Context(), req); err != nil {
			b.Fatal(err)
		}
	}
}
