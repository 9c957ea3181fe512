package bench

import (
	"strings"
	"testing"
	"time"
)

const lowLatency = `#EXTM3U
#EXT-X-VERSION:6
#EXT-X-TARGETDURATION:2
#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,CAN-SKIP-UNTIL=12.0,PART-HOLD-BACK=0.800
#EXT-X-PART-INF:PART-TARGET=0.200
#EXT-X-MEDIA-SEQUENCE:7
#EXT-X-MAP:URI="init0.m4s"
#EXT-X-PROGRAM-DATE-TIME:2026-01-02T03:04:05.000Z
#EXTINF:2.00000,
7.m4s
#EXT-X-PROGRAM-DATE-TIME:2026-01-02T03:04:07.000Z
#EXT-X-PART:DURATION=0.20000,URI="8.0.m4s",INDEPENDENT=YES
#EXT-X-PART:DURATION=0.15000,URI="8.1.m4s"
#EXTINF:0.35000,
8.m4s
#EXT-X-PART:DURATION=0.20000,URI="9.0.m4s?a=1,2"
#EXT-X-PRELOAD-HINT:TYPE=PART,URI="9.1.m4s"
#EXT-X-RENDITION-REPORT:URI="audio.m3u8",LAST-MSN=9,LAST-PART=0
`

func TestScan(t *testing.T) {
	at := time.Date(2026, 1, 2, 3, 4, 7, 0, time.UTC)
	first := item{"7.m4s", 2 * time.Second, at, place{8, 0}}
	second := item{"8.0.m4s", 200 * time.Millisecond, at.Add(200 * time.Millisecond), place{8, 1}}
	third := item{"8.1.m4s", 150 * time.Millisecond, at.Add(350 * time.Millisecond), place{8, 2}}
	fourth := item{"9.0.m4s?a=1,2", 200 * time.Millisecond, at.Add(550 * time.Millisecond), place{9, 1}}
	for name, c := range map[string]struct {
		text  string
		from  place
		items []item
		end   place
	}{
		"all":            {lowLatency, place{}, []item{first, second, third, fourth}, place{9, 1}},
		"CRLF":           {strings.ReplaceAll(lowLatency, "\n", "\r\n"), place{}, []item{first, second, third, fourth}, place{9, 1}},
		"from a part":    {lowLatency, place{8, 1}, []item{third, fourth}, place{9, 1}},
		"from the next":  {lowLatency, place{8, 2}, []item{fourth}, place{9, 1}},
		"from the end":   {lowLatency, place{9, 1}, nil, place{9, 1}},
		"within a whole": {lowLatency, place{7, 3}, []item{second, third, fourth}, place{9, 1}},
		"delta": {
			strings.Replace(lowLatency, "#EXT-X-MAP:URI=\"init0.m4s\"\n#EXT-X-PROGRAM-DATE-TIME:2026-01-02T03:04:05.000Z\n#EXTINF:2.00000,\n7.m4s\n",
				"#EXT-X-SKIP:SKIPPED-SEGMENTS=1\n", 1),
			place{8, 1},
			[]item{third, fourth},
			place{9, 1},
		},
		"no dates":  {"#EXTINF:4,\na.ts\n", place{}, []item{{"a.ts", 4 * time.Second, time.Time{}, place{1, 0}}}, place{1, 0}},
		"a bad one": {"#EXT-X-PROGRAM-DATE-TIME:today\n#EXTINF:x,\na.ts", place{}, []item{{"a.ts", 0, time.Time{}, place{1, 0}}}, place{1, 0}},
	} {
		var l playlist
		l.scan([]byte(c.text), c.from)
		if len(l.items) != len(c.items) || l.end != c.end {
			t.Errorf("%s: %+v until %v", name, l.items, l.end)
			continue
		}
		for i, it := range l.items {
			if !it.made.Equal(c.items[i].made) || it.uri != c.items[i].uri || it.length != c.items[i].length || it.next != c.items[i].next {
				t.Errorf("%s: item %d is %+v, want %+v", name, i, it, c.items[i])
			}
		}
	}
	var l playlist
	l.scan([]byte(lowLatency), place{})
	if l.target != 2*time.Second || l.partTarget != 200*time.Millisecond || l.partHoldBack != 800*time.Millisecond ||
		!l.blocks || !l.skips || l.ended || l.header != "init0.m4s" || l.hint != "9.1.m4s" {
		t.Errorf("%+v", l)
	}
	l.join() // 0.8 s back lie in the whole segment
	if len(l.items) != 4 {
		t.Errorf("%d items to begin with", len(l.items))
	}
	// A delta has no header, which is still the same.
	l.scan([]byte("#EXT-X-ENDLIST\n"), place{})
	if !l.ended || l.header != "init0.m4s" || l.blocks {
		t.Errorf("%+v", l)
	}
}

func TestJoinPlain(t *testing.T) {
	var l playlist
	l.scan([]byte("#EXT-X-TARGETDURATION:4\n"+strings.Repeat("#EXTINF:4,\na.ts\n", 9)), place{})
	if l.join(); len(l.items) != 3 || l.items[0].next != (place{7, 0}) {
		t.Errorf("begins with %+v", l.items)
	}
}

func TestVariant(t *testing.T) {
	const media = `#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="ac3",DEFAULT=YES,URI="other.m3u8"
#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="aac",NAME="a,b",URI="second.m3u8"
#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="aac",DEFAULT=YES,URI="sound.m3u8"
`
	for _, c := range []struct {
		text, picture, sound string
		ok                   bool
	}{
		{lowLatency, "", "", false},
		{"#EXTM3U\n" + media + "#EXT-X-STREAM-INF:BANDWIDTH=1,AUDIO=\"aac\"\n\nhigh.m3u8\n#EXT-X-STREAM-INF:BANDWIDTH=2\nlow.m3u8\n", "high.m3u8", "sound.m3u8", true},
		{"#EXT-X-STREAM-INF:BANDWIDTH=1\nhigh.m3u8", "high.m3u8", "", true},
		{media + "#EXT-X-STREAM-INF:AUDIO=\"none\"\nhigh.m3u8", "high.m3u8", "", true},
		{"#EXT-X-STREAM-INF:AUDIO=\"none\"\n", "", "", false},
	} {
		if picture, sound, ok := variant([]byte(c.text)); picture != c.picture || sound != c.sound || ok != c.ok {
			t.Errorf("%q: %q, %q, %v", c.text, picture, sound, ok)
		}
	}
}

func TestDecimal(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"2": 2 * time.Second, "0.04267,": 42670 * time.Microsecond, "12.5s": 12500 * time.Millisecond, "": 0, "-1": 0, ".": 0,
		"1.0123456789": 1012345678, "1.2.3": 1200 * time.Millisecond,
	} {
		if got := decimal([]byte(text)); got != want {
			t.Errorf("%q is %v, want %v", text, got, want)
		}
	}
	if got := decimal([]byte(strings.Repeat("9", 100))); got < 0 {
		t.Errorf("overflows to %v", got)
	}
}

func FuzzScan(f *testing.F) {
	f.Add([]byte(lowLatency), uint64(8), 1)
	f.Add([]byte("#EXT-X-STREAM-INF:AUDIO=\"a\"\nx\n#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"a\",URI=\"b\"\n"), uint64(0), 0)
	f.Add([]byte("#EXT-X-SKIP:SKIPPED-SEGMENTS=18446744073709551615\n#EXTINF:99999999999,\na\n#EXT-X-PART:URI=\"\n"), uint64(0), 0)
	f.Fuzz(func(t *testing.T, text []byte, segment uint64, part int) {
		var l playlist
		from := place{segment, part}
		l.scan(text, from)
		l.join()
		if lines := strings.Count(string(text), "\n") + 1; len(l.items) > lines {
			t.Errorf("%d items of %d lines", len(l.items), lines)
		}
		variant(text)
	})
}
