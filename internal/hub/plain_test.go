package hub

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

// tlsOnly refuses alice in plain.
type tlsOnly struct{ keyring }

func (a tlsOnly) Publish(ctx context.Context, req *PublishRequest) (Grant, error) {
	g, err := a.keyring.Publish(ctx, req)
	if err == nil && g.Owner == "alice" && req.Plain() {
		return Grant{}, &Refusal{Code: Plain, Stream: g.Stream, Reason: "use rtmps"}
	}
	return g, err
}

func TestWhoPublishesInPlain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const step = 50 * time.Second // who sends nothing for a minute is ended
		began := time.Now()
		h := open(t, Options{Access: tlsOnly{keyring{Grant{SecondPublisher: TakeOver}}}})
		named := func(name, owner, host, tls string) PublishRequest {
			req := request(owner, host, "obs")
			req.Name, req.TLS = name, tls
			return req
		}
		h.try(named("a", "alice", "192.0.2.1", ""))
		h.try(named("n", "", "192.0.2.9", "")) // without a key: nobody
		secure, err := h.try(named("s", "alice", "192.0.2.1", "1.3"))
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(step)
		bob, err := h.try(named("b", "bob", "192.0.2.2", ""))
		if err != nil {
			t.Fatal(err)
		}
		carol, err := h.try(named("c", "carol", "192.0.2.3", ""))
		if err != nil {
			t.Fatal(err)
		}
		carol.End(nil)
		demo := named("demo", "demo", "192.0.2.4", "")
		demo.Remote = netip.AddrPort{} // it has no connection
		if _, err := h.try(demo); err != nil {
			t.Fatal(err)
		}
		time.Sleep(step)
		at := func(steps int) time.Time { return began.Add(time.Duration(steps) * step) }
		seen := func(name, host string, first, last int, refused, onAir bool) PlainPublisher {
			return PlainPublisher{
				"live/" + name, "rtmp", "obs", netip.MustParseAddr(host), at(first), at(last), refused, onAir,
			}
		}
		want := []PlainPublisher{
			seen("b", "192.0.2.2", 1, 2, false, true), seen("c", "192.0.2.3", 1, 1, false, false),
			seen("a", "192.0.2.1", 0, 0, true, false),
		}
		if got := h.PlainPublishers(); !slices.Equal(got, want) {
			t.Errorf("got  %+v\nwant %+v", got, want)
		}
		bob.End(nil)
		h.try(named("a", "alice", "192.0.2.1", ""))
		if got := h.PlainPublishers(); got[0] != seen("a", "192.0.2.1", 0, 2, true, false) || got[1].OnAir || len(got) != 3 {
			t.Errorf("after its end: %+v", got)
		}
		secure.End(nil)
	})
}

func TestTheListOfPlainPublishersIsBounded(t *testing.T) {
	var l plainList
	for i := range maxPlain + 10 {
		l.put(PlainPublisher{Stream: fmt.Sprint(i)}, time.Now())
	}
	if len(l.list) != maxPlain || l.list[0].Stream != "10" {
		t.Errorf("%d are kept, from %s on", len(l.list), l.list[0].Stream)
	}
}

func TestAWarningIsTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := open(t, Options{Access: keyring{Grant{Warning: "use rtmps"}}})
		s := h.publish()
		h.mu.Lock()
		e := h.events[len(h.events)-1]
		h.mu.Unlock()
		if e.Kind != PublishWarned || e.Reason != "use rtmps" || e.Stream != "live/cam1" {
			t.Errorf("%+v", e)
		}
		s.End(nil)
	})
}
