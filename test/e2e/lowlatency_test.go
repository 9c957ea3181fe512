package e2e

import (
	"fmt"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// measure is what the page's player did for some time.
const measure = `new Promise(done => {
	performance.clearResourceTimings();
	performance.setResourceTimingBufferSize(2000);
	const video = document.querySelector('video'), delays = [];
	let stalls = 0;
	video.addEventListener('waiting', () => stalls++);
	const from = video.currentTime, began = performance.now();
	const timer = setInterval(() => {
		const delay = parseFloat(document.querySelector('.delay')?.textContent);
		if (delay >= 0) delays.push(delay);
		if (performance.now() - began < %d) return;
		clearInterval(timer);
		const names = performance.getEntriesByType('resource').map(e => e.name);
		delays.sort((a, b) => a - b);
		done({
			Moved: video.currentTime - from, Took: (performance.now() - began) / 1000, Stalls: stalls,
			Median: delays[delays.length >> 1] ?? 0, Longest: delays[delays.length - 1] ?? 0,
			Parts: names.filter(n => /_\d+\.\d+\.m4s$/.test(n)).length,
			Bad: performance.getEntriesByType('resource').filter(e => e.responseStatus >= 400).map(e => e.responseStatus + ' ' + e.name),
			Reloads: names.filter(n => /_HLS_msn=\d+&_HLS_part=\d+/.test(n)).length,
		});
	}, 250);
})`

type measured struct {
	Moved, Took, Median, Longest float64
	Stalls, Parts, Reloads       int
	Bad                          []string
}

// The page's player is near the edge: it loads parts, by held reloads, and is about
// as far behind what arrives at the server as a single segment is long.
func TestPageWithLowLatency(t *testing.T) {
	s := start(t, "--open")
	publish(t, clip(t, "long", 100), s.rtmpURL("live/near"))
	s.waitState(t, "live/near", "live")
	page := browser(t)
	see(t, page, 10*time.Second, "open the page", chromedp.Navigate(s.url("/live/near")))
	plays(t, page, 15*time.Second)
	// A machine that has others to serve as well starves a browser now and then;
	// what counts is what the player does when it is let.
	for tries := 5; ; tries-- {
		got := see(t, page, 40*time.Second, "the player", chromedp.Evaluate[measured](fmt.Sprintf(measure, 10_000), chromedp.EvalAwaitPromise))
		t.Logf("%+v", got)
		if got.Median > 0 && got.Median <= 2 && got.Parts >= 75 && got.Reloads >= 75 && got.Moved >= got.Took-1 && got.Stalls <= 1 && len(got.Bad) == 0 {
			break
		}
		if tries == 0 {
			t.Errorf("the player is not near the edge")
			break
		}
	}
	screenshot(t, page, "page-low-latency")
}

// Players that know nothing of parts play the same playlist, without asking for
// anything that is not there.
func TestPlainPlayersOfLowLatency(t *testing.T) {
	s := start(t, "--open")
	publish(t, clip(t, "long", 60), s.rtmpURL("live/plain"))
	s.waitState(t, "live/plain", "live")
	wait(t, 15*time.Second, "the playlist", func() bool { return s.get("/live/plain/index.m3u8").status == 200 })
	time.Sleep(3 * time.Second)

	dir := t.TempDir()
	players := map[string]*process{
		"FFmpeg 5.1": launch(t, "ffmpeg", "-hide_banner", "-loglevel", "error", "-i", s.hlsURL("live/plain"),
			"-t", "10", "-c", "copy", "-y", filepath.Join(dir, "old.flv")),
		"FFmpeg 7.0": launch(t, ffmpeg7(t), "-hide_banner", "-loglevel", "error", "-i", s.hlsURL("live/plain"),
			"-t", "10", "-c", "copy", "-y", filepath.Join(dir, "new.flv")),
	}
	gst := launch(t, "gst-launch-1.0", "-q", "souphttpsrc", "location="+s.hlsURL("live/plain"), "!", "hlsdemux", "!",
		"qtdemux", "!", "h264parse", "!", "flvmux", "!", "filesink", "location="+filepath.Join(dir, "gst.flv"))
	for name, player := range players {
		if code := player.wait(t, 45*time.Second); code != 0 {
			t.Errorf("%s ended with status %d", name, code)
		}
	}
	gst.kill()
	for file, least := range map[string]int{"old.flv": 9 * (25 + 43), "new.flv": 9 * (25 + 43), "gst.flv": 9 * 25} {
		if n := len(probe(t, filepath.Join(dir, file)).packets(t, 20*time.Second)); n < least {
			t.Errorf("%s has %d packets of %d", file, n, least)
		}
	}
	for line := range strings.Lines(s.get("/metrics").body) {
		if strings.HasPrefix(line, "millrace_hls_requests_total") && strings.Contains(line, `"missed"`) && !strings.HasSuffix(strings.TrimSpace(line), " 0") {
			t.Errorf("players asked for what is not there: %s", line)
		}
	}
}

// A reload is held until the part is there, over a real connection, and the hinted
// part is as long in coming.
func TestHeldReload(t *testing.T) {
	t.Parallel()
	s := start(t, "--open", "--part-length", "500ms")
	publish(t, clip(t, "long", 60), s.rtmpURL("live/held"))
	s.waitState(t, "live/held", "live")
	var index answer
	wait(t, 15*time.Second, "the playlist", func() bool {
		index = s.get("/live/held/index.m3u8")
		return index.status == 200
	})
	video := "/live/held/" + regexp.MustCompile(`(?m)^\w+_video\.m3u8$`).FindString(index.body)
	hinted := regexp.MustCompile(`PRELOAD-HINT:TYPE=PART,URI="(\w+_video_(\d+)\.(\d+)\.m4s)"`)
	for range 10 {
		hint := hinted.FindStringSubmatch(s.get(video).body)
		if hint == nil {
			t.Fatalf("no hint in\n%s", s.get(video).body)
		}
		part := make(chan answer, 1)
		go func() { part <- s.get("/live/held/" + hint[1]) }()
		begun := time.Now()
		list := s.get(video + "?_HLS_msn=" + hint[2] + "&_HLS_part=" + hint[3])
		if took := time.Since(begun); list.status != 200 || took > time.Second || !strings.Contains(list.body, `,URI="`+hint[1]+`"`) {
			t.Errorf("a reload for %s.%s: %d after %v\n%s", hint[2], hint[3], list.status, took, list.body)
		}
		if got := <-part; got.status != 200 || len(got.body) < 1000 {
			t.Errorf("the hinted part: %d, %d bytes", got.status, len(got.body))
		}
		if target := regexp.MustCompile(`PART-TARGET=([\d.]+)`).FindStringSubmatch(list.body); target == nil {
			t.Errorf("no part target in\n%s", list.body)
		} else if v, _ := strconv.ParseFloat(target[1], 64); v < 0.45 || v > 0.55 {
			t.Errorf("part target %v", v)
		}
	}
}
