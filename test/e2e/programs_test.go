package e2e

import (
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// rtmpdump and GStreamer write what they play into a file: it holds what
// FFmpeg sent, unchanged.
func TestOtherPlayers(t *testing.T) {
	t.Parallel()
	s := start(t, "--open")
	file := clip(t, "plain", 10)
	in := probe(t, file).packets(t, 20*time.Second)
	publisher := publish(t, file, s.rtmpURL("live/others"))
	s.waitState(t, "live/others", "live")

	dir := t.TempDir()
	dumped, streamed := filepath.Join(dir, "rtmpdump.flv"), filepath.Join(dir, "gstreamer.flv")
	rtmpdump := launch(t, "rtmpdump", "-v", "-r", s.rtmpURL("live/others"), "-o", dumped)
	gst := launch(t, "gst-launch-1.0", "rtmp2src", "location="+s.rtmpURL("live/others"), "!", "filesink", "location="+streamed)
	publisher.wait(t, 30*time.Second)

	for _, p := range []struct {
		process *process
		file    string
		missing int
	}{{rtmpdump, dumped, 0}, {gst, streamed, 2}} {
		if code := p.process.wait(t, 20*time.Second); code != 0 {
			t.Errorf("%s ended with status %d", p.process.name, code)
		}
		equalBut(t, p.process.name, in, probe(t, p.file).packets(t, 20*time.Second), 0, p.missing)
	}
}

// What GStreamer publishes decodes in FFmpeg without a complaint on every
// output.
func TestGStreamerPublishes(t *testing.T) {
	t.Parallel()
	s := start(t, "--open")
	publisher := launch(t, "gst-launch-1.0", "-e",
		"flvmux", "name=m", "streamable=true", "!", "rtmp2sink", "location="+s.rtmpURL("live/gst"),
		"videotestsrc", "is-live=true", "num-buffers=200", "!", "video/x-raw,width=320,height=180,framerate=25/1", "!",
		"x264enc", "key-int-max=25", "speed-preset=ultrafast", "tune=zerolatency", "bitrate=300", "!", "m.",
		"audiotestsrc", "is-live=true", "num-buffers=370", "!", "audio/x-raw,rate=48000,channels=2", "!", "avenc_aac", "!", "aacparse", "!", "m.")
	s.waitState(t, "live/gst", "live")
	players := make([]*process, len(outputs))
	for i, o := range outputs {
		args := append([]string{"-hide_banner", "-loglevel", "warning", "-stats"}, o.flags...)
		players[i] = launch(t, "ffmpeg", append(args, "-i", o.url(s, "live/gst"), "-f", "null", "-")...)
	}
	if code := publisher.wait(t, 30*time.Second); code != 0 {
		t.Errorf("GStreamer ended with status %d", code)
	}
	for i, o := range outputs {
		if code := players[i].wait(t, 30*time.Second); code != 0 {
			t.Errorf("%s: FFmpeg ended with status %d", o.name, code)
		}
		text := players[i].out.String()
		for _, bad := range []string{"error", "corrupt", "Invalid"} {
			if strings.Contains(text, bad) {
				t.Errorf("%s: FFmpeg complains of %q:\n%s", o.name, bad, text)
			}
		}
		if !strings.Contains(text, "frame=") {
			t.Errorf("%s: FFmpeg decoded no picture:\n%s", o.name, text)
		}
	}
}
