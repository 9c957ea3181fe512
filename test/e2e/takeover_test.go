package e2e

import (
	"strings"
	"syscall"
	"testing"
	"time"
)

// An encoder that hangs is replaced by its successor at once; the viewers stay,
// and the old one cannot end what the new one sends.
func TestHungPublisherIsReplaced(t *testing.T) {
	t.Parallel()
	s := start(t, "--open")
	file := clip(t, "plain", 10)
	in := probe(t, file).packets(t, 20*time.Second)
	old := publish(t, file, s.rtmpURL("live/hung"))
	s.waitState(t, "live/hung", "live")
	player := probe(t, s.rtmpURL("live/hung"))
	wait(t, 10*time.Second, "two seconds of the broadcast", func() bool {
		return s.stream(t, "live/hung").Frames >= 2*(25+43)
	})

	old.cmd.Process.Signal(syscall.SIGSTOP)
	successor := publish(t, file, s.rtmpURL("live/hung"))
	wait(t, 8*time.Second, "the successor to publish", func() bool {
		return strings.Contains(s.log.String(), "taken over")
	})
	old.cmd.Process.Signal(syscall.SIGCONT)
	if code := old.wait(t, 20*time.Second); code == 0 {
		t.Error("the encoder that was replaced ended with status 0")
	}
	if code := successor.wait(t, 30*time.Second); code != 0 {
		t.Errorf("the successor ended with status %d", code)
	}
	equal(t, "after the take-over", in, lastRun(in, player.packets(t, 20*time.Second)), time.Millisecond)
	if n := strings.Count(s.log.String(), `"msg":"stream ended"`); n != 1 {
		t.Errorf("the broadcast ended %d times", n)
	}
}

// Somebody else cannot take a stream over from an encoder that sends.
func TestSecondEncoderGivesUp(t *testing.T) {
	t.Parallel()
	s := start(t, "--open")
	file := clip(t, "plain", 10)
	in := probe(t, file).packets(t, 20*time.Second)
	// The first one gives way once; when it comes back it is refused, and the
	// one on air is unharmed.
	first := publish(t, file, s.rtmpURL("live/two"))
	s.waitState(t, "live/two", "live")
	second := publish(t, file, s.rtmpURL("live/two"))
	first.wait(t, 20*time.Second)
	player := probe(t, s.rtmpURL("live/two"))
	again := publish(t, file, s.rtmpURL("live/two"))
	if code := again.wait(t, 15*time.Second); code == 0 {
		t.Error("the encoder that had given way published again")
	}
	if code := second.wait(t, 30*time.Second); code != 0 {
		t.Errorf("the one on air ended with status %d", code)
	}
	equal(t, "the one on air", in, player.packets(t, 20*time.Second), 0)
}
