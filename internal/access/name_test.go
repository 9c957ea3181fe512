package access

import (
	"errors"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestStreamName(t *testing.T) {
	tests := []struct{ app, name, want string }{
		{"live", "cam1", "live/cam1"},
		{"live", "a/b/c", "live/a/b/c"},
		{"live/a", "b", "live/a/b"},
		{"live/", "/cam1", "live/cam1"},
		{"/live//", "cam1/", "live/cam1"},
		{" live ", "cam1 ", "live/cam1"},
		{"live", "my cam", "live/my cam"},
		{"live/_definst_", "cam1", "live/cam1"},
		{"live", "_definst_/cam1", "live/cam1"},
		{"live", "mp4:cam1", "live/cam1"},
		{"live", "mp4:dir/cam1.mp4", "live/dir/cam1.mp4"},
		{"app/inst/mp4:dir", "mp4:f?x=1", "app/inst/dir/f"},
		{"live", "flv:cam1", "live/cam1"},
		{"live", "mp3:song", "live/song"},
		{"live", "cam1?key=a/b&c=d", "live/cam1"},
		{"live?key=a/b", "cam1", "live/cam1"},
		{"", "cam1", "live/cam1"},
		{"cam1", "", "live/cam1"},
		{"", "/live/cam1", "live/cam1"},
		{"live", "Größe-日本", "live/Größe-日本"},
		{"Live", "Cam1", "Live/Cam1"},
		{"live", "api", "live/api"},
		{"live", "whip.x", "live/whip.x"},
		{"live", strings.Repeat("x", 250), "live/" + strings.Repeat("x", 250)},
	}
	for _, tt := range tests {
		got, err := StreamName(tt.app, tt.name)
		if err != nil || got != tt.want {
			t.Errorf("StreamName(%q, %q) = %q, %v; want %q", tt.app, tt.name, got, err, tt.want)
		}
		if err := CheckName(tt.want); err != nil {
			t.Errorf("CheckName(%q) = %v", tt.want, err)
		}
	}
}

func TestStreamNameRefuses(t *testing.T) {
	tests := []struct{ app, name, want string }{
		{"", "", "it is empty; write one behind the app, as in live/cam1"},
		{"/", " / ", "it is empty; write one behind the app, as in live/cam1"},
		{"live", strings.Repeat("x", 251), "it is longer than 255 bytes"},
		{"live", "a\xffb", "it is not UTF-8"},
		{"live", "a\nb", "it holds control characters"},
		{"live", "a\x1b[31mb", "it holds control characters"},
		{"live", "a\u0085b", "it holds control characters"},
		{"live", "a\u2028b", "it holds control characters"},
		{"live", "a\u202eb", "it holds control characters"},
		{"live", "..", "a part of it is . or .."},
		{"..", "etc/passwd", "a part of it is . or .."},
		{"live", "a/./b", "a part of it is . or .."},
		{"api", "x", "names that begin with api/ are reserved"},
		{"embed", "live/x", "names that begin with embed/ are reserved"},
		{".well-known", "x", "names that begin with .well-known/ are reserved"},
		{"live", "cam/whip", "the last part whip is reserved"},
		{"live", "index.m3u8", "the last part index.m3u8 is reserved"},
		{"live", "manifest.mpd", "the last part manifest.mpd is reserved"},
		{"live", "a.flv", "the ending .flv is reserved"},
		{"live", "a.m4s", "the ending .m4s is reserved"},
		{"live", ".jpg", "the ending .jpg is reserved"},
	}
	for _, tt := range tests {
		got, err := StreamName(tt.app, tt.name)
		var bad *NameError
		if !errors.As(err, &bad) || bad.Reason != tt.want {
			t.Errorf("StreamName(%q, %q) = %q, %v; want %q", tt.app, tt.name, got, err, tt.want)
		}
	}
}

func TestCheckNameWantsTheNameItself(t *testing.T) {
	for _, name := range []string{"cam1", "/live/cam1", "live/cam1?x", "live//cam1", "live/mp4:cam1"} {
		if err := CheckName(name); err == nil {
			t.Errorf("CheckName(%q) took it", name)
		}
	}
}

func FuzzStreamName(f *testing.F) {
	f.Add("live/_definst_", "mp4:a/../b?key=x")
	f.Add("flv:flv:", " mp4: x/")
	f.Fuzz(func(t *testing.T, app, name string) {
		stream, err := StreamName(app, name)
		if err != nil {
			if strings.ContainsFunc(err.Error(), unprintable) {
				t.Errorf("the error holds what it refuses: %q", err)
			}
			return
		}
		parts := strings.Split(stream, "/")
		if len(parts) < 2 || len(stream) > maxName || !utf8.ValidString(stream) || strings.Contains(stream, "//") ||
			strings.ContainsFunc(stream, unprintable) {
			t.Errorf("StreamName(%q, %q) = %q", app, name, stream)
		}
	})
}
