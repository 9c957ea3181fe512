package e2e

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// waitPlayers waits until so many players wait for a stream to begin.
func (s *server) waitPlayers(t *testing.T, name string, n int) {
	t.Helper()
	wait(t, 20*time.Second, fmt.Sprintf("%d players of %s to wait for it", n, name), func() bool {
		return slices.ContainsFunc(s.streams(t), func(st stream) bool { return st.Name == name && st.WaitingTotal == n })
	})
}

// waitPlaylist waits until HLS has the stream, and returns its index.
func (s *server) waitPlaylist(t *testing.T, name string) string {
	t.Helper()
	var index string
	wait(t, 20*time.Second, "the playlist of "+name, func() bool {
		index = s.get("/" + name + "/index.m3u8").body
		return strings.Contains(index, "#EXT-X-STREAM-INF:")
	})
	return index
}

// comeOut checks what each reader read against what went in. The names say
// which program and output they are.
func comeOut(t *testing.T, in []packet, readers map[string]reader) {
	t.Helper()
	for name, r := range readers {
		_, got := r.read(t, time.Minute)
		compare(t, name, in, got)
	}
}

// compare checks that the packets that came out went in: all of them from the
// first picture on where the player was there before the publisher, as those of
// RTMP are in these tests; at least two seconds' worth of pictures and sound
// where it came later.
func compare(t *testing.T, name string, in, got []packet) {
	t.Helper()
	tolerance := time.Duration(0)
	if strings.Contains(name, "HLS") {
		tolerance = time.Millisecond
		var again [][]packet
		got, again = recognized(in, got)
		for _, track := range again {
			equal(t, name+", another variant", of(track[0].kind, in), track, tolerance)
		}
	}
	equal(t, name, in, got, tolerance)
	for _, kind := range trackNames(in) {
		sent, came := len(of(kind, in)), len(of(kind, got))
		needed := min(sent, 50)
		if pictures := of("video", in); strings.Contains(name, "RTMP") && len(pictures) > 0 {
			needed = sent - slices.IndexFunc(of(kind, in), func(p packet) bool { return p.dts >= pictures[0].dts })
		}
		if came < needed {
			t.Errorf("%s: %d of %d %s packets came out", name, came, sent, kind)
		}
	}
}

// recognized names the tracks that came out like those that went in: HLS knows
// no identifiers. A picture may come out again, in another variant with another
// sound.
func recognized(in, got []packet) (tracks []packet, again [][]packet) {
	known := make(map[string]string) // tracks by hash
	for _, p := range in {
		known[p.hash] = p.kind
	}
	var seen []string
	for _, kind := range trackNames(got) {
		track := of(kind, got)
		name := known[track[len(track)/2].hash]
		for i := range track {
			track[i].kind = cmp.Or(name, kind)
		}
		if slices.Contains(seen, name) {
			again = append(again, track)
			continue
		}
		seen = append(seen, name)
		tracks = append(tracks, track...)
	}
	return tracks, again
}
