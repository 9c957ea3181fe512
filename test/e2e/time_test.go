package e2e

import (
	"fmt"
	"testing"
	"time"
)

// The times of RTMP and FLV get a longer header at 2^24 ms, a sign at 2^31 and
// wrap at 2^32. None of it shows on any output.
func TestTimestampCrossings(t *testing.T) {
	t.Parallel()
	s := start(t, "--open")
	file := clip(t, "plain", 10)
	in := probe(t, file).packets(t, 20*time.Second)
	for _, bits := range []int{24, 31, 32} {
		t.Run(fmt.Sprintf("2^%d", bits), func(t *testing.T) {
			t.Parallel()
			stream := fmt.Sprintf("live/cross%d", bits)
			sender := dialSender(t, s.rtmpURL(stream))
			players := make([]*reading, len(outputs))
			done := make(chan struct{})
			go func() {
				defer close(done)
				s.waitState(t, stream, "live")
				for i, o := range outputs {
					players[i] = probe(t, o.url(s, stream), o.flags...)
				}
			}()
			sender.send(t, file, uint32(1<<bits-6000))
			sender.stream.Close()
			<-done
			for i, o := range outputs {
				equal(t, o.name, in, unwrap(players[i].packets(t, 30*time.Second)), o.tolerance)
			}
		})
	}
}

// unwrap undoes the wrap of FFmpeg's own clock for FLV.
func unwrap(packets []packet) []packet {
	const round = (1 << 32) / 1000.0
	for i := range packets {
		for _, at := range []*float64{&packets[i].dts, &packets[i].pts} {
			if *at < packets[0].dts-round/2 {
				*at += round
			}
		}
	}
	return packets
}
