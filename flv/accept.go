package flv

import "github.com/millrace-live/millrace/media"

// Accept is what a reader of tags takes beyond the FLV of the Flash days
// (Enhanced RTMP v2, "Enhancing NetConnection connect Command"). The zero value
// is that of one who did not say: the default track alone, of any codec,
// without anything that an old player cannot pass over.
type Accept struct {
	// Tracks is all tracks; else the default ones alone.
	Tracks bool
	// Nano is ModEx with offsets of nanoseconds.
	Nano bool
	// Metadata is metadata packets of pictures (colorInfo), Channels the
	// configuration of channels of sound.
	Metadata, Channels bool
	// Codecs are those that need the enhanced form and are taken; 0 is all.
	// What has a legacy form (H.264, AAC, MP3) is always taken.
	Codecs CodecSet
}

// Readers of two kinds: of all there is, and of nothing that has no form of the
// Flash days.
var (
	AcceptAll    = Accept{Tracks: true, Nano: true, Metadata: true, Channels: true}
	AcceptLegacy = Accept{Codecs: CodecSet(0).With(media.H264)}
)

// CodecSet is a set of codecs.
type CodecSet uint64

// With returns the set with c in it.
func (s CodecSet) With(c media.Codec) CodecSet { return s | 1<<c }

// Has reports whether c is in the set.
func (s CodecSet) Has(c media.Codec) bool { return s&(1<<c) != 0 }

// Refused reports whether the reader takes no frame of t for its codec's sake.
// (That a track is not the default one, and the reader takes no other, is no
// refusal.)
func (a Accept) Refused(t *media.Track) bool {
	c := t.Codec
	switch {
	case a.Codecs == 0, a.Codecs.Has(c), hasLegacyForm(c):
		return false
	}
	return c == media.Unknown || FourCC(c) != ""
}

// selects reports whether the reader wants a track of s, whatever its codec.
func (a Accept) selects(s *media.TrackSet, t *media.Track) bool {
	return a.Tracks || s.Default(t.Kind).ID == t.ID
}

// LeftOut returns the track of f if its codec alone keeps it from the reader,
// else nil.
func (a Accept) LeftOut(f *media.Frame) *media.Track {
	t := f.Tracks.Find(f.Kind, f.Track)
	if t == nil || !a.selects(f.Tracks, t) || !a.Refused(t) {
		return nil
	}
	return t
}

// announced reports whether the reader said anything of the kind that only one
// who reads enhanced headers says.
func (a Accept) announced() bool { return a.Tracks || a.Nano || a.Metadata || a.Channels }
