package e2e

import (
	"regexp"
	"strings"
	"testing"
	"time"
)

// A publisher that changes the size of its picture on air: every output gets
// the new sequence header before the first frame that needs it, and HLS marks
// a discontinuity with a new initialization.
func TestCodecChangesOnAir(t *testing.T) {
	t.Parallel()
	s := start(t, "--open")
	small, large := clip(t, "plain", 10), clip(t, "large", 6, "-vf", "scale=640:360", "-ac", "1")
	in := probe(t, small).packets(t, 20*time.Second)
	const second = 10.1 // where the other clip begins
	for _, p := range probe(t, large).packets(t, 20*time.Second) {
		p.dts += second
		p.pts += second
		in = append(in, p)
	}

	sender := dialSender(t, s.rtmpURL("live/change"))
	players := make([]*reading, len(outputs))
	joined := make(chan struct{})
	go func() {
		defer close(joined)
		s.waitState(t, "live/change", "live")
		for i, o := range outputs {
			players[i] = probe(t, o.url(s, "live/change"), o.flags...)
		}
	}()
	sender.send(t, small, 0)
	sender.media = time.Duration(second * float64(time.Second))
	sender.send(t, large, second*1000)
	<-joined
	playlist := s.get("/live/change/" + variant(t, s.get("/live/change/index.m3u8").body)).body
	if st := s.stream(t, "live/change"); st.Video == nil || st.Video.Width != 640 {
		t.Errorf("the API does not tell the new size: %+v", st.Video)
	}
	sender.stream.Close()

	for i, o := range outputs {
		equal(t, o.name, in, players[i].packets(t, 30*time.Second), o.tolerance)
	}
	if strings.Count(playlist, "#EXT-X-DISCONTINUITY\n") != 1 || strings.Count(playlist, "#EXT-X-MAP:") != 2 {
		t.Errorf("the playlist marks no change:\n%s", playlist)
	}
}

// variant returns the address of the picture's playlist.
func variant(t *testing.T, index string) string {
	t.Helper()
	m := regexp.MustCompile(`(?m)^#EXT-X-STREAM-INF:.*\n(.*)$`).FindStringSubmatch(index)
	if m == nil {
		t.Fatalf("no variant in the index:\n%s", index)
	}
	return m[1]
}
