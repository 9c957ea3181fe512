package e2e

import (
	"encoding/json"
	"io"
	"net/http"
	"regexp"
	"testing"
	"time"

	"github.com/millrace-live/millrace/rtmp/message"
)

var viewerFaults = section{
	"A viewer is refused", "An RTMP player is told in an `onStatus`, and a line of the log, of level INFO, has it. Over HTTP the sentence is\n" +
		"the `detail` of a problem document (RFC 9457).",
	[]fault{
		{"RTMP: nothing is on air, also after the wait", "not on air", played(opened, message.CodePlayStreamNotFound, "live", "nothing")},
		{"RTMP: a key in place of the name", "must not be given to viewers", played(keyed, message.CodePlayFailed, "live", secret+"witness")},
		{"RTMP: a name that cannot be one", "stream name | .ts", played(opened, message.CodePlayStreamNotFound, "live", "cam1.ts")},
		{"HTTP-FLV: nothing is on air", "not on air", answered("GET", "/live/nothing.flv", 404)},
		{"MPEG-TS: nothing is on air", "not on air", answered("GET", "/live/nothing.ts", 404)},
		{"MPEG-TS: codecs that cannot be in it", "H.263", unpackable("/live/old.ts")},
		{"MPEG-TS: codecs that cannot be in its segments", "H.263", unpackable("/live/old/ts.m3u8")},
		{"MPEG-TS: a segment that is gone", "load ts.m3u8 again", answered("GET", "/live/witness/abcdefghijklmnopqrstuvwxyz_ts7.ts", 404)},
		{"MPEG-TS: a wrong method", "GET or HEAD", answered("POST", "/live/witness.ts", 405)},
		{"HLS: nothing is on air", "not on air", answered("GET", "/live/nothing/index.m3u8", 404)},
		{"HLS: a segment that is gone", "load index.m3u8 again", answered("GET", "/live/witness/abcdefghijklmnopqrstuvwxyz_video_7.m4s", 404)},
		{"HLS: a reload that makes no sense", "_HLS_msn", reloaded("abc")},
		{"HLS: codecs that cannot be in it", "H.263", unpackable("/live/old/index.m3u8")},
		{"HLS: a wrong method", "GET or HEAD", answered("POST", "/live/witness/index.m3u8", 405)},
		{"DASH: nothing is on air", "not on air", answered("GET", "/live/nothing/manifest.mpd", 404)},
		{"DASH: a segment that is gone", "load manifest.mpd again", answered("GET", "/live/witness/abcdefghijklmnopqrstuvwxyz-video-0-0.m4s", 404)},
		{"DASH: codecs that cannot be in it", "H.263", unpackable("/live/old/manifest.mpd")},
		{"DASH: a wrong method", "GET or HEAD", answered("POST", "/live/witness/manifest.mpd", 405)},
		{"HTTP-FLV: a wrong method", "GET", answered("POST", "/live/witness.flv", 405)},
		{"HTTP: a reserved name", "reserved", answered("GET", "/embed/open/cam1", 404)},
		{"HTTP: a control character in a name", "control characters", answered("GET", "/live/a%0Ab", 404)},
		{"HTTP: nothing at the address", "nothing at this address", answered("GET", "/robots.txt", 404)},
		{"HTTP: a key in place of the name", "must not be given to viewers", keyAsName},
		{"API: a stream that is not on air", "not on air", answered("GET", "/api/v1/streams/live/nobody", 404)},
		{"API: no token", "admin token | admin.token | Bearer", answered("POST", "/api/v1/reload", 401)},
		{"API: nothing at the address", "", answered("GET", "/api/v1/nothing", 404)},
	},
}

// answered asks for an address, and returns the detail of the answer.
func answered(method, path string, status int) func(*testing.T, *desk) string {
	return func(t *testing.T, _ *desk) string { return opened().detail(t, method, path, status) }
}

func (p *patient) detail(t *testing.T, method, path string, status int) string {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, p.url(path), nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	var problem struct {
		Title, Detail string
		Status        int
	}
	if err := json.Unmarshal(body, &problem); err != nil || problem.Status != status || resp.StatusCode != status ||
		resp.Header.Get("Content-Type") != "application/problem+json" {
		t.Errorf("%s, %v: %s", resp.Status, err, body)
	}
	return problem.Detail
}

// reloaded asks for the playlist of the picture as a player does that waits for a
// segment.
func reloaded(msn string) func(*testing.T, *desk) string {
	return func(t *testing.T, _ *desk) string {
		p := opened()
		var list string
		wait(t, 15*time.Second, "the playlist", func() bool {
			list = regexp.MustCompile(`(?m)^\w+_video\.m3u8$`).FindString(p.get("/live/witness/index.m3u8").body)
			return list != ""
		})
		return p.detail(t, "GET", "/live/witness/"+list+"?_HLS_msn="+msn, 400)
	}
}

func keyAsName(t *testing.T, _ *desk) string {
	return keyed().detail(t, "GET", "/live/"+secret+"witness.flv", 403)
}

// unpackable publishes a picture in Sorenson's codec, as Flash did, and asks for an
// address of that stream.
func unpackable(path string) func(*testing.T, *desk) string {
	return func(t *testing.T, _ *desk) string { return opened().unpackable(t, path) }
}

func (p *patient) unpackable(t *testing.T, path string) string {
	t.Helper()
	s := dialSender(t, p.rtmpURL("live/old"))
	const key, h263 = 1 << 4, 2
	if err := s.stream.WriteMessage(&message.Message{Type: message.Video, Payload: []byte{key | h263, 0, 0, 0x84}}); err != nil {
		t.Fatal(err)
	}
	p.waitState(t, "live/old", "live")
	return p.detail(t, "GET", path, 404)
}
