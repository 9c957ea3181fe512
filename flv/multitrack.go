package flv

import "github.com/millrace-live/millrace/media"

// packet is one track's part of a body.
type packet struct {
	header
	kind media.Kind
	// body is the whole as it came, nil when it was one of many in its body.
	body []byte
	// content is what stands behind the header's composition offset, rest what
	// stands before it too: behind the track's identifier.
	content, rest []byte
}

// nextTrack reads the first of the tracks in list, of a body whose header is h,
// and returns what is behind it.
func (h header) nextTrack(k media.Kind, list []byte) (packet, []byte, error) {
	p := packet{header: h, kind: k}
	p.size = 0
	if h.tracks == manyTracksManyCodecs {
		if err := p.takeFourCC(k, list); err != nil {
			return p, nil, err
		}
	}
	// A track's identifier, and the size of what follows.
	if len(list) < p.size+4 {
		return p, nil, ErrTruncated
	}
	b := list[p.size:]
	p.track = b[0]
	size := int(b[1])<<16 | int(b[2])<<8 | int(b[3])
	b = b[4:]
	if size > len(b) {
		return p, nil, ErrTruncated
	}
	p.rest, p.size = b[:size:size], 0
	err := p.takeCompositionOffset(p.rest)
	p.content = p.rest[p.size:]
	return p, b[size:], err
}

// asItCame returns the body of the packet as it came, and the size of its
// header. One that was among others is written as a body of its own.
func (p *packet) asItCame() (body []byte, size int) {
	if p.body != nil {
		return p.body, p.size
	}
	form := form{kind: p.kind, frame: p.frame, multitrack: true, track: p.track, packet: p.packet, fourCC: p.fourCC}
	var head [maxHead]byte
	n := form.put(&head)
	body = make([]byte, 0, int(n)+len(p.rest))
	body = append(body, head[:n]...)
	return append(body, p.rest...), int(n) + p.size
}
