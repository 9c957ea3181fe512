package dash

import (
	"compress/gzip"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/millrace-live/millrace/internal/deliver"
	"github.com/millrace-live/millrace/internal/hub/hubtest"
	"github.com/millrace-live/millrace/internal/packager/cmaf"
	"github.com/millrace-live/millrace/internal/window"
	"github.com/millrace-live/millrace/media"
)

// A feed of 14 s in two periods, and an open segment.
func TestSpans(t *testing.T) {
	const part = 200 * time.Millisecond
	fill := func() *feed {
		f := newFeed(part, hubtest.Video(0), hubtest.Audio())
		f.add(2*time.Second, 2*time.Second, 2*time.Second, 2*time.Second)
		f.change(hubtest.Video(0), hubtest.Audio())
		f.add(2*time.Second, 2*time.Second, 2*time.Second)
		f.open(part)
		return f
	}
	begun := feedBegin.Add(90 * time.Minute)
	now := begun.Add(14700 * time.Millisecond)
	for name, query := range map[string]string{
		"a start":                    "start=-9.7",
		"a start that is now":        "start=-0",
		"a start in a later period":  "start=-5",
		"an end":                     "end=-9",
		"a start and an end":         "start=-11&end=-3",
		"an end that is not reached": "start=-6.7&end=-0.1",
	} {
		t.Run(name, func(t *testing.T) {
			span, err := deliver.ParseSpan(query, now)
			if err != nil {
				t.Fatal(err)
			}
			p := fill().p
			s := &show{
				Presentation: p, id: "BROADCAST", begun: zero(p.Tracks()[0].View().Segments[0]),
				starts: make(map[*cmaf.Period]time.Duration),
			}
			s.spans.Update(span.Key(), func(*edition) *edition { return &edition{publish: feedBegin.AddDate(1000, 0, 0)} })
			doc, err := s.manifest(past{}, false, span)
			if err != nil {
				t.Fatal(err)
			}
			if again, _ := s.manifest(past{}, false, span); again != doc {
				t.Error("the same manifest is written twice")
			}
			text := strings.ReplaceAll(doc.String(), p.ID(), "PRESENTATION")
			m := check(t, text)
			if whole := !span.End.IsZero(); m.static != whole || whole && m.periods[0].start != 0 {
				t.Errorf("static %v, from %v on", m.static, m.periods[0].start)
			}
			golden(t, "testdata/"+name+".mpd", text)
		})
	}
}

func shifted(t *testing.T, length time.Duration) settings {
	shift := window.Shift{Window: length, Bytes: 1 << 40}
	return settings{window: window.Options{Folder: t.TempDir(), Shift: func(string) window.Shift { return shift }}}
}

// Manifests list the whole of a window that is on disk, through all that the encoder
// changes, and what they list is there.
func TestTimeShift(t *testing.T) {
	bubble(t, shifted(t, 2*time.Minute), func(t *testing.T, h *house) {
		p := h.Publish(hubtest.Tracks(hubtest.Video(0), hubtest.Audio()))
		p.Send(7 * time.Second)
		w := h.watch()
		for i := range 400 {
			if i == 100 {
				p.Tracks = hubtest.Tracks(hubtest.Video(0)) // another presentation, of the same broadcast
			}
			p.Send(520 * time.Millisecond)
			synctest.Wait()
			w.poll()
			if i == 180 {
				// The former is there after more than a minute.
				if n := len(w.last.periods); n != 2 || w.last.depth < 90*time.Second {
					t.Errorf("%d periods, %v", n, w.last.depth)
				}
			}
		}
		if d := w.last.depth; d < 118*time.Second || d > 126*time.Second {
			t.Errorf("the manifest is %v deep", d)
		}
		oldest := w.last.periods[0].track("video").segments[0].uri
		whole := w.files[oldest]
		for _, c := range []struct {
			method, field, value string
			status               int
			body                 string
		}{
			{"GET", "X", "", 200, whole},
			{"HEAD", "X", "", 200, ""},
			{"GET", "Range", "bytes=100-199", 206, whole[100:200]},
			{"GET", "If-None-Match", `"` + oldest + `"`, 304, ""},
		} {
			r := h.Do(c.method, oldest, c.field, c.value)
			if body := hubtest.Read(t, r); r.StatusCode != c.status || body != c.body || r.Header.Get("ETag") != `"`+oldest+`"` {
				t.Errorf("%s, %s: %s: %s, %d bytes", c.method, c.field, c.value, r.Status, len(body))
			}
		}
		// What is asked for by a time is just that.
		m := check(t, h.Get(manifestName+"?start=-60&end=-50"))
		if !m.static || m.end < 10*time.Second || m.end > 14100*time.Millisecond {
			t.Errorf("10 seconds are %v:\n%s", m.end, m.text)
		}
		for _, s := range m.periods[0].track("video").segments {
			h.Get(s.uri)
		}
		live := check(t, h.Get(manifestName+"?start=-30"))
		if live.static || live.depth < 28*time.Second || live.depth > 34*time.Second {
			t.Errorf("30 seconds are %v:\n%s", live.depth, live.text)
		}
		hubtest.WantProblem(t, h.Do("GET", manifestName+"?end=-600"), http.StatusNotFound, "nothing of that time")
	})
}

func TestAbsurdSpans(t *testing.T) {
	bubble(t, settings{}, func(t *testing.T, h *house) {
		serve(t, h)
		for _, query := range []string{
			"start=", "end=x", "start=1&start=2", "start=-5&end=-10", "start=99999999999", "end=2126-01-01T00:00:00Z", "start=%zz", "start=NaN",
		} {
			hubtest.WantProblem(t, h.Do("GET", manifestName+"?"+query), http.StatusBadRequest, "")
		}
	})
}

// An encoder changes its tracks, and nothing of the new ones can be played for a
// while: the manifest goes on with what was there, and has not ended.
func TestManifestWhileTracksChange(t *testing.T) {
	bubble(t, settings{}, func(t *testing.T, h *house) {
		p := h.Publish(hubtest.Tracks(hubtest.Video(0), hubtest.Audio()))
		p.Send(9 * time.Second)
		w := h.watch()
		w.poll()
		other := *hubtest.Video(0)
		other.ID = 1
		p.Tracks = hubtest.Tracks(hubtest.Video(0), &other, hubtest.Audio())
		p.Key = 8 * time.Second // so that segments are long in coming
		waited := 0
		for range 100 {
			p.Send(200 * time.Millisecond)
			synctest.Wait()
			begun := time.Now()
			w.poll()
			if w.last.static {
				t.Fatalf("the broadcast goes on:\n%s", w.last.text)
			}
			if time.Since(begun) > 0 {
				waited++
			}
			if s := h.window.Stream("live/cam"); s.Before() != nil && len(w.last.periods) != 1 {
				t.Errorf("periods %s", w.periodIDs())
			}
		}
		if waited > 0 || len(w.periods) != 2 {
			t.Errorf("%d manifests were waited for, and there were %d periods", waited, len(w.periods))
		}
		// Another broadcast at once begins another manifest, whatever its times.
		first := w.last.root.attributes["id"]
		p.End(nil)
		synctest.Wait()
		again := h.Publish(hubtest.Tracks(hubtest.Video(0), hubtest.Audio()))
		again.At, again.Sound = p.At, p.Sound
		again.Send(5 * time.Second)
		if m := check(t, h.Get(manifestName)); m.root.attributes["id"] == first || len(m.periods) != 1 {
			t.Errorf("another broadcast goes on in the manifest:\n%s", m.text)
		}
	})
}

// BenchmarkManifest is what a manifest costs that is written anew for a segment, of
// eight and of two hours of them, with its compression.
func BenchmarkManifest(b *testing.B) {
	for _, n := range []int{8, 3600} {
		b.Run(fmt.Sprintf("%d segments", n), func(b *testing.B) {
			f := newFeed(200*time.Millisecond, hubtest.Video(0), hubtest.Audio())
			f.add(2 * time.Second)
			s := &show{Presentation: f.p, id: "BROADCAST", begun: feedBegin, starts: make(map[*cmaf.Period]time.Duration)}
			of := &span{show: s, period: f.period}
			for i, h := range f.period.Tracks {
				l := &listing{track: f.p.Tracks()[i]}
				f.at = 0
				for j := range n {
					d := 2 * time.Second
					if h.Track.Kind == media.Audio && j%2 == 1 {
						d += 1024 * time.Second / 44100 // as sound comes in whole access units
					}
					l.segments = append(l.segments, &window.Segment{Segment: f.segment(h, d), Number: uint64(j)})
					f.at += d
				}
				of.tracks = append(of.tracks, l)
			}
			q := httptest.NewRequest(http.MethodGet, "/", nil)
			q.Header.Set("Accept-Encoding", "gzip")
			b.ReportAllocs()
			var plain, zipped int
			for b.Loop() {
				text, err := s.describe([]*span{of}, false, feedBegin, 0).text()
				if err != nil {
					b.Fatal(err)
				}
				plain = len(text)
				zipped = deliver.NewText(text, "x", gzip.BestSpeed).Serve(httptest.NewRecorder(), q)
			}
			b.ReportMetric(float64(plain), "plain-B")
			b.ReportMetric(float64(zipped), "gzip-B")
		})
	}
}
