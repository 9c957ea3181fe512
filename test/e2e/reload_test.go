package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// A stream and its players live through a hundred reloads, of good files and
// bad ones, and do not lose a packet: not even when the file no longer has the
// key that the encoder came in with.
func TestStreamThroughReloads(t *testing.T) {
	t.Parallel()
	const reloads = 100
	config := filepath.Join(t.TempDir(), "millrace.yaml")
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(config+".new", []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(config+".new", config); err != nil {
			t.Fatal(err)
		}
	}
	const keys = "keys: [{stream: live/on, key: open-sesame}]\n"
	write(keys)
	s := start(t, "--config", config)
	file := clip(t, "plain", 10)
	in := probe(t, file).packets(t, 20*time.Second)
	publisher := publish(t, file, s.rtmpURL("live/open-sesame"))
	s.waitState(t, "live/on", "live")
	players := make([]*reading, len(outputs))
	for i, o := range outputs {
		players[i] = probe(t, o.url(s, "live/on"), o.flags...)
	}
	wait(t, 10*time.Second, "the players to be in", func() bool { return s.stream(t, "live/on").ViewersTotal >= len(outputs) })

	done := func() int {
		log := s.log.String()
		return strings.Count(log, "settings reloaded") + strings.Count(log, "settings were not reloaded")
	}
	texts := []string{
		keys + "grace: %dms\n",
		"grcae: %d\n",
		"delivery: economy\nplay-wait: %dms\napps: {event: {grace: 1m}}\n", // without the key
		keys + "grace: [ # %d\n",
		keys + "open: true\nstreams: {live/on: {grace: %dms, delivery: realtime}}\n",
	}
	began := time.Now()
	for i := range reloads {
		write(fmt.Sprintf(texts[i%len(texts)], i))
		before := done()
		s.cmd.Process.Signal(syscall.SIGHUP)
		wait(t, 10*time.Second, "a reload", func() bool { return done() > before })
	}
	t.Logf("%d reloads took %v", reloads, time.Since(began))
	if !publisher.running() {
		t.Error("the publisher had ended before the reloads had")
	}
	// The last change is noticed without a signal.
	write("open: false\n")
	wait(t, 10*time.Second, "the change to be noticed", func() bool { return strings.Contains(s.log.String(), `"by":"file"`) })

	if code := publisher.wait(t, 30*time.Second); code != 0 {
		t.Errorf("the publisher ended with status %d", code)
	}
	for i, o := range outputs {
		got := players[i].packets(t, 30*time.Second)
		equal(t, o.name, in, got, o.tolerance)
		if len(of("video", got)) < 100 {
			t.Errorf("%s: only %d pictures came out", o.name, len(of("video", got)))
		}
	}
	// With the last file the key is gone.
	again := publish(t, file, s.rtmpURL("live/open-sesame"))
	if code := again.wait(t, 15*time.Second); code == 0 {
		t.Error("a key that is no longer in the file publishes")
	}
	if n := strings.Count(s.log.String(), "settings were not reloaded"); n < reloads/len(texts)*2 {
		t.Errorf("%d bad files were refused", n)
	}
}
