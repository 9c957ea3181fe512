package ticket

import (
	"net/netip"
	"strings"
	"testing"
	"time"
)

func TestCovers(t *testing.T) {
	for _, c := range []struct {
		subject, stream string
		want            bool
	}{
		{"live/cam1", "live/cam1", true},
		{"live/cam1", "live/cam10", false},
		{"live/cam1", "live/cam", false},
		{"live/cam1", "live/CAM1", false},
		{"live/cam1", "live/cam1/back", false},
		{"live/*", "live/cam1", true},
		{"live/*", "live/day/one", true},
		{"live/*", "live/", false},
		{"live/*", "live", false},
		{"live/*", "lives/cam1", false},
		{"live/day/*", "live/day/one", true},
		{"live/day/*", "live/other", false},
		{"live/cam*", "live/cam1", false}, // only whole parts
		{"live/cam*", "live/cam*", true},
		{"*", "live/cam1", false},
		{"", "live/cam1", false},
	} {
		if got := (Claims{Subject: c.subject}).covers(c.stream); got != c.want {
			t.Errorf("%q covers %q: %t", c.subject, c.stream, got)
		}
	}
}

func TestAdmits(t *testing.T) {
	for _, c := range []struct {
		claim, ip string
		want      bool
	}{
		{"203.0.113.7", "203.0.113.7", true},
		{"203.0.113.7", "::ffff:203.0.113.7", true}, // as a socket of both families has it
		{"::ffff:203.0.113.7", "203.0.113.7", true},
		{"203.0.113.7", "203.0.113.8", false},
		{"203.0.113.0/24", "203.0.113.8", true},
		{"203.0.113.9/24", "203.0.113.8", true},
		{"203.0.113.0/24", "203.0.114.8", false},
		{"2001:db8:1::/48", "2001:db8:1:2::3", true},
		{"2001:db8:1::/48", "2001:db8:2::3", false},
		{"fe80::1", "fe80::1%eth0", true},
		{"203.0.113.7", "2001:db8::1", false},
		{"::/0", "203.0.113.7", false},
	} {
		p, err := parseIP(c.claim)
		if err != nil {
			t.Fatal(err)
		}
		if got := (Claims{IP: p}).admits(netip.MustParseAddr(c.ip)); got != c.want {
			t.Errorf("%s admits %s: %t", c.claim, c.ip, got)
		}
	}
	if p, _ := parseIP("203.0.113.7"); (Claims{IP: p}).admits(netip.Addr{}) {
		t.Error("somebody without an address is admitted where one is asked for")
	}
	if !(Claims{}).admits(netip.Addr{}) {
		t.Error("somebody without an address is refused where none is asked for")
	}
}

func TestParseIPRefuses(t *testing.T) {
	for _, s := range []string{"", "cam", "203.0.113", "203.0.113.7:80", "fe80::1%eth0", "10.0.0.0/33", "::ffff:10.0.0.0/104", " 10.0.0.1"} {
		if p, err := parseIP(s); err == nil {
			t.Errorf("%q is taken for %s", s, p)
		}
	}
}

func TestFormatIP(t *testing.T) {
	for _, s := range []string{"203.0.113.7", "203.0.113.0/24", "2001:db8::1", "2001:db8::/32"} {
		p, err := parseIP(s)
		if err != nil || formatIP(p) != s {
			t.Errorf("%s became %s, %v", s, formatIP(p), err)
		}
	}
}

func TestClaimsCheck(t *testing.T) {
	end := time.Unix(1, 0)
	for _, subject := range []string{"live/cam1", "live/*", "event/day/one", "live/" + strings.Repeat("x", 250)} {
		if err := (Claims{Subject: subject, Expires: end}).check(); err != nil {
			t.Errorf("%.20s: %v", subject, err)
		}
	}
	for name, c := range map[string]Claims{
		"no subject":          {Expires: end},
		"no name":             {Expires: end, Subject: "live/"},
		"no app":              {Expires: end, Subject: "/cam1"},
		"no slash":            {Expires: end, Subject: "cam1"},
		"everything":          {Expires: end, Subject: "*"},
		"every app":           {Expires: end, Subject: "*/cam1"},
		"long subject":        {Expires: end, Subject: "live/" + strings.Repeat("x", 251)},
		"not UTF-8":           {Expires: end, Subject: "live/\xff"},
		"no end":              {Subject: "live/cam1"},
		"an end before 1970":  {Expires: time.Unix(-1, 0), Subject: "live/cam1"},
		"an end beyond all":   {Expires: time.Unix(maxSeconds+1, 0), Subject: "live/cam1"},
		"a beginning beyond":  {Expires: end, Subject: "live/cam1", NotBefore: time.Unix(maxSeconds+1, 0)},
		"a disguised address": {Expires: end, Subject: "live/cam1", IP: netip.MustParsePrefix("::ffff:203.0.113.7/128")},
		"a long identifier":   {Expires: end, Subject: "live/cam1", ID: strings.Repeat("x", 129)},
	} {
		if c.check() == nil {
			t.Errorf("%s: it is taken", name)
		}
	}
}
