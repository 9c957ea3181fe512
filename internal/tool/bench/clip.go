package bench

import (
	"cmp"
	"hash/maphash"
	"time"

	"github.com/millrace-live/millrace/rtmp/message"
)

// packet is one message of a clip, in two parts as a batch takes them.
type packet struct {
	typ        message.Type
	timestamp  uint32 // milliseconds from the clip's beginning
	head, body []byte
	// ordinal counts the packets of this type that have a timestamp of their
	// own; -1 is a packet that cannot be told by it, such as a sequence header.
	ordinal int
}

// stamp is what a packet is recognised by.
type stamp struct {
	typ       message.Type
	timestamp uint32
}

// clip is what publishers send, round after round. They all share it, and it
// does not change.
type clip struct {
	name    string
	packets []packet
	period  uint32               // of a round, in milliseconds
	at      map[stamp]int        // index of the packet
	tails   map[uint64]int       // index of the packet that ends so; -1 if several do
	counts  map[message.Type]int // ordinals of a round
}

// index completes a clip whose packets and period are known.
func (c *clip) index() {
	c.at, c.tails = make(map[stamp]int), make(map[uint64]int)
	c.counts = make(map[message.Type]int)
	for i := range c.packets {
		p := &c.packets[i]
		s := stamp{p.typ, p.timestamp}
		_, taken := c.at[s]
		if p.ordinal < 0 || taken || !isMedia(p.typ) {
			p.ordinal = -1
			continue
		}
		c.at[s] = i
		p.ordinal = c.counts[p.typ]
		c.counts[p.typ]++
		t := tail(p.typ, p.body)
		if _, taken := c.tails[t]; taken {
			i = -1
		}
		c.tails[t] = i
	}
}

// frame is how long a picture lasts on average, a piece of sound if there are no
// pictures.
func (c *clip) frame() time.Duration {
	n := cmp.Or(c.counts[message.Video], c.counts[message.Audio], 1)
	return time.Duration(c.period) * time.Millisecond / time.Duration(n)
}

func isMedia(t message.Type) bool { return t == message.Audio || t == message.Video }

var seed = maphash.MakeSeed()

// tail is a fingerprint of a message's end: what stands in front of the coded
// data can differ from server to server.
func tail(t message.Type, payload []byte) uint64 {
	const length = 32
	payload = payload[max(0, len(payload)-length):]
	return maphash.Bytes(seed, payload) + uint64(t)
}
