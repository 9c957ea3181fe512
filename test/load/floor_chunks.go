//go:build linux

package main

import (
	"encoding/binary"

	"github.com/millrace-live/millrace/rtmp/message"
)

const (
	// chunkSize is Millrace's own outgoing one: floor and Millrace send the
	// same bytes.
	chunkSize = 64 << 10
	// playedStream is the message stream of every player: bench opens one.
	playedStream = 1

	longTime = 0xffffff // the timestamp stands behind the header
)

// appendMessage appends the chunks of a message: a header in full, then
// headers of continuations (RTMP 5.3.1).
func appendMessage(dst []byte, m *message.Message) []byte {
	stream := byte(7)
	if m.Type == message.Audio {
		stream = 6
	}
	short := min(m.Timestamp, longTime)
	dst = append(dst, stream, byte(short>>16), byte(short>>8), byte(short),
		byte(len(m.Payload)>>16), byte(len(m.Payload)>>8), byte(len(m.Payload)), byte(m.Type))
	dst = binary.LittleEndian.AppendUint32(dst, playedStream)
	rest := m.Payload
	for {
		if m.Timestamp >= longTime {
			dst = binary.BigEndian.AppendUint32(dst, m.Timestamp)
		}
		n := min(len(rest), chunkSize)
		dst, rest = append(dst, rest[:n]...), rest[n:]
		if len(rest) == 0 {
			return dst
		}
		dst = append(dst, 3<<6|stream)
	}
}
