package httpts

import (
	"bytes"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/millrace-live/millrace/internal/hub"
	"github.com/millrace-live/millrace/media"
)

// studio is a hub with a door to it on a clock of its own, and a publisher that
// sends ten pictures a second, a key frame each second.
type studio struct {
	*testing.T
	registry *hub.Registry
	door     *Handler
	pub      *hub.Publication
	tracks   *media.TrackSet
	at       time.Duration
	size     int
}

func bubble(t *testing.T, test func(s *studio)) {
	frames := clip(t, h264)
	synctest.Test(t, func(t *testing.T) {
		s := &studio{T: t, registry: hub.New(hub.Options{Access: hub.Everyone{}}), tracks: frames[len(frames)-1].Tracks, size: 1000}
		s.door = &Handler{Hub: s.registry, Logger: slog.New(slog.DiscardHandler)}
		test(s)
		if err := s.registry.Shutdown(t.Context()); err != nil {
			t.Error(err)
		}
		s.door.Close()
		if n := len(s.door.runs) + len(s.door.shows); n > 0 || s.door.Panics() > 0 {
			t.Errorf("%d runs and shows are left, and %d panicked", n, s.door.Panics())
		}
	})
}

func (s *studio) publish() {
	s.Helper()
	var err error
	s.at = 0
	s.pub, err = s.registry.Publish(s.Context(), hub.PublishRequest{
		App: "live", Name: "cam", Protocol: "test", Remote: netip.MustParseAddrPort("127.0.0.1:1"),
	})
	if err != nil {
		s.Fatal(err)
	}
}

// send publishes for so many seconds, in as much time.
func (s *studio) send(seconds int) {
	s.Helper()
	const picture = time.Second / 10
	for range seconds * 10 {
		f := &media.Frame{Kind: media.Video, DTS: int64(s.at), PTS: int64(s.at), Arrival: time.Now(), Tracks: s.tracks, Payload: make([]byte, s.size)}
		n := s.size - 4
		copy(f.Payload, []byte{byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n), 0x41})
		if s.at%time.Second == 0 {
			f.Class, f.Payload[4] = media.Key, 0x65
		}
		if err := s.pub.Write(f); err != nil {
			s.Fatal(err)
		}
		s.at += picture
		time.Sleep(picture)
	}
	synctest.Wait()
}

func (s *studio) ask(method, file string, header ...string) *httptest.ResponseRecorder {
	s.Helper()
	r := httptest.NewRequest(method, "/live/cam/"+file, nil)
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	path, name, ok := Match(strings.TrimPrefix(r.URL.Path, "/"))
	if !ok || path != "live/cam" {
		s.Errorf("%s is no address", file)
	}
	w := httptest.NewRecorder()
	s.door.Serve(w, r, path, name)
	return w
}

// get returns what is there.
func (s *studio) get(file string) string {
	s.Helper()
	w := s.ask(http.MethodGet, file)
	if w.Code != http.StatusOK {
		s.Fatalf("%s: %d %s", file, w.Code, w.Body)
	}
	return w.Body.String()
}

func (s *studio) missing(file, why string) {
	s.Helper()
	if w := s.ask(http.MethodGet, file); w.Code != http.StatusNotFound || !strings.Contains(w.Body.String(), why) {
		s.Errorf("%s: %d %s", file, w.Code, w.Body)
	}
}

// shows returns those that are kept.
func (s *studio) shows() []*show {
	s.door.mu.Lock()
	defer s.door.mu.Unlock()
	return slices.Clone(s.door.shows["live/cam"])
}

// runs returns how many there are.
func (s *studio) runs() int {
	s.door.mu.Lock()
	defer s.door.mu.Unlock()
	return len(s.door.runs)
}

// last is the last line, which is an address.
func last(text string) string {
	text = strings.TrimSpace(text)
	return text[strings.LastIndexByte(text, '\n')+1:]
}

// address is the one of a playlist's segment.
func address(segment string) string { return last(segment) }

// A stream that is on air can be played at once by all who ask, with one packaging
// for them and for viewers of HTTP; packets follow one another over the segments.
func TestSegmentsAreThereAtOnce(t *testing.T) {
	bubble(t, func(s *studio) {
		s.publish()
		s.send(9)
		lists := make([]string, 20)
		var all sync.WaitGroup
		for i := range lists {
			all.Go(func() { lists[i] = s.ask(http.MethodGet, "ts.m3u8").Body.String() })
		}
		all.Wait()
		list := last(lists[0])
		for _, other := range lists {
			if last(other) != list || !strings.HasPrefix(other, "#EXTM3U\n") {
				t.Fatalf("there are %q and %q", lists[0], other)
			}
		}
		before := readPlaylist(t, s.get(list))
		if len(before.segments) < 3 || before.target != 2 {
			t.Errorf("%d segments, target %d", len(before.segments), before.target)
		}
		viewer := s.watch()
		if viewer.run != s.shows()[0].run || s.runs() != 1 {
			t.Errorf("there are %d runs", s.runs())
		}
		viewer.leave()
		var got []string
		load := func() {
			now := readPlaylist(t, s.get(list))
			changed(t, before, now)
			for i, segment := range now.segments {
				if now.sequence+i == len(got) {
					got = append(got, s.get(address(segment)))
				}
			}
			before = now
		}
		for range 30 {
			load()
			s.send(1)
		}
		s.pub.End(nil)
		synctest.Wait()
		if load(); !before.ended {
			t.Error("there is no end")
		}
		var read packets
		if err := read.read(strings.NewReader(strings.Join(got, "")), nil); !errors.Is(err, io.EOF) || read.frames != 390 || read.gaps != 0 {
			t.Errorf("%d frames of %d segments: %v", read.frames, len(got), err)
		}
		if out := s.registry.Traffic().Out[hlsProtocol]; out.Bytes == 0 {
			t.Error("no bytes are counted")
		}
	})
}

// watch has a viewer of HTTP.
func (s *studio) watch() *viewer {
	s.Helper()
	v := &viewer{Handler: s.door}
	var err error
	if v.reader, err = s.registry.Play(s.Context(), hub.PlayRequest{Stream: "live/cam", Protocol: Protocol, Served: true}); err != nil {
		s.Fatal(err)
	}
	if v.run, err = s.door.enter(s.Context(), hub.PlayRequest{Stream: "live/cam"}, v.reader); err != nil {
		s.Fatal(err)
	}
	return v
}

// What is kept for viewers of HTTP may begin anywhere; segments do not.
func TestSegmentsOfWhatIsWatched(t *testing.T) {
	bubble(t, func(s *studio) {
		s.publish()
		s.send(1)
		v := s.watch()
		s.send(20)
		v.run.mu.Lock()
		if v.run.ring.list[0].Start {
			t.Error("what is kept begins at a key frame: try other lengths")
		}
		v.run.mu.Unlock()
		now := readPlaylist(t, s.get(last(s.get("ts.m3u8"))))
		var read packets
		if err := read.read(strings.NewReader(s.get(address(now.segments[0]))), nil); !errors.Is(err, io.EOF) || read.frames != 20 || len(now.segments) < 4 {
			t.Errorf("%d segments, the first with %d frames: %v", len(now.segments), read.frames, err)
		}
		v.leave()
		s.pub.End(nil)
	})
}

// A request comes before the first segment.
func TestAYoungStreamIsWaitedFor(t *testing.T) {
	bubble(t, func(s *studio) {
		s.publish()
		asks := func() (w *httptest.ResponseRecorder, waited time.Duration) {
			var asking sync.WaitGroup
			asking.Go(func() {
				from := time.Now()
				w = s.ask(http.MethodGet, "ts.m3u8")
				waited = time.Since(from)
			})
			s.send(1)
			asking.Wait()
			return w, waited
		}
		if w, waited := asks(); w.Code != http.StatusServiceUnavailable || w.Header().Get("Retry-After") != "1" || waited != startWait {
			t.Errorf("%d after %v, %s", w.Code, waited, w.Body)
		}
		s.send(1)
		if w, waited := asks(); w.Code != http.StatusOK || waited > time.Second {
			t.Errorf("%d after %v, %s", w.Code, waited, w.Body)
		}
		s.pub.End(nil)
	})
}

func TestAnswersOfFiles(t *testing.T) {
	bubble(t, func(s *studio) {
		s.missing("ts.m3u8", "this stream is not on air")
		s.missing(anID+"_ts.m3u8", "load ts.m3u8 again")
		s.publish()
		s.send(6)
		index := s.ask(http.MethodGet, "ts.m3u8")
		list := last(index.Body.String())
		segment := address(readPlaylist(t, s.get(list)).segments[1])
		id, _, _ := strings.Cut(list, "_")
		whole := s.get(segment)
		s.missing(id+"_ts99.ts", "no such segment")
		s.missing(anID+"_ts1.ts", "load ts.m3u8 again")
		for _, c := range []struct {
			method, file string
			header       []string
			status       int
			want         map[string]string
			body         int // -1 for any
		}{
			{"GET", "ts.m3u8", nil, 200, map[string]string{"Content-Type": playlistType, "Cache-Control": "public, max-age=1", "Vary": "Accept-Encoding"}, -1},
			{"HEAD", "ts.m3u8", nil, 200, map[string]string{"Content-Type": playlistType, "Content-Length": index.Header().Get("Content-Length")}, 0},
			{"GET", list, nil, 200, map[string]string{"Content-Type": playlistType, "Access-Control-Allow-Origin": "*"}, -1},
			{"GET", list, []string{"Accept-Encoding", "gzip"}, 200, map[string]string{"Content-Encoding": "gzip"}, -1},
			{"HEAD", list, nil, 200, map[string]string{"Content-Type": playlistType}, 0},
			{"GET", segment, nil, 200, map[string]string{"Content-Type": "video/mp2t", "Cache-Control": segmentCaching, "ETag": `"` + segment + `"`, "Accept-Ranges": "bytes"}, len(whole)},
			{"HEAD", segment, nil, 200, map[string]string{"Content-Type": "video/mp2t"}, 0},
			{"GET", segment, []string{"Range", "bytes=188-375"}, 206, map[string]string{"Content-Type": "video/mp2t"}, 188},
			{"GET", segment, []string{"Range", "bytes=99999999-"}, 416, nil, -1},
			{"GET", segment, []string{"If-None-Match", `"` + segment + `"`}, 304, nil, 0},
			{"GET", list, []string{"If-None-Match", s.ask("GET", list).Header().Get("ETag")}, 304, nil, 0},
			{"OPTIONS", list, []string{"Origin", "http://elsewhere"}, 204, map[string]string{"Access-Control-Allow-Methods": "GET, HEAD, OPTIONS"}, 0},
			{"DELETE", segment, nil, 405, map[string]string{"Allow": "GET, HEAD, OPTIONS"}, -1},
		} {
			w := s.ask(c.method, c.file, c.header...)
			if w.Code != c.status || c.body >= 0 && w.Body.Len() != c.body {
				t.Errorf("%s %s %v: %d with %d bytes", c.method, c.file, c.header, w.Code, w.Body.Len())
			}
			for field, want := range c.want {
				if got := w.Header().Get(field); got != want {
					t.Errorf("%s %s %v: %s is %q, want %q", c.method, c.file, c.header, field, got, want)
				}
			}
		}
		if part := s.ask("GET", segment, "Range", "bytes=188-375").Body.String(); part != whole[188:376] {
			t.Error("a range has other bytes")
		}
		s.pub.End(nil)
	})
}

// Nobody asks for a minute: nothing is made any more, and who comes then gets
// another show.
func TestAShowRests(t *testing.T) {
	bubble(t, func(s *studio) {
		s.publish()
		s.send(5)
		list := last(s.get("ts.m3u8"))
		s.get(list)
		s.send(2)
		if out := s.registry.Traffic().Out[hlsProtocol]; out.Viewers != 1 {
			t.Errorf("%d viewers are counted", out.Viewers)
		}
		s.send(25)
		if out := s.registry.Traffic().Out[hlsProtocol]; out.Viewers != 0 || s.runs() != 1 {
			t.Errorf("%d viewers are counted, %d runs", out.Viewers, s.runs())
		}
		s.send(40)
		if s.runs()+len(s.shows()) != 0 {
			t.Error("it does not rest")
		}
		s.missing(list, "nobody has watched it for a minute")
		other := last(s.get("ts.m3u8"))
		if now := readPlaylist(t, s.get(other)); other == list || len(now.segments) < 3 {
			t.Errorf("the playlist is %s again, with %d segments", other, len(now.segments))
		}
		s.pub.End(nil)
	})
}

// What is over stays for a minute.
func TestTheEndStays(t *testing.T) {
	bubble(t, func(s *studio) {
		s.publish()
		s.send(5)
		list := last(s.get("ts.m3u8"))
		s.pub.End(nil)
		time.Sleep(50 * time.Second)
		now := readPlaylist(t, s.get(last(s.get("ts.m3u8"))))
		if !now.ended || len(now.segments) != 3 || now.lengths[2] != time.Second {
			t.Errorf("ended %v, segments %v", now.ended, now.lengths)
		}
		s.get(address(now.segments[2]))
		time.Sleep(11 * time.Second)
		s.missing(list, "load ts.m3u8 again")
		s.missing("ts.m3u8", "this stream is not on air")

		s.publish()
		s.send(5)
		first := last(s.get("ts.m3u8"))
		s.pub.End(nil)
		time.Sleep(time.Second)
		s.publish()
		s.send(5)
		if second := last(s.get("ts.m3u8")); second == first || readPlaylist(t, s.get(second)).ended || !readPlaylist(t, s.get(first)).ended {
			t.Errorf("the broadcasts have %s and %s", first, second)
		}
		for range 2 * mostOver {
			s.pub.End(nil)
			time.Sleep(time.Second)
			s.publish()
			s.send(3)
			s.get("ts.m3u8")
		}
		if n := len(s.shows()); n > mostOver+1 {
			t.Errorf("%d shows are kept", n)
		}
		s.pub.End(nil)
	})
}

// A publisher who drops out and comes back goes on behind a discontinuity.
func TestAPublisherComesBack(t *testing.T) {
	bubble(t, func(s *studio) {
		s.publish()
		s.send(6)
		list := last(s.get("ts.m3u8"))
		s.pub.End(errors.New("cut"))
		time.Sleep(5 * time.Second)
		s.publish()
		s.send(6)
		now := readPlaylist(t, s.get(list))
		breaks := 0
		var all bytes.Buffer
		for _, segment := range now.segments {
			breaks += strings.Count(segment, "#EXT-X-DISCONTINUITY\n")
			all.WriteString(s.get(address(segment)))
		}
		var read packets
		if err := read.read(&all, nil); !errors.Is(err, io.EOF) || breaks != 1 || read.gaps != 1 || now.ended || last(s.get("ts.m3u8")) != list {
			t.Errorf("%d discontinuities, %d in packets, ended %v: %v", breaks, read.gaps, now.ended, err)
		}
		s.pub.End(nil)
	})
}

// Of codecs without a place in MPEG-TS there is nothing, and a stream that goes over
// to them ends.
func TestNothingCanBeCarried(t *testing.T) {
	frames := clip(t, "libav-8.1-vp9-flac.flv")
	unknown := frames[len(frames)-1].Tracks
	bubble(t, func(s *studio) {
		known := s.tracks
		s.tracks = unknown
		s.publish()
		s.send(3)
		const why = "nothing of it can be carried in MPEG-TS: VP9 cannot be carried in MPEG-TS; FLAC cannot be carried in MPEG-TS"
		s.missing("ts.m3u8", why)
		s.missing("ts.m3u8", why)
		s.tracks = known
		s.send(6)
		list := last(s.get("ts.m3u8"))
		if readPlaylist(t, s.get(list)).ended {
			t.Error("it has ended")
		}
		s.tracks = unknown
		s.send(3)
		if now := readPlaylist(t, s.get(list)); !now.ended {
			t.Error("it goes on")
		}
		s.tracks = known
		s.send(6)
		if other := last(s.get("ts.m3u8")); other == list || readPlaylist(t, s.get(other)).ended {
			t.Error("it does not begin again")
		}
		s.pub.End(nil)
	})
}

// What is kept of a stream is bounded, for all its shows and viewers together.
func TestMemoryOfShows(t *testing.T) {
	bubble(t, func(s *studio) {
		s.size = 500 << 10 // 40 Mbit/s
		s.publish()
		s.send(8)
		list := last(s.get("ts.m3u8"))
		for range 30 {
			s.send(1)
			now := readPlaylist(t, s.get(list))
			if len(now.segments) == 0 {
				t.Fatal("the playlist is empty")
			}
			show := s.shows()[0]
			r := show.run
			r.mu.Lock()
			kept := r.ring.size + show.cutter.Size() + show.size()
			r.mu.Unlock()
			if kept > budget {
				t.Fatalf("%d bytes are kept", kept)
			}
		}
		s.pub.End(nil)
		synctest.Wait()
		r := s.shows()[0].run
		r.mu.Lock()
		if r.ring.size != 0 {
			t.Errorf("of a show that is over %d bytes for viewers of HTTP are kept", r.ring.size)
		}
		r.mu.Unlock()
	})
}

// Whoever may not play gets no segments either.
func TestRefusedFiles(t *testing.T) {
	h := newHouseOf(t, nobody{})
	h.http.Start()
	defer h.publish(t).End(nil)
	w := httptest.NewRecorder()
	h.door.Serve(w, &http.Request{Method: http.MethodGet, URL: &url.URL{Path: "/live/cam/ts.m3u8"}, Header: http.Header{}}, "live/cam", "ts.m3u8")
	if w.Code != http.StatusForbidden {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}
