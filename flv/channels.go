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
		countOpusChannels(t)
	}
	return d.describe(t)
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

// configureOpus takes the empty sequence header that Opus may have (Enhanced
// RTMP v2, ExAudioTagBody): the configuration of channels counts them then.
func (d *Demuxer) configureOpus(p *packet) error {
	t := d.another(p, p.codec)
	if t.Format != nil && headlessOpus(t) {
		return nil
	}
	countOpusChannels(t)
	return d.put(t)
}

// headlessOpus reports whether t is Opus whose encoder sent no header.
func headlessOpus(t *media.Track) bool {
	if t.Codec != media.Opus || t.Config == nil {
		return t.Codec == media.Opus
	}
	made := *t
	countOpusChannels(&made)
	return bytes.Equal(t.Config, made.Config)
}

// countOpusChannels gives a track of Opus the header that its layout calls for;
// stereo without one, which a decoder plays packets of one channel in, too.
func countOpusChannels(t *media.Track) {
	const stereo = 2
	n := stereo
	if t.Layout != nil {
		n = int(t.Layout.Count)
	}
	f, err := media.NewOpusConfig(n)
	if err != nil {
		f, _ = media.NewOpusConfig(stereo)
	}
	t.Config, t.Format = f.Append(nil), f
}
