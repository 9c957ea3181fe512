package media

// Track describes one elementary stream. It is immutable once it is in a
// [TrackSet].
type Track struct {
	Kind  Kind
	ID    uint8 // 0 is the default track of its kind
	Codec Codec
	// Config is the sequence header. When AVC or AAC is set it is the codec's
	// configuration record without any container header: avcC (ISO/IEC
	// 14496-15 §5.3.3.1), AudioSpecificConfig (ISO/IEC 14496-3 §1.6.2.1).
	// Otherwise it is the FLV tag body of the sequence header, just as it came,
	// or nil when there was none.
	Config []byte
	// AVC is the parsed Config of an H.264 track, AAC that of an AAC track.
	// Both are nil for codecs and forms that Millrace carries as they came.
	AVC *AVCConfig
	AAC *AACConfig
}

// TrackSet is the state that a stream's frames decode with: the sequence
// headers. It is immutable; a change makes another set.
type TrackSet struct {
	Tracks []*Track // video first, then audio, each by rising ID
}

// Find returns the track of that kind and identifier, or nil. It works on a nil
// set.
func (s *TrackSet) Find(k Kind, id uint8) *Track {
	if s == nil {
		return nil
	}
	for _, t := range s.Tracks {
		if t.Kind == k && t.ID == id {
			return t
		}
	}
	return nil
}

// Default returns the track of that kind with the lowest identifier, or nil.
func (s *TrackSet) Default(k Kind) *Track {
	if s == nil {
		return nil
	}
	for _, t := range s.Tracks {
		if t.Kind == k {
			return t
		}
	}
	return nil
}

// With returns a set in which t stands in the place of the track of its kind
// and identifier, or has joined the others. s itself is unchanged and may be
// nil.
func (s *TrackSet) With(t *Track) *TrackSet {
	n := &TrackSet{}
	placed := false
	if s != nil {
		for _, o := range s.Tracks {
			switch {
			case o.Kind == t.Kind && o.ID == t.ID:
				o, placed = t, true
			case !placed && before(t, o):
				n.Tracks, placed = append(n.Tracks, t), true
			}
			n.Tracks = append(n.Tracks, o)
		}
	}
	if !placed {
		n.Tracks = append(n.Tracks, t)
	}
	return n
}

func before(a, b *Track) bool {
	if a.Kind != b.Kind {
		return a.Kind < b.Kind
	}
	return a.ID < b.ID
}

// CodecString returns the name of t's coding by RFC 6381 and its registered
// bindings, as HLS and MIME types use it, or "" when it is not known.
func (t *Track) CodecString() string {
	switch {
	case t.AVC != nil:
		return t.AVC.CodecString()
	case t.AAC != nil:
		return t.AAC.CodecString()
	}
	switch t.Codec {
	case MP3:
		return "mp4a.40.34"
	case Opus:
		return "Opus"
	case FLAC:
		return "fLaC"
	case AC3:
		return "ac-3"
	case EAC3:
		return "ec-3"
	}
	return ""
}
