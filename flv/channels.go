package flv

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/millrace-live/millrace/media"
)

// channels takes the configuration of a track's channels.
func (d *Demuxer) channels(p *packet) error {
	layout, err := parseLayout(p.content)
	if err != nil {
		return err
	}
	t := d.another(p, p.codec)
	if sameLayout(t.Layout, layout) {
		return nil
	}
	headless := headlessOpus(t)
	t.Layout = layout
	if headless {
		nameOpusChannels(t)
	}
	return d.put(t)
}

// parseLayout reads a MultichannelConfig (Enhanced RTMP v2, ExAudioTagBody).
func parseLayout(b []byte) (*media.Layout, error) {
	if len(b) < 2 {
		return nil, fmt.Errorf("flv: read the configuration of channels: %w", ErrTruncated)
	}
	l := &media.Layout{Order: media.ChannelOrder(b[0]), Count: b[1]}
	b = b[2:]
	need := 0
	switch l.Order {
	case media.NativeOrder:
		need = 4
	case media.CustomOrder:
		need = int(l.Count)
	case media.UnspecifiedOrder:
	default:
		return nil, fmt.Errorf("flv: read the configuration of channels: no order has the number %d", l.Order)
	}
	switch {
	case len(b) < need:
		return nil, fmt.Errorf("flv: read the configuration of %d channels: %w", l.Count, ErrTruncated)
	case l.Order == media.NativeOrder:
		l.Mask = binary.BigEndian.Uint32(b)
	case l.Order == media.CustomOrder:
		l.Channels = bytes.Clone(b[:need])
	}
	return l, nil
}

func appendLayout(dst []byte, l *media.Layout) []byte {
	dst = append(dst, byte(l.Order), l.Count)
	switch l.Order {
	case media.NativeOrder:
		dst = binary.BigEndian.AppendUint32(dst, l.Mask)
	case media.CustomOrder:
		dst = append(dst, l.Channels...)
	}
	return dst
}

func sameLayout(a, b *media.Layout) bool {
	if a == nil || b == nil {
		return a == b
	}
	return a.Order == b.Order && a.Mask == b.Mask && a.Count == b.Count && slices.Equal(a.Channels, b.Channels)
}

// configureOpus takes the empty sequence header that Opus may have: the
// configuration of channels counts them then, or the frames do, which tell mono
// from stereo.
func (d *Demuxer) configureOpus(p *packet) error {
	t := d.another(p, p.codec)
	if d.tracks.Find(p.kind, p.track) != nil && headlessOpus(t) {
		return nil
	}
	t.Config, t.Format = nil, nil
	nameOpusChannels(t)
	return d.put(t)
}

// headlessOpus reports whether t is Opus whose encoder sent no header.
func headlessOpus(t *media.Track) bool {
	if t.Codec != media.Opus {
		return false
	}
	return t.Config == nil || t.Layout != nil && bytes.Equal(t.Config, opusHead(t.Layout.Count))
}

// nameOpusChannels gives a track of Opus the header that its layout calls for.
func nameOpusChannels(t *media.Track) {
	if t.Layout == nil {
		return
	}
	record := opusHead(t.Layout.Count)
	if record == nil {
		return
	}
	if f, err := media.ParseConfig(media.Opus, record); err == nil {
		t.Config, t.Format = record, f
	}
}

// opusHead returns the header of Opus with that many channels (RFC 7845 §5.1),
// nil if there is no arrangement of so many: mono and stereo of family 0, else
// the surround of family 1 with the streams that encoders make of it (§5.1.1.2).
func opusHead(channels uint8) []byte {
	// An encoder's lookahead at 48 kHz, of which the header would have told.
	const preSkip, rate = 312, 48000
	surround := [...]struct {
		coupled uint8
		mapping string
	}{
		3: {1, "\x00\x02\x01"},
		4: {2, "\x00\x01\x02\x03"},
		5: {2, "\x00\x04\x01\x02\x03"},
		6: {2, "\x00\x04\x01\x02\x03\x05"},
		7: {2, "\x00\x04\x01\x02\x03\x05\x06"},
		8: {3, "\x00\x06\x01\x02\x03\x04\x05\x07"},
	}
	if channels == 0 || int(channels) >= len(surround) {
		return nil
	}
	b := append([]byte("OpusHead"), 1, channels)
	b = binary.LittleEndian.AppendUint16(b, preSkip)
	b = binary.LittleEndian.AppendUint32(b, rate)
	b = append(b, 0, 0) // output gain
	if channels <= 2 {
		return append(b, 0)
	}
	s := surround[channels]
	b = append(b, 1, channels-s.coupled, s.coupled)
	return append(b, s.mapping...)
}
