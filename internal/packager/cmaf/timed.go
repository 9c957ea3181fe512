package cmaf

import (
	"strings"

	"github.com/millrace-live/millrace/amf"
	"github.com/millrace-live/millrace/media"
)

const (
	// A message that takes more than this as JSON is left out, and so are more
	// of them than so many in what is not cut yet.
	longestMessage = 16 << 10
	mostMessages   = 64
)

// message is a data message of the stream as players of CMAF read it: an ID3
// tag at a time.
type message struct {
	at  int64 // nanoseconds
	id  uint32
	tag []byte
}

// note takes a data message: each video track carries it, or where there is no
// picture, each audio track.
func (p *Packager) note(f *media.Frame) {
	if f.Class == media.Key { // onMetaData speaks of the tracks
		return
	}
	tag := timedTag(f.Payload)
	if tag == nil {
		return
	}
	p.messageID++
	m := message{at: f.PTS, id: p.messageID, tag: tag}
	if p.period == nil || p.forming != nil {
		if len(p.waiting) < mostMessages {
			p.waiting = append(p.waiting, m)
		}
		return
	}
	p.tell(m)
}

// tell gives a message to the tracks that carry it.
func (p *Packager) tell(m message) {
	for _, l := range p.lanes {
		if l.kind == p.lanes[0].kind && len(l.messages) < mostMessages {
			l.messages = append(l.messages, m)
		}
	}
}

// timedTag returns the ID3 tag of a data message: its handler's name, and its
// arguments as JSON. It is nil where there is nothing to tell.
func timedTag(payload []byte) []byte {
	values, err := amf.Decode(payload)
	if err != nil || len(values) == 0 {
		return nil
	}
	handler, ok := values[0].(string)
	// A name with a bar in front is Flash's own, not the broadcaster's.
	if !ok || handler == "" || handler == "onMetaData" || strings.HasPrefix(handler, "|") {
		return nil
	}
	w := jsonWriter{most: longestMessage}
	switch arguments := values[1:]; len(arguments) {
	case 0:
		w.value(nil)
	case 1:
		w.value(arguments[0])
	default:
		w.list(arguments)
	}
	if w.err != nil || len(w.b)+len(handler) > longestMessage {
		return nil
	}
	return appendID3(nil, handler, w.b)
}

// messagesOf takes the messages of the segment that the first n units make: those
// before the next begins, or all of them where none follows.
func (l *lane) messagesOf(n int) []message {
	count := len(l.messages)
	if n < len(l.units) {
		end := l.units[n].decode
		count = 0
		for count < len(l.messages) && ticks(l.messages[count].at, l.header.Timescale) < end {
			count++
		}
	}
	of := l.messages[:count:count]
	l.messages = l.messages[count:]
	return of
}

const id3Scheme = "https://aomedia.org/emsg/ID3"

// eventSize is the length of what event appends.
func eventSize(m message) int { return 12 + 4 + 8 + 4 + 4 + len(id3Scheme) + 2 + len(m.tag) }

// event appends an emsg box of version 1 (ISO/IEC 23009-1 §5.10.3.3), by
// which hls.js and Apple's players hand an ID3 tag to the page.
func (w *boxes) event(m message, timescale uint32, start int64) {
	const unknown = 0xffffffff
	at := w.openFull("emsg", 1, 0)
	w.u32(timescale)
	w.u64(uint64(max(ticks(m.at, timescale), start)))
	w.u32(unknown) // duration
	w.u32(m.id)
	w.text(id3Scheme + "\x00")
	w.text("\x00") // value
	w.bytes(m.tag)
	w.close(at)
}

// appendID3 appends an ID3v2.4 tag of one TXXX frame (ID3v2.4.0 Native Frames
// §4.2.6): a text with a description.
func appendID3(dst []byte, description string, text []byte) []byte {
	const utf8Text = 3
	description = strings.ToValidUTF8(strings.ReplaceAll(description, "\x00", ""), "\uFFFD")
	frame := 1 + len(description) + 1 + len(text)
	dst = append(dst, "ID3\x04\x00\x00"...)
	dst = appendSyncSafe(dst, 10+frame)
	dst = append(dst, "TXXX"...)
	dst = appendSyncSafe(dst, frame)
	dst = append(dst, 0, 0, utf8Text)
	dst = append(dst, description...)
	dst = append(dst, 0)
	return append(dst, text...)
}

// appendSyncSafe appends a size of four bytes with seven bits each (ID3v2.4.0
// Main Structure §6.2).
func appendSyncSafe(dst []byte, n int) []byte {
	return append(dst, byte(n>>21&0x7f), byte(n>>14&0x7f), byte(n>>7&0x7f), byte(n&0x7f))
}
