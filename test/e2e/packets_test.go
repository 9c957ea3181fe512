package e2e

import (
	"cmp"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// clips makes the test files once a run.
var clips struct {
	dir string
	mu  sync.Mutex
}

// behind is how much nicer than what is tested the programs are that make its
// files.
const behind = "10"

// clip returns an FLV file of that many seconds: H.264 with B-frames and a key
// frame each second beside AAC. The options of FFmpeg's output follow.
func clip(t *testing.T, name string, seconds int, options ...string) string {
	t.Helper()
	clips.mu.Lock()
	defer clips.mu.Unlock()
	file := filepath.Join(clips.dir, fmt.Sprintf("%s-%d.flv", name, seconds))
	if exec.Command("test", "-s", file).Run() == nil {
		return file
	}
	args := []string{
		"-n", behind, "ffmpeg", "-hide_banner", "-loglevel", "error", "-y",
		"-f", "lavfi", "-i", "testsrc2=size=320x180:rate=25",
		"-f", "lavfi", "-i", "sine=frequency=440:sample_rate=44100",
		"-t", strconv.Itoa(seconds), "-pix_fmt", "yuv420p",
		"-c:v", "libx264", "-preset", "ultrafast", "-bf", "3", "-g", "25", "-b:v", "300k",
		"-c:a", "aac", "-b:a", "64k", "-ac", "2",
	}
	args = append(append(args, options...), file)
	if out, err := exec.Command("nice", args...).CombinedOutput(); err != nil {
		t.Fatalf("make the clip %s: %v\n%s", name, err, out)
	}
	return file
}

// packet is one coded access unit as FFmpeg's demuxers see it.
type packet struct {
	kind     string // video, audio; of further tracks video 1, audio 1 and so on
	pts, dts float64
	hash     string
	key      bool
}

// reading is a probe at work.
type reading struct {
	*process
	file string // of its findings: its complaints go to standard error
}

// probe starts to read every packet of a URL or file.
func probe(t *testing.T, url string, flags ...string) *reading {
	t.Helper()
	r := &reading{file: filepath.Join(t.TempDir(), "packets.json")}
	args := append([]string{
		"-hide_banner", "-loglevel", "warning", "-show_packets", "-show_data_hash", "MD5", "-of", "json", "-o", r.file,
	}, flags...)
	r.process = launch(t, "ffprobe", append(args, url)...)
	return r
}

// packets waits for the end of a probe and returns what it read.
func (r *reading) packets(t *testing.T, limit time.Duration) []packet {
	t.Helper()
	r.wait(t, limit)
	text, err := os.ReadFile(r.file)
	if err != nil {
		t.Fatalf("read ffprobe's packets: %v", err)
	}
	var doc struct {
		Packets []struct {
			Type  string `json:"codec_type"`
			PTS   string `json:"pts_time"`
			DTS   string `json:"dts_time"`
			Hash  string `json:"data_hash"`
			Flags string
		}
	}
	if err := json.Unmarshal(text, &doc); err != nil {
		t.Fatalf("read ffprobe's packets: %v\n%.2000s", err, text)
	}
	var out []packet
	for _, q := range doc.Packets {
		pts, err1 := strconv.ParseFloat(q.PTS, 64)
		dts, err2 := strconv.ParseFloat(q.DTS, 64)
		if q.Type != "video" && q.Type != "audio" {
			continue
		}
		if err1 != nil || err2 != nil {
			t.Fatalf("a %s packet has no time: pts %q dts %q", q.Type, q.PTS, q.DTS)
		}
		out = append(out, packet{q.Type, pts, dts, strings.TrimPrefix(q.Hash, "MD5:"), strings.Contains(q.Flags, "K")})
	}
	return out
}

func of(kind string, all []packet) []packet {
	var out []packet
	for _, p := range all {
		if p.kind == kind {
			out = append(out, p)
		}
	}
	return out
}

// trackNames returns the tracks that these packets belong to, in a fixed order.
func trackNames(lists ...[]packet) []string {
	var found []string
	for _, p := range slices.Concat(lists...) {
		if !slices.Contains(found, p.kind) {
			found = append(found, p.kind)
		}
	}
	slices.SortFunc(found, func(a, b string) int { // the picture first
		return cmp.Or(strings.Compare(b[:1], a[:1]), strings.Compare(a, b))
	})
	return found
}

// equal fails unless out is in from some packet on: the same bytes in the same
// order up to the last, with the same distances in time within tolerance.
// Presentation times have one offset for sound and picture. Decoding times
// have one for each, as a container may shift them to start at zero.
func equal(t *testing.T, name string, in, out []packet, tolerance time.Duration) {
	t.Helper()
	equalBut(t, name, in, out, tolerance, 0)
}

// equalBut is equal, with up to missing packets of each kind not there at the
// end: some players throw away what they have not read yet when they hear that
// the stream is over.
func equalBut(t *testing.T, name string, in, out []packet, tolerance time.Duration, missing int) {
	t.Helper()
	limit := tolerance.Seconds() + 1e-6
	pts := math.NaN()
	for _, kind := range trackNames(in, out) {
		want, got := of(kind, in), of(kind, out)
		if len(got) == 0 || len(got) > len(want) {
			t.Errorf("%s: %d %s packets came out of %d that went in", name, len(got), kind, len(want))
			continue
		}
		from := slices.IndexFunc(want, func(p packet) bool { return p.hash == got[0].hash })
		if left := len(want) - from - len(got); from < 0 || left < 0 || left > missing {
			// A hash may stand for several packets: silence is all alike.
			from = len(want) - len(got)
		}
		want = want[from : from+len(got)]
		if strings.HasPrefix(kind, "video") && !want[0].key {
			t.Errorf("%s: the %s starts without a key frame", name, kind)
		}
		if math.IsNaN(pts) {
			pts = got[0].pts - want[0].pts
		}
		dts := got[0].dts - want[0].dts
		for i := range want {
			late, shown := got[i].dts-want[i].dts-dts, got[i].pts-want[i].pts-pts
			if want[i].hash != got[i].hash || math.Abs(late) > limit || math.Abs(shown) > limit {
				t.Errorf("%s: %s packet %d of %d differs, moved by %+.4f s (dts), %+.4f s (pts): in %+v, out %+v",
					name, kind, i, len(want), late, shown, want[i], got[i])
				break
			}
		}
	}
}
