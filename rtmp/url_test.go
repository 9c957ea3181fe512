package rtmp

import (
	"strings"
	"testing"
)

func TestParseURL(t *testing.T) {
	tests := []struct{ in, scheme, host, app, name, tcURL string }{
		{"rtmp://h/live/s1", "rtmp", "h:1935", "live", "s1", "rtmp://h/live"},
		{"rtmp://h:19/live/s1?a=b/c&d", "rtmp", "h:19", "live", "s1?a=b/c&d", "rtmp://h:19/live"},
		{"rtmp://h/live?auth=llnw/s1?a=b", "rtmp", "h:1935", "live?auth=llnw", "s1?a=b", "rtmp://h/live?auth=llnw"},
		{"rtmp://h/live?auth=adobe", "rtmp", "h:1935", "live?auth=adobe", "", "rtmp://h/live?auth=adobe"},
		{"RTMP://h/app/inst/key?tok=1", "rtmp", "h:1935", "app/inst", "key?tok=1", "rtmp://h/app/inst"},
		{"rtmp://h/live/dir/sub/x.mp4", "rtmp", "h:1935", "live/dir", "sub/x.mp4", "rtmp://h/live/dir"},
		{"rtmp://h/key", "rtmp", "h:1935", "key", "", "rtmp://h/key"},
		{"rtmp://h/live/", "rtmp", "h:1935", "live", "", "rtmp://h/live"},
		{"rtmp://h//live//", "rtmp", "h:1935", "live", "/", "rtmp://h/live"},
		{"rtmp://[2001:db8::1]/live/s", "rtmp", "[2001:db8::1]:1935", "live", "s", "rtmp://[2001:db8::1]/live"},
		{"rtmp://[::1]:20/live/s", "rtmp", "[::1]:20", "live", "s", "rtmp://[::1]:20/live"},
		{"rtmps://h/live/s", "rtmps", "h:443", "live", "s", "rtmps://h/live"},
		{"rtmps://h:1936/live/s", "rtmps", "h:1936", "live", "s", "rtmps://h:1936/live"},
		{"RTMPE://h/live/s", "rtmpe", "h:1935", "live", "s", "rtmpe://h/live"},
		{"rtmpt://h/live/s", "rtmpt", "h:80", "live", "s", "rtmpt://h/live"},
		{"rtmpts://[::1]/live/s", "rtmpts", "[::1]:443", "live", "s", "rtmpts://[::1]/live"},
		{"rtmpte://h/live/s", "rtmpte", "h:80", "live", "s", "rtmpte://h/live"},
	}
	for _, tt := range tests {
		u, err := ParseURL(tt.in)
		if err != nil {
			t.Errorf("%s: %v", tt.in, err)
			continue
		}
		if *u != (URL{Scheme: tt.scheme, Host: tt.host, App: tt.app, Name: tt.name, TCURL: tt.tcURL}) {
			t.Errorf("%s: got %+v", tt.in, *u)
		}
		if text := u.String(); strings.ContainsAny(text, "?=") || u.Name != "" && strings.HasSuffix(text, u.Name) {
			t.Errorf("%s shows %s", tt.in, text)
		}
	}
}

func TestParseURLRefuses(t *testing.T) {
	for in, want := range map[string]string{
		"live/s1":              "no rtmp://",
		"http://h/live/s1":     "http://",
		"rtmfp://h/live/s1":    "rtmps, rtmpe,",
		"rtmp:///live/s1":      "host",
		"rtmp://h":             "application",
		"rtmp://h/?x":          "application",
		"rtmp://h:port/live/x": "host",
		"rtmp://u@h/live/x":    "user",
		"rtmp://u%zz:p@h/live": "user",
		"rtmp://u&x:p@h/live":  "user",
		"rtmp://u:p@/live/x":   "host",
	} {
		if _, err := ParseURL(in); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want a word of %q", in, err, want)
		}
	}
}

func TestJoinPath(t *testing.T) {
	for _, tt := range []struct{ app, name, want string }{
		{"live", "s1", "live/s1"},
		{"/live/", "/s1/", "live/s1"},
		{"live//a", "b", "live/a/b"},
		{"key", "", "key"},
		{"live/_definst_", "mp4:x.mp4", "live/x.mp4"},
		{"live", "flv:a/_definst_/b", "live/a/b"},
		{"", "", ""},
	} {
		if got := joinPath(tt.app, tt.name); got != tt.want {
			t.Errorf("%q and %q: got %q, want %q", tt.app, tt.name, got, tt.want)
		}
	}
}

func TestResolveTCURL(t *testing.T) {
	const from = "rtmp://h:19/app/inst/key?a=b"
	tests := []struct{ from, ref, host, app, tcURL string }{
		{from, "", "h:19", "app/inst", "rtmp://h:19/app/inst"},
		{from, "rtmp://other/live", "other:1935", "live", "rtmp://other/live"},
		{from, "rtmps://other/live/a/b?x=1", "other:443", "live/a/b?x=1", "rtmps://other/live/a/b?x=1"},
		{from, "//other:1/live", "other:1", "live", "rtmp://other:1/live"},
		{from, "/live", "h:19", "live", "rtmp://h:19/live"},
		{from, "next", "h:19", "app/next", "rtmp://h:19/app/next"},
		{"rtmps://h/live/key?a=b", "//[::1]:5/live/", "[::1]:5", "live", "rtmps://[::1]:5/live"},
	}
	for _, tt := range tests {
		u, err := ParseURL(tt.from)
		if err != nil {
			t.Fatal(err)
		}
		to, err := u.resolve(tt.ref)
		if err != nil {
			t.Errorf("%s: %v", tt.ref, err)
			continue
		}
		if to.Host != tt.host || to.App != tt.app || to.TCURL != tt.tcURL || to.Name != "key?a=b" {
			t.Errorf("%s: got %+v", tt.ref, *to)
		}
	}
	for _, refused := range []string{"http://h/live", "//", "rtmp://h", "rtmp://h/live"} {
		u, err := ParseURL("rtmps://h/live/key")
		if err != nil {
			t.Fatal(err)
		}
		if to, err := u.resolve(refused); err == nil {
			t.Errorf("%s: got %+v", refused, *to)
		}
	}
}
