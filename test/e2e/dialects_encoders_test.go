package e2e

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// gstreamer publishes two seconds by GStreamer.
func gstreamer(t *testing.T, before []string, url string) *process {
	t.Helper()
	words := slices.Concat(before, strings.Fields("gst-launch-1.0 -e flvmux name=m streamable=true ! rtmp2sink location="+url+
		" videotestsrc is-live=true num-buffers=50 ! video/x-raw,width=320,height=180,framerate=25/1 !"+
		" x264enc key-int-max=25 speed-preset=ultrafast tune=zerolatency bitrate=300 ! m."+
		" audiotestsrc is-live=true num-buffers=93 ! audio/x-raw,rate=48000,channels=2 ! avenc_aac ! aacparse ! m."))
	return launch(t, words[0], words[1:]...)
}

// GStreamer publishes over RTMPS where the certificate is trusted, and is sent
// away with a reason where it is not.
func TestGStreamerSecure(t *testing.T) {
	t.Parallel()
	f := fortified(t, "--open")
	t.Run("untrusted", func(t *testing.T) {
		if code := gstreamer(t, nil, f.at("rtmps", "rtmps", "live/untrusted")).wait(t, 30*time.Second); code == 0 {
			t.Error("it published to a server that it has no reason to trust")
		}
		f.logged(t, "connection refused", "when it saw the certificate", "The House's Authority")
	})
	t.Run("trusted", func(t *testing.T) {
		url := f.at("rtmps", "rtmps", "live/gst")
		player := ffmpeg7Run(t, f.signer.trust("rtmps"), "-i", url, "-f", "null", "-")
		f.waitState(t, "live/gst", "waiting")
		p := gstreamer(t, f.signer.trusting(t), url)
		if code := p.wait(t, time.Minute); code != 0 {
			t.Errorf("GStreamer ended with status %d", code)
		}
		if code := player.wait(t, 30*time.Second); code != 0 || strings.Contains(player.out.String(), "Error") {
			t.Errorf("FFmpeg ended with status %d:\n%s", code, player.out)
		}
		f.logged(t, "publish started", `"protocol":"rtmps"`, "live/gst")
	})
}

// OBS publishes over RTMPS where the certificate is trusted. Where it is not,
// the log says that it was OBS which went away, and what to do.
func TestOBSSecure(t *testing.T) {
	t.Parallel()
	f := fortified(t)
	key, err := os.ReadFile(filepath.Join(f.data, "first-key.txt"))
	if err != nil {
		t.Fatal(err)
	}
	k := &kitchen{server: f.server, key: lastWord(string(key))}
	profile := k.obsProfile(t, "rtmp://"+k.rtmp+"/live", f.at("rtmps", "rtmps", "live"))

	untrusting := launch(t, "../clients/obs", t.TempDir(), profile)
	f.logged(t, "connection refused", "the client refused our certificate", "The House's Authority")
	wait(t, 10*time.Second, "OBS to say so", func() bool { return strings.Contains(untrusting.out.String(), "Cert verify failed") })
	untrusting.kill()

	words := append(f.signer.trusting(t), "../clients/obs", t.TempDir(), profile)
	launch(t, words[0], words[1:]...)
	k.waitState(t, "live/main", "live")
	f.logged(t, "publish started", `"protocol":"rtmps"`, "live/main")
	got := probe(t, k.rtmpURL("live/main"), "-read_intervals", "%+3").packets(t, 30*time.Second)
	if video, audio := of("video", got), of("audio", got); len(video) < 60 || len(audio) < 90 || !video[0].key {
		t.Errorf("%d video and %d audio packets came out in three seconds", len(video), len(audio))
	}
	if strings.Contains(k.log.String(), k.key[5:]) {
		t.Error("the key is in the server's log")
	}
}
