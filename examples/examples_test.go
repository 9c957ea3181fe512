package examples

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/millrace-live/millrace/flv"
)

const clip = "testdata/clip.flv" // four seconds of H.264 with B-frames, and AAC

// build compiles the programs and gives the folder that they are in.
func build(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	out, err := exec.Command("go", "build", "-o", dir+string(filepath.Separator), "./...").CombinedOutput()
	if err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	return dir
}

// program is one of the examples at work.
type program struct {
	cmd  *exec.Cmd
	log  bytes.Buffer
	done chan error
}

func start(t *testing.T, name string, args ...string) *program {
	t.Helper()
	p := &program{cmd: exec.Command(name, args...), done: make(chan error, 1)}
	p.cmd.Stderr = &p.log
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { p.done <- p.cmd.Wait() }()
	t.Cleanup(func() { _ = p.cmd.Process.Kill() })
	return p
}

func (p *program) wait(t *testing.T) {
	t.Helper()
	select {
	case err := <-p.done:
		if err != nil {
			t.Fatalf("%v: %v\n%s", p.cmd.Args, err, &p.log)
		}
	case <-time.After(30 * time.Second):
		t.Fatalf("%v does not end", p.cmd.Args)
	}
}

// serve runs the server on a free port and gives its address.
func serve(t *testing.T, dir string) string {
	t.Helper()
	cmd := exec.Command(filepath.Join(dir, "server"), "-addr", "127.0.0.1:0", "-password", "x")
	out, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	return "rtmp://" + strings.TrimSpace(strings.TrimPrefix(line, "listening on "))
}

// untilOnAir runs a program that plays until it finds its stream.
func untilOnAir(t *testing.T, name string, args ...string) *program {
	t.Helper()
	for range 100 {
		p := start(t, name, args...)
		select {
		case err := <-p.done:
			if err == nil || !strings.Contains(p.log.String(), "StreamNotFound") {
				t.Fatalf("%v ended: %v\n%s", p.cmd.Args, err, &p.log)
			}
		case <-time.After(300 * time.Millisecond):
			return p
		}
	}
	t.Fatalf("%s never found %v", name, args)
	return nil
}

// tags gives the sound and picture of a file, in the order of the file.
func tags(t *testing.T, path string) []string {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var all []string
	for r := flv.NewReader(f); ; {
		typ, _, body, err := r.Next()
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		if typ == flv.TagAudio || typ == flv.TagVideo {
			all = append(all, typ.String()+string(body))
		}
	}
}

// isTail checks that got is the clip from some point on to its end, behind its
// sequence headers.
func isTail(t *testing.T, path string, want []string) {
	t.Helper()
	got := tags(t, path)
	if len(got) < 20 || len(got) > len(want) {
		t.Fatalf("%s has %d tags, the clip %d", path, len(got), len(want))
	}
	media := got[2:]
	tail := want[len(want)-len(media):]
	for i := range media {
		if media[i] != tail[i] {
			t.Fatalf("%s: tag %d of %d is not the clip's", path, i, len(media))
		}
	}
}

func TestExamples(t *testing.T) {
	dir, work := build(t), t.TempDir()
	run := func(name string) string { return filepath.Join(dir, name) }
	here, there := serve(t, dir), serve(t, dir)
	direct, relayed := filepath.Join(work, "direct.flv"), filepath.Join(work, "relayed.flv")

	publisher := start(t, run("publish-file"), clip, here+"/live/cam?password=x")
	relay := untilOnAir(t, run("relay"), here+"/live/cam", there+"/live/copy?password=x")
	far := untilOnAir(t, run("record"), there+"/live/copy", relayed)
	near := untilOnAir(t, run("record"), here+"/live/cam", direct)
	for _, p := range []*program{publisher, relay, far, near} {
		p.wait(t)
	}
	want := tags(t, clip)
	isTail(t, direct, want)
	isTail(t, relayed, want)

	out, err := exec.Command(run("publish-file"), clip, here+"/live/cam?password=wrong").CombinedOutput()
	if err == nil || !strings.Contains(string(out), "NetStream.Publish.BadName") {
		t.Errorf("a wrong password: %v\n%s", err, out)
	}
}
