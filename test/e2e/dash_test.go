package e2e

import (
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

func (s *server) dashURL(stream string) string { return s.url("/" + stream + "/manifest.mpd") }

// dashCodings are what the tests of DASH send.
var dashCodings = []struct {
	name         string
	video, audio string // as FFmpeg calls them
	coders       [][]string
	codecs       []string // in the manifest
}{
	{name: "h264-aac", video: "h264", audio: "aac", coders: [][]string{withAVC, withAAC}, codecs: []string{"avc1.", "mp4a.40.2"}},
	{name: "hevc-ac3", video: "hevc", audio: "ac3", coders: [][]string{withHEVC, withAC3}, codecs: []string{"hvc1.", "ac-3"}},
	{name: "av1-opus", video: "av1", audio: "opus", coders: [][]string{withAV1, withOpus}, codecs: []string{"av01.", "opus"}},
	{name: "vp9-flac", video: "vp9", audio: "flac", coders: [][]string{withVP9, withFLAC}, codecs: []string{"vp09.", "flac"}},
}

// Both versions of FFmpeg and GStreamer play what FFmpeg coded by DASH while it is
// sent, and lose nothing of it from where they begin.
func TestDASHEveryPacket(t *testing.T) {
	t.Parallel()
	s := start(t, "--open")
	for _, c := range dashCodings {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			stream := "live/dash-" + c.name
			file := enhancedClip(t, "dash-"+c.name, 16, libavWrites, c.coders...)
			publisher := libavPublishes(t, file, s.rtmpURL(stream))
			s.waitState(t, stream, "live")
			wait(t, 10*time.Second, "a manifest", func() bool { return s.get("/"+stream+"/manifest.mpd").status == http.StatusOK })
			for _, codec := range c.codecs {
				if m := s.get("/" + stream + "/manifest.mpd").body; !strings.Contains(m, `codecs="`+codec) {
					t.Errorf("no codec %s in\n%s", codec, m)
				}
			}
			// Live sources of FFmpeg's have no end, so each is told how much to read.
			readers := make(map[string]reader)
			for version, program := range map[string]string{"5.1": "ffmpeg", "7.0": ffmpeg7(t)} {
				out := filepath.Join(t.TempDir(), "packets.txt")
				readers["FFmpeg "+version] = ffmpeg7Reader{launch(t, program, "-hide_banner", "-loglevel", "warning", "-y",
					"-copyts", "-i", s.dashURL(stream), "-map", "0:v", "-map", "0:a", "-c", "copy", "-t", "9", "-f", "framemd5", out), out}
			}
			in := sentBare(t, strings.TrimSuffix(file, "flv")+"mp4", "", "")
			for name, r := range readers {
				_, got := r.read(t, 40*time.Second)
				dashRun(t, name, in, got)
			}
			publisher.wait(t, 40*time.Second)
		})
	}
}

// dashRun checks that packets are a run of those that were sent, of each kind.
func dashRun(t *testing.T, name string, in, got []packet) {
	t.Helper()
	for _, kind := range trackNames(in) {
		want, have := of(kind, in), of(kind, got)
		if len(have) <= len(want)/3 {
			t.Errorf("%s: %d of %d %s packets came out", name, len(have), len(want), kind)
			continue
		}
		same := func(from int) bool {
			return len(have) <= len(want)-from &&
				slices.EqualFunc(want[from:from+len(have)], have, func(a, b packet) bool { return a.hash == b.hash })
		}
		if !slices.ContainsFunc(slices.Collect(upTo(len(want))), same) {
			t.Errorf("%s: the %d %s packets are no run of the %d that were sent", name, len(have), kind, len(want))
		}
	}
}

// GStreamer's demuxer for DASH writes what it reads into a file. Its younger one,
// dashdemux2 of 1.22, fills a buffer first that a live broadcast never fills.
func TestDASHGStreamer(t *testing.T) {
	t.Parallel()
	s := start(t, "--open")
	const stream = "live/gst-dashdemux"
	publisher := publish(t, clip(t, "dash-gst", 16, "-an"), s.rtmpURL(stream))
	s.waitState(t, stream, "live")
	wait(t, 10*time.Second, "a manifest", func() bool { return s.get("/"+stream+"/manifest.mpd").status == http.StatusOK })
	out := filepath.Join(t.TempDir(), "pictures.h264")
	gst := launch(t, "gst-launch-1.0", strings.Fields("-e souphttpsrc location="+s.dashURL(stream)+" ! dashdemux ! qtdemux"+
		" ! h264parse ! video/x-h264,stream-format=byte-stream ! filesink buffer-mode=unbuffered location="+out)...)
	written := func() int64 {
		info, err := os.Stat(out)
		if err != nil {
			return 0
		}
		return info.Size()
	}
	wait(t, 50*time.Second, "GStreamer to write pictures", func() bool { return written() > 50_000 || !gst.running() })
	if n := written(); n <= 50_000 {
		t.Errorf("GStreamer wrote %d bytes:\n%s", n, gst.out)
	}
	gst.kill()
	publisher.wait(t, 50*time.Second)
}

var dashMedia = regexp.MustCompile(`initialization="([^"]*)"`)

// The outside of it: the address in the API, counted viewers, the clock, and an end
// that players see.
func TestDASH(t *testing.T) {
	t.Parallel()
	s := start(t, "--open")
	const stream = "live/dash"
	publisher := publish(t, clip(t, "plain", 10), s.rtmpURL(stream))
	s.waitState(t, stream, "live")
	wait(t, 10*time.Second, "a manifest", func() bool { return s.get("/"+stream+"/manifest.mpd").status == http.StatusOK })
	a := s.get("/" + stream + "/manifest.mpd")
	if kind := a.header.Get("Content-Type"); kind != "application/dash+xml" || !strings.Contains(a.body, `type="dynamic"`) {
		t.Errorf("the manifest is %q:\n%s", kind, a.body)
	}
	at, err := time.Parse(time.RFC3339, s.get("/"+stream+"/time.mpd").body)
	if err != nil || time.Since(at).Abs() > 5*time.Second {
		t.Errorf("the clock says %v, %v", at, err)
	}
	if init := dashMedia.FindStringSubmatch(a.body); init == nil || s.get("/"+stream+"/"+init[1]).status != http.StatusOK {
		t.Errorf("no header at %v", init)
	}
	wait(t, 5*time.Second, "the viewer to be counted", func() bool { return s.stream(t, stream).Viewers["dash"] == 1 })
	s.waitMetric(t, `millrace_viewers{protocol="dash"}`, 1)
	s.waitMetric(t, `millrace_dash_requests_total{file="init",result="served"}`, 1)
	publisher.wait(t, 30*time.Second)
	wait(t, 10*time.Second, "the manifest to end", func() bool {
		return strings.Contains(s.get("/"+stream+"/manifest.mpd").body, `type="static"`)
	})
}

// What a span of time of DASH has is played to its end and is what was sent then.
func TestDASHSpan(t *testing.T) {
	t.Parallel()
	playSpan(t, "live/span-dash", "manifest.mpd", "souphttpsrc location=%s ! dashdemux ! qtdemux")
}
