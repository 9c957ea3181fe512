package e2e

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// receiver takes what webhooks deliver, as a program does that knows no more of
// them than docs/events.md says.
type receiver struct {
	addr   string
	mu     sync.Mutex
	secret string
	server *http.Server
	answer func(n int, r *http.Request) int // of the nth request, from 1; nil: all are taken
	asked  int
	taken  []told
	faults []string
}

func receive(t *testing.T, answer func(n int, r *http.Request) int) *receiver {
	t.Helper()
	r := &receiver{answer: answer}
	r.listen(t, "127.0.0.1:0")
	t.Cleanup(r.die)
	return r
}

func (r *receiver) listen(t *testing.T, addr string) {
	t.Helper()
	l, err := net.Listen("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.addr, r.server = l.Addr().String(), &http.Server{Handler: r}
	go r.server.Serve(l)
}

func (r *receiver) die() {
	r.mu.Lock()
	server := r.server
	r.mu.Unlock()
	server.Close()
}

// ServeHTTP implements [http.Handler].
func (r *receiver) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	body, err := io.ReadAll(req.Body)
	if err != nil {
		return
	}
	r.mu.Lock()
	r.asked++
	n := r.asked
	r.mu.Unlock()
	if r.answer != nil {
		if status := r.answer(n, req); status != http.StatusOK {
			w.WriteHeader(status)
			return
		}
	}
	e := told{raw: string(body)}
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := json.Unmarshal(body, &e); err != nil {
		r.faults = append(r.faults, fmt.Sprintf("%v: %s", err, body))
	}
	if why := r.forged(req.Header.Get("Millrace-Signature"), body); why != "" {
		r.faults = append(r.faults, why)
	}
	if kind := req.Header.Get("Content-Type"); kind != "application/cloudevents+json" {
		r.faults = append(r.faults, "Content-Type "+kind)
	}
	if !slices.ContainsFunc(r.taken, func(had told) bool { return had.ID == e.ID }) {
		r.taken = append(r.taken, e)
	}
}

// forged says why a delivery may be somebody else's.
func (r *receiver) forged(header string, body []byte) string {
	part := make(map[string]string)
	for p := range strings.SplitSeq(header, ",") {
		name, value, _ := strings.Cut(p, "=")
		part[name] = value
	}
	m := hmac.New(sha256.New, []byte(r.secret))
	m.Write(slices.Concat([]byte(part["t"]), []byte("."), body))
	at, _ := strconv.ParseInt(part["t"], 10, 64)
	switch {
	case hex.EncodeToString(m.Sum(nil)) != part["v1"]:
		return "the signature is wrong: " + header
	case math.Abs(time.Since(time.Unix(at, 0)).Minutes()) > 5:
		return "the signature is of another time: " + header
	}
	return ""
}

func (r *receiver) events(subject string) []told {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(r.taken), func(e told) bool { return e.Subject != subject })
}

// kindsOf are what happened, in short.
func kindsOf(list []told) string {
	var kinds []string
	for _, e := range list {
		kinds = append(kinds, e.kind())
	}
	return strings.Join(kinds, " ")
}

// hook makes a webhook for what happens to streams.
func (a *steward) hook(t *testing.T, r *receiver) {
	t.Helper()
	w := a.do(t, http.StatusCreated, "POST", "/webhooks", object{"url": "http://" + r.addr + "/hook", "types": []string{"stream.*"}})
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.secret = w.text("secret"); r.secret == "" {
		t.Fatalf("a webhook without a secret: %v", w)
	}
}

// A receiver that hangs, answers 500, dies and returns gets everything, once it can,
// in order and signed. It delays nobody else, and what the server's own feed and the
// other receiver see is the same: one live and one idle for each broadcast, whatever
// reconnects in between, and though the server is killed.
func TestControlWebhooks(t *testing.T) {
	t.Parallel()
	const stream = "live/hooked"
	ill := make(chan struct{})
	bad := receive(t, func(n int, r *http.Request) int {
		switch n {
		case 1:
			<-r.Context().Done() // until the server gives up
			return http.StatusOK
		case 2:
			close(ill)
			return http.StatusInternalServerError
		}
		return http.StatusOK
	})
	good := receive(t, nil)
	s := start(t)
	a := s.admin(t)
	a.hook(t, bad)
	a.hook(t, good)
	feed := a.follow(t, "stream.*", "")
	made := a.do(t, http.StatusCreated, "POST", "/streams", object{"name": stream, "visibility": "public", "passthrough": "order-4711"})
	url := s.rtmpURL("live/" + made.text("stream_key"))

	publisher := endless(t, url)
	s.waitState(t, stream, "live")
	s.waitSent(t, stream)
	publisher.kill()
	s.waitState(t, stream, "reconnecting")
	publisher = endless(t, url)
	s.waitState(t, stream, "live")
	s.waitSent(t, stream)
	publisher.interrupt(t)
	s.waitState(t, stream, "")

	const first = "stream.created stream.live stream.reconnecting stream.resumed stream.idle"
	wait(t, 5*time.Second, "the good receiver to have it all", func() bool { return kindsOf(good.events(stream)) == first })
	if n := len(bad.events(stream)); n != 0 {
		t.Errorf("the receiver that hangs has taken %d events", n)
	}
	if got := kindsOf(feed.events(stream)[:1]); got == "" || !strings.HasPrefix(first, got) {
		t.Errorf("the feed begins with %s", got)
	}
	select {
	case <-ill:
	case <-time.After(20 * time.Second):
		t.Fatal("nothing came after the receiver that hung")
	}
	bad.die()
	// A second broadcast, which the server does not live to see the end of.
	endless(t, url)
	s.waitState(t, stream, "live")
	const second = first + " stream.live"
	wait(t, 5*time.Second, "the second live", func() bool { return kindsOf(good.events(stream)) == second })
	wait(t, 5*time.Second, "the feed to have it", func() bool { return feed.count(stream, "stream.live") == 2 })
	s.waitSent(t, stream) // meanwhile the delivery is done with
	s.cmd.Process.Kill()
	<-s.done
	s = startIn(t, s.data, "--rtmp", s.rtmp) // to which FFmpeg does not come back by itself
	a = s.admin(t)
	bad.listen(t, bad.addr)
	const all = second + " stream.idle"
	again := a.follow(t, "stream.*", "0")
	for name, events := range map[string]func(string) []told{"feed": again.events, "good": good.events, "bad": bad.events} {
		// A delivery that was under way when the server was killed is tried again after
		// half a minute.
		wait(t, 45*time.Second, "the receiver "+name+" to have it all", func() bool { return len(events(stream)) >= len(strings.Fields(all)) })
		if got := kindsOf(events(stream)); got != all {
			t.Errorf("%s: %s, want %s", name, got, all)
		}
	}
	for i, e := range again.events(stream) {
		for name, other := range map[string]told{"good": good.events(stream)[i], "bad": bad.events(stream)[i]} {
			if e.ID != other.ID || e.raw != other.raw {
				t.Errorf("%s: event %d is\n%s\nand in the feed\n%s", name, i, other.raw, e.raw)
			}
		}
		if e.Data.Stream.Passthrough != "order-4711" {
			t.Errorf("the stream's own text is not in %s", e.raw)
		}
	}
	list := again.events(stream)
	for i, e := range list[1:5] {
		if e.Data.Broadcast != list[1].Data.Broadcast {
			t.Errorf("event %d is of another broadcast: %s", i, e.raw)
		}
	}
	if last := list[6]; !last.Data.Killed || last.Data.Broadcast != list[5].Data.Broadcast || last.Data.Broadcast == list[1].Data.Broadcast {
		t.Errorf("the end of the broadcast that the server did not live to see: %s", last.raw)
	}
	for name, r := range map[string]*receiver{"good": good, "bad": bad} {
		r.mu.Lock()
		for _, fault := range r.faults {
			t.Errorf("%s: %s", name, fault)
		}
		r.mu.Unlock()
	}
	// What was delivered is delivered: a replay brings it once more, with its old id.
	before := len(good.events(stream))
	hooks := objects(a.do(t, http.StatusOK, "GET", "/webhooks", nil)["webhooks"])
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	for _, h := range hooks {
		if strings.Contains(h.text("url"), good.addr) {
			good.mu.Lock()
			asked := good.asked
			good.mu.Unlock()
			a.do(t, http.StatusOK, "POST", "/webhooks/"+h.text("id")+"/replay", object{"since": time.Now().Add(-time.Hour)})
			wait(t, 10*time.Second, "the replay", func() bool {
				good.mu.Lock()
				defer good.mu.Unlock()
				return good.asked >= asked+before || ctx.Err() != nil
			})
		}
	}
	if after := len(good.events(stream)); after != before {
		t.Errorf("the replay brought %d events with new ids", after-before)
	}
	if b := bytes.Count([]byte(s.log.String()), []byte(good.secret)); b > 0 {
		t.Error("the secret of the webhook is in the log")
	}
}
