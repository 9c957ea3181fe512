package e2e

import (
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// Encoders for coding, options for FFmpeg 7.0: a key frame each second, and
// as little work as they can be asked for.
var (
	withAVC  = []string{"-c:v", "libx264", "-preset", "ultrafast", "-bf", "2"}
	withHEVC = []string{"-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=error:keyint=25:bframes=2:pools=1"}
	withAV1  = []string{"-c:v", "libaom-av1", "-cpu-used", "8", "-usage", "realtime"}
	withVP9  = []string{"-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8"}
	withAAC  = []string{"-c:a", "aac", "-ac", "2"}
	withOpus = []string{"-c:a", "libopus", "-b:a", "96k", "-ac", "2"}
	withFLAC = []string{"-c:a", "flac", "-ac", "2"}
	withAC3  = []string{"-c:a", "ac3", "-ac", "6"}
	withEAC3 = []string{"-c:a", "eac3", "-ac", "6"}
)

// enhancedClip returns an FLV file of that many seconds with these codecs. The
// program that coded it is always FFmpeg 7.0. FFmpeg 7.0 writes what it can
// itself; everything else is written by libav 8.1.
func enhancedClip(t *testing.T, name string, seconds int, write func(*testing.T, string, string), options ...[]string) string {
	t.Helper()
	inputs := []string{
		"-f", "lavfi", "-i", "testsrc2=size=320x180:rate=25",
		"-f", "lavfi", "-i", "sine=frequency=440:sample_rate=48000",
		"-map", "0:v", "-map", "1:a",
	}
	return codedClip(t, name, seconds, write, inputs, options)
}

// multitrackClip returns one with two pictures of 320x180 and 640x360 and two
// sounds in two languages.
func multitrackClip(t *testing.T, name string, seconds int, options ...[]string) string {
	t.Helper()
	inputs := []string{
		"-f", "lavfi", "-i", "testsrc2=size=320x180:rate=25", "-f", "lavfi", "-i", "testsrc2=size=640x360:rate=25",
		"-f", "lavfi", "-i", "sine=frequency=440:sample_rate=48000", "-f", "lavfi", "-i", "sine=frequency=880:sample_rate=48000",
		"-map", "0:v", "-map", "1:v", "-map", "2:a", "-map", "3:a",
		"-metadata:s:a:0", "language=eng", "-metadata:s:a:1", "language=deu",
	}
	return codedClip(t, name, seconds, libavWrites, inputs, options)
}

func codedClip(t *testing.T, name string, seconds int, write func(*testing.T, string, string), inputs []string, options [][]string) string {
	t.Helper()
	clips.mu.Lock()
	defer clips.mu.Unlock()
	coded := filepath.Join(clips.dir, name+"-"+strconv.Itoa(seconds)+".mp4")
	file := strings.TrimSuffix(coded, "mp4") + "flv"
	if _, err := os.Stat(file); err == nil {
		return file
	}
	length := []string{"-t", strconv.Itoa(seconds), "-pix_fmt", "yuv420p", "-g", "25", "-b:v", "300k"}
	p := launch(t, "nice", slices.Concat([]string{"-n", behind, ffmpeg7(t), "-hide_banner", "-loglevel", "warning", "-y"},
		inputs, length, slices.Concat(options...), []string{coded})...)
	if code := p.wait(t, 2*time.Minute); code != 0 {
		t.Fatalf("make the clip %s: status %d:\n%s", name, code, p.out)
	}
	write(t, coded, file)
	return file
}

func ffmpeg7Writes(t *testing.T, coded, file string) {
	t.Helper()
	if code := ffmpeg7Run(t, []string{"-i", coded, "-c", "copy"}, file).wait(t, time.Minute); code != 0 {
		t.Fatalf("FFmpeg 7.0 does not write %s", file)
	}
}

func libavWrites(t *testing.T, coded, file string) {
	t.Helper()
	if code := libav(t, "send.mjs", "flv", file, coded).wait(t, time.Minute); code != 0 {
		t.Fatalf("libav 8.1 does not write %s", file)
	}
}
