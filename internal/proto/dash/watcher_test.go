package dash

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/millrace-live/millrace/internal/packager/cmaftest"
)

// watcher loads the manifest of live/cam again and again, and holds each against
// the one before.
type watcher struct {
	h    *house
	t    *testing.T
	last *parsed
	// seen is every segment that was ever listed and not the newest, by track.
	seen map[string][]parsedSegment
	// periods are the identifiers of all periods.
	periods map[string]bool
	// sets are the adaptation set of each track.
	sets map[string]string
	// files are the bytes of what was fetched.
	files map[string]string
}

func (h *house) watch() *watcher {
	return &watcher{h: h, t: h.T, seen: make(map[string][]parsedSegment), files: make(map[string]string), periods: make(map[string]bool), sets: make(map[string]string)}
}

func (w *watcher) poll() {
	w.t.Helper()
	now := check(w.t, w.h.Get(manifestName))
	if w.last != nil {
		w.follows(now)
	}
	w.last = now
	for i, p := range now.periods {
		w.periods[p.id] = true
		for _, track := range p.tracks {
			w.fetch(track.init)
			if known := w.sets[track.id]; known != "" && known != track.set {
				w.t.Errorf("%s was in adaptation set %s and is in %s", track.id, known, track.set)
			}
			w.sets[track.id] = track.set
			segments := track.segments
			if !now.static && i == len(now.periods)-1 {
				segments = segments[:len(segments)-1] // which may be open
			}
			for i, s := range segments {
				known := slices.ContainsFunc(w.seen[track.id], func(other parsedSegment) bool { return other.uri == s.uri })
				if !known {
					w.seen[track.id] = append(w.seen[track.id], s)
				}
				if !known || i == 0 {
					w.fetch(s.uri)
				}
				if !known {
					w.checkMedia(track, s)
				}
			}
		}
	}
}

// fetch gets a file that must be there and must never change.
func (w *watcher) fetch(uri string) {
	w.t.Helper()
	body := w.h.Get(uri)
	if before, known := w.files[uri]; known && before != body {
		w.t.Errorf("%s has changed", uri)
	}
	w.files[uri] = body
}

// checkMedia holds a segment to CMAF, and to what the manifest says of it.
func (w *watcher) checkMedia(of parsedTrack, s parsedSegment) {
	w.t.Helper()
	track, err := cmaftest.CheckHeader([]byte(w.files[of.init]))
	if err != nil {
		w.t.Fatalf("%s: %v", of.init, err)
	}
	m, err := cmaftest.CheckMedia(track, []byte(w.files[s.uri]))
	if err != nil {
		w.t.Fatalf("%s: %v", s.uri, err)
	}
	if !strings.HasSuffix(s.uri, "-"+strconv.FormatInt(m.Start, 10)+".m4s") {
		w.t.Errorf("%s begins at %d (§5.3.9.6.1)", s.uri, m.Start)
	}
	lasts := time.Duration(float64(m.Duration) / float64(track.Timescale) * float64(time.Second))
	if (lasts - s.length).Abs() > time.Microsecond {
		w.t.Errorf("%s lasts %v, the manifest says %v (§5.3.9.6.1)", s.uri, lasts, s.length)
	}
	if !m.Sync && strings.Contains(w.last.text, "startWithSAP") && strings.Count(w.last.text, "startWithSAP") == strings.Count(w.last.text, "<AdaptationSet") {
		w.t.Errorf("%s does not begin with a key frame (§5.3.3.2)", s.uri)
	}
}

// follows checks that a manifest is an update of the last (§5.4).
func (w *watcher) follows(now *parsed) {
	w.t.Helper()
	before := w.last
	for _, name := range []string{"id", "availabilityStartTime"} {
		if before.root.attributes[name] != now.root.attributes[name] {
			w.t.Errorf("%s was %q and is %q", name, before.root.attributes[name], now.root.attributes[name])
		}
	}
	if changed := before.text != now.text; changed != now.published.After(before.published) {
		w.t.Errorf("published at %v and %v, changed %v", before.published, now.published, changed)
	}
	for _, p := range now.periods {
		i := slices.IndexFunc(before.periods, func(other parsedPeriod) bool { return other.id == p.id })
		if i < 0 {
			continue
		}
		was := before.periods[i]
		if was.start != p.start || len(was.tracks) != len(p.tracks) {
			w.t.Errorf("period %s was %+v and is %+v", p.id, was, p)
		}
		for _, track := range p.tracks {
			w.continues(was.track(track.id), track)
		}
	}
	// What has left the manifest is to be had for a while.
	for _, p := range before.periods {
		for _, track := range p.tracks {
			if r := w.h.Do(http.MethodHead, track.segments[0].uri); r.StatusCode != http.StatusOK {
				w.t.Errorf("%s was listed a moment ago: %s", track.segments[0].uri, r.Status)
			}
		}
	}
}

// continues checks that all segments but the newest stay what they were.
func (w *watcher) continues(was *parsedTrack, now parsedTrack) {
	w.t.Helper()
	if was == nil || was.init != now.init || was.set != now.set {
		w.t.Errorf("track %s is another: %+v", now.id, was)
		return
	}
	for i, s := range was.segments {
		j := slices.IndexFunc(now.segments, func(other parsedSegment) bool { return other.uri == s.uri })
		switch open := i == len(was.segments)-1; {
		case j < 0 && s.start >= now.segments[0].start:
			w.t.Errorf("%s is gone, and the track begins at %v", s.uri, now.segments[0].start)
		case j < 0:
		case s.start != now.segments[j].start, !open && s.length != now.segments[j].length:
			w.t.Errorf("%s was %+v and is %+v", s.uri, s, now.segments[j])
		}
	}
}

// length is that of all segments that were listed of a track.
func (w *watcher) length(track string) (d time.Duration) {
	for _, s := range w.seen[track] {
		d += s.length
	}
	return d
}

// periodIDs are those of the newest manifest.
func (w *watcher) periodIDs() string {
	var ids []string
	for _, p := range w.last.periods {
		ids = append(ids, p.id)
	}
	return strings.Join(ids, " ")
}
