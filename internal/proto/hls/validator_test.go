package hls

import (
	"math"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/millrace-live/millrace/internal/hub/hubtest"
	"github.com/millrace-live/millrace/internal/packager/cmaftest"
)

// partEntry is a part as a media playlist lists it.
type partEntry struct {
	uri         string
	duration    float64
	independent bool
}

// entry is a segment as a media playlist lists it.
type entry struct {
	uri, mapURI string
	duration    float64
	date        time.Time
	breaks      bool
	parts       []partEntry
}

// same compares all but the parts, which may leave a playlist before their
// segment does.
func (e entry) same(o entry) bool {
	return e.uri == o.uri && e.mapURI == o.mapURI && e.duration == o.duration && e.date.Equal(o.date) && e.breaks == o.breaks &&
		(len(e.parts) == 0 || len(o.parts) == 0 || slices.Equal(e.parts, o.parts))
}

type report struct {
	uri       string
	msn, part int
}

type mediaPlaylist struct {
	version, target, sequence, discontinuities int

	ended   bool
	entries []entry
	// Of low latency.
	control                         string
	partTarget, holdBack, skipUntil float64
	skipped                         int
	open                            entry // without a URI
	hint                            string
	reports                         []report
	start                           float64 // EXT-X-START; -1 without
}

var (
	attribute    = regexp.MustCompile(`^([A-Z0-9-]+)=("[^"\r\n]*"|[^",\s]+)(,|$)`)
	floatForm    = regexp.MustCompile(`^\d+(\.\d+)?$`)
	partName     = regexp.MustCompile(`^[a-z0-9]+_(?:video|audio)\d*_(\d+)\.(\d+)\.m4s$`)
	mapAttribute = regexp.MustCompile(`^URI="([a-z0-9_]+\.m4s)"$`)
	dateForm     = regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$`)
	lengthForm   = regexp.MustCompile(`^(\d+\.\d{5}),$`)
)

// attributes reads an attribute list (§4.2).
func attributes(t *testing.T, list string) map[string]string {
	t.Helper()
	all := make(map[string]string)
	for list != "" {
		m := attribute.FindStringSubmatch(list)
		if m == nil || m[3] == "," && len(m[0]) == len(list) {
			t.Fatalf("attribute list at %q (§4.2)", list)
		}
		if _, twice := all[m[1]]; twice {
			t.Fatalf("attribute %s twice (§4.2)", m[1])
		}
		all[m[1]] = strings.Trim(m[2], `"`)
		list = list[len(m[0]):]
	}
	return all
}

func float(t *testing.T, s string) float64 {
	t.Helper()
	if !floatForm.MatchString(s) {
		t.Fatalf("%q is no decimal-floating-point (§4.2)", s)
	}
	f, _ := strconv.ParseFloat(s, 64)
	return f
}

// parsePlaylist reads a media playlist by the grammar of rfc8216bis §4 and
// fails on whatever a strict client could fail on.
func parsePlaylist(t *testing.T, s string) mediaPlaylist {
	t.Helper()
	p := parseUpdate(t, s)
	if p.skipped > 0 || p.version != 6 {
		t.Fatalf("a delta without being asked, or version %d:\n%s", p.version, s)
	}
	return p
}

// parseUpdate reads one that may be a delta (§6.2.5.1).
func parseUpdate(t *testing.T, s string) mediaPlaylist {
	t.Helper()
	lines := strings.Split(s, "\n")
	if lines[0] != "#EXTM3U" || lines[len(lines)-1] != "" {
		t.Fatalf("no playlist:\n%s", s)
	}
	p := mediaPlaylist{version: -1, target: -1, sequence: -1, discontinuities: -1, start: -1}
	var e entry
	e.duration = -1
	mapURI := ""
	number := func(to *int, v string) {
		n, err := strconv.Atoi(v)
		if err != nil || n < 0 || *to != -1 || len(p.entries) > 0 || len(e.parts) > 0 {
			t.Fatalf("%q, twice or late in\n%s", v, s)
		}
		*to = n
	}
	early := func(line string) {
		if len(e.parts) > 0 {
			t.Fatalf("%q behind the first part of its segment (§4.4.4.9)", line)
		}
	}
	for _, line := range lines[1 : len(lines)-1] {
		tag, value, _ := strings.Cut(line, ":")
		if p.hint != "" && tag != "#EXT-X-RENDITION-REPORT" {
			t.Fatalf("%q behind the hint", line)
		}
		switch {
		case tag == "#EXT-X-VERSION":
			number(&p.version, value)
		case tag == "#EXT-X-TARGETDURATION":
			number(&p.target, value)
		case tag == "#EXT-X-MEDIA-SEQUENCE":
			number(&p.sequence, value)
		case tag == "#EXT-X-DISCONTINUITY-SEQUENCE":
			number(&p.discontinuities, value)
		case tag == "#EXT-X-SERVER-CONTROL":
			a := attributes(t, value)
			if p.control != "" || a["CAN-BLOCK-RELOAD"] != "YES" {
				t.Fatalf("%q (§4.4.3.8)", line)
			}
			p.control, p.skipUntil = value, float(t, a["CAN-SKIP-UNTIL"])
			if a["PART-HOLD-BACK"] != "" {
				p.holdBack = float(t, a["PART-HOLD-BACK"])
			}
		case tag == "#EXT-X-PART-INF":
			if p.partTarget != 0 {
				t.Fatal("EXT-X-PART-INF twice (§4.4.3)")
			}
			p.partTarget = float(t, attributes(t, value)["PART-TARGET"])
		case tag == "#EXT-X-START":
			a := attributes(t, value)
			if p.start >= 0 || a["PRECISE"] != "YES" || len(p.entries) > 0 {
				t.Fatalf("%q (§4.4.2.2)", line)
			}
			p.start = float(t, a["TIME-OFFSET"])
		case tag == "#EXT-X-SKIP":
			n, err := strconv.Atoi(attributes(t, value)["SKIPPED-SEGMENTS"])
			if err != nil || n < 1 || p.skipped > 0 || len(p.entries) > 0 || p.version < 9 {
				t.Fatalf("%q (§4.4.5.2, §8)", line)
			}
			p.skipped = n
		case line == "#EXT-X-DISCONTINUITY":
			early(line)
			e.breaks = true
		case line == "#EXT-X-ENDLIST":
			p.ended = true
		case tag == "#EXT-X-MAP":
			early(line)
			m := mapAttribute.FindStringSubmatch(value)
			if m == nil {
				t.Fatalf("map %q", line)
			}
			mapURI = m[1]
		case tag == "#EXT-X-PROGRAM-DATE-TIME":
			early(line)
			if !dateForm.MatchString(value) {
				t.Fatalf("date %q", line)
			}
			e.date, _ = time.Parse(time.RFC3339, value)
		case tag == "#EXT-X-PART":
			a := attributes(t, value)
			one := partEntry{a["URI"], float(t, a["DURATION"]), a["INDEPENDENT"] == "YES"}
			m := partName.FindStringSubmatch(one.uri)
			msn := p.sequence + p.skipped + len(p.entries)
			if m == nil || m[1] != strconv.Itoa(msn) || m[2] != strconv.Itoa(len(e.parts)) {
				t.Fatalf("%q is part %d of segment %d", line, len(e.parts), msn)
			}
			if e.date.IsZero() || mapURI == "" && p.skipped == 0 {
				t.Fatalf("%q has no date or map (§4.4.4.9, App. B.1)", line)
			}
			e.parts = append(e.parts, one)
		case tag == "#EXTINF":
			m := lengthForm.FindStringSubmatch(value)
			if m == nil {
				t.Fatalf("duration %q", line)
			}
			e.duration, _ = strconv.ParseFloat(m[1], 64)
		case tag == "#EXT-X-PRELOAD-HINT":
			a := attributes(t, value)
			if a["TYPE"] != "PART" || !partName.MatchString(a["URI"]) || p.ended {
				t.Fatalf("%q (§4.4.5.3)", line)
			}
			p.hint = a["URI"]
		case tag == "#EXT-X-RENDITION-REPORT":
			a := attributes(t, value)
			r := report{uri: a["URI"], part: -1}
			r.msn, _ = strconv.Atoi(a["LAST-MSN"])
			if a["LAST-PART"] != "" {
				r.part, _ = strconv.Atoi(a["LAST-PART"])
			}
			if file, _, _ := strings.Cut(r.uri, "?"); !strings.HasSuffix(file, ".m3u8") || strings.Contains(r.uri, "/") || a["LAST-MSN"] == "" ||
				(r.part < 0) != (p.partTarget == 0) ||
				slices.ContainsFunc(p.reports, func(o report) bool { return o.uri == r.uri }) {
				t.Fatalf("%q (§4.4.5.4)", line)
			}
			p.reports = append(p.reports, r)
		case line != "" && line[0] != '#':
			if e.duration < 0 || e.date.IsZero() || mapURI == "" && p.skipped == 0 || p.ended {
				t.Fatalf("segment %s has no duration, date or map, or follows the end:\n%s", line, s)
			}
			e.uri, e.mapURI = line, mapURI
			p.entries = append(p.entries, e)
			e = entry{duration: -1}
		default:
			t.Fatalf("line %q", line)
		}
	}
	if len(e.parts) > 0 {
		p.open = e
		p.open.mapURI = mapURI
		e = entry{duration: -1}
	}
	if !e.same(entry{duration: -1}) || p.target < 1 || p.sequence < 0 || p.discontinuities < 0 || len(p.entries) == 0 {
		t.Fatalf("incomplete playlist:\n%s", s)
	}
	before := t.Failed()
	p.check(t)
	if t.Failed() && !before {
		t.Logf("playlist:\n%s", s)
	}
	return p
}

// check holds a playlist to what must be true of each by itself.
func (p *mediaPlaylist) check(t *testing.T) {
	t.Helper()
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
	if p.skipUntil < 6*float64(p.target) {
		t.Errorf("CAN-SKIP-UNTIL=%v, target duration %d (§4.4.3.8)", p.skipUntil, p.target)
	}
	if p.partTarget == 0 {
		if len(p.open.parts) > 0 || p.holdBack != 0 || p.hint != "" {
			t.Error("parts, a hint or PART-HOLD-BACK without EXT-X-PART-INF (§4.4.3.7)")
		}
		return
	}
	// Twice is a MUST, three times a SHOULD, and a MUST of Apple's rule 14.3.
	if p.holdBack < 3*p.partTarget {
		t.Errorf("PART-HOLD-BACK=%v, part target %v (§4.4.3.8)", p.holdBack, p.partTarget)
	}
	if (p.hint == "") != p.ended {
		t.Errorf("hint %q, ended %v (§4.4.5.3, App. B.1)", p.hint, p.ended)
	}
	if p.start >= 0 && (p.start > p.length() || !p.ended && p.start > p.length()-3*float64(p.target)+0.001) {
		t.Errorf("players are to begin at %v s of %v (§4.4.2.2)", p.start, p.length())
	}
	fromEnd := p.open.partsLength()
	for i := range slices.Backward(p.entries) {
		e := &p.entries[i]
		if i == len(p.entries)-1 && len(e.parts) == 0 {
			t.Errorf("the newest segment has no parts")
		}
		if len(e.parts) > 0 {
			p.checkParts(t, e, true)
			if fromEnd > 3*float64(p.target) {
				t.Errorf("parts of %s, %v s from the end (§6.2.2)", e.uri, fromEnd)
			}
		}
		fromEnd += e.duration
	}
	p.checkParts(t, &p.open, false)
}

func (e *entry) partsLength() (d float64) {
	for _, part := range e.parts {
		d += part.duration
	}
	return d
}

func (p *mediaPlaylist) checkParts(t *testing.T, e *entry, whole bool) {
	t.Helper()
	for i, part := range e.parts {
		if part.duration > p.partTarget {
			t.Errorf("part %s of %v s, part target %v (§4.4.4.9)", part.uri, part.duration, p.partTarget)
		}
		last := whole && i == len(e.parts)-1
		if part.duration < 0.85*p.partTarget && !part.independent && !last {
			t.Errorf("part %s of %v s, part target %v (§4.4.4.9)", part.uri, part.duration, p.partTarget)
		}
	}
	if off := e.partsLength() - e.duration; whole && math.Abs(off) > 0.00001*float64(len(e.parts)+1) {
		t.Errorf("the parts of %s are %v s longer than it (§6.2.1)", e.uri, off)
	}
}

// watcher is a player that asks for a playlist again and again, and holds each
// version to the one before.
type watcher struct {
	h       *house
	uri     string
	last    mediaPlaylist
	seen    []entry // every segment ever listed
	media   []string
	end     int64 // of the last segment, in ticks
	longest float64
	removed map[string]time.Time // until when a file must still be there
	parts   map[string]string    // every part ever listed
	merged  []entry              // what a player has that takes deltas
	deltas  int                  // how many of its updates were some
}

func (h *house) watch(uri string) *watcher {
	return &watcher{h: h, uri: uri, removed: make(map[string]time.Time), parts: make(map[string]string)}
}

func (p mediaPlaylist) length() (d float64) {
	for _, e := range p.entries {
		d += e.duration
	}
	return d
}

// allParts are the addresses of the parts that are listed, oldest first.
func (p mediaPlaylist) allParts() (uris []string) {
	for _, e := range append(slices.Clip(p.entries), p.open) {
		for _, part := range e.parts {
			uris = append(uris, part.uri)
		}
	}
	return uris
}

func (w *watcher) poll() {
	t := w.h.T
	t.Helper()
	p := parsePlaylist(t, w.h.Get(w.uri))
	if w.seen == nil {
		w.last = p
		w.last.entries, w.last.open = nil, entry{}
	}
	before := w.last
	if p.target < before.target {
		t.Errorf("the target duration fell from %d to %d", before.target, p.target)
	}
	if p.partTarget != before.partTarget || p.holdBack != before.holdBack || p.target == before.target && p.control != before.control {
		t.Errorf("%s and part target %v, before %s and %v (§6.2.1)", p.control, p.partTarget, before.control, before.partTarget)
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
		if i >= len(p.entries) || !p.entries[i].same(e) {
			t.Fatalf("segment %d was %+v, is %+v (§6.2.1)", before.sequence+gone+i, e, p.entries[i])
		}
	}
	w.checkNewParts(before, p)
	for _, e := range p.entries[len(before.entries)-gone:] {
		body := w.h.Get(e.uri) // listed is downloadable (§6.2.1)
		w.checkMedia(e, body)
		w.seen = append(w.seen, e)
		w.media = append(w.media, body)
	}
	for uri, until := range w.removed {
		if time.Now().After(until) {
			delete(w.removed, uri)
		} else if r := w.h.Do("GET", uri); r.StatusCode != http.StatusOK {
			t.Errorf("%s left the playlist and is %s at once (§6.2.2)", uri, r.Status)
		}
	}
	w.checkReports(p)
	w.update(p)
	w.last, w.longest = p, max(w.longest, p.length())
}

// checkMedia holds a segment and its parts to CMAF, and to what the playlist says of
// them.
func (w *watcher) checkMedia(e entry, body string) {
	t := w.h.T
	t.Helper()
	track, err := cmaftest.CheckHeader([]byte(w.h.Get(e.mapURI)))
	if err != nil {
		t.Fatalf("%s: %v", e.mapURI, err)
	}
	m, err := cmaftest.CheckMedia(track, []byte(body))
	if err != nil {
		t.Fatalf("%s: %v", e.uri, err)
	}
	lasts := func(m cmaftest.Media) float64 { return float64(m.Duration) / float64(track.Timescale) }
	if math.Abs(lasts(m)-e.duration) > 0.00001 {
		t.Errorf("%s lasts %v s, EXTINF says %v (§4.4.4.1)", e.uri, lasts(m), e.duration)
	}
	if n := len(w.seen); n > 0 && !e.breaks && m.Start != w.end {
		t.Errorf("%s begins at %d, the one before ended at %d (§4.4.4.3)", e.uri, m.Start, w.end)
	}
	w.end = m.End()
	if off := m.Wall.Sub(e.date); !m.Wall.IsZero() && off.Abs() > time.Millisecond {
		t.Errorf("%s was produced at %v, and dated %v (§4.4.4.6)", e.uri, m.Wall, e.date)
	}
	// Who looks at the whole says whether all segments can be begun with.
	if index := hubtest.Read(t, w.h.Do("GET", "index.m3u8")); strings.Contains(index, w.uri) &&
		strings.Contains(index, "INDEPENDENT-SEGMENTS") && !m.Sync {
		t.Errorf("%s does not begin with a key frame (§4.4.2.1)", e.uri)
	}
	if len(e.parts) == 0 {
		return
	}
	var parts [][]byte
	for _, part := range e.parts {
		parts = append(parts, []byte(w.parts[part.uri]))
	}
	of, err := cmaftest.CheckParts(track, []byte(body), parts)
	if err != nil {
		t.Fatalf("%s: %v", e.uri, err)
	}
	for i, part := range e.parts {
		if of[i].HasSync != part.independent || math.Abs(lasts(of[i])-part.duration) > 0.00001 {
			t.Errorf("%s lasts %v s with a key frame %v, the playlist says %v and %v (§4.4.4.9)",
				part.uri, lasts(of[i]), of[i].HasSync, part.duration, part.independent)
		}
	}
}

// checkNewParts loads the parts that are new, and remembers those that went.
func (w *watcher) checkNewParts(before, p mediaPlaylist) {
	t := w.h.T
	t.Helper()
	now := p.allParts()
	first := true
	for _, uri := range now {
		if w.parts[uri] != "" {
			continue
		}
		// What was hinted is what comes (§4.4.5.3).
		if first && w.seen != nil && before.hint != uri {
			t.Errorf("%s came, the hint was %s (§6.2.6)", uri, before.hint)
		}
		first = false
		w.parts[uri] = w.h.Get(uri)
	}
	if slices.Contains(now, p.hint) {
		t.Errorf("the hint %s is listed as a part", p.hint)
	}
	for _, uri := range before.allParts() {
		if !slices.Contains(now, uri) {
			w.removed[uri] = time.Now().Add(3 * time.Duration(p.target) * time.Second)
		}
	}
	// What was open goes on, or is whole now.
	if n := len(before.open.parts); n > 0 {
		i := before.sequence + len(before.entries) - p.sequence
		open := p.open
		if i < len(p.entries) {
			open = p.entries[i]
		}
		if len(open.parts) < n && len(open.parts) > 0 || len(open.parts) > 0 && !slices.Equal(open.parts[:n], before.open.parts) ||
			!open.date.Equal(before.open.date) || open.breaks != before.open.breaks || open.mapURI != before.open.mapURI {
			t.Errorf("the open segment was %+v, is %+v (§6.2.1)", before.open, open)
		}
	}
}

// checkReports holds the rendition reports to the playlists that they speak of.
func (w *watcher) checkReports(p mediaPlaylist) {
	t := w.h.T
	t.Helper()
	for _, r := range p.reports {
		if r.uri == w.uri {
			t.Error("a rendition report of the playlist itself (§4.4.5.4)")
		}
		other := parsePlaylist(t, w.h.Get(r.uri))
		msn, part := other.sequence+len(other.entries), len(other.open.parts)-1
		if part < 0 {
			msn--
			part = len(other.entries[len(other.entries)-1].parts) - 1
		}
		if r.msn > msn || r.msn == msn && r.part > part || r.msn < msn-1 {
			t.Errorf("%s is reported at %d.%d and ends at %d.%d (§4.4.5.4)", r.uri, r.msn, r.part, msn, part)
		}
	}
}

// update is what a player does that takes deltas: it must come to the same
// playlist (§6.2.5.1).
func (w *watcher) update(p mediaPlaylist) {
	t := w.h.T
	t.Helper()
	d := parseUpdate(t, w.h.Get(w.uri+"?_HLS_skip=YES"))
	if d.skipped > 0 {
		w.deltas++
	}
	if w.merged != nil {
		gone := d.sequence - w.last.sequence
		kept := slices.Clone(w.merged[min(gone, len(w.merged)):])
		if d.skipped > len(kept) {
			t.Fatalf("%d segments are skipped, a player has %d (§6.2.5.1)", d.skipped, len(kept))
		}
		for i := range d.entries {
			if d.entries[i].mapURI == "" {
				d.entries[i].mapURI = kept[d.skipped-1].mapURI
			}
		}
		d.entries = append(kept[:d.skipped], d.entries...)
	} else if d.skipped > 0 {
		d.entries = append(slices.Clone(p.entries[:d.skipped]), d.entries...)
		for i := range d.entries {
			d.entries[i].mapURI = p.entries[i].mapURI
		}
	}
	if !slices.EqualFunc(d.entries, p.entries, entry.same) || d.hint != p.hint || d.ended != p.ended ||
		!slices.Equal(d.open.parts, p.open.parts) || d.discontinuities != p.discontinuities || d.control != p.control {
		t.Errorf("by deltas a player has\n%+v\nthe playlist is\n%+v (§6.2.5.1)", d, p)
	}
	w.merged = d.entries
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
