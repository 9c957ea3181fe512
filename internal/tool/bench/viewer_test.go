package bench

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/millrace-live/millrace/internal/tool"
	"github.com/millrace-live/millrace/rtmp"
)

// station is a server of HLS whose stream has begun with it, a minute ago.
type station struct {
	start   time.Time
	part    time.Duration // 0: segments alone, and no blocking
	delay   time.Duration // of media
	chunked bool
	// silent is when, after the start, nothing is made for a while.
	silent, silence time.Duration
	ends            time.Duration

	lists, parts, hinted, odd atomic.Int64
	t                         *testing.T
}

const (
	stationSegment = time.Second
	stationAge     = time.Minute
)

// made is how much media there is.
func (s *station) made() time.Duration {
	on := time.Since(s.start)
	if s.silence > 0 && on > s.silent {
		on = max(s.silent, on-s.silence)
	}
	if s.ends > 0 {
		on = min(on, s.ends)
	}
	return stationAge + on
}

func (s *station) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get(sessionField) == "" {
		s.odd.Add(1)
	}
	folder, file, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/live/"), "/")
	switch {
	case folder != "cam":
		http.Error(w, "there is no such stream", http.StatusNotFound)
	case file == "index.m3u8":
		fmt.Fprint(w, "#EXTM3U\n#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"a\",DEFAULT=YES,URI=\"audio.m3u8?k=1\"\n#EXT-X-STREAM-INF:AUDIO=\"a\"\nvideo.m3u8\n")
	case strings.HasSuffix(file, ".m3u8"):
		s.lists.Add(1)
		s.list(w, r, strings.TrimSuffix(file, ".m3u8"))
	case strings.HasSuffix(file, "init"):
		fmt.Fprint(w, "init")
	default:
		s.media(w, r, file)
	}
}

// await waits until a piece of media is there.
func (s *station) await(r *http.Request, until time.Duration) {
	for s.made() < until && r.Context().Err() == nil && (s.ends == 0 || s.made() < stationAge+s.ends) {
		time.Sleep(5 * time.Millisecond)
	}
}

func (s *station) list(w http.ResponseWriter, r *http.Request, track string) {
	q := r.URL.Query()
	if msn, err := strconv.Atoi(q.Get("_HLS_msn")); err == nil {
		part, _ := strconv.Atoi(q.Get("_HLS_part"))
		if s.part == 0 || q.Get("_HLS_skip") != "YES" || (track == "audio") != (q.Get("k") == "1") {
			s.odd.Add(1)
		}
		s.await(r, time.Duration(msn)*stationSegment+time.Duration(part+1)*s.part)
	}
	made := s.made()
	fmt.Fprintf(w, "#EXTM3U\n#EXT-X-TARGETDURATION:1\n")
	if s.part > 0 {
		fmt.Fprintf(w, "#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,CAN-SKIP-UNTIL=6,PART-HOLD-BACK=%.3f\n", (4 * s.part).Seconds())
		fmt.Fprintf(w, "#EXT-X-PART-INF:PART-TARGET=%.3f\n", s.part.Seconds())
	}
	last := int(made / stationSegment)
	fmt.Fprintf(w, "#EXT-X-MEDIA-SEQUENCE:%d\n#EXT-X-MAP:URI=\"/live/cam/%s_init\"\n", last-6, track)
	date := s.start.Add(-stationAge)
	for n := last - 6; n <= last; n++ {
		fmt.Fprintf(w, "#EXT-X-PROGRAM-DATE-TIME:%s\n", date.Add(time.Duration(n)*stationSegment).Format(time.RFC3339Nano))
		parts := 0
		for s.part > 0 && n >= last-2 && time.Duration(parts+1)*s.part <= min(made-time.Duration(n)*stationSegment, stationSegment) {
			fmt.Fprintf(w, "#EXT-X-PART:DURATION=%.5f,URI=\"%s_%d.%d\"\n", s.part.Seconds(), track, n, parts)
			parts++
		}
		switch {
		case n < last:
			fmt.Fprintf(w, "#EXTINF:1.00000,\n%s_%d.0\n", track, n)
		case s.ends > 0 && made == stationAge+s.ends:
			fmt.Fprint(w, "#EXT-X-ENDLIST\n")
		case s.part > 0:
			fmt.Fprintf(w, "#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"%s_%d.%d\"\n", track, n, parts)
		}
	}
}

func (s *station) media(w http.ResponseWriter, r *http.Request, file string) {
	s.parts.Add(1)
	_, place, _ := strings.Cut(file, "_")
	var segment, part int
	if _, err := fmt.Sscanf(place, "%d.%d", &segment, &part); err != nil {
		s.t.Errorf("%s is asked for", file)
	}
	if until := time.Duration(segment)*stationSegment + time.Duration(part+1)*s.part; s.part > 0 && s.made() < until {
		s.hinted.Add(1)
		s.await(r, until)
	}
	time.Sleep(s.delay)
	body := bytes.Repeat([]byte("m"), 30_000)
	if s.chunked {
		w.Write(body[:10_000])
		http.NewResponseController(w).Flush()
		body = body[10_000:]
	} else {
		w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	}
	w.Write(body)
}

// pipes is a listener of pipes.
type pipes chan net.Conn

func (p pipes) Accept() (net.Conn, error) {
	c, ok := <-p
	if !ok {
		return nil, net.ErrClosed
	}
	return c, nil
}
func (p pipes) Close() error   { return nil }
func (p pipes) Addr() net.Addr { return &net.TCPAddr{} }

// watch runs viewers of a station for ten seconds of a clock of its own.
func (s *station) watch(t *testing.T, change func(*Options)) (r Result, err error) {
	s.t, s.start = t, time.Now()
	l := make(pipes)
	server := &http.Server{Handler: s}
	go func() { _ = server.Serve(l) }()
	defer func() {
		close(l)
		server.Close()
		time.Sleep(time.Second) // handlers notice
	}()
	o := Options{
		URL: "http://server.test/live/cam/index.m3u8", Players: 3, Bitrate: 200_000, FPS: 25,
		Ramp: 500 * time.Millisecond, Time: 10 * time.Second, JSON: true,
		Dialer: rtmp.Dialer{NetDial: func(ctx context.Context, _, _ string) (net.Conn, error) {
			ours, theirs := net.Pipe()
			select {
			case l <- theirs:
				return ours, nil
			case <-ctx.Done():
				return nil, ctx.Err()
			}
		}},
	}
	if change != nil {
		change(&o)
	}
	r, _, err = report(t, o)
	if n := s.odd.Load(); n > 0 {
		t.Errorf("%d requests are not as they should be", n)
	}
	return r, err
}

func TestViewers(t *testing.T) {
	for name, s := range map[string]*station{
		"lengths": {part: 100 * time.Millisecond, delay: 40 * time.Millisecond},
		"chunks":  {part: 100 * time.Millisecond, delay: 40 * time.Millisecond, chunked: true},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				r, err := s.watch(t, nil)
				if err != nil || r.Players != (Group{3, 3, 3}) || r.Stalls+r.NeverJoined != 0 || r.Failures != 0 {
					t.Fatalf("%v, %+v", err, r)
				}
				// The station looks each 5 ms, then waits 40.
				// The first parts come one after another: those of the join are behind.
				if d := r.Delivery; d == nil || d.P50 < 40 || d.P50 > 50 || d.P99 > 120 || d.Count < 570 || d.Count > 630 {
					t.Errorf("delivery %+v", d)
				}
				if r.Join == nil || r.Join.Count != 3 || r.Join.P50 < 320 || r.Join.Max > 500 {
					t.Errorf("join %+v", r.Join) // four parts of two tracks, one after another
				}
				if s.hinted.Load() > 0 {
					t.Errorf("%d parts were asked for before they were listed", s.hinted.Load())
				}
				if want := uint64(s.parts.Load()) * 30_000; r.Bytes < want*9/10 || r.Bytes > want*13/10 {
					t.Errorf("%d bytes, want about %d", r.Bytes, want)
				}
				if got := uint64(s.lists.Load() + s.parts.Load()); r.Requests < got-12 || r.Requests > got+9 {
					t.Errorf("%d requests, %d came", r.Requests, got)
				}
				if r.Steady == nil || r.Steady.Requests < 1000 {
					t.Errorf("%+v", r.Steady)
				}
			})
		})
	}
}

func TestHintedParts(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := &station{part: 100 * time.Millisecond}
		r, err := s.watch(t, func(o *Options) { o.Hinted = true })
		if err != nil || r.Stalls != 0 || r.Failures != 0 || r.Delivery == nil || r.Delivery.Max > 12 {
			t.Errorf("%v, %+v, %v", err, r, r.Delivery)
		}
		if n := s.hinted.Load(); n < 550 {
			t.Errorf("%d parts were asked for before they were made", n)
		}
		// None is loaded twice.
		if n := s.parts.Load(); n > 3*2*(100+4+6) {
			t.Errorf("%d requests for media", n)
		}
	})
}

func TestPlainHLS(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := &station{}
		r, err := s.watch(t, nil)
		if err != nil || r.Stalls != 0 || r.Failures != 0 || r.Delivery == nil || r.Delivery.Count < 50 || r.Delivery.Max > 1600 {
			t.Errorf("%v, %+v, %v", err, r, r.Delivery)
		}
		if n := s.lists.Load(); n > 3*2*2*11 {
			t.Errorf("%d playlists in ten seconds", n)
		}
	})
}

func TestViewersStall(t *testing.T) {
	bubble(t, func(t *testing.T) {
		// Shorter than the buffer, and no stall.
		s := &station{part: 100 * time.Millisecond, silent: 5 * time.Second, silence: 250 * time.Millisecond}
		if r, err := s.watch(t, nil); err != nil || r.Stalls != 0 {
			t.Errorf("%d stalls, %v", r.Stalls, err)
		}
		s = &station{part: 100 * time.Millisecond, silent: 5 * time.Second, silence: 800 * time.Millisecond}
		if r, err := s.watch(t, nil); err != nil || r.Stalls != 3 || r.StalledPlayers != 3 {
			t.Errorf("%d stalls, %v", r.Stalls, err)
		}
		// And a station that has fallen silent for good.
		s = &station{part: 100 * time.Millisecond, silent: 8 * time.Second, silence: time.Hour}
		if r, err := s.watch(t, nil); err != nil || r.Stalls != 3 {
			t.Errorf("%d stalls, %v", r.Stalls, err)
		}
	})
}

func TestViewersOfAnEnd(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := &station{part: 100 * time.Millisecond, ends: 4 * time.Second}
		r, err := s.watch(t, nil)
		if tool.StatusOf(err) != tool.Lost || r.Players != (Group{3, 3, 0}) || len(r.Ends) != 1 || r.Seconds > 6 {
			t.Errorf("%v, %+v", err, r)
		}
		r, err = s.watch(t, func(o *Options) { o.URL = "http://server.test/live/other/index.m3u8" })
		if tool.StatusOf(err) != tool.Refused || r.Players.Connected != 0 || !strings.Contains(err.Error(), "404") {
			t.Errorf("%v, %+v", err, r)
		}
	})
}

// Over real sockets: in plain, where the system drops what comes, and by HTTP/2.
func TestViewersOnSockets(t *testing.T) {
	for name, start := range map[string]func(*httptest.Server){
		"plain": (*httptest.Server).Start,
		"HTTP/2": func(s *httptest.Server) {
			s.EnableHTTP2 = true
			s.StartTLS()
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := &station{part: 100 * time.Millisecond, start: time.Now(), t: t}
			var major atomic.Int64
			server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				major.Store(int64(r.ProtoMajor))
				s.ServeHTTP(w, r)
			}))
			start(server)
			defer server.Close()
			o := Options{
				URL: server.URL + "/live/cam/index.m3u8", Players: 4, Bitrate: 200_000, FPS: 25, Time: 1500 * time.Millisecond, JSON: true,
			}
			if server.TLS != nil {
				o.Dialer.TLSConfig = server.Client().Transport.(*http.Transport).TLSClientConfig
			}
			r, _, err := report(t, o)
			if err != nil || r.Players != (Group{4, 4, 4}) || r.Delivery == nil || r.Delivery.Count < 60 || r.Failures != 0 {
				t.Errorf("%v, %+v", err, r)
			}
			if want := uint64(s.parts.Load()) * 30_000; r.Bytes < want*9/10 {
				t.Errorf("%d bytes, want more than %d", r.Bytes, want)
			}
			if (major.Load() == 2) != (name == "HTTP/2") {
				t.Errorf("it speaks HTTP/%d", major.Load())
			}
		})
	}
}

func TestStuckViewers(t *testing.T) {
	o := Options{URL: "https://server.test/live/cam/index.m3u8", Players: 3, Stuck: 1, Bitrate: 200_000, Time: time.Second}
	var out bytes.Buffer
	var e *tool.Error
	if err := Run(t.Context(), o, &out, &out); !errors.As(err, &e) || e.Status != tool.Usage {
		t.Errorf("%v", err)
	}
}
