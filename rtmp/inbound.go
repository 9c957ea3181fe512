package rtmp

import (
	"crypto/cipher"
	"sync/atomic"

	"github.com/millrace-live/millrace/rtmp/internal/chunk"
	"github.com/millrace-live/millrace/rtmp/message"
)

// inbound is what a session's reading side remembers of the transport.
type inbound struct {
	shake  shaker        // nil when the handshake is done
	cipher cipher.Stream // of RTMPE, nil without
	chunks *chunk.Reader

	// received counts the bytes of the session modulo 2^32, as sequence
	// numbers do (5.4.3); acked is the last one that was acknowledged.
	received, acked uint32
	// window is what the peer wants acknowledged, at the latest. It starts as
	// ours: encoders that name none stall without acknowledgements all the
	// same.
	window  uint32
	said    uint32 // the window that was last announced to the peer
	total   atomic.Uint64
	peerAck atomic.Uint32

	commands int // in this second
	second   int64
}

// shaker is either side of the handshake.
type shaker interface {
	Feed(p []byte) (out []byte, n int, done bool, err error)
	Type() uint8
	Ciphers() (in, out cipher.Stream)
	SWFKey() []byte
}

// count takes note of n bytes and reports whether they are to be acknowledged:
// at half of the window, since some senders stop just before its end.
func (in *inbound) count(n int) bool {
	in.total.Add(uint64(n))
	in.received += uint32(n)
	return in.received-in.acked >= max(in.window/2, 1)
}

// control obeys a protocol control message (5.4). It returns the answer, nil if
// there is none. Chunk size and abort were obeyed by the chunk reader.
func (in *inbound) control(m *message.Message) (*message.Message, error) {
	v, err := m.Uint32()
	if err != nil {
		return nil, err
	}
	switch m.Type {
	case message.Acknowledgement:
		in.peerAck.Store(v)
	case message.WindowAckSize:
		if v > 0 {
			in.window = v
		}
	case message.SetPeerBandwidth:
		if v > 0 && v != in.said {
			in.said = v
			return message.NewProtocolControl(message.WindowAckSize, v), nil
		}
	}
	return nil, nil
}

// flooded counts a command and reports whether there are too many of them.
func (in *inbound) flooded(second int64, limit int) bool {
	if in.second != second {
		in.second, in.commands = second, 0
	}
	in.commands++
	return in.commands > limit
}
