package flv

import (
	"bytes"

	"github.com/millrace-live/millrace/media"
)

// transition appends the tags that bring the reader from the tracks it has seen
// to s: the headers of those that are new or changed, the ends of those that
// left.
func (m *Muxer) transition(dst []Tag, s *media.TrackSet, ms uint32) []Tag {
	if m.seen != nil {
		for _, t := range m.seen.Tracks {
			if m.gives(m.seen, t) && m.counterpart(s, t) == nil {
				dst = m.end(dst, t, ms)
			}
		}
	}
	for _, t := range s.Tracks {
		if m.gives(s, t) {
			dst = m.describe(dst, t, m.counterpart(m.seen, t), ms)
		}
	}
	m.seen = s
	return dst
}

// counterpart returns the track of s that has the place of t for the reader,
// nil if there is none that it gets.
func (m *Muxer) counterpart(s *media.TrackSet, t *media.Track) *media.Track {
	o := s.Default(t.Kind)
	if m.Accept.Tracks {
		o = s.Find(t.Kind, t.ID)
	}
	if o == nil || m.Accept.Refused(o) {
		return nil
	}
	return o
}

// describe appends what the reader is to know of t and does not know from what
// stood in its place before, which may be nil.
func (m *Muxer) describe(dst []Tag, t, before *media.Track, ms uint32) []Tag {
	if t == before {
		return dst
	}
	anew := before == nil || before.Codec != t.Codec || bare(before) != bare(t) || !bytes.Equal(before.Config, t.Config)
	if anew {
		dst = m.sequenceStart(dst, t, ms)
	}
	if FourCC(t.Codec) == "" {
		return dst
	}
	var color *media.ColorInfo
	var layout *media.Layout
	if before != nil && before.Codec == t.Codec {
		color, layout = before.Color, before.Layout
	}
	if m.Accept.Metadata && !sameColor(color, t.Color) {
		dst = m.enhanced(dst, t, exVideoMetadata, appendColor(nil, t.Color), ms)
	}
	if m.Accept.Channels && t.Layout != nil && !sameLayout(layout, t.Layout) {
		dst = m.enhanced(dst, t, exAudioChannels, appendLayout(nil, t.Layout), ms)
	}
	return dst
}

// sequenceStart appends the sequence header of t. Sound without a configuration
// (AC-3, E-AC-3) has an empty one in the enhanced form, by which readers learn
// of the track before its first frame; libav writes it, too.
func (m *Muxer) sequenceStart(dst []Tag, t *media.Track, ms uint32) []Tag {
	tag := Tag{Type: tagType(t.Kind), Timestamp: ms, Payload: t.Config}
	switch {
	case t.Config == nil && (!bare(t) || t.Kind == media.Video || m.legacy(t)):
		return dst
	case !bare(t):
		h, err := parseHeader(t.Kind, t.Config)
		if err != nil || !h.enhanced {
			break
		}
		form := m.form(t, h.packet)
		form.frame, form.fourCC = h.frame, h.fourCC
		tag.Payload = t.Config[h.size:]
		tag.headSize = form.put(&tag.head)
	case !m.legacy(t):
		return m.enhanced(dst, t, exSequenceStart, t.Config, ms)
	case t.Codec == media.H264:
		tag.setHead(frameType(media.Key)<<4|codecIDAVC, packetSequenceHeader, 0, 0, 0)
	case t.Codec == media.AAC:
		tag.setHead(aacFlags, packetSequenceHeader)
	default:
		return dst
	}
	return append(dst, tag)
}

// end appends the end of a track: in the enhanced form, which takes the track
// away, to a reader of many. The legacy form of H.264 says that the pictures are
// over, and those of sound have none.
func (m *Muxer) end(dst []Tag, t *media.Track, ms uint32) []Tag {
	switch {
	case (m.Accept.Tracks || !m.legacy(t)) && FourCC(t.Codec) != "":
		return m.enhanced(dst, t, exSequenceEnd, nil, ms)
	case t.Codec == media.H264:
		tag := Tag{Type: TagVideo, Timestamp: ms}
		tag.setHead(frameType(media.Key)<<4|codecIDAVC, packetEndOfSequence, 0, 0, 0)
		return append(dst, tag)
	}
	return dst
}

// enhanced appends a packet in enhanced form. Metadata has the frame type of a
// command, which readers that do not know it pass over.
func (m *Muxer) enhanced(dst []Tag, t *media.Track, packet byte, payload []byte, ms uint32) []Tag {
	tag := Tag{Type: tagType(t.Kind), Timestamp: ms, Payload: payload}
	form := m.form(t, packet)
	if t.Kind == media.Video && packet == exVideoMetadata {
		form.frame = frameTypeCommand
	}
	tag.headSize = form.put(&tag.head)
	return append(dst, tag)
}
