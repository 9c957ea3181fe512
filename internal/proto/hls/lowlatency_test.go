package hls

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/millrace-live/millrace/internal/hub/hubtest"
	"github.com/millrace-live/millrace/internal/window"
)

// answer is what came of a request, and after how long.
type answer struct {
	*http.Response
	body  string
	after time.Duration
}

// ask sends a request that may have to wait.
func (h *house) ask(file string) <-chan answer {
	out := make(chan answer, 1)
	begun := time.Now()
	go func() {
		r := h.Do("GET", file)
		b, _ := io.ReadAll(r.Body)
		out <- answer{r, string(b), time.Since(begun)}
	}()
	return out
}

// onAir publishes, and returns the addresses of the playlists and how far the
// picture's has come.
func (h *house) onAir(t *testing.T) (p *hubtest.Publisher, video, audio string, list mediaPlaylist) {
	t.Helper()
	p = h.Publish(hubtest.Tracks(hubtest.Video(0), hubtest.Audio()))
	p.Send(5 * time.Second)
	video, audio = children(t, h.Get("index.m3u8"))
	synctest.Wait()
	return p, video, audio, parsePlaylist(t, h.Get(video))
}

// next is the segment and the part that will be listed next.
func (p mediaPlaylist) next() (msn, part int) { return p.sequence + len(p.entries), len(p.open.parts) }

func TestBlockingReload(t *testing.T) {
	const (
		now  = 0
		ms   = time.Millisecond
		slow = 70 * ms // how long the hub may hold a frame back, and a frame
	)
	for _, c := range []struct {
		name  string
		msn   int // less the one that is open
		part  int // less the next one of the open segment
		whole bool
		after time.Duration
	}{
		{"a part that is there", 0, -1, false, now},
		{"a segment that is there", -1, 0, true, now},
		{"one that is long gone", -2, 0, true, now},
		{"behind the last part of a whole segment", -1, 1000, false, now},
		{"the next part", 0, 0, false, 1},
		{"the one after", 0, 1, false, 200 * ms},
		{"the first of the next segment", 1, -4, false, 1200 * ms},
		{"more parts than the segment gets", 0, 8, false, 1200 * ms},
		{"the segment", 0, 0, true, 1000 * ms},
		{"the next segment", 1, 0, true, 3000 * ms},
	} {
		t.Run(c.name, func(t *testing.T) {
			bubble(t, settings{}, func(t *testing.T, h *house) {
				p, video, _, list := h.onAir(t)
				msn, part := list.next()
				if list.partTarget != 0.2 || part != 4 {
					t.Fatalf("part target %v, %d parts", list.partTarget, part)
				}
				file := fmt.Sprintf("%s?_HLS_msn=%d", video, msn+c.msn)
				if !c.whole {
					file += fmt.Sprintf("&_HLS_part=%d", part+c.part)
				}
				answers := h.ask(file)
				synctest.Wait()
				held := len(answers) == 0
				for range 100 {
					if len(answers) > 0 {
						break
					}
					p.Send(hubtest.Picture)
					synctest.Wait()
				}
				a := <-answers
				if a.StatusCode != http.StatusOK || held != (c.after > now) || a.after < c.after-1 || a.after > c.after+slow {
					t.Errorf("%s after %v, held %v: %.300s", a.Status, a.after, held, a.body)
				}
				if caching := a.Header.Get("Cache-Control"); caching != "public, max-age=12, immutable" {
					t.Errorf("Cache-Control %q", caching)
				}
				parsePlaylist(t, a.body)
			})
		})
	}
}

func TestReloadsThatAreRefused(t *testing.T) {
	bubble(t, settings{}, func(t *testing.T, h *house) {
		_, video, _, list := h.onAir(t)
		msn, part := list.next()
		for _, query := range append([]string{
			fmt.Sprintf("_HLS_msn=%d", msn+3),
			fmt.Sprintf("_HLS_msn=%d&_HLS_part=0", msn+3),
			fmt.Sprintf("_HLS_msn=%d&_HLS_part=%d", msn, part+16),
			fmt.Sprintf("_HLS_msn=%d&_HLS_part=16", msn+1),
		}, absurdQueries...) {
			hubtest.WantProblem(t, h.Do("GET", video+"?"+query), http.StatusBadRequest, "")
		}
		// Those are somebody else's.
		h.Get(video + "?token=abc&x=%20")
	})
}

// A playlist without parts can be waited for, too.
func TestReloadWithoutParts(t *testing.T) {
	whole := settings{window: window.Options{Lengths: func(string) window.Lengths { return window.Lengths{Segment: time.Second} }}}
	bubble(t, whole, func(t *testing.T, h *house) {
		p, video, audio, list := h.onAir(t)
		if list.partTarget != 0 || len(list.entries) < 4 {
			t.Fatalf("%+v", list)
		}
		msn, _ := list.next()
		hubtest.WantProblem(t, h.Do("GET", fmt.Sprintf("%s?_HLS_msn=%d&_HLS_part=0", video, msn)),
			http.StatusBadRequest, "no parts")
		a := h.ask(fmt.Sprintf("%s?_HLS_msn=%d", video, msn))
		w := []*watcher{h.watch(video), h.watch(audio)}
		for range 30 {
			p.Send(time.Second)
			synctest.Wait()
			w[0].poll()
			w[1].poll()
		}
		if got := <-a; got.StatusCode != http.StatusOK || got.after > 1100*time.Millisecond {
			t.Errorf("%s after %v", got.Status, got.after)
		}
		if w[0].deltas == 0 {
			t.Error("no update was a delta")
		}
	})
}

// A player that follows closely: every update has exactly what it asked for, every
// hinted part comes as soon as it is made, and it has no part later than the
// encoder's next frame and the hub's patience.
func TestFollowing(t *testing.T) {
	bubble(t, settings{}, func(t *testing.T, h *house) {
		p, video, audio, _ := h.onAir(t)
		done := make(chan bool)
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		// Behind it nothing changes between two looks: all of a moment is done.
		settle := func() { time.Sleep(time.Nanosecond) }
		for _, uri := range []string{video, audio} {
			go func() {
				defer func() { done <- true }()
				w := h.watch(uri)
				settle()
				w.poll()
				hint := w.last.hint
				for ctx.Err() == nil {
					held := h.ask(hint)
					msn, part := w.last.next()
					a := <-h.ask(fmt.Sprintf("%s?_HLS_msn=%d&_HLS_part=%d", uri, msn, part))
					if a.StatusCode != http.StatusOK {
						if ctx.Err() == nil {
							t.Errorf("%s: %s", a.Status, a.body)
						}
						<-held
						return
					}
					list := parsePlaylist(t, a.body)
					if list.ended {
						<-held
						return
					}
					if n, m := list.next(); n < msn || n == msn && m != part+1 {
						t.Errorf("asked for %d.%d, got up to %d.%d", msn, part, n, m)
					}
					made := <-held
					if made.StatusCode != http.StatusOK || made.body != h.Get(hint) || made.after > 500*time.Millisecond {
						t.Errorf("the hinted %s is %s after %v", hint, made.Status, made.after)
					}
					if made.Header.Get("Cache-Control") != mediaCaching || !strings.HasSuffix(made.Header.Get("Content-Type"), "/mp4") {
						t.Errorf("%v", made.Header)
					}
					settle()
					w.poll()
					hint = w.last.hint
				}
			}()
		}
		p.Send(40 * time.Second)
		p.End(nil)
		<-done
		<-done
	})
}

// Waiting viewers cost no rendering each: they get the same bytes.
func TestReloadsAreShared(t *testing.T) {
	bubble(t, settings{}, func(t *testing.T, h *house) {
		p, video, _, list := h.onAir(t)
		msn, part := list.next()
		const viewers = 200
		got := make(chan *byte, viewers)
		for range viewers {
			go func() {
				w := &keepingWriter{header: make(http.Header)}
				r := httptest.NewRequest(http.MethodGet, "/", nil)
				r.URL.RawQuery = fmt.Sprintf("_HLS_msn=%d&_HLS_part=%d", msn, part)
				r.Header.Set("Accept-Encoding", "gzip")
				h.hls.ServeStream(w, r, "live/cam", video)
				got <- &w.got[0]
			}()
		}
		synctest.Wait()
		if n := h.hls.held.Load(); n != viewers {
			t.Errorf("%d requests wait", n)
		}
		p.Send(time.Second)
		first := <-got
		for range viewers - 1 {
			if next := <-got; next != first {
				t.Fatal("a viewer got bytes of its own")
			}
		}
		if n := h.hls.held.Load(); n != 0 {
			t.Errorf("%d requests still wait", n)
		}
	})
}

func TestHeldTooLong(t *testing.T) {
	bubble(t, settings{}, func(t *testing.T, h *house) {
		p, video, _, list := h.onAir(t)
		msn, _ := list.next()
		p.End(fmt.Errorf("connection reset")) // the grace time begins
		a, part := h.ask(fmt.Sprintf("%s?_HLS_msn=%d", video, msn)), h.ask(list.hint)
		for _, one := range []answer{<-a, <-part} {
			if one.StatusCode != http.StatusServiceUnavailable || one.after != 6*time.Second || one.Header.Get("Cache-Control") != "no-store" {
				t.Errorf("%s after %v", one.Status, one.after)
			}
		}
		// The broadcast ends while somebody waits: that is an answer.
		time.Sleep(20 * time.Second)
		a, part = h.ask(fmt.Sprintf("%s?_HLS_msn=%d", video, msn)), h.ask(list.hint)
		synctest.Wait()
		time.Sleep(5 * time.Second)
		if got := <-a; got.StatusCode != http.StatusOK {
			t.Errorf("%s: %s", got.Status, got.body)
		}
		synctest.Wait() // the end comes right behind the segment
		if !parsePlaylist(t, h.Get(video)).ended {
			t.Error("the playlist has not ended")
		}
		if got := <-part; got.StatusCode != http.StatusOK && got.StatusCode != http.StatusNotFound {
			t.Errorf("the hinted part is %s", got.Status)
		}
		// From now on it is there, whatever is asked for.
		if got := <-h.ask(video + "?_HLS_msn=4711&_HLS_part=3&_HLS_skip=YES"); got.after > 0 || !parsePlaylist(t, got.body).ended {
			t.Errorf("%s after %v", got.Status, got.after)
		}
	})
}

func TestViewerLeavesWhileHeld(t *testing.T) {
	bubble(t, settings{}, func(t *testing.T, h *house) {
		_, video, _, list := h.onAir(t)
		msn, _ := list.next()
		ctx, cancel := context.WithCancel(context.Background())
		done := make(chan bool)
		go func() {
			r := httptest.NewRequest(http.MethodGet, "/", nil).WithContext(ctx)
			r.URL.RawQuery = "_HLS_msn=" + strconv.Itoa(msn)
			h.hls.ServeStream(httptest.NewRecorder(), r, "live/cam", video)
			close(done)
		}()
		synctest.Wait()
		cancel()
		<-done
		a := h.ask(fmt.Sprintf("%s?_HLS_msn=%d", video, msn+1))
		synctest.Wait()
		h.window.Close() // the server goes down
		if got := <-a; got.StatusCode != http.StatusServiceUnavailable {
			t.Errorf("%s: %s", got.Status, got.body)
		}
	})
}

func TestPartsOfWhatIsNotHinted(t *testing.T) {
	bubble(t, settings{}, func(t *testing.T, h *house) {
		_, _, _, list := h.onAir(t)
		msn, part := list.next()
		name := func(msn, part int) string {
			id, _, _ := strings.Cut(list.hint, "_")
			return fmt.Sprintf("%s_video_%d.%d.m4s", id, msn, part)
		}
		if name(msn, part) != list.hint {
			t.Fatalf("hint %s", list.hint)
		}
		for _, file := range []string{name(msn, part+1), name(msn+1, 0), name(msn-1, 100), name(4711, 0)} {
			hubtest.WantProblem(t, h.Do("GET", file), http.StatusNotFound, "")
		}
		// A part can be asked for like any file.
		whole := h.Get(name(msn, 0))
		r := h.Do("GET", name(msn, 0), "Range", "bytes=8-15")
		if got := hubtest.Read(t, r); r.StatusCode != http.StatusPartialContent || got != whole[8:16] {
			t.Errorf("%s %q", r.Status, got)
		}
		if r = h.Do("HEAD", name(msn, 0)); r.Header.Get("Content-Length") != strconv.Itoa(len(whole)) {
			t.Errorf("%v", r.Header)
		}
	})
}

func TestReloadHeaders(t *testing.T) {
	bubble(t, settings{}, func(t *testing.T, h *house) {
		_, video, _, list := h.onAir(t)
		msn, part := list.next()
		file := fmt.Sprintf("%s?_HLS_msn=%d&_HLS_part=%d", video, msn, part-1)
		for _, method := range []string{"GET", "HEAD"} {
			for _, coding := range []string{"", "gzip"} {
				r := h.Do(method, file, "Accept-Encoding", coding)
				got := r.Header
				if r.StatusCode != http.StatusOK || got.Get("Content-Encoding") != coding || got.Get("Vary") != "Accept-Encoding" ||
					got.Get("Access-Control-Allow-Origin") != "*" || got.Get("Content-Length") == "" || got.Get("Cache-Control") != "public, max-age=12, immutable" {
					t.Errorf("%s, %q: %s %v", method, coding, r.Status, got)
				}
				if body := hubtest.Read(t, h.Do("GET", file, "Accept-Encoding", coding)); body != h.Get(video) {
					t.Errorf("%q: another playlist", coding)
				}
			}
		}
		r := h.Do("OPTIONS", file, "Origin", "https://example.org", "Access-Control-Request-Method", "GET")
		if r.StatusCode != http.StatusNoContent || r.Header.Get("Access-Control-Allow-Methods") == "" {
			t.Errorf("preflight: %s %v", r.Status, r.Header)
		}
	})
}

// BenchmarkReloads is what a part costs for each of 500 viewers who wait for it,
// without their sockets: the share in writing and compressing the playlist, and
// the wake-up.
func BenchmarkReloads(b *testing.B) {
	const viewers = 500
	store := window.New(nil, window.Options{})
	defer store.Close()
	h := New(store, Options{})
	f := newFeed(hubtest.Video(0), hubtest.Audio())
	f.part(200*time.Millisecond, 209*time.Millisecond)
	for range 8 {
		f.add(2 * time.Second)
	}
	shown := newPresentation(f.p)
	list := name{resource: playlist, presentation: f.p.ID(), track: shown.renditions[0].name}
	var audience window.Audience
	asked, served := make(chan string), make(chan bool)
	for range viewers {
		go func() {
			for query := range asked {
				r := httptest.NewRequest(http.MethodGet, "/", nil)
				r.URL.RawQuery = query
				r.Header.Set("Accept-Encoding", "gzip")
				served <- h.servePlaylist(&keepingWriter{header: make(http.Header)}, r, shown, list, &audience)
			}
		}()
	}
	defer close(asked)
	b.ReportAllocs()
	msn, part := 8, 0
	for b.Loop() {
		query := fmt.Sprintf("_HLS_msn=%d&_HLS_part=%d&_HLS_skip=YES", msn, part)
		for range viewers {
			asked <- query
		}
		if part++; part < 10 {
			f.grow(part)
		} else {
			f.add(2 * time.Second)
			msn, part = msn+1, 0
		}
		for range viewers {
			if !<-served {
				b.Fatal("a reload was refused")
			}
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/viewers, "ns/viewer")
}
