package e2e

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// Without --open a publisher needs the key of the first start; a refusal says
// why in the protocol's own words and in one line of the log, and no key is in
// it.
func TestKeys(t *testing.T) {
	t.Parallel()
	s := start(t)
	b, err := os.ReadFile(filepath.Join(s.data, "first-key.txt"))
	if err != nil {
		t.Fatalf("read the first key: %v", err)
	}
	key := lastWord(string(b))
	file := clip(t, "plain", 10)

	wrong := "x" + key[1:]
	for _, url := range []string{s.rtmpURL("live/" + wrong), s.rtmpURL("live/main?key=" + wrong), s.rtmpURL("live/main")} {
		p := publish(t, file, url)
		if code := p.wait(t, 15*time.Second); code == 0 {
			t.Errorf("publishing without the key ended with status 0:\n%s", p.out)
		}
	}
	if n := strings.Count(s.log.String(), "publish-refused") + strings.Count(s.log.String(), "publish refused"); n != 3 {
		t.Errorf("three refused tries are %d lines of the log", n)
	}

	for _, address := range []string{"live/" + key, "live/main?key=" + key} {
		p := publish(t, file, s.rtmpURL(address))
		s.waitState(t, "live/main", "live")
		s.waitSent(t, "live/main")
		p.interrupt(t)
		s.waitState(t, "live/main", "")
	}
	if strings.Contains(s.log.String(), key[5:]) {
		t.Error("the key is in the log")
	}
	if _, err := exec.Command("grep", "-rq", "--exclude=first-key.txt", key[5:], s.data).Output(); err == nil {
		t.Error("the key is in the data folder in the clear")
	}
}

func lastWord(s string) string {
	words := strings.Fields(s)
	return words[len(words)-1]
}

// A second publisher of another address or key cannot harm the first, and a
// player of a name that nobody publishes is told so.
func TestPlayerOfNothing(t *testing.T) {
	t.Parallel()
	s := start(t, "--open")
	a := s.get("/live/nothing/index.m3u8")
	var p struct {
		Status        int
		Title, Detail string
	}
	if err := json.Unmarshal([]byte(a.body), &p); err != nil || a.status != 404 || p.Status != 404 || p.Detail == "" {
		t.Errorf("HLS of nothing: status %d, %v: %s", a.status, err, a.body)
	}
	if ct := a.header.Get("Content-Type"); ct != "application/problem+json" {
		t.Errorf("HLS of nothing: Content-Type %s", ct)
	}
	if a := s.get("/live/nothing.flv"); a.status != 404 {
		t.Errorf("HTTP-FLV of nothing: status %d", a.status)
	}
}

// The start of a second server on the same port, in the same folder, or with
// words that make no sense is one sentence with the mend, and status 1.
func TestBadStarts(t *testing.T) {
	t.Parallel()
	s := start(t, "--open")
	plain := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(plain, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name  string
		flags []string
		want  string
	}{
		{"port in use", []string{"--rtmp", s.rtmp, "--data", t.TempDir()}, "--rtmp"},
		{"folder in use", []string{"--rtmp", "127.0.0.1:0", "--data", s.data}, "--data"},
		{"folder that is a file", []string{"--rtmp", "127.0.0.1:0", "--data", plain}, "--data"},
		{"no address", []string{"--rtmp", "nonsense", "--data", t.TempDir()}, "--rtmp"},
		{"no such flag", []string{"--rtmmp", ":1935"}, "--rtmp"},
		{"no such mode", []string{"--delivery", "fast", "--data", t.TempDir()}, "balanced"},
	} {
		args := append([]string{"serve", "--http", "127.0.0.1:0", "--rtmps", "off"}, c.flags...)
		p := launch(t, program, args...)
		if code := p.wait(t, 10*time.Second); code != 1 {
			t.Errorf("%s: status %d, want 1", c.name, code)
		}
		text := strings.TrimSpace(p.out.String())
		if !strings.Contains(text, c.want) || strings.Count(text, "\n") > 1 {
			t.Errorf("%s: not one sentence that names %s:\n%s", c.name, c.want, text)
		}
	}
}
