package guard

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"sync"
	"testing"
)

var (
	home  = netip.MustParseAddr("192.0.2.1")
	other = netip.MustParseAddr("192.0.2.2")
)

// refusedBy checks that err is an *Exceeded that names the limit and the setting.
func refusedBy(t *testing.T, err error, limit, setting string) {
	t.Helper()
	var e *Exceeded
	switch {
	case !errors.As(err, &e):
		t.Errorf("got %v, want %s", err, limit)
	case e.Limit != limit || e.Setting != setting:
		t.Errorf("refused by %q (%s), want %q (%s)", e.Limit, e.Setting, limit, setting)
	case setting != "" && !strings.Contains(e.Error(), setting):
		t.Errorf("the sentence does not name %s: %s", setting, e)
	}
}

// enter lets somebody in who must be let in.
func enter(t *testing.T, release func(), err error) func() {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	return release
}

func TestEveryLimit(t *testing.T) {
	for _, test := range []struct {
		limits         Limits
		enter          func(g *Guard) (func(), error)
		limit, setting string
	}{
		{
			Limits{Server: Scope{Connections: 2}},
			func(g *Guard) (func(), error) { return g.Admit(home) },
			"connections of the server", "max-connections",
		},
		{
			Limits{Address: Scope{Connections: 2}},
			func(g *Guard) (func(), error) { return g.Admit(home) },
			"connections from one address", "max-connections-per-address",
		},
		{
			Limits{Server: Scope{Publishers: 2}},
			func(g *Guard) (func(), error) { return g.Publisher(home, "ky_1", "live") },
			"publishers of the server", "max-publishers",
		},
		{
			Limits{Address: Scope{Publishers: 2}},
			func(g *Guard) (func(), error) { return g.Publisher(home, "ky_1", "live") },
			"publishers from one address", "max-publishers-per-address",
		},
		{
			Limits{Key: Scope{Publishers: 2}},
			func(g *Guard) (func(), error) { return g.Publisher(home, "ky_1", "live") },
			"publishers with one key", "max-publishers-per-key",
		},
		{
			Limits{Apps: map[string]Scope{"live": {Publishers: 2}}},
			func(g *Guard) (func(), error) { return g.Publisher(home, "ky_1", "live") },
			"publishers of one app", "apps.live.max-publishers",
		},
		{
			Limits{Server: Scope{Viewers: 2}},
			func(g *Guard) (func(), error) { return g.Viewer(home, "live") },
			"viewers of the server", "max-viewers",
		},
		{
			Limits{Address: Scope{Viewers: 2}},
			func(g *Guard) (func(), error) { return g.Viewer(home, "live") },
			"viewers from one address", "max-viewers-per-address",
		},
		{
			Limits{Apps: map[string]Scope{"live": {Viewers: 2}}},
			func(g *Guard) (func(), error) { return g.Viewer(home, "live") },
			"viewers of one app", "apps.live.max-viewers",
		},
	} {
		t.Run(test.setting, func(t *testing.T) {
			g := New(Options{Limits: test.limits})
			var release func()
			for range 2 {
				r, err := test.enter(g)
				release = enter(t, r, err)
			}
			for range 2 { // who is refused is not counted
				_, err := test.enter(g)
				refusedBy(t, err, test.limit, test.setting)
			}
			release()
			release() // counts once
			r, err := test.enter(g)
			enter(t, r, err)
			_, err = test.enter(g)
			refusedBy(t, err, test.limit, test.setting)
		})
	}
}

// The same limits do not hold what is not theirs.
func TestLimitsOfOthers(t *testing.T) {
	g := New(Options{Limits: Limits{
		Apps: map[string]Scope{"live": {Publishers: 1}}, Address: Scope{Connections: 1}, Key: Scope{Publishers: 1},
	}})
	for _, addr := range []netip.Addr{home, other, netip.MustParseAddr("2001:db8::1"), netip.MustParseAddr("2001:db8:0:1::1")} {
		r, err := g.Admit(addr)
		enter(t, r, err)
	}
	_, err := g.Admit(netip.MustParseAddr("::ffff:192.0.2.1"))
	refusedBy(t, err, "connections from one address", "max-connections-per-address")
	// Whoever has one address of a /64 has all of them.
	_, err = g.Admit(netip.MustParseAddr("2001:db8::ffff:1%eth0"))
	refusedBy(t, err, "connections from one address", "max-connections-per-address")
	r, err := g.Publisher(home, "ky_1", "live")
	enter(t, r, err)
	r, err = g.Publisher(home, "ky_2", "other")
	enter(t, r, err)
	_, err = g.Publisher(home, "ky_1", "other")
	refusedBy(t, err, "publishers with one key", "max-publishers-per-key")
	for range 3 { // publishers by --open have none
		r, err = g.Publisher(home, "", "other")
		enter(t, r, err)
	}
}

func TestSetLimits(t *testing.T) {
	g := New(Options{})
	for range 3 {
		r, err := g.Viewer(home, "live")
		enter(t, r, err)
	}
	g.SetLimits(Limits{Server: Scope{Viewers: 2}})
	_, err := g.Viewer(home, "live")
	refusedBy(t, err, "viewers of the server", "max-viewers")
	g.SetLimits(Limits{Server: Scope{Viewers: 4}})
	r, err := g.Viewer(home, "live")
	enter(t, r, err)
}

// Nothing is kept of whom has gone, and no more gets in than may when all come at once.
func TestCountsAreGivenBack(t *testing.T) {
	g := New(Options{Limits: Limits{Server: Scope{Connections: 10}, Address: Scope{Connections: 5}}})
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			addr := netip.MustParseAddr(fmt.Sprintf("192.0.2.%d", i%4))
			for range 1000 {
				release, err := g.Admit(addr)
				if n := g.open(connections, scope{kind: server}); n > 10 {
					t.Errorf("%d are in", n)
				}
				if err == nil {
					release()
				}
			}
		})
	}
	all.Wait()
	if n := len(g.counts.addresses) + len(g.counts.apps) + len(g.counts.keys); n != 0 || g.counts.server.n[connections] != 0 {
		t.Errorf("left behind: %+v", g.counts)
	}
}

func TestSentences(t *testing.T) {
	g := New(Options{Limits: Limits{Server: Scope{Connections: 1}, Address: Scope{Viewers: 2}}})
	r, err := g.Admit(home)
	enter(t, r, err)
	_, err = g.Admit(other)
	if got, want := fmt.Sprint(err), "The server has all the connections that it may have: at most 1 connection (max-connections)."; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	for range 2 {
		r, err = g.Viewer(home, "live")
		enter(t, r, err)
	}
	_, err = g.Viewer(home, "live")
	if got, want := fmt.Sprint(err), "There are too many viewers from your address: at most 2 viewers (max-viewers-per-address)."; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func BenchmarkAdmit(b *testing.B) {
	g := New(Options{Limits: Limits{Server: Scope{Connections: 100000}, Address: Scope{Connections: 1000}}})
	for i := range 50000 { // 50,000 are in already
		if _, err := g.Admit(netip.AddrFrom4([4]byte{10, byte(i >> 8), byte(i), 1})); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportAllocs()
	for b.Loop() {
		release, err := g.Admit(home)
		if err != nil {
			b.Fatal(err)
		}
		release()
	}
}

// Who is refused leaves nothing behind, however many come.
func TestFloodOfConnections(t *testing.T) {
	g := New(Options{Limits: Limits{Server: Scope{Connections: 10}}})
	in := 0
	for i := range 100000 {
		if _, err := g.Admit(netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)})); err == nil {
			in++
		}
	}
	if n := len(g.counts.addresses); in != 10 || n != 10 {
		t.Errorf("%d are in, %d addresses are kept", in, n)
	}
}
