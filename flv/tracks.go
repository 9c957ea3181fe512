package flv

import (
	"bytes"
	"fmt"
	"slices"

	"github.com/millrace-live/millrace/media"
)

const (
	// maxConfig bounds a sequence header, which outlives its message: real ones
	// have less than 4 KiB.
	maxConfig = 64 << 10
	// maxTracks bounds the tracks of a kind. Encoders send fewer than ten; each
	// costs every viewer's muxer a look.
	maxTracks = 32
)

// bare reports whether t's Config is a record without a tag's header, and its
// frames are coded data alone.
func bare(t *media.Track) bool { return t.Format != nil }

// put makes t one of the tracks, in the place of the one with its identifier.
func (d *Demuxer) put(t *media.Track) error {
	if d.tracks.Find(t.Kind, t.ID) == nil {
		n := 0
		if d.tracks != nil {
			for _, o := range d.tracks.Tracks {
				if o.Kind == t.Kind {
					n++
				}
			}
		}
		if n == maxTracks {
			return fmt.Errorf("flv: add a track of %v: there are %d already", t.Kind, n)
		}
	}
	d.tracks = d.tracks.With(t)
	d.described = slices.DeleteFunc(d.described, func(o *media.Track) bool {
		return o.Kind == t.Kind && o.ID == t.ID && o.Codec == t.Codec
	})
	return nil
}

// describe keeps what is said of a track beside its configuration: in the track
// if it is there, else until it is. One that appeared without configuration
// would look like one that cannot be read.
func (d *Demuxer) describe(t *media.Track) error {
	if old := d.tracks.Find(t.Kind, t.ID); old != nil && old.Codec == t.Codec {
		return d.put(t)
	}
	d.forget(t.Kind, t.ID)
	if len(d.described) == 2*maxTracks {
		return fmt.Errorf("flv: describe a track of %v: %d are described already", t.Kind, len(d.described))
	}
	d.described = append(d.described, t)
	return nil
}

func (d *Demuxer) forget(k media.Kind, id uint8) {
	d.described = slices.DeleteFunc(d.described, func(t *media.Track) bool { return t.Kind == k && t.ID == id })
}

// remove takes a track out.
func (d *Demuxer) remove(k media.Kind, id uint8) {
	d.forget(k, id)
	if d.tracks.Find(k, id) == nil {
		return
	}
	left := &media.TrackSet{}
	for _, t := range d.tracks.Tracks {
		if t.Kind != k || t.ID != id {
			left.Tracks = append(left.Tracks, t)
		}
	}
	d.tracks = left
}

// another returns a track for a packet of codec c to be filled: a copy of the
// one that stands there, or one with what is said of it alone if there is none
// of that codec.
func (d *Demuxer) another(p *packet, c media.Codec) *media.Track {
	if old := d.tracks.Find(p.kind, p.track); old != nil && old.Codec == c {
		t := *old
		return &t
	}
	t := &media.Track{Kind: p.kind, ID: p.track, Codec: c}
	for _, o := range d.described {
		if o.Kind == p.kind && o.ID == p.track && o.Codec == c {
			*t = *o
		}
	}
	for _, n := range d.names {
		if n.kind == p.kind && n.id == p.track {
			t.Name, t.Language = n.name, n.language
		}
	}
	return t
}

// configure takes a sequence header.
func (d *Demuxer) configure(p *packet) error {
	if len(p.content) > maxConfig {
		return fmt.Errorf("flv: sequence header of %d bytes is above %d", len(p.content), maxConfig)
	}
	if len(p.content) == 0 {
		// Some encoders send an empty one first; Opus may have no other.
		if p.codec != media.Opus || !p.enhanced {
			return nil
		}
		return d.configureOpus(p)
	}
	codec, config, format := readConfig(p)
	t := d.another(p, codec)
	if format == nil {
		// It is left as it came: a player may know better.
		config, _ = p.asItCame()
		config = bytes.Clone(config)
	}
	old := d.tracks.Find(p.kind, p.track)
	if old != nil && old.Codec == codec && bare(old) == (format != nil) && bytes.Equal(old.Config, config) {
		return nil
	}
	t.Config, t.Format = config, format
	return d.put(t)
}

// readConfig returns the codec, configuration record and format that a sequence
// header states; no format if it cannot be read. The record is a copy, since it
// may outlive every frame of the stream.
func readConfig(p *packet) (media.Codec, []byte, media.Format) {
	b := bytes.Clone(p.content)
	if p.codec == media.FLAC && len(b) == streamInfoSize {
		b = append([]byte(streamInfoHeader), b...)
	}
	if p.enhanced && p.packet == exMPEG2SequenceStart {
		if b = av1Config(b); b == nil || p.codec != media.AV1 {
			return p.codec, nil, nil
		}
	}
	for _, c := range [...]media.Codec{p.codec, mistaken(p)} {
		f, err := media.ParseConfig(c, b)
		if err != nil {
			continue
		}
		if hasStartCode(b) || c == media.FLAC && !bytes.HasPrefix(b, []byte("fLaC")) {
			b = (&media.Track{Format: f}).Record()
		}
		return c, b, f
	}
	return p.codec, nil, nil
}

// FLAC's configuration begins like a file, with a mark and the header of its one
// block (Enhanced RTMP v2, ExAudioTagBody). libav leaves both out.
const (
	streamInfoSize   = 34
	streamInfoHeader = "\x80\x00\x00\x22"
)

// mistaken is the codec that a label names by mistake: some encoders send HEVC
// as CodecID 7, and some H.264 as 12.
func mistaken(p *packet) media.Codec {
	switch {
	case p.enhanced:
	case p.codec == media.H264:
		return media.HEVC
	case p.codec == media.HEVC:
		return media.H264
	}
	return p.codec
}

func hasStartCode(b []byte) bool {
	return bytes.HasPrefix(b, []byte{0, 0, 1}) || bytes.HasPrefix(b, []byte{0, 0, 0, 1})
}

// inspect returns the track of a frame, as the frame itself may change it.
func (d *Demuxer) inspect(p *packet) (*media.Track, error) {
	t := d.tracks.Find(p.kind, p.track)
	codec := p.codec
	if t != nil && bare(t) && t.Codec == mistaken(p) {
		codec = t.Codec
	}
	there := t != nil && t.Codec == codec
	if !there {
		t = d.another(p, codec)
	}
	format := t.Format
	// Those who send Opus by a number differ in what stands before its packets,
	// and any bytes are one.
	if p.enhanced || codec != media.Opus {
		format = media.Inspect(codec, format, p.content)
	}
	switch {
	case format != t.Format:
		if there {
			t = d.another(p, codec)
		}
		if t.Format == nil {
			// The one that came, if any, could not be read.
			t.Config = (&media.Track{Format: format}).Record()
		}
		t.Format = format
	case there:
		return t, nil
	}
	return t, d.put(t)
}

// av1Config turns the AV1 video descriptor of MPEG-2 TS (AV1 in MPEG-2 TS, §2.2)
// into an av1C, nil if it is none: the same four bytes, but for bits that
// describe light in the one and are reserved in the other.
func av1Config(descriptor []byte) []byte {
	const tag, size, reserved = 0x80, 4, 0xe0
	if len(descriptor) >= 2+size && descriptor[0] == tag && descriptor[1] == size {
		descriptor = descriptor[2:]
	}
	const markerAndVersion = 0x81
	if len(descriptor) < size || descriptor[0] != markerAndVersion {
		return nil
	}
	c := bytes.Clone(descriptor[:size])
	c[3] &^= reserved
	return c
}
