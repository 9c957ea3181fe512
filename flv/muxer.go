package flv

import (
	"bytes"

	"github.com/millrace-live/millrace/media"
)

// Muxer turns the frames of one stream, in their order, into tags for one
// reader. The zero value is ready.
type Muxer struct {
	// Accept is what the reader takes.
	Accept Accept

	seen *media.TrackSet
}

// Mux appends the tags of f to dst: first the sequence headers that the reader
// has not seen yet, when f decodes with another set of tracks than the frame
// before it, then that of f itself. Nothing is allocated while dst has room.
//
// Timestamps and composition offsets are rounded down to whole milliseconds.
// What FLV has no form for is left out: Opaque frames, cleared state (Data
// without a payload), bare tracks but the default one.
func (m *Muxer) Mux(dst []Tag, f *media.Frame) []Tag {
	ms := uint32(milliseconds(f.DTS))
	if f.Kind == media.Video || f.Kind == media.Audio {
		if f.Tracks != m.seen {
			dst = m.headers(dst, f.Tracks, ms)
		}
	}
	if len(f.Payload) == 0 {
		return dst
	}
	t := Tag{Timestamp: ms, Payload: f.Payload}
	switch {
	case f.Kind == media.Data:
		t.Type = TagScript
	case f.Kind == media.Video && f.Header > 0:
		t.Type = TagVideo
	case f.Kind == media.Audio && f.Header > 0:
		t.Type = TagAudio
	case f.Track != 0:
		return dst
	case f.Kind == media.Video && codec(f) == media.H264:
		t.Type = TagVideo
		offset := milliseconds(f.PTS) - milliseconds(f.DTS)
		t.setHead(frameType(f.Class)<<4|codecIDAVC, packetCoded, byte(offset>>16), byte(offset>>8), byte(offset))
	case f.Kind == media.Audio && codec(f) == media.AAC:
		t.Type = TagAudio
		t.setHead(aacFlags, packetCoded)
	default:
		return dst
	}
	return append(dst, t)
}

// aacFlags is the first byte of every AAC body: SoundFormat 10, and the rate,
// size and channels that FLV fixes for it whatever the truth (§E.4.2.1).
const aacFlags = 0xaf

// headers appends the sequence headers of the tracks in s that are not the same
// in the set seen last.
func (m *Muxer) headers(dst []Tag, s *media.TrackSet, ms uint32) []Tag {
	for _, t := range s.Tracks {
		old := m.seen.Find(t.Kind, t.ID)
		if t.Config == nil || old != nil && (old == t || bare(old) == bare(t) && bytes.Equal(old.Config, t.Config)) {
			continue
		}
		tag := Tag{Timestamp: ms, Payload: t.Config}
		tag.Type = TagVideo
		if t.Kind == media.Audio {
			tag.Type = TagAudio
		}
		switch {
		case !bare(t):
		case t.ID != 0:
			continue
		case t.Codec == media.H264:
			tag.setHead(frameType(media.Key)<<4|codecIDAVC, packetSequenceHeader, 0, 0, 0)
		default:
			tag.setHead(aacFlags, packetSequenceHeader)
		}
		dst = append(dst, tag)
	}
	m.seen = s
	return dst
}

func codec(f *media.Frame) media.Codec {
	if t := f.Tracks.Find(f.Kind, f.Track); t != nil {
		return t.Codec
	}
	return media.Unknown
}

func frameType(c media.Class) byte {
	switch c {
	case media.Key:
		return 1
	case media.Disposable:
		return 3
	case media.Generated:
		return 4
	}
	return 2
}

// milliseconds rounds down, also below zero, so that a difference of two does
// not depend on their sign.
func milliseconds(ns int64) int64 {
	const ms = 1_000_000
	q := ns / ms
	if ns%ms < 0 {
		q--
	}
	return q
}
