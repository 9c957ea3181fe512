package bench

import (
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/millrace-live/millrace/internal/tool"
	"github.com/millrace-live/millrace/rtmp/message"
)

const (
	// synthLength is longer than what servers keep for players that join, so
	// that a packet of the last round is not taken for one of this.
	synthLength = time.Minute
	keyDistance = 2 * time.Second // usually
	// keyWeight is how many usual pictures a key frame is as large as.
	keyWeight    = 6
	audioRate    = 44100
	audioSamples = 1024
	audioBitrate = 128_000
	// smallest is what a packet has at least, to be told from the others.
	smallest = 32
)

// Sequence headers of 1280x720 in the Baseline profile, and of AAC-LC at
// 44.1 kHz in stereo, as FLV tag bodies. Servers read them; the pictures
// behind them are noise.
var (
	avcHeader = []byte{
		0x17, 0, 0, 0, 0,
		1, 0x42, 0xc0, 0x1f, 0xff,
		0xe1, 0, 9, 0x67, 0x42, 0xc0, 0x1f, 0xda, 0x01, 0x40, 0x16, 0xe4,
		1, 0, 4, 0x68, 0xce, 0x38, 0x80,
	}
	aacHeader = []byte{0xaf, 0, 0x12, 0x10}
)

// synthesise makes a clip of noise in the shape of H.264 and AAC with these
// many bits and pictures a second and a key frame as often as that; no pictures make a clip of sound alone.
func synthesise(bitrate, fps int, keys time.Duration) *clip {
	sound := min(audioBitrate, bitrate/4)
	if fps == 0 {
		sound = bitrate
	}
	c := &clip{
		name:   fmt.Sprintf("noise of %s, %d pictures a second", tool.Bits(float64(bitrate)), fps),
		period: uint32(synthLength.Milliseconds()),
	}
	noise := newNoise()
	if fps > 0 {
		c.packets = append(c.packets, packet{typ: message.Video, body: avcHeader, ordinal: -1})
	}
	c.packets = append(c.packets, packet{typ: message.Audio, body: aacHeader, ordinal: -1})

	group := max(int(time.Duration(fps)*keys/time.Second), 1)
	picture := 0
	if fps > 0 {
		picture = (bitrate - sound) / 8 * group / fps / (group + keyWeight - 1)
	}
	size := sound / 8 * audioSamples / audioRate
	pictureTime := func(n int) uint32 { return uint32(n * 1000 / max(fps, 1)) }
	soundTime := func(n int) uint32 { return uint32(n * audioSamples * 1000 / audioRate) }
	for v, a := 0, 0; ; {
		if fps > 0 && pictureTime(v) <= soundTime(a) && pictureTime(v) < c.period {
			c.packets = append(c.packets, noise.picture(pictureTime(v), picture, v%group == 0))
			v++
			continue
		}
		if soundTime(a) >= c.period {
			break
		}
		c.packets = append(c.packets, packet{
			typ: message.Audio, timestamp: soundTime(a), head: []byte{0xaf, 1}, body: noise.bytes(size),
		})
		a++
	}
	c.index()
	return c
}

// noise hands out pieces of one buffer, each beginning elsewhere, so that a
// long clip takes little memory and its packets end differently.
type noise struct {
	buffer []byte
	at     int
}

func newNoise() *noise {
	const size = 1 << 20
	n := &noise{buffer: make([]byte, size)}
	random := rand.New(rand.NewPCG(1, 2))
	for i := range n.buffer {
		n.buffer[i] = byte(1 + random.IntN(255)) // no zeros: no start codes
	}
	return n
}

func (n *noise) bytes(size int) []byte {
	size = min(max(size, smallest), len(n.buffer)/2)
	const step = 8191 // odd, so that all of the buffer is a beginning
	n.at = (n.at + step) % (len(n.buffer) / 2)
	return n.buffer[n.at : n.at+size : n.at+size]
}

func (n *noise) picture(at uint32, size int, key bool) packet {
	frame, unit := byte(0x27), byte(0x41)
	if key {
		frame, unit, size = 0x17, 0x65, size*keyWeight
	}
	body := n.bytes(size)
	length := len(body) + 1
	return packet{typ: message.Video, timestamp: at, body: body, head: []byte{
		frame, 1, 0, 0, 0,
		byte(length >> 24), byte(length >> 16), byte(length >> 8), byte(length), unit,
	}}
}
