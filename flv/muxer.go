package flv

import "github.com/millrace-live/millrace/media"

// Muxer turns the frames of one stream, in their order, into tags for one
// reader. The zero value is ready. Two Muxers that are equal make the same tags
// of the same frames.
type Muxer struct {
	// Accept is what the reader takes.
	Accept Accept

	seen *media.TrackSet
}

// Mux appends the tags of f to dst: first those that bring the reader from the
// tracks it has seen to those that f decodes with, then that of f itself.
// Nothing is allocated while dst has room and the tracks are the same.
//
// The default track (the first of its kind) is written in the legacy form where
// there is one, else in the enhanced one. Other tracks, which have multitrack
// headers, are for a reader that accepts all of them.
//
// Timestamps and composition offsets are rounded down to whole milliseconds;
// the rest goes to a reader that accepts nanoseconds. What FLV has no form for
// is left out: Opaque frames and cleared state (Data without a payload).
func (m *Muxer) Mux(dst []Tag, f *media.Frame) []Tag {
	switch f.Kind {
	case media.Video, media.Audio:
		if f.Tracks != m.seen {
			dst = m.transition(dst, f.Tracks, uint32(milliseconds(f.DTS)))
		}
	case media.Data:
	default:
		return dst
	}
	if len(f.Payload) == 0 {
		return dst
	}
	t := Tag{Timestamp: uint32(milliseconds(f.DTS)), Payload: f.Payload}
	if f.Kind == media.Data {
		t.Type = TagScript
		return append(dst, t)
	}
	t.Type = tagType(f.Kind)
	var ok bool
	if f.Header == 0 {
		ok = m.bare(&t, f)
	} else {
		ok = m.carried(&t, f)
	}
	if !ok {
		return dst
	}
	return append(dst, t)
}

// bare writes the header of a frame that has none, and reports whether the
// reader takes it.
func (m *Muxer) bare(t *Tag, f *media.Frame) bool {
	track := f.Tracks.Find(f.Kind, f.Track)
	if track == nil || !m.gives(f.Tracks, track) {
		return false
	}
	nano := m.nano(f, track.Codec)
	if m.legacy(track) && nano == 0 {
		switch offset := compositionTime(f); track.Codec {
		case media.H264:
			t.setHead(frameType(f.Class)<<4|codecIDAVC, packetCoded, byte(offset>>16), byte(offset>>8), byte(offset))
		case media.AAC:
			t.setHead(aacFlags, packetCoded)
		default:
			t.setHead(mp3Flags(track.Sound()))
		}
		return true
	}
	form := m.form(track, exCodedFrames)
	form.frame = frameType(f.Class)
	form.nano = nano
	form.compose(f, track.Codec)
	t.headSize = form.put(&t.head)
	return true
}

// carried writes a frame that has the header it came with, and reports whether
// the reader takes it.
func (m *Muxer) carried(t *Tag, f *media.Frame) bool {
	track := f.Tracks.Find(f.Kind, f.Track)
	h, err := parseHeader(f.Kind, f.Payload)
	switch {
	case err != nil:
		return false
	case isMark(h, f):
		return m.mark(t, h)
	case track == nil || !m.Accept.selects(f.Tracks, track):
		return false // an end of sequence, too: its track was taken out before it
	case !h.enhanced:
		// Its codec is known here and written anew in enhanced form.
		return h.part == coded || track.Codec == h.codec && (!bare(track) || hasLegacyForm(h.codec))
	case m.Accept.Refused(track):
		return false
	case (h.part == metadata || h.part == other) && !m.Accept.Metadata:
		return false // nobody knows what an old reader makes of it
	}
	form := m.form(track, h.packet)
	form.frame, form.fourCC = h.frame, h.fourCC
	if h.part == coded {
		form.nano = m.nano(f, h.codec)
		form.compose(f, h.codec)
	}
	t.Payload = f.Payload[h.size:]
	t.headSize = form.put(&t.head)
	return true
}

// isMark reports whether a frame is a seek mark, which belongs to no track.
func isMark(h header, f *media.Frame) bool {
	if h.enhanced {
		return h.part == other && h.fourCC == [fourCCSize]byte{}
	}
	return f.Kind == media.Video && f.Payload[0]>>4 == frameTypeCommand
}

// mark writes a seek mark.
func (m *Muxer) mark(t *Tag, h header) bool {
	if h.enhanced && !m.Accept.announced() {
		if len(t.Payload) <= h.size {
			return false
		}
		t.Payload = t.Payload[h.size:]
		t.setHead(frameTypeCommand<<4 | codecIDAVC)
	}
	return true
}

// gives reports whether the reader gets a track of s.
func (m *Muxer) gives(s *media.TrackSet, t *media.Track) bool {
	return m.Accept.selects(s, t) && !m.Accept.Refused(t)
}

// multitrack reports whether the identifier of a track that the reader gets is
// written.
func (m *Muxer) multitrack(t *media.Track) bool { return m.Accept.Tracks && t.ID != 0 }

// legacy reports whether a bare track that the reader gets is written in its
// legacy form.
func (m *Muxer) legacy(t *media.Track) bool { return hasLegacyForm(t.Codec) && !m.multitrack(t) }

// form is the enhanced form of a packet of a track that the reader gets.
func (m *Muxer) form(t *media.Track, packet byte) form {
	f := form{kind: t.Kind, frame: frameType(media.Key), packet: packet, multitrack: m.multitrack(t), track: t.ID}
	copy(f.fourCC[:], FourCC(t.Codec))
	return f
}

// nano is what the tag of f leaves of its presentation time, 0 if the reader
// does not take it.
func (m *Muxer) nano(f *media.Frame, c media.Codec) uint32 {
	if !m.Accept.Nano {
		return 0
	}
	rest := f.PTS - milliseconds(f.DTS)*millisecond
	if hasCompositionOffset(c) {
		rest -= compositionTime(f) * millisecond
	}
	if rest < 0 || rest >= millisecond {
		return 0
	}
	return uint32(rest)
}

const millisecond = 1_000_000

// compositionTime is PTS - DTS in the milliseconds of their tag.
func compositionTime(f *media.Frame) int64 { return milliseconds(f.PTS) - milliseconds(f.DTS) }

// milliseconds rounds down, also below zero, so that a difference of two does
// not depend on their sign.
func milliseconds(ns int64) int64 {
	q := ns / millisecond
	if ns%millisecond < 0 {
		q--
	}
	return q
}

func tagType(k media.Kind) TagType {
	if k == media.Audio {
		return TagAudio
	}
	return TagVideo
}
