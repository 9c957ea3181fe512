package e2e

import (
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// shelved are the files of time shift in the server's data folder, and their bytes.
func (s *server) shelved(t *testing.T) (names []string, size int64) {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(s.data, "time-shift", "*", "*.m4s"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		if info, err := os.Stat(name); err == nil { // it may go at any time
			size += info.Size()
		}
	}
	return names, size
}

// Whoever comes late to a stream with time shift gets its first packets over HLS and
// DASH, long after they have left the memory, and all of them; so does who comes when
// it is over.
func TestTimeShift(t *testing.T) {
	t.Parallel()
	s := start(t, "--open", "--time-shift", "1h")
	const stream = "live/shift"
	file := clip(t, "plain", 60)
	begun := time.Now()
	publisher := publish(t, file, s.rtmpURL(stream))
	s.waitState(t, stream, "live")
	// Nobody watches; memory keeps sixteen seconds.
	wait(t, 60*time.Second, "40 s of the stream to be on disk", func() bool {
		names, _ := s.shelved(t)
		return len(names) >= 2*20
	})
	hls := probe(t, s.hlsURL(stream), "-live_start_index", "0")
	// A span of the past has an end, which FFmpeg needs to begin at its beginning.
	span := url.Values{
		"start": {strconv.FormatInt(begun.Add(-time.Minute).Unix(), 10)},
		"end":   {strconv.FormatInt(time.Now().Add(-10*time.Second).Unix(), 10)},
	}.Encode()
	cut := probe(t, s.dashURL(stream)+"?"+span)
	in := probe(t, file).packets(t, 30*time.Second)
	early := cut.packets(t, 40*time.Second)
	shiftRun(t, "DASH, a span", in, early, 20)
	publisher.wait(t, 60*time.Second)
	late := hls.packets(t, 40*time.Second)
	equal(t, "HLS, from the oldest", in, late, time.Millisecond)
	shiftRun(t, "HLS, from the oldest", in, late, 59)
	wait(t, 10*time.Second, "the manifest to end", func() bool {
		return strings.Contains(s.get("/"+stream+"/manifest.mpd").body, `type="static"`)
	})
	shiftRun(t, "DASH, all of it", in, probe(t, s.dashURL(stream)).packets(t, 40*time.Second), 59)
	late = probe(t, s.hlsURL(stream)).packets(t, 40*time.Second)
	equal(t, "HLS, all of it", in, late, time.Millisecond)
	shiftRun(t, "HLS, all of it", in, late, 59)
	s.stop(t)
	if names, _ := s.shelved(t); len(names) > 0 {
		t.Errorf("%d files are left at the end", len(names))
	}
}

// shiftRun checks that packets are those that were sent first, for some seconds at
// least.
func shiftRun(t *testing.T, name string, in, got []packet, seconds float64) {
	t.Helper()
	for _, kind := range trackNames(in) {
		want, have := of(kind, in), of(kind, got)
		if len(have) == 0 || len(have) > len(want) {
			t.Errorf("%s: %d of %d %s packets came out", name, len(have), len(want), kind)
			continue
		}
		for i, p := range have {
			if p.hash != want[i].hash {
				t.Errorf("%s: %s packet %d is another than was sent", name, kind, i)
				break
			}
		}
		if d := have[len(have)-1].dts - have[0].dts; d < seconds {
			t.Errorf("%s: %.1f s of the %s came out", name, d, kind)
		}
	}
}

// A server that was killed leaves files behind. The next one removes them and
// nothing else, and begins anew.
func TestTimeShiftAfterKill(t *testing.T) {
	t.Parallel()
	s := start(t, "--open", "--time-shift", "1h")
	const stream = "live/killed"
	file := clip(t, "plain", 30)
	publisher := publish(t, file, s.rtmpURL(stream))
	wait(t, 30*time.Second, "files", func() bool { names, _ := s.shelved(t); return len(names) >= 8 })
	s.cmd.Process.Kill()
	<-s.done
	publisher.kill()
	left, _ := s.shelved(t)
	strange := filepath.Join(s.data, "time-shift", "film.mp4")
	if err := os.WriteFile(strange, []byte("a film"), 0o600); err != nil || len(left) < 8 {
		t.Fatalf("%d files are left; %v", len(left), err)
	}
	again := startIn(t, s.data, "--open", "--time-shift", "1h")
	wait(t, 10*time.Second, "what was left to be removed", func() bool { names, _ := again.shelved(t); return len(names) == 0 })
	if _, err := os.Stat(strange); err != nil {
		t.Errorf("somebody else's file: %v", err)
	}
	publisher = publish(t, file, again.rtmpURL(stream))
	wait(t, 30*time.Second, "files", func() bool { names, _ := again.shelved(t); return len(names) >= 20 })
	hls := probe(t, again.hlsURL(stream), "-live_start_index", "0")
	publisher.wait(t, 40*time.Second)
	shiftRun(t, "HLS, from the oldest", probe(t, file).packets(t, 30*time.Second), hls.packets(t, 40*time.Second), 29)
}

// A window that is many times what memory may hold costs disk, no more of it than it
// may, and no memory.
func TestTimeShiftMemory(t *testing.T) {
	t.Parallel()
	s := start(t, "--open", "--time-shift", "1h", "--time-shift-bytes", "300MB")
	const stream = "live/long"
	// Filler makes 8 Mbit/s of a picture that costs no time.
	file := clip(t, "wide", 40, "-b:v", "8M", "-minrate", "8M", "-maxrate", "8M", "-bufsize", "8M", "-x264-params", "nal-hrd=cbr")
	publisher := launch(t, "ffmpeg", "-hide_banner", "-loglevel", "warning", "-readrate", "10", "-stream_loop", "9", "-i", file,
		"-c", "copy", "-f", "flv", s.rtmpURL(stream))
	s.waitState(t, stream, "live")
	most, disk := 0, int64(0)
	for publisher.running() {
		most = max(most, s.resident(t))
		_, size := s.shelved(t)
		disk = max(disk, size)
		time.Sleep(500 * time.Millisecond)
	}
	if disk < 200e6 || disk > 300e6 {
		t.Errorf("%d MB were on disk at most", disk/1e6)
	}
	if most > 256<<20 {
		t.Errorf("the server took %d MB of memory", most>>20)
	}
	t.Logf("%d MB on disk, %d MB of memory", disk/1e6, most>>20)
	a := s.get("/" + stream + "/manifest.mpd")
	if n := strings.Count(a.body, "<S "); a.status != http.StatusOK || n == 0 {
		t.Errorf("the manifest: %d\n%.1000s", a.status, a.body)
	}
}

// resident is how much memory the server takes.
func (s *server) resident(t *testing.T) int {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.cmd.Process.Pid))
	if err != nil {
		t.Skip("the memory of a process is asked for on Linux only")
	}
	for line := range strings.Lines(string(text)) {
		if rest, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			n, err := strconv.Atoi(strings.TrimSuffix(strings.TrimSpace(rest), " kB"))
			if err != nil {
				t.Fatalf("%q: %v", line, err)
			}
			return n << 10
		}
	}
	return 0
}
