package e2e

import (
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// What `millrace publish` sends and `millrace play` writes is the file,
// unchanged, by every way and into every kind of file.
func TestPublishAndPlayCommands(t *testing.T) {
	t.Parallel()
	s := start(t, "--open")
	file := clip(t, "plain", 10)
	in := probe(t, file).packets(t, 20*time.Second)
	publisher := launch(t, program, "publish", file, s.rtmpURL("live/cmd?key=not-to-be-shown"))
	// The key is none of the server's, which must say so; a name alone will do.
	if code := publisher.wait(t, 15*time.Second); code != 3 {
		t.Errorf("a refused publish ended with status %d, want 3", code)
	}
	if strings.Contains(publisher.out.String(), "not-to-be-shown") {
		t.Errorf("the key is shown:\n%s", publisher.out)
	}
	publisher = launch(t, program, "publish", file, s.rtmpURL("live/cmd"))
	s.waitState(t, "live/cmd", "live")
	dir := t.TempDir()
	outputs := []struct{ url, file string }{
		{s.rtmpURL("live/cmd"), filepath.Join(dir, "rtmp.flv")},
		{s.flvURL("live/cmd"), filepath.Join(dir, "http.flv")},
		{s.rtmpURL("live/cmd"), filepath.Join(dir, "rtmp.mp4")},
	}
	players := make([]*process, len(outputs))
	for i, o := range outputs {
		players[i] = launch(t, program, "play", "-o", o.file, o.url)
	}
	if code := publisher.wait(t, 30*time.Second); code != 0 {
		t.Errorf("publish ended with status %d:\n%s", code, publisher.out)
	}
	for i, o := range outputs {
		if code := players[i].wait(t, 20*time.Second); code != 0 {
			t.Errorf("play -o %s ended with status %d:\n%s", filepath.Base(o.file), code, players[i].out)
		}
		equal(t, filepath.Base(o.file), in, probe(t, o.file).packets(t, 20*time.Second), time.Millisecond)
	}
}

// What probe says of the demo stream is true, and it has nothing to complain
// about; of a stream with far key frames it has, and says what to set.
func TestProbeCommand(t *testing.T) {
	t.Parallel()
	s := start(t, "--open", "--demo")
	far := clip(t, "far", 16, "-g", "500", "-bf", "0")
	publish(t, far, s.rtmpURL("live/far"))
	s.waitState(t, "live/demo", "live")
	s.waitState(t, "live/far", "live")
	good, bad := launch(t, program, "probe", s.rtmpURL("live/demo")), launch(t, program, "probe", s.flvURL("live/far"))
	if code := good.wait(t, 20*time.Second); code != 0 {
		t.Errorf("probe of a good stream ended with status %d", code)
	}
	for _, want := range []string{"H.264 High", "640x360", "25 fps", "key frame every 2 s", "AAC, 48000 Hz"} {
		if !strings.Contains(good.out.String(), want) {
			t.Errorf("the report lacks %q:\n%s", want, good.out)
		}
	}
	if code := bad.wait(t, 30*time.Second); code != 6 {
		t.Errorf("probe of a troubled stream ended with status %d, want 6", code)
	}
	if !strings.Contains(bad.out.String(), "Keyframe Interval") {
		t.Errorf("the report does not say what to set:\n%s", bad.out)
	}
}

// The commands that manage a server find it by its data folder, and say what
// the API says.
func TestListCommands(t *testing.T) {
	t.Parallel()
	s := start(t, "--demo")
	s.waitState(t, "live/demo", "live")
	for _, c := range []struct {
		args []string
		want []string
	}{
		{[]string{"streams", "list", "--data", s.data}, []string{"live/demo", "H.264"}},
		{[]string{"streams", "list", "--json", "--api", s.url("")}, []string{`"live/demo"`, `"H.264"`}},
		{[]string{"sessions", "list", "--data", s.data}, []string{"live/demo", "publisher"}},
	} {
		p := launch(t, program, c.args...)
		if code := p.wait(t, 10*time.Second); code != 0 {
			t.Errorf("%v ended with status %d:\n%s", c.args, code, p.out)
		}
		for _, want := range c.want {
			if !strings.Contains(p.out.String(), want) {
				t.Errorf("%v does not show %q:\n%s", c.args, want, p.out)
			}
		}
	}
}
