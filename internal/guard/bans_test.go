package guard

import (
	"errors"
	"math/rand/v2"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"
)

func bannedBy(t *testing.T, err error) string {
	t.Helper()
	if err == nil {
		return ""
	}
	var b *Banned
	if !errors.As(err, &b) {
		t.Fatalf("got %v", err)
	}
	return b.Ban.ID
}

func TestBans(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := New(Options{})
		g.SetBans([]Ban{
			{ID: "net", Address: netip.MustParsePrefix("192.0.2.0/24")},
			{ID: "host", Address: netip.MustParsePrefix("198.51.100.7/32"), Until: time.Now().Add(time.Hour)},
			{ID: "inner", Address: netip.MustParsePrefix("203.0.113.64/28"), Until: time.Now().Add(time.Hour)},
			{ID: "outer", Address: netip.MustParsePrefix("203.0.113.99/25")}, // bits behind the prefix do not count
			{ID: "six", Address: netip.MustParsePrefix("2001:db8::/32")},
			{ID: "mapped", Address: netip.MustParsePrefix("::ffff:10.0.0.0/104")},
			{ID: "key", Key: "ky_1"},
			{ID: "none"},
		})
		check := func(want map[string]string) {
			t.Helper()
			for addr, id := range want {
				if got := bannedBy(t, g.Banned(netip.MustParseAddr(addr))); got != id {
					t.Errorf("%s is banned by %q, want %q", addr, got, id)
				}
			}
		}
		check(map[string]string{
			"192.0.1.255": "", "192.0.2.0": "net", "192.0.2.255": "net", "192.0.3.0": "", "::ffff:192.0.2.9": "net",
			"198.51.100.7": "host", "198.51.100.8": "", "203.0.113.65": "inner", "203.0.113.80": "outer", "203.0.113.1": "outer",
			"203.0.113.200": "", "2001:db8::1": "six", "2001:db8::1%eth0": "six", "2001:db9::1": "", "10.1.2.3": "mapped",
			"0.0.0.0": "", "::": "", "255.255.255.255": "",
		})
		if got := bannedBy(t, g.BannedKey("ky_1")); got != "key" {
			t.Errorf("the key is banned by %q", got)
		}
		if got := bannedBy(t, g.BannedKey("ky_2")); got != "" {
			t.Errorf("another key is banned by %q", got)
		}
		want := "Your address is banned from this server until " + time.Now().Add(time.Hour).UTC().Format("2006-01-02 15:04") + " UTC."
		if got := g.Banned(netip.MustParseAddr("198.51.100.7")).Error(); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
		time.Sleep(time.Hour)
		check(map[string]string{"198.51.100.7": "", "203.0.113.65": "outer", "192.0.2.0": "net"})
		g.SetBans(nil)
		check(map[string]string{"192.0.2.0": "", "2001:db8::1": ""})
		if g.BannedKey("ky_1") != nil {
			t.Error("the key is banned still")
		}
	})
}

// Among thousands of nested bans, the same are found as by looking at each.
func TestBansAmongMany(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	var list []Ban
	for range 2000 {
		// Few addresses, so that prefixes nest.
		addr := netip.AddrFrom4([4]byte{10, byte(random.IntN(3)), byte(random.IntN(8)), byte(random.IntN(256))})
		list = append(list, Ban{ID: "x", Address: netip.PrefixFrom(addr, 17+random.IntN(16))})
	}
	g := New(Options{})
	for _, n := range []int{0, 1, 10, 100, 2000} {
		g.SetBans(list[:n])
		hits := 0
		for range 5000 {
			addr := netip.AddrFrom4([4]byte{10, byte(random.IntN(4)), byte(random.IntN(9)), byte(random.IntN(256))})
			want := false
			for _, b := range list[:n] {
				want = want || b.Address.Contains(addr)
			}
			if want {
				hits++
			}
			if got := g.Banned(addr) != nil; got != want {
				t.Fatalf("of %d: %s is banned: %v, want %v", n, addr, got, want)
			}
		}
		if n >= 10 && (hits == 0 || hits == 5000) {
			t.Errorf("of %d bans, %d addresses were hit: this proves nothing", n, hits)
		}
	}
}

func BenchmarkBanned(b *testing.B) {
	random := rand.New(rand.NewPCG(1, 2))
	var list []Ban
	for range 5000 {
		four := netip.AddrFrom4([4]byte{byte(random.IntN(224)), byte(random.IntN(256)), byte(random.IntN(256)), byte(random.IntN(256))})
		list = append(list, Ban{Address: netip.PrefixFrom(four, 8+random.IntN(25))})
		six := [16]byte{0x20, 0x01}
		for i := 2; i < 8; i++ {
			six[i] = byte(random.IntN(256))
		}
		list = append(list, Ban{Address: netip.PrefixFrom(netip.AddrFrom16(six), 32+random.IntN(33))})
	}
	g := New(Options{})
	g.SetBans(list)
	for name, addr := range map[string]netip.Addr{
		"IPv4": netip.MustParseAddr("224.2.3.4"), "IPv6": netip.MustParseAddr("2001:db8:1:2::3"),
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				_ = g.Banned(addr)
			}
		})
	}
}
