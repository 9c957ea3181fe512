package hls

import (
	"math"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
)

// entry is a segment as a media playlist lists it.
type entry struct {
	uri, mapURI string
	duration    float64
	date        time.Time
	breaks      bool
}

type mediaPlaylist struct {
	target, sequence, discontinuities int
	ended                             bool
	entries                           []entry
}

// parsePlaylist reads a media playlist by the grammar of rfc8216bis §4 and
// fails on whatever a strict client could fail on.
func parsePlaylist(t *testing.T, s string) mediaPlaylist {
	t.Helper()
	lines := strings.Split(s, "\n")
	if lines[0] != "#EXTM3U" || lines[len(lines)-1] != "" {
		t.Fatalf("no playlist:\n%s", s)
	}
	p := mediaPlaylist{target: -1, sequence: -1, discontinuities: -1}
	var e entry
	e.duration = -1
	mapURI := ""
	number := func(to *int, v string) {
		n, err := strconv.Atoi(v)
		if err != nil || n < 0 || *to != -1 || len(p.entries) > 0 {
			t.Fatalf("%q, twice or late in\n%s", v, s)
		}
		*to = n
	}
	version := -1
	for _, line := range lines[1 : len(lines)-1] {
		tag, value, _ := strings.Cut(line, ":")
		switch {
		case tag == "#EXT-X-VERSION":
			number(&version, value)
		case tag == "#EXT-X-TARGETDURATION":
			number(&p.target, value)
		case tag == "#EXT-X-MEDIA-SEQUENCE":
			number(&p.sequence, value)
		case tag == "#EXT-X-DISCONTINUITY-SEQUENCE":
			number(&p.discontinuities, value)
		case line == "#EXT-X-DISCONTINUITY":
			e.breaks = true
		case line == "#EXT-X-ENDLIST":
			p.ended = true
		case tag == "#EXT-X-MAP":
			m := regexp.MustCompile(`^URI="([a-z0-9_]+\.m4s)"$`).FindStringSubmatch(value)
			if m == nil {
				t.Fatalf("map %q", line)
			}
			mapURI = m[1]
		case tag == "#EXT-X-PROGRAM-DATE-TIME":
			if !regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$`).MatchString(value) {
				t.Fatalf("date %q", line)
			}
			e.date, _ = time.Parse(time.RFC3339, value)
		case tag == "#EXTINF":
			m := regexp.MustCompile(`^(\d+\.\d{5}),$`).FindStringSubmatch(value)
			if m == nil {
				t.Fatalf("duration %q", line)
			}
			e.duration, _ = strconv.ParseFloat(m[1], 64)
		case line != "" && line[0] != '#':
			if e.duration < 0 || e.date.IsZero() || mapURI == "" || p.ended {
				t.Fatalf("segment %s has no duration, date or map, or follows the end:\n%s", line, s)
			}
			e.uri, e.mapURI = line, mapURI
			p.entries = append(p.entries, e)
			e = entry{duration: -1}
		default:
			t.Fatalf("line %q", line)
		}
	}
	if e != (entry{duration: -1}) || version != 6 || p.target < 1 || p.sequence < 0 || p.discontinuities < 0 || len(p.entries) == 0 {
		t.Fatalf("incomplete playlist:\n%s", s)
	}
	for _, e := range p.entries {
		if int(math.Floor(e.duration+0.5)) > p.target {
			t.Errorf("segment of %v s, target duration %d (§4.4.3.1)", e.duration, p.target)
		}
	}
	for i := 1; i < len(p.entries); i++ {
		a, b := p.entries[i-1], p.entries[i]
		if b.breaks {
			continue
		}
		if a.mapURI != b.mapURI {
			t.Errorf("another map without a discontinuity (§4.4.4.3)")
		}
		// A hundredth of the segment is what dates may follow a drifting clock by.
		step := b.date.Sub(a.date).Seconds() - a.duration
		if math.Abs(step) > a.duration/100+0.0015 {
			t.Errorf("between %s and %s the date and the duration are %v s apart (§4.4.5.1)", a.uri, b.uri, step)
		}
	}
	return p
}

// watcher is a player that asks for a playlist again and again, and holds each
// version to the one before.
type watcher struct {
	h       *house
	uri     string
	last    mediaPlaylist
	seen    []entry // every segment ever listed
	media   []string
	longest float64
	removed map[string]time.Time // until when a file must still be there
}

func (h *house) watch(uri string) *watcher {
	return &watcher{h: h, uri: uri, removed: make(map[string]time.Time)}
}

func (p mediaPlaylist) length() (d float64) {
	for _, e := range p.entries {
		d += e.duration
	}
	return d
}

func (w *watcher) poll() {
	t := w.h.t
	t.Helper()
	p := parsePlaylist(t, w.h.get(w.uri))
	if w.seen == nil {
		w.last = p
		w.last.entries = nil
	}
	before := w.last
	if p.target < before.target {
		t.Errorf("the target duration fell from %d to %d", before.target, p.target)
	}
	if before.ended && (!p.ended || len(p.entries) != len(before.entries)) {
		t.Error("the playlist changed after its end (§6.2.1)")
	}
	gone := p.sequence - before.sequence
	if gone < 0 || gone > len(before.entries) {
		t.Fatalf("media sequence went from %d to %d with %d segments (§6.2.2)", before.sequence, p.sequence, len(before.entries))
	}
	tags := 0
	for _, e := range before.entries[:gone] {
		if e.breaks {
			tags++
		}
		until := time.Now().Add(time.Duration((e.duration + w.longest) * float64(time.Second)))
		w.removed[e.uri] = until
	}
	if p.discontinuities != before.discontinuities+tags {
		t.Errorf("discontinuity sequence %d after %d, with %d tags removed (§6.2.2)", p.discontinuities, before.discontinuities, tags)
	}
	if gone > 0 && (p.length() < 3*float64(p.target) || len(p.entries) < 6) {
		t.Errorf("%d segments of %v s are left, target duration %d (§6.2.2)", len(p.entries), p.length(), p.target)
	}
	for i, e := range before.entries[gone:] {
		if i >= len(p.entries) || p.entries[i] != e {
			t.Fatalf("segment %d was %+v, is %+v (§6.2.1)", before.sequence+gone+i, e, p.entries[i])
		}
	}
	for _, e := range p.entries[len(before.entries)-gone:] {
		body := w.h.get(e.uri) // listed is downloadable (§6.2.1)
		if header := w.h.get(e.mapURI); !strings.HasPrefix(header[4:], "ftyp") {
			t.Errorf("initialization %q", header)
		}
		w.seen = append(w.seen, e)
		w.media = append(w.media, body)
	}
	for uri, until := range w.removed {
		if time.Now().After(until) {
			delete(w.removed, uri)
		} else if r := w.h.do("GET", uri); r.StatusCode != http.StatusOK {
			t.Errorf("%s left the playlist and is %s at once (§6.2.2)", uri, r.Status)
		}
	}
	w.last, w.longest = p, max(w.longest, p.length())
}

// children returns the addresses of the media playlists in a multivariant one.
func children(t *testing.T, index string) (video, audio string) {
	t.Helper()
	lines := strings.Split(index, "\n")
	for i, line := range lines {
		if strings.HasPrefix(line, "#EXT-X-STREAM-INF:") {
			if video != "" {
				t.Fatalf("two variants:\n%s", index)
			}
			video = lines[i+1]
			for _, want := range []string{"BANDWIDTH=", "AVERAGE-BANDWIDTH=", "CODECS="} {
				if !strings.Contains(line, want) {
					t.Errorf("no %s in %s", want, line)
				}
			}
		}
		if m := regexp.MustCompile(`^#EXT-X-MEDIA:TYPE=AUDIO,.*URI="(.*)"`).FindStringSubmatch(line); m != nil {
			audio = m[1]
		}
	}
	if video == "" {
		t.Fatalf("no variant:\n%s", index)
	}
	return video, audio
}
