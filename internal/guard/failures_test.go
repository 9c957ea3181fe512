package guard

import (
	"errors"
	"fmt"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"
)

// waits is how long an address must wait, 0 if it need not.
func waits(t *testing.T, g *Guard, addr netip.Addr) time.Duration {
	t.Helper()
	err := g.Allowed(addr)
	if err == nil {
		return 0
	}
	var e *Exceeded
	if !errors.As(err, &e) || e.Retry <= 0 {
		t.Fatalf("got %v", err)
	}
	return e.Retry
}

// Twenty are free. From there each one costs more than the one before, up to a minute, and an hour of quiet makes good.
func TestGuessingGetsSlow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := New(Options{})
		n := 0
		fail := func() {
			n++
			g.Failed(home, "key", fmt.Sprint("wrong ", n))
		}
		for range 20 {
			fail()
			if w := waits(t, g, home); w != 0 {
				t.Fatalf("after %d it waits %v", n, w)
			}
		}
		for _, want := range []time.Duration{1, 2, 4, 8, 16, 32, 60, 60} {
			fail()
			if got := waits(t, g, home); got != want*time.Second {
				t.Fatalf("after %d it waits %v, want %v s", n, got, want)
			}
			if waits(t, g, other) != 0 {
				t.Fatal("another address waits with it")
			}
			time.Sleep(want * time.Second)
			if waits(t, g, home) != 0 {
				t.Fatalf("after %d it waits longer than it was told", n)
			}
		}
		if waits(t, g, home) != 0 {
			t.Error("it waits still")
		}
		time.Sleep(20 * 10 * time.Second)
		for range 20 {
			fail()
		}
		if waits(t, g, home) != 0 {
			t.Error("it was not forgiven")
		}
	})
}

// Who tries as fast as he may for a day has made so many tries.
func TestGuessesInADay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := New(Options{})
		begun, n := time.Now(), 0
		for time.Since(begun) < 24*time.Hour {
			if wait := waits(t, g, home); wait > 0 {
				time.Sleep(wait)
				continue
			}
			n++
			g.Failed(home, "key", fmt.Sprint("wrong ", n))
		}
		// docs/limits.md says 1,500.
		if n < 1400 || n > 1500 {
			t.Errorf("%d guesses", n)
		}
	})
}

// An encoder with a wrong key comes back every second, for days, and others stand behind the same address.
func TestTheSameKeyAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := New(Options{})
		for i := range 10000 {
			for _, key := range []string{"one", "two", "three", "four"}[:1+i%4] {
				g.Failed(home, "key", key)
			}
			if waits(t, g, home) != 0 {
				t.Fatalf("after %d it waits", i)
			}
			time.Sleep(time.Second)
		}
		// Where tries cannot be told apart, each is counted, but locks out nobody who has a key.
		for range 21 {
			g.Failed(home, Password, "")
		}
		refusedBy(t, g.AllowedPassword(home), "wrong passwords from one address", "")
		if err := g.Allowed(home); err != nil {
			t.Errorf("with a key: %v", err)
		}
		if err := g.AllowedPassword(other); err != nil {
			t.Errorf("from another address: %v", err)
		}
	})
}

// A botnet uses up what all have together. Then those wait of whom nothing good is known.
func TestGuessingFromEverywhere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := New(Options{})
		g.Passed(home)
		tries, refused := 0, 0
		for i := range 20 * 2000 { // 20 s
			addr := netip.AddrFrom16([16]byte{0x20, 0x01, byte(i >> 16), byte(i >> 8), byte(i)})
			if g.Allowed(addr) != nil {
				refused++
			} else {
				tries++
				g.Failed(addr, "key", fmt.Sprint("wrong ", i))
			}
			if g.Allowed(home) != nil {
				t.Fatal("whose key was right waits with the others")
			}
			time.Sleep(500 * time.Microsecond)
		}
		if tries < 2900 || tries > 3200 || refused == 0 { // 1000 and 100 a second
			t.Errorf("%d tries, %d refused", tries, refused)
		}
		if w := waits(t, g, other); w != 0 && w != time.Second {
			t.Errorf("another one waits %v", w)
		}
		time.Sleep(time.Second)
		if waits(t, g, other) != 0 {
			t.Error("it goes on when the botnet has gone")
		}
		time.Sleep(24 * time.Hour)
		for i := range 2000 {
			g.Failed(netip.AddrFrom16([16]byte{0x20, 0x02, 2: byte(i >> 8), 3: byte(i)}), "key", fmt.Sprint("again ", i))
		}
		if waits(t, g, home) == 0 {
			t.Error("a key that was right a day ago counts still")
		}
	})
}

// A flood of addresses fills tables, and nothing else.
func TestFloodOfAddresses(t *testing.T) {
	g := New(Options{Failures: FailureOptions{Addresses: 1000, Burst: 1e9}})
	for i := range 100000 {
		addr := netip.AddrFrom4([4]byte{byte(i >> 16), byte(i >> 8), byte(i), 1})
		g.Failed(addr, "key", fmt.Sprint(i))
		g.Passed(addr)
		_ = g.Allowed(addr)
		if n := max(g.failures.wrong.size(), g.failures.right.size()); n > 1000 {
			t.Fatalf("%d addresses are remembered", n)
		}
	}
	if n := g.failures.wrong.size(); n < 500 {
		t.Errorf("only %d addresses are remembered", n)
	}
}

func TestStats(t *testing.T) {
	g := New(Options{Limits: Limits{Server: Scope{Viewers: 1}}})
	r, err := g.Viewer(home, "live")
	enter(t, r, err)
	_, _ = g.Viewer(home, "live")
	_, _ = g.Viewer(home, "live")
	g.Failed(home, "token", "x")
	g.Failed(home, Password, "")
	g.SetBans([]Ban{{Address: netip.MustParsePrefix("192.0.2.1/32")}})
	_ = g.Banned(home)
	s := g.Stats()
	if s.Refused["viewers of the server"] != 2 || s.Refused["banned address"] != 1 || len(s.Refused) != 2 ||
		s.Failed["token"] != 1 || s.Failed["password"] != 1 || s.Viewers != 1 || s.Connections != 0 {
		t.Errorf("got %+v", s)
	}
}

func BenchmarkAllowed(b *testing.B) {
	g := New(Options{Failures: FailureOptions{Burst: 1e6}})
	for i := range 50000 {
		g.Failed(netip.AddrFrom4([4]byte{10, byte(i >> 8), byte(i), 1}), "key", "x")
	}
	b.ReportAllocs()
	for b.Loop() {
		if err := g.Allowed(home); err != nil {
			b.Fatal(err)
		}
	}
}
