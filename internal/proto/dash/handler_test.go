package dash

import (
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/millrace-live/millrace/internal/hub/hubtest"
)

// served is a house with a stream on air and the addresses of its files.
type served struct {
	*house
	init, segment, sound string
}

func serve(t *testing.T, h *house) served {
	t.Helper()
	h.Publish(hubtest.Tracks(hubtest.Video(0), hubtest.Audio())).Send(5 * time.Second)
	p := check(t, h.Get(manifestName)).periods[0]
	video, audio := p.track("video"), p.track("audio")
	return served{house: h, init: video.init, segment: video.segments[0].uri, sound: audio.segments[0].uri}
}

func TestHeaders(t *testing.T) {
	bubble(t, settings{}, func(t *testing.T, h *house) {
		s := serve(t, h)
		for _, c := range []struct{ file, kind, caching string }{
			{manifestName, "application/dash+xml", manifestCaching},
			{clockName, "text/plain; charset=utf-8", "no-store"},
			{s.segment, "video/mp4", mediaCaching},
			{s.sound, "audio/mp4", mediaCaching},
			{s.init, "video/mp4", mediaCaching},
		} {
			for _, method := range []string{"GET", "HEAD"} {
				r := s.Do(method, c.file)
				body := hubtest.Read(t, r)
				got := r.Header
				if r.StatusCode != http.StatusOK || got.Get("Content-Type") != c.kind ||
					got.Get("Cache-Control") != c.caching || got.Get("Access-Control-Allow-Origin") != "*" {
					t.Errorf("%s %s: %s %v", method, c.file, r.Status, got)
				}
				length, err := strconv.Atoi(got.Get("Content-Length"))
				if err != nil || length == 0 || method == "GET" && length != len(body) || method == "HEAD" && body != "" {
					t.Errorf("%s %s: Content-Length %d of %d bytes", method, c.file, length, len(body))
				}
			}
		}
		if at, err := time.Parse(time.RFC3339, h.Get(clockName)); err != nil || !at.Equal(time.Now()) {
			t.Errorf("the clock says %v, %v", at, err)
		}
	})
}

func TestGzipAndTags(t *testing.T) {
	bubble(t, settings{}, func(t *testing.T, h *house) {
		serve(t, h)
		plain := h.Do("GET", manifestName)
		zipped := h.Do("GET", manifestName, "Accept-Encoding", "br, gzip ; q=1")
		if zipped.Header.Get("Content-Encoding") != "gzip" || zipped.Header.Get("Vary") != "Accept-Encoding" {
			t.Errorf("zipped: %v", zipped.Header)
		}
		a, b := plain.Header.Get("ETag"), zipped.Header.Get("ETag")
		if a == "" || a == b || hubtest.Read(t, plain) != hubtest.Read(t, zipped) {
			t.Errorf("tags %s and %s", a, b)
		}
		for accept, tag := range map[string]string{"identity": a, "gzip;q=0": "W/" + a, "gzip": `"x", ` + b} {
			r := h.Do("GET", manifestName, "Accept-Encoding", accept, "If-None-Match", tag)
			if r.StatusCode != http.StatusNotModified || hubtest.Read(t, r) != "" {
				t.Errorf("%s with %s: %s", accept, tag, r.Status)
			}
		}
		if r := h.Do("GET", manifestName, "If-None-Match", b); r.StatusCode != http.StatusOK {
			t.Errorf("the tag of other bytes: %s", r.Status)
		}
	})
}

func TestRanges(t *testing.T) {
	bubble(t, settings{}, func(t *testing.T, h *house) {
		s := serve(t, h)
		whole := s.Get(s.segment)
		for value, want := range map[string]string{
			"bytes=0-1": whole[:2], "bytes=100-": whole[100:], "bytes=-10": whole[len(whole)-10:], "bytes=0-9007199254740991": whole,
		} {
			if r := s.Do("GET", s.segment, "Range", value); r.StatusCode != http.StatusPartialContent || hubtest.Read(t, r) != want {
				t.Errorf("%s: %s", value, r.Status)
			}
		}
		if r := s.Do("GET", s.segment, "Range", "bytes=99999999-"); r.StatusCode != http.StatusRequestedRangeNotSatisfiable {
			t.Errorf("behind the end: %s", r.Status)
		}
		if r := s.Do("GET", s.segment, "If-None-Match", `"`+s.segment+`"`); r.StatusCode != http.StatusNotModified {
			t.Errorf("known: %s", r.Status)
		}
	})
}

func TestMethods(t *testing.T) {
	bubble(t, settings{}, func(t *testing.T, h *house) {
		s := serve(t, h)
		for _, method := range []string{"POST", "PUT", "DELETE", "BREW"} {
			r := s.Do(method, s.segment)
			if r.Header.Get("Allow") == "" {
				t.Errorf("%s: nothing says what is allowed", method)
			}
			hubtest.WantProblem(t, r, http.StatusMethodNotAllowed, "GET")
		}
		r := s.Do("OPTIONS", manifestName)
		if r.StatusCode != http.StatusNoContent || r.Header.Get("Access-Control-Allow-Origin") != "*" ||
			!strings.Contains(r.Header.Get("Access-Control-Allow-Methods"), "GET") || r.Header.Get("Access-Control-Allow-Headers") == "" {
			t.Errorf("preflight: %s %v", r.Status, r.Header)
		}
	})
}

func TestUnknownFiles(t *testing.T) {
	bubble(t, settings{}, func(t *testing.T, h *house) {
		s := serve(t, h)
		id, _, _ := strings.Cut(s.init, "-")
		for _, file := range append(hostileNames,
			someID+"-video-0.m4s", id+"-video-7.m4s", id+"-video7-0.m4s", id+"-video-0-1.m4s", id+"-video-1-0.m4s",
			id+"-video-18446744073709551615-9223372036854775807.m4s",
		) {
			if strings.HasSuffix(file, "/") {
				continue // another stream's name
			}
			hubtest.WantProblem(t, h.Do("GET", file), http.StatusNotFound, "")
		}
	})
}

// Whatever is asked for, the answer is a file or a problem, at once.
func FuzzRequests(f *testing.F) {
	for _, name := range hostileNames {
		f.Add(name, "", "")
	}
	f.Add(manifestName, "token=%zz&a=b;c", "gzip")
	f.Add(manifestName, "start=-5&end=-3", "")
	f.Add(manifestName, "start=2026-11-21T20:00:00Z", "")
	f.Add("PRESENTATION-video-0.m4s", "_HLS_msn=1", "bytes=0-")
	f.Add("PRESENTATION-video-0-0.m4s", "CMCD=bl%3D1", "bytes=-1,0-0")
	h := newHouse(nil, settings{})
	f.Cleanup(h.window.Close)
	h.T = &testing.T{}
	p := h.Publish(hubtest.Tracks(hubtest.Video(0), hubtest.Audio()))
	p.SendAtOnce(9 * time.Second)
	var id string
	f.Fuzz(func(t *testing.T, file, query, field string) {
		h.T = t
		if id == "" {
			id = check(t, h.Get(manifestName)).periods[0].track("video").init[:26]
		}
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.URL.RawQuery = query
		r.Header.Set("Accept-Encoding", field)
		r.Header.Set("Range", field)
		w := httptest.NewRecorder()
		h.dash.ServeStream(w, r, "live/cam", strings.Replace(file, "PRESENTATION", id, 1))
		switch w.Code {
		case http.StatusOK, http.StatusPartialContent, http.StatusRequestedRangeNotSatisfiable, http.StatusNotFound,
			http.StatusBadRequest:
		default:
			t.Errorf("%q: %d %s", file, w.Code, w.Body)
		}
	})
}
