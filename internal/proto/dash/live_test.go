package dash

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/millrace-live/millrace/internal/deliver"
	"github.com/millrace-live/millrace/internal/hub/hubtest"
	"github.com/millrace-live/millrace/internal/window"
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

func TestLive(t *testing.T) {
	bubble(t, settings{}, func(t *testing.T, h *house) {
		p := h.Publish(hubtest.Tracks(hubtest.Video(0), hubtest.Audio()))
		p.Send(7 * time.Second)
		begun := time.Now()
		w := h.watch()
		w.poll()
		if waited := time.Since(begun); waited > 0 {
			t.Errorf("the first manifest took %v", waited)
		}
		step := func(n int) {
			t.Helper()
			for range n {
				p.Send(520 * time.Millisecond) // whole pictures, and another place in the second each time
				synctest.Wait()
				w.poll()
			}
		}
		step(40)
		newest := w.last.periods[0].track("video").segments
		edge := newest[len(newest)-1]
		// Media is listed when it is there, not later: the segment that is open.
		if now := time.Since(w.last.begun); now < edge.start || now > edge.start+edge.length {
			t.Errorf("after %v the newest segment is from %v for %v", now, edge.start, edge.length)
		}

		// The publisher vanishes: nothing changes until it is back.
		p.End(errors.New("connection reset"))
		for range 10 {
			time.Sleep(time.Second)
			w.poll()
		}
		if w.last.static {
			t.Error("the manifest ended within the grace time")
		}
		p = h.Publish(hubtest.Tracks(hubtest.Video(0), hubtest.Audio()))
		step(20)
		if n := len(w.last.periods); n != 2 {
			t.Errorf("%d periods after the publisher came back:\n%s", n, w.last.text)
		}
		if !strings.Contains(w.last.text, `schemeIdUri="urn:mpeg:dash:period-connectivity:2015" value="p0"`) {
			t.Errorf("nothing says that the decoders can stay:\n%s", w.last.text)
		}
		// It stands in the timeline where it arrived.
		if at := w.last.periods[1].start; (at - (27800+10000)*time.Millisecond).Abs() > 50*time.Millisecond {
			t.Errorf("the second period starts at %v", at)
		}

		// Another picture size in the same broadcast.
		other := hubtest.Video(0)
		larger := *other.Format.(*media.AVCConfig)
		larger.Width *= 2
		other.Format = &larger
		p.Tracks = hubtest.Tracks(other, hubtest.Audio())
		step(10)
		if last := w.last.periods[len(w.last.periods)-1]; !strings.HasSuffix(last.track("video").init, "-1.m4s") {
			t.Errorf("the new picture has the header %s", last.track("video").init)
		}
		// Key frames farther apart.
		p.Key = 5 * time.Second
		step(40)

		p.End(nil)
		synctest.Wait()
		w.poll()
		if !w.last.static {
			t.Errorf("after the end:\n%s", w.last.text)
		}
		for _, track := range []string{"video", "audio"} {
			// The encoder changed the picture size between two key frames.
			if d := w.length(track); d < 63*time.Second || d > 64300*time.Millisecond {
				t.Errorf("%v of %s were listed of 64.2 s", d, track)
			}
		}

		time.Sleep(endedFor + time.Second)
		synctest.Wait()
		for _, file := range []string{manifestName, w.last.periods[0].tracks[0].init} {
			hubtest.WantProblem(t, h.Do("GET", file), http.StatusNotFound, "")
		}
	})
}

// Other tracks and other codecs in a broadcast are periods of one manifest, though
// the window holds them apart.
func TestTracksThatComeAndGo(t *testing.T) {
	bubble(t, settings{}, func(t *testing.T, h *house) {
		p := h.Publish(hubtest.Tracks(hubtest.Audio()))
		p.Send(8 * time.Second)
		w := h.watch()
		w.poll()
		for _, set := range []*media.TrackSet{
			hubtest.Tracks(hubtest.Video(0), hubtest.Audio()),
			hubtest.Tracks(hubtest.Video(0)),
			hubtest.Tracks(hubtest.Video(0), hubtest.Audio()),
		} {
			p.Tracks = set
			p.Send(4 * time.Second)
			for range 6 {
				p.Send(500 * time.Millisecond)
				synctest.Wait()
				w.poll()
			}
		}
		if n := len(w.last.periods); len(w.periods) != 4 || n < 2 {
			t.Errorf("%d periods of 4, and now %s", len(w.periods), w.periodIDs())
		}
		if sets := w.sets; sets["video"] != "0" || sets["audio"] != "256" {
			t.Errorf("the adaptation sets are %v", sets)
		}
		// A minute later those that are over are gone.
		for range 140 {
			p.Send(500 * time.Millisecond)
			synctest.Wait()
			w.poll()
		}
		if n := len(w.last.periods); n != 1 || w.last.periods[0].start == 0 {
			t.Errorf("periods %s are left", w.periodIDs())
		}
	})
}

func TestAnotherBroadcast(t *testing.T) {
	bubble(t, settings{}, func(t *testing.T, h *house) {
		p := h.Publish(hubtest.Tracks(hubtest.Video(0), hubtest.Audio()))
		p.Send(9 * time.Second)
		w := h.watch()
		w.poll()
		p.End(nil)
		synctest.Wait()
		w.poll()
		if !w.last.static {
			t.Error("the manifest does not end with the broadcast")
		}
		first := w.last.root.attributes["id"]
		p = h.Publish(hubtest.Tracks(hubtest.Video(0), hubtest.Audio()))
		p.Send(5 * time.Second)
		other := h.watch()
		other.poll()
		if other.last.root.attributes["id"] == first || len(other.last.periods) != 1 || other.last.static {
			t.Errorf("another broadcast has the manifest\n%s", other.last.text)
		}
	})
}

func TestLadderAndLanguages(t *testing.T) {
	bubble(t, settings{}, func(t *testing.T, h *house) {
		small := *hubtest.Video(0)
		small.ID = 1
		german, comment := *hubtest.Audio(), *hubtest.Audio()
		german.ID, german.Language, german.Name = 1, "de-AT", `Deutsch & "Österreich"`
		comment.ID, comment.Language = 2, "no language!"
		p := h.Publish(hubtest.Tracks(hubtest.Video(0), &small, hubtest.Audio(), &german, &comment))
		p.Send(9 * time.Second)
		w := h.watch()
		w.poll()
		sets := make(map[string][]string)
		for _, track := range w.last.periods[0].tracks {
			sets[track.set] = append(sets[track.set], track.id)
		}
		if len(sets) != 4 || len(sets["0"]) != 2 || sets["257"][0] != "audio1" {
			t.Errorf("adaptation sets %v", sets)
		}
		for _, want := range []string{
			`lang="de-AT"`, `<Label>Deutsch &amp; &#34;Österreich&#34;</Label>`, `value="alternate"`, `segmentAlignment="true"`,
		} {
			if !strings.Contains(w.last.text, want) {
				t.Errorf("no %s in\n%s", want, w.last.text)
			}
		}
		if strings.Contains(w.last.text, "no language") {
			t.Error("what is no language stands in the manifest")
		}
	})
}

func TestWithoutParts(t *testing.T) {
	whole := settings{window: window.Options{Lengths: func(string) window.Lengths { return window.Lengths{} }}}
	bubble(t, whole, func(t *testing.T, h *house) {
		p := h.Publish(hubtest.Tracks(hubtest.Video(0), hubtest.Audio()))
		p.Send(7 * time.Second)
		w := h.watch()
		for range 20 {
			w.poll()
			p.Send(500 * time.Millisecond)
			synctest.Wait()
		}
		if strings.Contains(w.last.text, "availabilityTime") && strings.Contains(w.last.text, "availabilityTimeOffset") ||
			strings.Contains(w.last.text, "ProducerReferenceTime") {
			t.Errorf("low latency without parts:\n%s", w.last.text)
		}
		if w.last.latency != 6*time.Second {
			t.Errorf("players are to be %v behind", w.last.latency)
		}
	})
}

// A segment that is open leaves part by part, and is what it is when it is whole.
func TestOpenSegment(t *testing.T) {
	bubble(t, settings{}, func(t *testing.T, h *house) {
		p := h.Publish(hubtest.Tracks(hubtest.Video(0), hubtest.Audio()))
		p.Send(6500 * time.Millisecond)
		synctest.Wait()
		m := check(t, h.Get(manifestName))
		segments := m.periods[0].track("video").segments
		open := segments[len(segments)-1].uri
		if head := h.Do("HEAD", open); head.StatusCode != http.StatusOK || head.Header.Get("Content-Length") != "" {
			t.Errorf("HEAD: %s %v", head.Status, head.Header)
		}
		w := &partWriter{ResponseRecorder: httptest.NewRecorder()}
		done := make(chan bool)
		go func() {
			r := httptest.NewRequest(http.MethodGet, "/live/cam/"+open, nil)
			h.Door.ServeHTTP(w, r)
			close(done)
		}()
		synctest.Wait()
		p.Send(1500 * time.Millisecond)
		p.Send(80 * time.Millisecond)
		synctest.Wait()
		select {
		case <-done:
		default:
			t.Fatal("the answer does not end with the segment")
		}
		if w.Code != http.StatusOK || w.Header().Get("Content-Length") != "" || w.Header().Get("Cache-Control") != mediaCaching {
			t.Errorf("%d %v", w.Code, w.Header())
		}
		// What was there came at once, and each part when it was made.
		var distinct []time.Time
		for _, at := range w.flushed {
			if len(distinct) == 0 || !distinct[len(distinct)-1].Equal(at) {
				distinct = append(distinct, at)
			}
		}
		if len(w.flushed) != 10 || len(distinct) < 8 {
			t.Errorf("parts came at %v", w.flushed)
		}
		for i, part := range w.parts {
			if strings.Count(part, "moof") != 1 || strings.Count(part, "mdat") != 1 {
				t.Errorf("chunk %d is not one of CMAF", i)
			}
		}
		if whole := h.Get(open); whole != w.Body.String() {
			t.Errorf("%d bytes came of %d", w.Body.Len(), len(whole))
		}
	})
}

// partWriter notes what was written between flushes, and when.
type partWriter struct {
	*httptest.ResponseRecorder
	from    int
	parts   []string
	flushed []time.Time
}

func (w *partWriter) Flush() {
	w.parts = append(w.parts, w.Body.String()[w.from:])
	w.from = w.Body.Len()
	w.flushed = append(w.flushed, time.Now())
}

// FFmpeg asks for the segment behind the last one that it knows of, and so does a
// player whose clock is ahead: it is kept waiting.
func TestSegmentThatComes(t *testing.T) {
	bubble(t, settings{}, func(t *testing.T, h *house) {
		p := h.Publish(hubtest.Tracks(hubtest.Video(0)))
		p.Send(7 * time.Second)
		synctest.Wait()
		segments := check(t, h.Get(manifestName)).periods[0].track("video").segments
		open := segments[len(segments)-1].uri
		next := strings.Replace(open, "-540000.", "-720000.", 1)
		far := strings.Replace(open, "-540000.", "-1080001.", 1)
		wrong := strings.Replace(open, "-540000.", "-720001.", 1)
		answers := make(map[string]chan *http.Response)
		for _, file := range []string{next, wrong} {
			answer := make(chan *http.Response, 1)
			answers[file] = answer
			go func() { answer <- h.Do("GET", file) }()
			synctest.Wait()
		}
		hubtest.WantProblem(t, h.Do("GET", far), http.StatusNotFound, "no such segment")
		hubtest.WantProblem(t, h.Do("GET", strings.Replace(open, "-0-540000.", "-1-540000.", 1)),
			http.StatusNotFound, "no such segment")
		p.Send(5200 * time.Millisecond)
		synctest.Wait()
		if r := <-answers[next]; r.StatusCode != http.StatusOK || hubtest.Read(t, r) != h.Get(next) {
			t.Errorf("the next segment: %s", r.Status)
		}
		hubtest.WantProblem(t, <-answers[wrong], http.StatusNotFound, "no such segment")
	})
}

// An encoder that stops in the middle of a segment: the answer is broken off.
func TestOpenSegmentStalls(t *testing.T) {
	bubble(t, settings{}, func(t *testing.T, h *house) {
		p := h.Publish(hubtest.Tracks(hubtest.Video(0)))
		p.Send(6500 * time.Millisecond)
		synctest.Wait()
		segments := check(t, h.Get(manifestName)).periods[0].track("video").segments
		r := httptest.NewRequest(http.MethodGet, "/live/cam/"+segments[len(segments)-1].uri, nil)
		begun := time.Now()
		defer func() {
			if v := recover(); v != http.ErrAbortHandler {
				t.Errorf("the answer ended with %v", v)
			}
			if waited := time.Since(begun); waited != 6*time.Second {
				t.Errorf("it took %v", waited)
			}
		}()
		h.Door.ServeHTTP(httptest.NewRecorder(), r)
	})
}

func TestYoungStream(t *testing.T) {
	bubble(t, settings{}, func(t *testing.T, h *house) {
		hubtest.WantProblem(t, h.Do("GET", manifestName), http.StatusNotFound, "not on air")
		p := h.Publish(hubtest.Tracks(hubtest.Video(0), hubtest.Audio()))
		p.Send(200 * time.Millisecond)
		r := h.Do("GET", manifestName)
		hubtest.WantProblem(t, r, http.StatusServiceUnavailable, "just begun")
		if r.Header.Get("Retry-After") == "" {
			t.Error("nothing says when to try again")
		}
		go p.Send(10 * time.Second)
		begun := time.Now()
		check(t, h.Get(manifestName))
		if waited := time.Since(begun); waited > 2*time.Second {
			t.Errorf("the first segment took %v", waited)
		}
		time.Sleep(11 * time.Second)
	})
}

func TestUnplayableStream(t *testing.T) {
	bubble(t, settings{}, func(t *testing.T, h *house) {
		p := h.Publish(hubtest.Tracks(&media.Track{Kind: media.Video, Codec: media.AV1, Config: []byte{1}}))
		p.Send(3 * time.Second)
		hubtest.WantProblem(t, h.Do("GET", manifestName), http.StatusNotFound, "AV1")
	})
}

func TestRest(t *testing.T) {
	bubble(t, settings{}, func(t *testing.T, h *house) {
		p := h.Publish(hubtest.Tracks(hubtest.Video(0), hubtest.Audio()))
		p.Send(5 * time.Second)
		init := check(t, h.Get(manifestName)).periods[0].tracks[0].init
		p.Send(restAfter - 5*time.Second)
		h.Get(init) // still there, and counts as a request
		p.Send(restAfter + 2*time.Second)
		hubtest.WantProblem(t, h.Do("GET", init), http.StatusNotFound, "manifest.mpd")
		if again := check(t, h.Get(manifestName)).periods[0].tracks[0].init; again == init {
			t.Error("the same addresses after a rest")
		}
	})
}

func TestCounters(t *testing.T) {
	bubble(t, settings{}, func(t *testing.T, h *house) {
		p := h.Publish(hubtest.Tracks(hubtest.Video(0), hubtest.Audio()))
		p.Send(5 * time.Second)
		text := h.Get(manifestName)
		info, _ := h.Registry.Stream("live/cam")
		if info.Viewers[Protocol] != 0 {
			t.Error("who only read a manifest is a viewer")
		}
		video := check(t, text).periods[0].track("video")
		want := uint64(len(text) + len(h.Get(video.init)) + len(h.Get(video.segments[0].uri)))
		h.Do("GET", strings.Replace(video.init, "-0.m4s", "-7.m4s", 1))
		h.Get(clockName)
		p.Send(2 * time.Second)
		info, _ = h.Registry.Stream("live/cam")
		if info.Viewers[Protocol] != 1 || info.BytesOut != want {
			t.Errorf("%+v viewers and %d bytes, want %d", info.Viewers, info.BytesOut, want)
		}
		requests := []deliver.Requests{
			{File: "manifest", Served: 1}, {File: "clock", Served: 1}, {File: "init", Served: 1, Missed: 1}, {File: "segment", Served: 1},
		}
		for i, r := range h.dash.Requests() {
			if r != requests[i] {
				t.Errorf("%+v, want %+v", r, requests[i])
			}
		}
		p.Send(25 * time.Second)
		if info, _ = h.Registry.Stream("live/cam"); info.Viewers[Protocol] != 0 {
			t.Errorf("viewers %v after they went", info.Viewers)
		}
	})
}

func TestViewerGivesUp(t *testing.T) {
	bubble(t, settings{}, func(t *testing.T, h *house) {
		h.Publish(hubtest.Tracks(hubtest.Video(0))).Send(100 * time.Millisecond)
		done := make(chan bool)
		go func() {
			h.Do("GET", manifestName)
			close(done)
		}()
		synctest.Wait()
		h.window.Close() // the server goes down meanwhile
		<-done
		if r := h.Do("GET", manifestName); r.StatusCode != http.StatusServiceUnavailable {
			t.Errorf("a closed handler answers %s", r.Status)
		}
	})
}

// Over a real connection the parts of an open segment are chunks of HTTP, and a
// connection that is kept serves the next request.
func TestOverHTTP(t *testing.T) {
	h := newHouse(t, settings{})
	defer h.close()
	p := h.Publish(hubtest.Tracks(hubtest.Video(0), hubtest.Audio()))
	p.SendAtOnce(6400 * time.Millisecond)
	server := httptest.NewServer(h.Door)
	defer server.Close()
	get := func(file string) (*http.Response, string) {
		t.Helper()
		r, err := http.Get(server.URL + "/live/cam/" + file)
		if err != nil {
			t.Fatal(err)
		}
		defer r.Body.Close()
		b, err := io.ReadAll(r.Body)
		if err != nil || r.StatusCode != http.StatusOK {
			t.Fatalf("%s: %s %v", file, r.Status, err)
		}
		return r, string(b)
	}
	_, text := get(manifestName)
	segments := check(t, text).periods[0].track("video").segments
	open := segments[len(segments)-1].uri
	go func() {
		time.Sleep(50 * time.Millisecond)
		p.SendAtOnce(2 * time.Second)
	}()
	r, body := get(open)
	if len(r.TransferEncoding) != 1 || r.TransferEncoding[0] != "chunked" {
		t.Errorf("transfer %v, length %d", r.TransferEncoding, r.ContentLength)
	}
	if _, again := get(open); again != body {
		t.Errorf("%d bytes came of %d", len(body), len(again))
	}
}
