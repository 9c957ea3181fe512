package ts

import (
	"bytes"

	"github.com/millrace-live/millrace/media"
)

// opus is Opus as the text "Encapsulation of Opus in MPEG-TS" has it: each packet
// behind a control header.
type opus struct{ header [2 + longestOpus/255 + 1]byte }

// longestOpus is far above what eight channels need.
const longestOpus = 32 << 10

func codeOpus(t *media.Track) (stream, packing, string) {
	c, ok := t.Format.(*media.OpusConfig)
	if !ok {
		return stream{}, nil, unconfigured
	}
	usual, err := media.NewOpusConfig(c.Channels)
	if err != nil || c.Family > 1 || c.Family == 1 && !alike(c, usual) {
		return stream{}, nil, "has a mapping of channels that MPEG-TS cannot name"
	}
	const extension, opusExtension = 0x7f, 0x80
	d := append(registration("Opus"), extension, 2, opusExtension, byte(c.Channels))
	return stream{kind: 0x06, id: idPrivate, descriptors: d}, &opus{[len(opus{}.header)]byte{0x7f, 0xe0}}, ""
}

func alike(a, b *media.OpusConfig) bool {
	mapping := b.Mapping
	if b.Family == 0 {
		mapping = []byte{0, 1}[:b.Channels]
	}
	return a.Streams == b.Streams && a.Coupled == b.Coupled && bytes.Equal(a.Mapping, mapping)
}

// pack leaves out what could be trimmed at the start of the stream: those who join
// a live stream do not hear it.
func (o *opus) pack(pieces [][]byte, f *media.Frame) [][]byte {
	size := len(f.Payload)
	if size > longestOpus {
		return pieces
	}
	n := 2
	for ; size >= 0xff; size -= 0xff {
		o.header[n] = 0xff
		n++
	}
	o.header[n] = byte(size)
	return append(pieces, o.header[:n+1], f.Payload)
}
