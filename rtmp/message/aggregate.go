package message

import (
	"encoding/binary"
	"errors"
)

// errAggregate is what a truncated aggregate ends in.
var errAggregate = errors.New("rtmp: split aggregate: sub-message is cut short")

const (
	aggregateHeader      = 11 // as the header of an FLV tag
	aggregateBackPointer = 4
)

// Split calls emit for each message inside an Aggregate (7.1.6), in order. Their
// timestamps are moved so that the first has the time of the aggregate; the
// message stream is that of the aggregate, whatever the inner headers say.
// The *Message that emit gets is used again for the next; its Payload is a part
// of m's.
//
// Split stops at the first error of emit and returns it. A last back pointer
// that is missing is forgiven, since senders omit it.
func Split(m *Message, emit func(*Message) error) error {
	var (
		sub    = Message{StreamID: m.StreamID, ChunkStream: m.ChunkStream}
		offset uint32
		p      = m.Payload
	)
	for first := true; len(p) > 0; first = false {
		if len(p) < aggregateHeader {
			return errAggregate
		}
		size := int(p[1])<<16 | int(p[2])<<8 | int(p[3])
		ts := uint32(p[7])<<24 | binary.BigEndian.Uint32(p[3:])&0xFFFFFF
		if size > len(p)-aggregateHeader {
			return errAggregate
		}
		if first {
			offset = m.Timestamp - ts
		}
		sub.Type, sub.Timestamp = Type(p[0]), ts+offset
		sub.Payload = p[aggregateHeader : aggregateHeader+size : aggregateHeader+size]
		p = p[aggregateHeader+size:]
		p = p[min(len(p), aggregateBackPointer):]
		switch sub.Type {
		case Audio, Video, Data, DataAMF3:
			if err := emit(&sub); err != nil {
				return err
			}
		}
	}
	return nil
}
