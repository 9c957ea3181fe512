package e2e

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

func (s *server) tsListURL(stream string) string { return s.url("/" + stream + "/ts.m3u8") }

// waitList waits until there is a playlist, and returns the address of the one with
// segments.
func (s *server) waitList(t *testing.T, stream string) string {
	t.Helper()
	var list string
	wait(t, 15*time.Second, "ts.m3u8", func() bool {
		a := s.get("/" + stream + "/ts.m3u8")
		lines := strings.Fields(a.body)
		if a.status == http.StatusOK {
			list = "/" + stream + "/" + lines[len(lines)-1]
		}
		return a.status == http.StatusOK
	})
	return list
}

// Every packet of what FFmpeg coded comes out of segments of MPEG-TS, in both
// versions of FFmpeg and through GStreamer's demuxers.
func TestTSSegmentsEveryPacket(t *testing.T) {
	t.Parallel()
	s := start(t, "--open")
	for _, c := range tsCodings {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			stream := "live/segments-" + c.name
			file, publisher := c.publish(t, s.rtmpURL(stream))
			s.waitState(t, stream, "live")
			list := s.waitList(t, stream)
			readers := make(map[string]reader)
			for version, program := range map[string]string{"FFmpeg 5.1": "ffmpeg", "FFmpeg 7.0": ffmpeg7(t)} {
				out := filepath.Join(t.TempDir(), "packets.txt")
				args := []string{
					"-hide_banner", "-loglevel", "warning", "-y", "-copyts", "-live_start_index", "0", "-i", s.tsListURL(stream),
					"-map", "0:v?", "-map", "0:a?", "-c", "copy",
				}
				readers[version] = ffmpeg7Reader{
					launch(t, program, slices.Concat(args, bare(c.video, c.audio, "ts"), []string{"-f", "framemd5", out})...), out,
				}
			}
			remuxed := filepath.Join(t.TempDir(), "remuxed.mkv")
			pipeline := strings.Join(gstRemuxes(c.video, c.audio, s.tsListURL(stream), remuxed), " ")
			gst := launch(t, "gst-launch-1.0", strings.Fields(strings.Replace(pipeline, " ! tsdemux", " ! hlsdemux ! tsdemux", 1))...)
			if code := publisher.wait(t, 40*time.Second); code != 0 {
				t.Fatalf("the publisher ended with status %d", code)
			}
			in := sentBare(t, file, c.video, c.audio)
			for name, r := range readers {
				_, got := r.read(t, 30*time.Second)
				equal(t, name, in, got, 2*time.Millisecond)
				enough(t, name, in, got)
				for _, word := range complained {
					if text := r.(ffmpeg7Reader).out.String(); strings.Contains(text, word) {
						t.Errorf("%s complains of %q:\n%s", name, word, text)
					}
				}
			}
			if code := gst.wait(t, 30*time.Second); code != 0 {
				t.Errorf("GStreamer ended with status %d:\n%s", code, gst.out)
			}
			_, got := readsBare(t, ffmpeg7(t), remuxed, bare(c.video, c.audio, "mkv")).read(t, 20*time.Second)
			hashes(t, "GStreamer", in, got)
			if text := s.get(list).body; !strings.HasSuffix(text, "#EXT-X-ENDLIST\n") {
				t.Errorf("the playlist has no end:\n%s", text)
			}
		})
	}
}

// Segments can be taken one by one: each has its tables, a key frame and a clock at
// its beginning, and all of them together are what was published.
func TestTSSegmentsDemuxedByAstits(t *testing.T) {
	t.Parallel()
	s := start(t, "--open")
	const stream = "live/segments-astits"
	file := clip(t, "ts-h264-aac", 10, "-ar", "44100")
	publisher := publish(t, file, s.rtmpURL(stream))
	s.waitState(t, stream, "live")
	list := s.waitList(t, stream)
	var names []string
	var all bytes.Buffer
	load := func() (text string) {
		text = s.get(list).body
		for line := range strings.Lines(text) {
			if line = strings.TrimSpace(line); strings.HasPrefix(line, "#") || slices.Contains(names, line) {
				continue
			}
			a := s.get("/" + stream + "/" + line)
			if a.status != http.StatusOK || a.header.Get("Content-Type") != "video/mp2t" || len(a.body)%188 != 0 {
				t.Errorf("%s: %d, %d bytes", line, a.status, len(a.body))
			}
			d := demux(t, []byte(a.body))
			if d.program == nil || len(d.units[0x100]) == 0 || d.units[0x100][0].FirstPacket.AdaptationField == nil ||
				!d.units[0x100][0].FirstPacket.AdaptationField.RandomAccessIndicator || !d.units[0x100][0].FirstPacket.AdaptationField.HasPCR {
				t.Errorf("%s does not begin with tables, a key frame and the clock", line)
			}
			names = append(names, line)
			all.WriteString(a.body)
		}
		return text
	}
	wait(t, 30*time.Second, "the end of the playlist", func() bool { return strings.Contains(load(), "#EXT-X-ENDLIST") })
	publisher.wait(t, 10*time.Second)
	if len(names) < 4 {
		t.Errorf("there are segments %v", names)
	}
	d := demux(t, all.Bytes())
	d.compare(t, file)
}

// A publisher who is killed and comes back goes on in the same playlist, behind a
// discontinuity; what is on air next has another one.
func TestTSSegmentsPublisherReturns(t *testing.T) {
	t.Parallel()
	s := start(t, "--open")
	const stream = "live/segments-back"
	file := clip(t, "ts-h264-aac", 10, "-ar", "44100")
	publisher := publish(t, file, s.rtmpURL(stream))
	s.waitState(t, stream, "live")
	list := s.waitList(t, stream)
	out := filepath.Join(t.TempDir(), "packets.txt")
	player := ffmpeg7Reader{launch(t, ffmpeg7(t), slices.Concat(
		[]string{"-hide_banner", "-loglevel", "warning", "-y", "-live_start_index", "0", "-i", s.tsListURL(stream), "-c", "copy"},
		bare("h264", "aac", "ts"), []string{"-f", "framemd5", out})...), out}
	wait(t, 10*time.Second, "four seconds of the broadcast", func() bool { return s.stream(t, stream).Frames >= 4*(25+43) })
	publisher.kill()
	s.waitState(t, stream, "reconnecting")
	publish(t, file, s.rtmpURL(stream)).wait(t, 30*time.Second)
	in := sentBare(t, file, "h264", "aac")
	_, got := player.read(t, 30*time.Second)
	for _, kind := range trackNames(in) {
		sent, came := of(kind, in), of(kind, got)
		if len(came) < len(sent)+len(sent)/10 {
			t.Errorf("%d %s packets came of two runs of %d", len(came), kind, len(sent))
			continue
		}
		if !slices.EqualFunc(sent, came[len(came)-len(sent):], func(a, b packet) bool { return a.hash == b.hash }) {
			t.Errorf("the second run's %s packets are others than were sent", kind)
		}
	}
	text := s.get(list).body
	if n := strings.Count(text, "#EXT-X-DISCONTINUITY\n"); n != 1 && !strings.Contains(text, "#EXT-X-DISCONTINUITY-SEQUENCE:1\n") {
		t.Errorf("no discontinuity:\n%s", text)
	}
	if !strings.HasSuffix(text, "#EXT-X-ENDLIST\n") {
		t.Errorf("no end:\n%s", text)
	}
	publish(t, file, s.rtmpURL(stream))
	s.waitState(t, stream, "live")
	wait(t, 15*time.Second, "another playlist", func() bool { return s.waitList(t, stream) != list })
}

// Nothing is said of a stream without a codec for MPEG-TS but why, and nothing of one
// that is not on air.
func TestTSSegmentsMissing(t *testing.T) {
	t.Parallel()
	s := start(t, "--open")
	if a := s.get("/live/nobody/ts.m3u8"); a.status != http.StatusNotFound || !strings.Contains(a.body, "not on air") {
		t.Errorf("%d %s", a.status, a.body)
	}
	libavPublishes(t, enhancedClip(t, "ts-vp9-flac", 12, libavWrites, withVP9, withFLAC), s.rtmpURL("live/segments-vp9"))
	s.waitState(t, "live/segments-vp9", "live")
	var a answer
	wait(t, 10*time.Second, "an answer about the codecs", func() bool {
		a = s.get("/live/segments-vp9/ts.m3u8")
		return a.status == http.StatusNotFound
	})
	if !strings.Contains(a.body, "VP9 cannot be carried in MPEG-TS") {
		t.Errorf("%d %s", a.status, a.body)
	}
}

// hlsPlayer has hls.js play an address in an empty page. The library is the one of
// the server's own pages.
func hlsPlayer(t *testing.T, page context.Context, s *server, url string) {
	t.Helper()
	found, err := filepath.Glob("../../internal/dashboard/dist/assets/hls-*.js")
	found = slices.DeleteFunc(found, func(f string) bool { return strings.HasPrefix(filepath.Base(f), "hls-engine") })
	if err != nil || len(found) != 1 {
		t.Fatalf("hls.js is in %v: %v", found, err)
	}
	if _, err := os.Stat(found[0]); err != nil {
		t.Fatal(err)
	}
	see(t, page, 10*time.Second, "open an empty page", chromedp.Navigate(s.url("/healthz")))
	see(t, page, 10*time.Second, "start hls.js", chromedp.Evaluate[bool](fmt.Sprintf(`(async () => {
		const Hls = Object.values(await import('/assets/%s')).find((x) => x?.isSupported && x.Events);
		const video = document.body.appendChild(document.createElement('video'));
		video.muted = true;
		const hls = new Hls();
		window.faults = [];
		hls.on(Hls.Events.ERROR, (_, { fatal, details }) => { if (fatal) faults.push(details); });
		hls.loadSource('%s');
		hls.attachMedia(video);
		hls.on(Hls.Events.MANIFEST_PARSED, () => video.play());
		return true;
	})()`, filepath.Base(found[0]), url), chromedp.EvalAwaitPromise))
}

// hls.js plays it in Chromium, over the return of the publisher to the end.
func TestTSSegmentsInChromium(t *testing.T) {
	parallelInBrowser(t)
	s := start(t, "--open")
	const stream = "live/segments-browser"
	file := clip(t, "long", 60)
	publisher := publish(t, file, s.rtmpURL(stream))
	s.waitState(t, stream, "live")
	s.waitList(t, stream)
	page := browser(t)
	hlsPlayer(t, page, s, s.tsListURL(stream))
	plays(t, page, 20*time.Second)
	wait(t, 5*time.Second, "the viewer to be counted", func() bool { return s.stream(t, stream).Viewers["hls"] == 1 })
	publisher.kill()
	s.waitState(t, stream, "reconnecting")
	publisher = publish(t, file, s.rtmpURL(stream))
	s.waitState(t, stream, "live")
	before := see(t, page, 5*time.Second, "the player's position", chromedp.Evaluate[float64](position))
	see(t, page, 40*time.Second, "the picture to go on", chromedp.Poll[bool](fmt.Sprintf(`document.querySelector('video').currentTime > %f + 12`, before)))
	publisher.interrupt(t)
	s.waitState(t, stream, "")
	see(t, page, 40*time.Second, "the end", chromedp.Poll[bool](`document.querySelector('video').ended`))
	if faults := see(t, page, 5*time.Second, "faults", chromedp.Evaluate[[]string](`window.faults`)); len(faults) > 0 {
		t.Errorf("hls.js found %v", faults)
	}
}
