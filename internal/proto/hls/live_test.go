package hls

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/millrace-live/millrace/internal/deliver"
	"github.com/millrace-live/millrace/internal/hub/hubtest"
	"github.com/millrace-live/millrace/media"
)

// What the window promises of streams without viewers, and of what is over.
const (
	restAfter = time.Minute
	endedFor  = time.Minute
)

// bubble runs a test on a clock of its own.
func bubble(t *testing.T, o settings, test func(t *testing.T, h *house)) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t, o)
		defer h.close()
		test(t, h)
	})
}

func TestLivePlaylists(t *testing.T) {
	bubble(t, settings{}, func(t *testing.T, h *house) {
		p := h.Publish(hubtest.Tracks(hubtest.Video(0), hubtest.Audio()))
		p.Send(7 * time.Second)
		begun := time.Now()
		video, audio := children(t, h.Get("index.m3u8"))
		if waited := time.Since(begun); waited > 0 {
			t.Errorf("the first playlist took %v", waited)
		}
		watchers := []*watcher{h.watch(video), h.watch(audio)}
		poll := func() {
			t.Helper()
			synctest.Wait()
			for _, w := range watchers {
				w.poll()
			}
			if a, b := watchers[0].last, watchers[1].last; a.target != b.target {
				t.Errorf("target durations %d and %d", a.target, b.target)
			}
		}
		poll()
		if n := len(watchers[0].last.entries); n != 3 {
			t.Errorf("the first playlist has %d segments", n)
		}
		for range 30 {
			p.Send(time.Second)
			poll()
		}

		// The publisher vanishes: nothing changes until it is back.
		p.End(errors.New("connection reset"))
		for range 10 {
			time.Sleep(time.Second)
			poll()
		}
		frozen := watchers[0].last
		if frozen.ended {
			t.Error("the playlist ended within the grace time")
		}
		p = h.Publish(hubtest.Tracks(hubtest.Video(0), hubtest.Audio()))
		for range 40 {
			p.Send(time.Second)
			poll()
		}
		// Another picture size in the same broadcast.
		other := hubtest.Video(0)
		larger := *other.Format.(*media.AVCConfig)
		larger.Width *= 2
		other.Format = &larger
		p.Tracks = hubtest.Tracks(other, hubtest.Audio())
		// Key frames farther apart, from 80 s on.
		p.Key = 5 * time.Second
		for range 60 {
			p.Send(time.Second)
			poll()
		}
		p.End(nil)
		poll()
		for _, w := range watchers {
			if !w.last.ended || w.last.target != 5 || w.last.discontinuities != 2 {
				t.Errorf("ended %v, target duration %d, %d discontinuities removed",
					w.last.ended, w.last.target, w.last.discontinuities)
			}
			breaks := 0
			for _, e := range w.seen {
				if e.breaks {
					breaks++
				}
			}
			if breaks != 2 {
				t.Errorf("%d discontinuities, want 2", breaks)
			}
			var total float64
			for _, e := range w.seen {
				total += e.duration
			}
			if total < 136.9 || total > 137.1 {
				t.Errorf("%v s were listed of 137", total)
			}
		}

		time.Sleep(endedFor - 2*time.Second)
		poll()
		time.Sleep(3 * time.Second)
		synctest.Wait()
		for _, file := range []string{"index.m3u8", video, watchers[0].seen[len(watchers[0].seen)-1].uri} {
			if r := h.Do("GET", file); r.StatusCode != http.StatusNotFound {
				t.Errorf("%s is there a minute after the end: %s", file, r.Status)
			}
		}
		if h.window.Stream("live/cam") != nil {
			t.Error("the handler remembers a stream of which nothing is left")
		}
	})
}

func TestDatesAreArrivals(t *testing.T) {
	bubble(t, settings{}, func(t *testing.T, h *house) {
		p := h.Publish(hubtest.Tracks(hubtest.Video(0), hubtest.Audio()))
		begun := time.Now()
		p.Send(9 * time.Second)
		video, audio := children(t, h.Get("index.m3u8"))
		for _, uri := range []string{video, audio} {
			for i, e := range parsePlaylist(t, h.Get(uri)).entries {
				want := begun.Add(time.Duration(i) * 2 * time.Second)
				if off := e.date.Sub(want); off.Abs() > 25*time.Millisecond {
					t.Errorf("segment %d is dated %v off its arrival", i, off)
				}
			}
		}
	})
}

func TestAnotherBroadcast(t *testing.T) {
	bubble(t, settings{}, func(t *testing.T, h *house) {
		p := h.Publish(hubtest.Tracks(hubtest.Video(0), hubtest.Audio()))
		p.Send(5 * time.Second)
		first, _ := children(t, h.Get("index.m3u8"))
		w := h.watch(first)
		w.poll()
		p.End(nil)
		synctest.Wait()
		if again, _ := children(t, h.Get("index.m3u8")); again != first {
			t.Errorf("after the end the index has %s", again)
		}
		p = h.Publish(hubtest.Tracks(hubtest.Video(0), hubtest.Audio()))
		p.Send(5 * time.Second)
		w.poll()
		if !w.last.ended {
			t.Error("a player of the first broadcast sees no end")
		}
		second, _ := children(t, h.Get("index.m3u8"))
		if second == first {
			t.Error("another broadcast has the same addresses")
		}
		w.poll()
		h.watch(second).poll()
	})
}

func TestTracksThatCome(t *testing.T) {
	bubble(t, settings{}, func(t *testing.T, h *house) {
		p := h.Publish(hubtest.Tracks(hubtest.Audio()))
		p.Send(8 * time.Second)
		index := h.Get("index.m3u8")
		only, none := children(t, index)
		if none != "" || strings.Contains(index, "RESOLUTION") || !strings.Contains(only, "audio") {
			t.Errorf("sound alone has the index\n%s", index)
		}
		w := h.watch(only)
		w.poll()
		p.Tracks = hubtest.Tracks(hubtest.Video(0), hubtest.Audio())
		p.Send(8 * time.Second)
		synctest.Wait()
		w.poll()
		if !w.last.ended {
			t.Error("the playlist without picture goes on")
		}
		video, audio := children(t, h.Get("index.m3u8"))
		if video == only || audio == only || audio == "" {
			t.Errorf("with a picture the index has %s and %s", video, audio)
		}
		h.watch(video).poll()
		h.watch(audio).poll()
	})
}

func TestPictureOnly(t *testing.T) {
	bubble(t, settings{}, func(t *testing.T, h *house) {
		p := h.Publish(hubtest.Tracks(hubtest.Video(0)))
		p.Send(8 * time.Second)
		video, audio := children(t, h.Get("index.m3u8"))
		if audio != "" {
			t.Errorf("audio %s", audio)
		}
		h.watch(video).poll()
	})
}

func TestYoungStream(t *testing.T) {
	bubble(t, settings{}, func(t *testing.T, h *house) {
		hubtest.WantProblem(t, h.Do("GET", "index.m3u8"), http.StatusNotFound, "not on air")
		p := h.Publish(hubtest.Tracks(hubtest.Video(0), hubtest.Audio()))
		p.Send(200 * time.Millisecond)
		go p.Send(10 * time.Second)
		begun := time.Now()
		video, _ := children(t, h.Get("index.m3u8"))
		if waited := time.Since(begun); waited > 2*time.Second {
			t.Errorf("the first segment took %v", waited)
		}
		h.watch(video).poll()
		time.Sleep(11 * time.Second)
	})
}

func TestStreamWithoutSegments(t *testing.T) {
	bubble(t, settings{}, func(t *testing.T, h *house) {
		p := h.Publish(hubtest.Tracks(hubtest.Video(0), hubtest.Audio()))
		p.Send(200 * time.Millisecond)
		r := h.Do("GET", "index.m3u8")
		hubtest.WantProblem(t, r, http.StatusServiceUnavailable, "just begun")
		if r.Header.Get("Retry-After") == "" {
			t.Error("nothing says when to try again")
		}
		// A broadcast that is over before its first whole segment has one.
		answers := make(chan *http.Response)
		go func() { answers <- h.Do("GET", "index.m3u8") }()
		synctest.Wait()
		p.End(nil)
		video, _ := children(t, hubtest.Read(t, <-answers))
		synctest.Wait() // the end comes right behind the segment
		if list := parsePlaylist(t, h.Get(video)); !list.ended || len(list.entries) != 1 {
			t.Errorf("playlist %+v", list)
		}
	})
}

func TestUnplayableStream(t *testing.T) {
	bubble(t, settings{}, func(t *testing.T, h *house) {
		p := h.Publish(hubtest.Tracks(&media.Track{Kind: media.Video, Codec: media.AV1, Config: []byte{1}}))
		p.Send(3 * time.Second)
		hubtest.WantProblem(t, h.Do("GET", "index.m3u8"), http.StatusNotFound, "AV1")

		// The other track is played all the same.
		p.Tracks = hubtest.Tracks(&media.Track{Kind: media.Video, Codec: media.AV1, Config: []byte{1}}, hubtest.Audio())
		p.Send(5 * time.Second)
		synctest.Wait()
		if index := h.Get("index.m3u8"); !strings.Contains(index, `CODECS="mp4a.40.2"`) {
			t.Errorf("index\n%s", index)
		}
	})
}

func TestRest(t *testing.T) {
	bubble(t, settings{}, func(t *testing.T, h *house) {
		p := h.Publish(hubtest.Tracks(hubtest.Video(0), hubtest.Audio()))
		p.Send(5 * time.Second)
		video, _ := children(t, h.Get("index.m3u8"))
		first := parsePlaylist(t, h.Get(video)).entries[0].uri
		p.Send(restAfter - 5*time.Second)
		parsePlaylist(t, h.Get(video)) // still there, and counts as a request
		p.Send(restAfter - 5*time.Second)
		parsePlaylist(t, h.Get(video))
		p.Send(restAfter + 2*time.Second)
		if h.window.Stream("live/cam") != nil {
			t.Error("packaging goes on with nobody watching")
		}
		hubtest.WantProblem(t, h.Do("GET", video), http.StatusNotFound, "index.m3u8")
		hubtest.WantProblem(t, h.Do("GET", first), http.StatusNotFound, "index.m3u8")
		if again, _ := children(t, h.Get("index.m3u8")); again == video {
			t.Error("the same addresses after a rest")
		}
	})
}

func TestCounters(t *testing.T) {
	bubble(t, settings{}, func(t *testing.T, h *house) {
		if h.window.Stream("live/cam") != nil {
			t.Error("a stream that is not there has viewers")
		}
		p := h.Publish(hubtest.Tracks(hubtest.Video(0), hubtest.Audio()))
		p.Send(5 * time.Second)
		index := h.Get("index.m3u8")
		video, _ := children(t, index)
		list := h.Get(video)
		segment := h.Get(parsePlaylist(t, list).entries[0].uri)
		part := h.Do("GET", parsePlaylist(t, list).entries[0].uri, "Range", "bytes=0-99")
		audience := h.window.Stream("live/cam").Audience(protocol)
		want := uint64(len(index) + len(list) + len(segment) + 100)
		if part.StatusCode != http.StatusPartialContent || audience.BytesSent() != want {
			t.Errorf("%s, %d bytes sent, want %d", part.Status, audience.BytesSent(), want)
		}
		h.Do("GET", strings.Replace(video, ".m3u8", "_4711.m4s", 1))
		counted := []deliver.Requests{
			{File: "index", Served: 1}, {File: "playlist", Served: 1}, {File: "init"}, {File: "segment", Served: 2, Missed: 1}, {File: "part"},
		}
		made := h.window.Stats()
		if !slices.Equal(h.hls.Requests(), counted) || made.Packagers != 1 || made.Segments < 4 || made.Panics != 0 {
			t.Errorf("%+v, %+v", h.hls.Requests(), made)
		}
		p.Send(2 * time.Second)
		info, _ := h.Registry.Stream("live/cam")
		if audience.Viewers() != 1 || info.Viewers["hls"] != 1 || info.BytesOut != want {
			t.Errorf("%d viewers here, %+v and %d bytes there", audience.Viewers(), info.Viewers, info.BytesOut)
		}
		p.Send(25 * time.Second)
		if info, _ = h.Registry.Stream("live/cam"); info.Viewers["hls"] != 0 {
			t.Errorf("viewers %v after they went", info.Viewers)
		}
	})
}

func TestFirstComeAtOnce(t *testing.T) {
	bubble(t, settings{}, func(t *testing.T, h *house) {
		p := h.Publish(hubtest.Tracks(hubtest.Video(0), hubtest.Audio()))
		p.Send(5 * time.Second)
		lists := make(chan string)
		for range 50 {
			go func() { lists <- hubtest.Read(t, h.Do("GET", "index.m3u8")) }()
		}
		first := <-lists
		for range 49 {
			if next := <-lists; next != first {
				t.Errorf("one got\n%s\nanother\n%s", first, next)
			}
		}
	})
}

func TestViewerGivesUp(t *testing.T) {
	bubble(t, settings{}, func(t *testing.T, h *house) {
		h.Publish(hubtest.Tracks(hubtest.Video(0))).Send(100 * time.Millisecond)
		done := make(chan bool)
		go func() {
			h.Do("GET", "index.m3u8")
			close(done)
		}()
		synctest.Wait()
		h.window.Close() // the server goes down meanwhile
		<-done
		if r := h.Do("GET", "index.m3u8"); r.StatusCode != http.StatusServiceUnavailable {
			t.Errorf("a closed handler answers %s", r.Status)
		}
	})
}
