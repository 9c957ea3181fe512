package e2e

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

func (s *server) tsURL(stream string) string { return s.url("/" + stream + ".ts") }

// bare makes the packets of a file and of a transport stream the same: a byte
// stream of NAL units without delimiters and parameter sets, which MPEG-TS has in
// front of key frames, and AAC without ADTS.
func bare(video, audio, container string) (flags []string) {
	drop := map[string]string{"h264": "7|8|9", "hevc": "32|33|34|35"}[video]
	if drop != "" {
		filters := "filter_units=remove_types=" + drop
		if container != "ts" {
			filters = video + "_mp4toannexb," + filters
		}
		flags = append(flags, "-bsf:v", filters)
	}
	if audio == "aac" && container == "ts" {
		flags = append(flags, "-bsf:a", "aac_adtstoasc")
	}
	return flags
}

// readsBare starts to read every packet of a URL or file with a version of
// FFmpeg.
func readsBare(t *testing.T, program, url string, filters []string) reader {
	t.Helper()
	file := filepath.Join(t.TempDir(), "packets.txt")
	args := []string{"-hide_banner", "-loglevel", "warning", "-y", "-copyts", "-i", url, "-map", "0:v?", "-map", "0:a?", "-c", "copy"}
	return ffmpeg7Reader{launch(t, program, slices.Concat(args, filters, []string{"-f", "framemd5", file})...), file}
}

// sentBare returns the packets of a file, with FFmpeg 7.0.
func sentBare(t *testing.T, file, video, audio string) []packet {
	t.Helper()
	_, in := readsBare(t, ffmpeg7(t), file, bare(video, audio, "file")).read(t, 30*time.Second)
	known := of("video", probe(t, file).packets(t, 30*time.Second)) // which tells key frames, too
	at := 0
	for i := range in {
		if in[i].kind == "video" && at < len(known) {
			in[i].key = known[at].key
			at++
		}
	}
	return in
}

// complained are words of FFmpeg about a transport stream that is not right.
var complained = []string{"corrupt", "continuity", "monoton", "Invalid", "error", "PES packet size mismatch"}

// tsCoding is what a test of MPEG-TS sends.
type tsCoding struct {
	name         string
	video, audio string // as FFmpeg calls them
	coders       [][]string
	options      []string // instead, for FFmpeg 5.1's own clips
}

// publish sends the coding, and returns a file of the same packets that FFmpeg reads.
func (c *tsCoding) publish(t *testing.T, url string) (file string, publisher *process) {
	t.Helper()
	if c.coders == nil {
		file = clip(t, "ts-"+c.name, 10, c.options...)
		return file, publish(t, file, url)
	}
	file = enhancedClip(t, "ts-"+c.name, 12, libavWrites, c.coders...)
	publisher = libavPublishes(t, file, url)
	return strings.TrimSuffix(file, "flv") + "mp4", publisher // FFmpeg 7.0 does not read all of Enhanced RTMP
}

var tsCodings = []tsCoding{
	{name: "h264-aac", video: "h264", audio: "aac", options: []string{"-ar", "44100"}},
	{name: "mp3", audio: "mp3", options: []string{"-vn", "-c:a", "libmp3lame"}},
	{name: "hevc-ac3", video: "hevc", audio: "ac3", coders: [][]string{withHEVC, withAC3}},
	{name: "hevc-eac3", video: "hevc", audio: "eac3", coders: [][]string{withHEVC, withEAC3}},
	{name: "h264-opus", video: "h264", audio: "opus", coders: [][]string{withAVC, withOpus}},
}

// Every packet of what FFmpeg coded comes out of MPEG-TS, in both versions of
// FFmpeg and through GStreamer's demuxer.
func TestTSEveryPacket(t *testing.T) {
	t.Parallel()
	s := start(t, "--open")
	for _, c := range tsCodings {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			stream := "live/ts-" + c.name
			file, publisher := c.publish(t, s.rtmpURL(stream))
			s.waitState(t, stream, "live")
			fromTS := bare(c.video, c.audio, "ts")
			readers := map[string]reader{
				"FFmpeg 5.1": readsBare(t, "ffmpeg", s.tsURL(stream), fromTS),
				"FFmpeg 7.0": readsBare(t, ffmpeg7(t), s.tsURL(stream), fromTS),
			}
			remuxed := filepath.Join(t.TempDir(), "remuxed.mkv")
			gst := launch(t, "gst-launch-1.0", gstRemuxes(c.video, c.audio, s.tsURL(stream), remuxed)...)
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
				t.Errorf("GStreamer ended with status %d", code)
			}
			_, got := readsBare(t, ffmpeg7(t), remuxed, bare(c.video, c.audio, "mkv")).read(t, 20*time.Second)
			hashes(t, "GStreamer", in, got)
			enough(t, "GStreamer", in, got)
		})
	}
}

// enough fails unless more than half of the packets of each kind came out.
func enough(t *testing.T, name string, in, got []packet) {
	t.Helper()
	for _, kind := range trackNames(in) {
		if sent, came := len(of(kind, in)), len(of(kind, got)); came <= sent/2 {
			t.Errorf("%s: %d of %d %s packets came out", name, came, sent, kind)
		}
	}
}

// hashes is equal by the bytes alone, up to some packets at the end: GStreamer's
// parsers have times of their own.
func hashes(t *testing.T, name string, in, got []packet) {
	t.Helper()
	const last = 4
	for _, kind := range trackNames(in, got) {
		want, have := of(kind, in), of(kind, got)
		if len(have) == 0 {
			t.Errorf("%s: no %s came out", name, kind)
			continue
		}
		same := func(from int) bool {
			return len(want)-from <= len(have)+last && len(have) <= len(want)-from &&
				slices.EqualFunc(want[from:from+len(have)], have, func(a, b packet) bool { return a.hash == b.hash })
		}
		if !slices.ContainsFunc(slices.Collect(upTo(len(want))), same) {
			t.Errorf("%s: the %d %s packets that came out are not the last ones of %d that went in", name, len(have), kind, len(want))
		}
	}
}

func upTo(n int) func(func(int) bool) {
	return func(yield func(int) bool) {
		for i := range n {
			if !yield(i) {
				return
			}
		}
	}
}

// gstRemuxes is a pipeline from a transport stream into a file.
func gstRemuxes(video, audio, url, file string) []string {
	args := strings.Fields("-e souphttpsrc location=" + url + " ! tsdemux name=d matroskamux name=m ! filesink location=" + file)
	if video != "" {
		parser := map[string]string{"h264": "h264parse", "hevc": "h265parse"}[video]
		args = append(args, strings.Fields("d. ! queue ! "+parser+" ! m.")...)
	}
	parser := map[string]string{"aac": "aacparse", "mp3": "mpegaudioparse", "ac3": "ac3parse", "eac3": "ac3parse", "opus": "opusparse"}[audio]
	return append(args, strings.Fields("d. ! queue ! "+parser+" ! m.")...)
}

// One who joins late is given PAT, PMT and a key frame first, and is counted.
func TestTSJoinLate(t *testing.T) {
	t.Parallel()
	s := start(t, "--open")
	const stream = "live/ts-join"
	publish(t, clip(t, "plain", 10), s.rtmpURL(stream))
	s.waitState(t, stream, "live")
	wait(t, 10*time.Second, "three seconds of the broadcast", func() bool { return s.stream(t, stream).Frames >= 3*(25+43) })
	asked := time.Now()
	resp, err := http.Get(s.tsURL(stream))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK || resp.Header.Get("Content-Type") != "video/mp2t" ||
		resp.Header.Get("Access-Control-Allow-Origin") != "*" {
		t.Fatalf("%s, %v", resp.Status, resp.Header)
	}
	var first [3][188]byte
	for i := range first {
		if _, err := io.ReadFull(resp.Body, first[i][:]); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("the key frame began after %v", time.Since(asked))
	for i, pid := range []uint16{0, 0x1000, 0x100} {
		if p := first[i]; p[0] != 0x47 || binary.BigEndian.Uint16(p[1:])&0x1fff != pid {
			t.Errorf("packet %d begins with %x", i, p[:6])
		}
	}
	if key := first[2]; key[1]&0x40 == 0 || key[3]&0x20 == 0 || key[5]&0x50 != 0x50 {
		t.Errorf("the picture begins with %x: it is no key frame with a clock reference", key[:12])
	}
	wait(t, 5*time.Second, "the viewer to be counted", func() bool { return s.stream(t, stream).Viewers["ts"] == 1 })
	s.waitMetric(t, `millrace_viewers{protocol="ts"}`, 1)
	if rest, err := io.ReadAll(resp.Body); err != nil || len(rest)%188 != 0 || len(rest) < 100_000 {
		t.Errorf("the rest has %d bytes: %v", len(rest), err)
	}
	s.waitMetric(t, `millrace_viewers{protocol="ts"}`, 0)
	s.logged(t, "play ended", `"protocol":"ts"`, "the stream ended")
}

// A viewer that stops reading is closed, and nobody else misses anything.
func TestTSStalledViewer(t *testing.T) {
	t.Parallel()
	s := start(t, "--open")
	const stream = "live/ts-stalled"
	file := clip(t, "ts-heavy", 20, "-vf", "noise=alls=60:allf=t,scale=1280:720", "-b:v", "12M", "-minrate", "12M", "-bufsize", "6M")
	publisher := publish(t, file, s.rtmpURL(stream))
	s.waitState(t, stream, "live")
	var stalled []net.Conn
	for range 3 {
		c, err := net.Dial("tcp", s.http)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		c.(*net.TCPConn).SetReadBuffer(4 << 10)
		fmt.Fprintf(c, "GET /%s.ts HTTP/1.1\r\nHost: x\r\n\r\n", stream)
		if line, err := bufio.NewReaderSize(c, 16).ReadString('\n'); err != nil || !strings.Contains(line, "200") {
			t.Fatalf("the answer is %q: %v", line, err)
		}
		stalled = append(stalled, c)
	}
	good := readsBare(t, ffmpeg7(t), s.tsURL(stream), bare("h264", "aac", "ts"))
	flv := probe(t, s.flvURL(stream))
	wait(t, 10*time.Second, "four viewers", func() bool { return s.stream(t, stream).Viewers["ts"] == 4 })
	wait(t, 30*time.Second, "those who read nothing to be closed", func() bool { return s.stream(t, stream).Viewers["ts"] == 1 })
	s.logged(t, "play ended", `"protocol":"ts"`, "accepted nothing for too long")
	if code := publisher.wait(t, 40*time.Second); code != 0 {
		t.Fatalf("the publisher ended with status %d", code)
	}
	in := sentBare(t, file, "h264", "aac")
	_, got := good.read(t, 30*time.Second)
	equal(t, "beside stalled viewers", in, got, 2*time.Millisecond)
	enough(t, "beside stalled viewers", in, got)
	equal(t, "HTTP-FLV beside stalled viewers", probe(t, file).packets(t, 30*time.Second), flv.packets(t, 30*time.Second), 0)
	for _, c := range stalled {
		c.Close()
	}
}

// The recipes of docs/players.md for MPEG-TS: VLC shows moving pictures, and
// FFmpeg writes what was sent.
func TestTSRecipes(t *testing.T) {
	t.Parallel()
	k := open(t)
	file := clip(t, "ts-h264-aac", 10, "-ar", "44100")
	publisher := publish(t, file, k.rtmpURL("live/cam1"), "-stream_loop", "1")
	k.waitState(t, "live/cam1", "live")
	pictures, err := os.MkdirTemp(clips.dir, "vlc-ts")
	if err != nil {
		t.Fatal(err)
	}
	everybody(t, clips.dir, pictures)
	vlc := k.cook(t, "docs/players.md", "vlc-ts", "PICTURES="+pictures)
	record := k.cook(t, "docs/players.md", "ffmpeg-ts")
	keepsPictures(t, k, vlc, pictures)
	if !vlc.running() {
		t.Errorf("VLC ended by itself:\n%s", vlc.out)
	}
	publisher.wait(t, time.Minute)
	if code := record.wait(t, 20*time.Second); code != 0 {
		t.Errorf("FFmpeg ended with status %d", code)
	}
	in := sentBare(t, file, "h264", "aac")
	_, got := readsBare(t, ffmpeg7(t), filepath.Join(k.dir, "recording.ts"), bare("h264", "aac", "ts")).read(t, 20*time.Second)
	if n, half := len(of("video", got)), len(of("video", in)); n <= half {
		t.Errorf("%d pictures were recorded of twice %d", n, half)
	}
}
