package hls

import (
	"compress/gzip"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/millrace-live/millrace/internal/deliver"
	"github.com/millrace-live/millrace/internal/hub/hubtest"
	"github.com/millrace-live/millrace/internal/window"
	"github.com/millrace-live/millrace/media"
)

// A feed of 14 s and an open segment, of which the window has them all.
func TestSpans(t *testing.T) {
	now := feedBegin.Add(14700 * time.Millisecond)
	fill := func() *feed {
		f := newFeed(hubtest.Video(0), hubtest.Audio())
		f.part(500*time.Millisecond, 512*time.Millisecond)
		for range 7 {
			f.add(2 * time.Second)
		}
		f.grow(1)
		return f
	}
	for name, query := range map[string]string{
		"a start":                     "start=-9.7",
		"a start that is near":        "start=-2.5",
		"a start that is now":         "start=-0",
		"a start before the window":   "start=2026-11-21T06:00:00Z",
		"an end":                      "end=2026-11-21T06:47:46Z",
		"a start and an end":          "start=2026-11-21T06:47:46Z&end=2026-11-21T06:47:51Z",
		"within a segment":            "start=-9.7&end=-9.2",
		"an end that is not reached":  "start=-6.7&end=-0.1",
		"an end at that of a segment": "end=" + strconv.FormatInt(feedBegin.Unix()+4, 10) + ".826",
	} {
		t.Run(name, func(t *testing.T) {
			span, err := deliver.ParseSpan(query, now)
			if err != nil {
				t.Fatal(err)
			}
			p := newPresentation(fill().p)
			out := p.multivariant(span).String()
			for _, r := range p.renditions {
				list := p.playlist(r, span)
				parsePlaylist(t, list.full().String())
				out += "\n" + list.full().String()
				if again := p.playlist(r, span); again != list {
					t.Error("the same playlist is written twice")
				}
			}
			golden(t, "testdata/"+name+".golden", strings.ReplaceAll(out, p.ID(), someID))
		})
	}
	for _, query := range []string{"end=2026-11-21T06:47:40Z", "end=-3600"} {
		span, err := deliver.ParseSpan(query, now)
		if p := newPresentation(fill().p); err != nil || p.has(span) {
			t.Errorf("there is something of %s (%v)", query, err)
		}
	}
}

// shifted are settings with time shift.
func shifted(t *testing.T, length time.Duration) settings {
	shift := window.Shift{Window: length, Bytes: 1 << 40}
	return settings{window: window.Options{Folder: t.TempDir(), Shift: func(string) window.Shift { return shift }}}
}

// Playlists list the whole of a window that is on disk, and what they list is there,
// as it was when it was new.
func TestTimeShift(t *testing.T) {
	bubble(t, shifted(t, time.Minute), func(t *testing.T, h *house) {
		p, video, audio, _ := h.onAir(t)
		watchers := []*watcher{h.watch(video), h.watch(audio)}
		for range 100 {
			p.Send(time.Second)
			synctest.Wait()
			for _, w := range watchers {
				w.poll()
			}
		}
		w := watchers[0]
		if n := len(w.last.entries); n < 29 || n > 32 || w.deltas == 0 {
			t.Fatalf("%d segments in a minute, %d deltas", n, w.deltas)
		}
		oldest := w.last.entries[0].uri
		n, _ := parseName(oldest)
		found, _ := h.hls.find("live/cam", n.presentation)
		if _, shelved := found.file(n); shelved == nil {
			t.Fatal("it is not on disk")
		}
		whole := w.media[n.number]
		for _, c := range []struct {
			method, field, value string
			status               int
			body                 string
		}{
			{"GET", "X", "", 200, whole},
			{"HEAD", "X", "", 200, ""},
			{"GET", "Range", "bytes=100-199", 206, whole[100:200]},
			{"GET", "Range", "bytes=99999999-", 416, ""},
			{"GET", "If-None-Match", `"` + oldest + `"`, 304, ""},
			{"GET", "If-Match", `"other"`, 412, ""},
			{"OPTIONS", "X", "", 204, ""},
		} {
			r := h.Do(c.method, oldest, c.field, c.value)
			body := hubtest.Read(t, r)
			if r.StatusCode != c.status || c.status < 400 && body != c.body {
				t.Errorf("%s, %s: %s: %s, %d bytes", c.method, c.field, c.value, r.Status, len(body))
			}
			if kind := r.Header.Get("Content-Type"); c.status/100 == 2 && c.method != "OPTIONS" &&
				(kind != "video/mp4" || r.Header.Get("Cache-Control") != mediaCaching || r.Header.Get("ETag") == "") {
				t.Errorf("%s: %v", c.method, r.Header)
			}
		}
		// What is asked for by a time is just that.
		at := time.Now().Add(-40 * time.Second)
		query := fmt.Sprintf("?start=%d&end=%d", at.Unix(), at.Unix()+10)
		index := h.Get("index.m3u8" + query)
		first, sound := children(t, index)
		if !strings.HasPrefix(first, video+"?start=") || !strings.HasPrefix(sound, audio+"?start=") {
			t.Errorf("the index leads to %s and %s", first, sound)
		}
		list := parsePlaylist(t, h.Get(first))
		if d := list.length(); !list.ended || d < 10 || d > 14 || list.entries[0].date.After(at) || list.hint != "" {
			t.Errorf("%v s from %v on, ended %v", d, list.entries[0].date, list.ended)
		}
		for _, e := range list.entries {
			h.Get(e.uri)
		}
		if r := h.Do("GET", first+"&_HLS_msn=4711&_HLS_part=3"); r.StatusCode != http.StatusOK {
			t.Errorf("a reload of what has ended: %s", r.Status)
		}
		// From a start on it is live, and blocking reloads go on in it.
		from, _ := children(t, h.Get("index.m3u8?start=-30"))
		live := parsePlaylist(t, h.Get(from))
		if d := live.length(); live.ended || d < 28 || d > 33 || live.start < 0 || live.start > 2.001 || live.hint == "" {
			t.Errorf("%v s from %v on, ended %v, begins at %v", d, live.entries[0].date, live.ended, live.start)
		}
		msn, part := live.next()
		a := h.ask(fmt.Sprintf("%s&_HLS_msn=%d&_HLS_part=%d&_HLS_skip=YES", from, msn, part))
		p.Send(500 * time.Millisecond)
		if got := <-a; got.StatusCode != http.StatusOK || parseUpdate(t, got.body).skipped == 0 {
			t.Errorf("%s: %s", got.Status, got.body)
		}
		// What left the window is there for as long as that was (§6.2.2), and then gone.
		p.Send(40 * time.Second)
		synctest.Wait()
		hubtest.WantProblem(t, h.Do("GET", strings.Replace(oldest, "_"+strconv.FormatUint(n.number, 10)+".", "_0.", 1)),
			http.StatusNotFound, "no longer")
		hubtest.WantProblem(t, h.Do("GET", "index.m3u8?end=-600"), http.StatusNotFound, "nothing of that time")
		hubtest.WantProblem(t, h.Do("GET", video+"?end=-600"), http.StatusNotFound, "nothing of that time")
	})
}

func TestAbsurdSpans(t *testing.T) {
	bubble(t, settings{}, func(t *testing.T, h *house) {
		s := serve(t, h)
		for _, query := range []string{
			"start=", "end=x", "start=1&start=2", "start=-5&end=-10", "start=99999999999", "end=2126-01-01T00:00:00Z", "start=%zz", "start=NaN",
		} {
			for _, file := range []string{"index.m3u8", s.video} {
				hubtest.WantProblem(t, h.Do("GET", file+"?"+query), http.StatusBadRequest, "")
			}
		}
	})
}

// While a broadcast goes on with other tracks, of which nothing can be played yet, the
// index does not fail.
func TestIndexWhileTracksChange(t *testing.T) {
	bubble(t, settings{}, func(t *testing.T, h *house) {
		p := h.Publish(hubtest.Tracks(hubtest.Video(0), hubtest.Audio()))
		p.Send(9 * time.Second)
		before, _ := children(t, h.Get("index.m3u8"))
		p.Tracks = hubtest.Tracks(hubtest.Video(0))
		p.Key = 10 * time.Second // so that the first segment is long in coming
		sent := make(chan bool)
		go func() {
			p.Send(13 * time.Second)
			close(sent)
		}()
		waited, video := 0, before
		for video == before {
			asked := time.Now()
			video, _ = children(t, h.Get("index.m3u8"))
			h.Get(video)
			if video == before && time.Since(asked) == startWait {
				waited++
			}
			time.Sleep(100 * time.Millisecond)
		}
		if waited == 0 {
			t.Error("the new tracks were there before a request gave up on them")
		}
		<-sent
	})
}

// BenchmarkReload is what a playlist costs that is written anew for a part, of eight
// segments and of two hours, whole and as a delta, with its compression.
func BenchmarkReload(b *testing.B) {
	for _, n := range []int{8, 3600} {
		for _, kind := range []string{"full", "delta"} {
			b.Run(fmt.Sprintf("%d segments, %s", n, kind), func(b *testing.B) {
				f := newFeed(hubtest.Video(0), hubtest.Audio())
				f.part(200*time.Millisecond, 209*time.Millisecond)
				f.add(2 * time.Second)
				shown := newPresentation(f.p)
				r := shown.rendition(window.TrackName{Kind: media.Video, ID: 0})
				view := &window.View{Next: uint64(n)}
				for i := range uint64(n) {
					view.Segments = append(view.Segments, &window.Segment{Segment: f.segment(f.period.Tracks[0], 2*time.Second), Number: i})
					f.at += 2 * time.Second
				}
				view.Open = &window.Segment{Segment: f.segment(f.period.Tracks[0], 600*time.Millisecond), Number: view.Next}
				write := shown.mediaPlaylist
				if kind == "delta" {
					write = shown.deltaPlaylist
				}
				q := httptest.NewRequest(http.MethodGet, "/", nil)
				q.Header.Set("Accept-Encoding", "gzip")
				b.ReportAllocs()
				var plain, zipped int
				for b.Loop() {
					text := write(r, all(view), 2*time.Second)
					plain = len(text)
					zipped = deliver.NewText(text, "x", gzip.BestSpeed).Serve(&keepingWriter{header: make(http.Header)}, q)
				}
				b.ReportMetric(float64(plain), "plain-B")
				b.ReportMetric(float64(zipped), "gzip-B")
			})
		}
	}
}
