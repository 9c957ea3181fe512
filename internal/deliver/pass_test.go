package deliver

import (
	"compress/gzip"
	"encoding/xml"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func asking(query string, header ...string) *http.Request {
	r := httptest.NewRequest(http.MethodGet, "/live/cam1/index.m3u8", nil)
	r.URL.RawQuery = query
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	return r
}

func TestReadPass(t *testing.T) {
	for query, want := range map[string]string{
		"":                              "",
		"start=-60&_HLS_msn=7":          "",
		"token=a.b-c_d":                 "token=a.b-c_d",
		"_HLS_msn=7&token=x&CMCD=sid":   "token=x",
		"%74oken=x":                     "token=x",
		"token=":                        "",
		"token=x&token=y":               "token=x",
		"exp=1&ip=192.0.2.1":            "", // nothing without a signature
		"sig=ff&exp=17":                 "exp=17&sig=ff",
		"sig=ff&ip=2001:db8::1&exp=17":  "exp=17&ip=2001%3Adb8%3A%3A1&sig=ff",
		"sig=ff&exp=17&token=x":         "token=x&exp=17&sig=ff",
		`token=%24Number%24"<%26%0a>'+`: "token=%24Number%24%22%3C%26%0A%3E%27+",
		"Token=x&tokens=y":              "",
		"token=x;y&sig=1":               "sig=1", // as net/url reads it
		"token=%zz&exp=1&sig=2":         "exp=1&sig=2",

		"token=" + strings.Repeat("x", mostPass-6): "token=" + strings.Repeat("x", mostPass-6),
		"token=" + strings.Repeat("x", mostPass-5): "",
	} {
		if got := ReadPass(asking(query)); got.query != want || got.bearer {
			t.Errorf("%.80s: %.80q, want %.80q", query, got.query, want)
		}
	}
}

func TestCachingOfWhatNeedsAPass(t *testing.T) {
	for _, c := range []struct{ query, authorization, given, want string }{
		{"", "", "public, max-age=1", "public, max-age=1"},
		{"token=x", "", "public, max-age=1", "private, max-age=1"},
		{"exp=1&sig=x", "", "public, max-age=3600, immutable", "private, max-age=3600, immutable"},
		{"", "Bearer x", "public, max-age=5", "private, max-age=5"},
		{"token=x", "", "no-store", "no-store"},
	} {
		r := asking(c.query)
		if c.authorization != "" {
			r.Header.Set("Authorization", c.authorization)
		}
		if got := ReadPass(r).Caching(c.given); got != c.want {
			t.Errorf("%q, %q: %q becomes %q, want %q", c.query, c.authorization, c.given, got, c.want)
		}
	}
}

func TestPassInPlaylist(t *testing.T) {
	const plain = `#EXTM3U
#EXT-X-MEDIA:TYPE=AUDIO,NAME="a,URI=",LANGUAGE="und",URI="x_audio.m3u8?start=1.000"
#EXT-X-STREAM-INF:BANDWIDTH=1,CODECS="avc1.64000b"
x_video.m3u8?start=1.000

#EXT-X-MAP:URI="x_video_init0.m4s"
#EXT-X-PART:DURATION=0.2,URI="x_video_0.0.m4s",INDEPENDENT=YES
#EXTINF:2.00000,
x_video_0.m4s
#EXT-X-PRELOAD-HINT:TYPE=PART,URI="x_video_1.0.m4s"
#EXT-X-RENDITION-REPORT:URI="x_audio.m3u8",LAST-MSN=3,LAST-PART=9
`
	const want = `#EXTM3U
#EXT-X-MEDIA:TYPE=AUDIO,NAME="a,URI=",LANGUAGE="und",URI="x_audio.m3u8?start=1.000&exp=17&sig=ff"
#EXT-X-STREAM-INF:BANDWIDTH=1,CODECS="avc1.64000b"
x_video.m3u8?start=1.000&exp=17&sig=ff

#EXT-X-MAP:URI="x_video_init0.m4s?exp=17&sig=ff"
#EXT-X-PART:DURATION=0.2,URI="x_video_0.0.m4s?exp=17&sig=ff",INDEPENDENT=YES
#EXTINF:2.00000,
x_video_0.m4s?exp=17&sig=ff
#EXT-X-PRELOAD-HINT:TYPE=PART,URI="x_video_1.0.m4s?exp=17&sig=ff"
#EXT-X-RENDITION-REPORT:URI="x_audio.m3u8?exp=17&sig=ff",LAST-MSN=3,LAST-PART=9
`
	text := NewText([]byte(plain), "x", gzip.BestSpeed)
	if got := ReadPass(asking("sig=ff&exp=17")).Playlist(text).String(); got != want {
		t.Errorf("got\n%s", got)
	}
	if text.String() != plain {
		t.Error("what others get has changed")
	}
	for _, without := range []*http.Request{asking("start=1.000"), asking("", "Authorization", "Bearer x")} {
		if got := ReadPass(without).Playlist(text); got != text {
			t.Error("a playlist is written anew for a viewer who has nothing in the address")
		}
	}
}

func TestPassInManifest(t *testing.T) {
	const plain = `<MPD>
  <Label>&#34; media=&#34;x&#34; &lt;SegmentTemplate media=</Label>
  <Event value="left"/>
  <SegmentTemplate media="x-$Time$.m4s" initialization="x.m4s" timescale="1">
    <S t="0" d="1"/>
  </SegmentTemplate>
  <UTCTiming schemeIdUri="urn:mpeg:dash:utc:http-iso:2014" value="time.mpd"/>
</MPD>
`
	want := strings.NewReplacer(
		`x-$Time$.m4s"`, `x-$Time$.m4s?token=%24RepresentationID%24&amp;exp=17&amp;sig=ff"`, `"x.m4s"`, `"x.m4s?token=%24RepresentationID%24&amp;exp=17&amp;sig=ff"`,
		`time.mpd"`, `time.mpd?token=%24RepresentationID%24&amp;exp=17&amp;sig=ff"`).Replace(plain)
	text := NewText([]byte(plain), "x", gzip.BestSpeed)
	got := ReadPass(asking("sig=ff&exp=17&token=$RepresentationID$")).Manifest(text).String()
	if got != want || text.String() != plain {
		t.Errorf("got\n%s", got)
	}
	if err := xml.Unmarshal([]byte(got), new(struct{})); err != nil {
		t.Error(err)
	}
	if ReadPass(asking("start=-60")).Manifest(text) != text {
		t.Error("a manifest is written anew for a viewer who has nothing in the address")
	}
}

// What a stranger puts into the query stands in documents that others parse.
func FuzzPass(f *testing.F) {
	for _, seed := range []string{"token=x", "sig=\"\n#EXT-X-ENDLIST&exp=1", "token=</MPD>&sig=$Time$", "%74oken=%00&sig=%22", "token=a;b"} {
		f.Add(seed)
	}
	playlist := NewText([]byte("#EXTM3U\n#EXT-X-MAP:URI=\"a\"\n#EXTINF:2,\nb?c\n"), "x", 1)
	manifest := NewText([]byte("<MPD>\n<SegmentTemplate media=\"a$Time$\" initialization=\"a\"/>\n<UTCTiming value=\"t\"/>\n</MPD>\n"), "x", 1)
	f.Fuzz(func(t *testing.T, query string) {
		r := &http.Request{Header: http.Header{}, URL: asking("").URL}
		r.URL.RawQuery = query
		p := ReadPass(r)
		for _, c := range p.query {
			if !strings.ContainsRune("%&+-._=~", c) && (c < '0' || c > '9') && (c|32 < 'a' || c|32 > 'z') {
				t.Fatalf("%q in %q", c, p.query)
			}
		}
		if lines := strings.Count(p.Playlist(playlist).String(), "\n"); lines != 4 {
			t.Fatalf("%d lines of a playlist", lines)
		}
		var read struct {
			Template struct {
				Media string `xml:"media,attr"`
			} `xml:"SegmentTemplate"`
		}
		if err := xml.Unmarshal([]byte(p.Manifest(manifest).String()), &read); err != nil {
			t.Fatal(err)
		}
		want := "a$Time$"
		if p.query != "" {
			want += "?" + p.query
		}
		if read.Template.Media != want {
			t.Fatalf("a player reads %q, want %q", read.Template.Media, want)
		}
	})
}

// BenchmarkReadPass is what each request pays.
func BenchmarkReadPass(b *testing.B) {
	for name, query := range map[string]string{
		"nothing": "", "a reload": "_HLS_msn=4711&_HLS_part=3&_HLS_skip=YES", "a token": "_HLS_msn=4711&token=" + strings.Repeat("x", 300),
	} {
		b.Run(name, func(b *testing.B) {
			r := asking(query)
			b.ReportAllocs()
			for b.Loop() {
				_ = ReadPass(r).Caching("public, max-age=1")
			}
		})
	}
}
