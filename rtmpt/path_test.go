package rtmpt

import (
	"strings"
	"testing"
)

func TestMatch(t *testing.T) {
	for path, want := range map[string]bool{
		"/fcs/ident2":   true,
		"/open/1":       true,
		"/send/abc/0":   true,
		"/idle/abc/1":   true,
		"/close/abc/2":  true,
		"/idle/":        true,
		"/idle":         false, // would be a stream's page
		"/idler/abc/1":  false,
		"/live/send/1":  false,
		"//send/abc/1":  false,
		"send/abc/1":    false,
		"/":             false,
		"":              false,
		"/live/cam.flv": false,
	} {
		if got := Match(path); got != want {
			t.Errorf("Match(%q) = %v", path, got)
		}
	}
}

func TestParseTarget(t *testing.T) {
	for path, want := range map[string]target{
		"/fcs/ident2":                    {verb: ident},
		"/open/1":                        {verb: open},
		"/open/":                         {verb: open},
		"/send/aB-9/0":                   {send, "aB-9", 0},
		"/idle/x/9007199254":             {idle, "x", 9007199254},
		"/close/x/12/":                   {closeVerb, "x", 12},
		"/send/x/":                       {},
		"/send/x":                        {},
		"/send//1":                       {},
		"/send/x/-1":                     {},
		"/send/x/1/2":                    {},
		"/send/x/1e3":                    {},
		"/idle/x/9999999999999999999999": {},
		"/live/x/1":                      {},
	} {
		got, ok := parseTarget(path)
		if ok != (want.verb != "") || ok && got != want {
			t.Errorf("%q is %+v, %v", path, got, ok)
		}
	}
}

func FuzzParseTarget(f *testing.F) {
	for _, s := range []string{"/send/AbCdEf0123456789/0", "/idle/x/18446744073709551615", "/close//", "/open/1", "/fcs/ident2"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, path string) {
		got, ok := parseTarget(path)
		if !ok {
			return
		}
		if !Match(path) {
			t.Errorf("%q is a target that does not match", path)
		}
		if got.verb != ident && got.verb != open && (got.id == "" || strings.Contains(got.id, "/")) {
			t.Errorf("%q has the identifier %q", path, got.id)
		}
	})
}
