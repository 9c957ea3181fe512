package e2e

import (
	"testing"
	"time"
)

// outputs are the doors a viewer can come in by, as FFmpeg opens them, and how
// far their containers may round a time.
var outputs = []struct {
	name      string
	url       func(*server, string) string
	tolerance time.Duration
	flags     []string
}{
	{"RTMP", (*server).rtmpURL, 0, nil},
	{"HTTP-FLV", (*server).flvURL, 0, nil},
	{"HLS", (*server).hlsURL, time.Millisecond, []string{"-live_start_index", "0"}},
}

// What FFmpeg sends comes out of every output unchanged, from the join to the
// last packet.
func TestEveryPacketOfEveryOutput(t *testing.T) {
	t.Parallel()
	s := start(t, "--open")
	file := clip(t, "plain", 10)
	in := probe(t, file).packets(t, 20*time.Second)

	publisher := publish(t, file, s.rtmpURL("live/all"))
	s.waitState(t, "live/all", "live")
	players := make([]*reading, len(outputs))
	for i, o := range outputs {
		players[i] = probe(t, o.url(s, "live/all"), o.flags...)
	}
	if code := publisher.wait(t, 30*time.Second); code != 0 {
		t.Fatalf("the publisher ended with status %d", code)
	}
	for i, o := range outputs {
		got := players[i].packets(t, 30*time.Second)
		equal(t, o.name, in, got, o.tolerance)
		if len(of("video", got)) < 100 {
			t.Errorf("%s: only %d pictures came out", o.name, len(of("video", got)))
		}
	}
}

// A player that comes late, one that comes twice and one that comes before the
// publisher all get the same stream.
func TestJoinLateTwiceAndEarly(t *testing.T) {
	t.Parallel()
	s := start(t, "--open")
	file := clip(t, "plain", 10)
	in := probe(t, file).packets(t, 20*time.Second)

	early := probe(t, s.rtmpURL("live/join"))
	s.waitState(t, "live/join", "waiting")
	publish(t, file, s.rtmpURL("live/join"))
	s.waitState(t, "live/join", "live")
	first := probe(t, s.rtmpURL("live/join"), "-read_intervals", "%+1")
	first.wait(t, 10*time.Second)
	again := probe(t, s.rtmpURL("live/join"))
	late := probe(t, s.flvURL("live/join"))

	got := early.packets(t, 30*time.Second)
	equal(t, "before the publisher", in, got, 0)
	if len(of("video", got)) != len(of("video", in)) {
		t.Errorf("the early player got %d of %d pictures", len(of("video", got)), len(of("video", in)))
	}
	equal(t, "twice", in, again.packets(t, 30*time.Second), 0)
	equal(t, "late", in, late.packets(t, 30*time.Second), 0)
}

// A stream of sound alone and one of pictures alone play at once on every
// output.
func TestOneKindAlone(t *testing.T) {
	t.Parallel()
	s := start(t, "--open")
	for _, c := range []struct{ name, drop string }{{"sound", "-vn"}, {"picture", "-an"}} {
		t.Run(c.name, func(t *testing.T) {
			file := clip(t, c.name, 8, c.drop)
			in := probe(t, file).packets(t, 20*time.Second)
			stream := "live/" + c.name
			publish(t, file, s.rtmpURL(stream))
			s.waitState(t, stream, "live")
			players := make([]*reading, len(outputs))
			for i, o := range outputs {
				players[i] = probe(t, o.url(s, stream), o.flags...)
			}
			for i, o := range outputs {
				equal(t, o.name, in, players[i].packets(t, 30*time.Second), o.tolerance)
			}
		})
	}
}

// A publisher that is killed and comes back within the grace time continues
// the broadcast: its viewers stay.
func TestPublisherReturns(t *testing.T) {
	t.Parallel()
	s := start(t, "--open")
	file := clip(t, "plain", 10)
	in := probe(t, file).packets(t, 20*time.Second)

	publisher := publish(t, file, s.rtmpURL("live/back"))
	s.waitState(t, "live/back", "live")
	rtmp, flv := probe(t, s.rtmpURL("live/back")), probe(t, s.flvURL("live/back"))
	hls := probe(t, s.hlsURL("live/back"), "-live_start_index", "0")
	wait(t, 10*time.Second, "four seconds of the broadcast", func() bool {
		return s.stream(t, "live/back").Frames >= 4*(25+43)
	})
	publisher.kill()
	s.waitState(t, "live/back", "reconnecting")
	if !rtmp.running() || !flv.running() || !hls.running() {
		t.Fatal("a player did not outlive its publisher")
	}
	publish(t, file, s.rtmpURL("live/back")).wait(t, 30*time.Second)

	for _, p := range []struct {
		name    string
		process *reading
	}{{"RTMP", rtmp}, {"HTTP-FLV", flv}, {"HLS", hls}} {
		got := p.process.packets(t, 30*time.Second)
		for _, kind := range []string{"video", "audio"} {
			track := of(kind, got)
			// All of the second run and some of the first came through.
			if n := len(of(kind, in)); len(track) <= n+n/10 {
				t.Errorf("%s: %d %s packets over two runs of %d", p.name, len(track), kind, n)
			}
			for i := 1; i < len(track); i++ {
				if track[i].dts <= track[i-1].dts {
					t.Errorf("%s: %s time goes back at packet %d: %+v after %+v", p.name, kind, i, track[i], track[i-1])
					break
				}
			}
		}
		equal(t, p.name+" after the return", in, lastRun(in, got), time.Millisecond)
	}
}

// lastRun returns the packets from the second start of the file on.
func lastRun(in, got []packet) []packet {
	var out []packet
	for _, kind := range []string{"video", "audio"} {
		want, track := of(kind, in), of(kind, got)
		out = append(out, track[max(0, len(track)-len(want)):]...)
	}
	return out
}
