package e2e

import (
	"net"
	"path/filepath"
	"slices"
	"syscall"
	"testing"
	"time"
)

// A server that goes down while the next one comes up asks encoder and player to
// connect anew. They do, and no packet is lost or doubled.
func TestReconnectOverARestart(t *testing.T) {
	t.Parallel()
	s := start(t, "--open")
	file := clip(t, "long", 60)
	in := probe(t, file).packets(t, 30*time.Second)
	out := filepath.Join(t.TempDir(), "out.flv")
	encoder := launch(t, program, "publish", file, s.rtmpURL("live/moved"))
	s.waitState(t, "live/moved", "live")
	player := launch(t, program, "play", "-o", out, s.rtmpURL("live/moved"))
	wait(t, 10*time.Second, "the player to get frames", func() bool {
		return s.stream(t, "live/moved").ViewersTotal == 1 && s.stream(t, "live/moved").Frames > 4*(25+43)
	})

	s.cmd.Process.Signal(syscall.SIGTERM)
	wait(t, 10*time.Second, "the port to be free", func() bool {
		c, err := net.Dial("tcp", s.rtmp)
		if err == nil {
			c.Close()
		}
		return err != nil
	})
	free := time.Now()
	s = start(t, "--open", "--rtmp", s.rtmp)
	if took := time.Since(free); took > 3*time.Second {
		t.Skipf("the next server took %v to come up, and the one before waits 5 s for its clients", took)
	}
	s.waitState(t, "live/moved", "live")
	wait(t, 20*time.Second, "the player to be back", func() bool {
		return s.stream(t, "live/moved").ViewersTotal == 1 && s.stream(t, "live/moved").Frames > 6*(25+43)
	})
	if !encoder.running() || !player.running() {
		t.Fatal("one of them ended with the server")
	}
	encoder.interrupt(t)
	if code := player.wait(t, 20*time.Second); code != 0 {
		t.Errorf("play ended with status %d", code)
	}
	got := probe(t, out).packets(t, 20*time.Second)
	for _, kind := range []string{"video", "audio"} {
		sent, came := of(kind, in), of(kind, got)
		if len(came) < 200 {
			t.Fatalf("%d packets of %s", len(came), kind)
		}
		from := slices.IndexFunc(sent, func(p packet) bool { return p.hash == came[0].hash })
		if from < 0 || from+len(came) > len(sent) {
			t.Fatalf("%s begins at %d and has %d packets of %d", kind, from, len(came), len(sent))
		}
		lost := 0
		for i := range came {
			if came[i].hash != sent[from+i].hash {
				lost++
			}
		}
		if lost > 0 {
			t.Errorf("%d of %d packets of %s are others than were sent", lost, len(came), kind)
		}
	}
}
