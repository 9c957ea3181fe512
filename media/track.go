package media

// Track describes one elementary stream. It is immutable once it is in a
// [TrackSet].
type Track struct {
	Kind  Kind
	ID    uint8 // 0 is the default track of its kind
	Codec Codec
	// Config is the sequence header. When Format is not nil it is the codec's
	// configuration record without any container header (see [ParseConfig]), or
	// nil for codecs that have none. Otherwise it is the FLV tag body of the
	// sequence header, just as it came, or nil when there was none.
	Config []byte
	// Format is what Config, or a frame, says of the coding. It is nil for
	// codecs and forms that Millrace carries as they came.
	Format Format
	// Color is what the encoder says of colour and light beside the bitstream,
	// nil when it says nothing (Enhanced RTMP colorInfo).
	Color *ColorInfo
	// Layout is which channel is which, nil when the encoder did not say
	// (Enhanced RTMP MultichannelConfig).
	Layout *Layout
	// Name and Language (BCP 47) are for viewers who choose among tracks; ""
	// when the encoder did not say.
	Name, Language string
}

// Picture returns what is known of the pictures of a video track, nil if
// nothing is.
func (t *Track) Picture() *Picture {
	if f, ok := t.Format.(interface{ picture() *Picture }); ok {
		return f.picture()
	}
	return nil
}

// Sound returns what is known of the sound of an audio track, nil if nothing
// is.
func (t *Track) Sound() *Sound {
	if f, ok := t.Format.(interface{ sound() *Sound }); ok {
		return f.sound()
	}
	return nil
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
	if t.Format == nil {
		return ""
	}
	return t.Format.CodecString()
}
