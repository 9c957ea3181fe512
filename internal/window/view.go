package window

import "context"

// View is what the window of a track holds at one moment. It is immutable.
type View struct {
	// Segments are whole, oldest first.
	Segments []*Segment
	// Open is the segment that is being made, with the parts that it has; nil
	// if it has none.
	Open *Segment
	// Next is the number of the segment that is being made.
	Next uint64
	// Ended is set when nothing will follow.
	Ended bool

	gone    bool          // nobody packages the stream any more
	changed chan struct{} // closed when the track has another view
}

// Changed is closed when the track has another view.
func (v *View) Changed() <-chan struct{} { return v.changed }

// Last returns the newest segment, whole or not; nil if there is none.
func (v *View) Last() *Segment {
	if v.Open != nil {
		return v.Open
	}
	if len(v.Segments) == 0 {
		return nil
	}
	return v.Segments[len(v.Segments)-1]
}

// WholeSegment stands for no part, but all of a segment.
const WholeSegment = -1

// Has reports whether a part of a segment is there, or anything later; for part
// [WholeSegment] the segment must be whole. A part behind the last of a segment
// that is whole is the first of the next (rfc8216bis §6.2.5.2).
func (v *View) Has(number uint64, part int) bool {
	switch {
	case v.Ended:
		return true
	case v.Next > 0 && number < v.Next-1:
		return true
	case number < v.Next:
		if part == WholeSegment || len(v.Segments) == 0 {
			return true
		}
		return part < len(v.Segments[len(v.Segments)-1].Parts) || v.Open != nil
	case number == v.Next && part != WholeSegment:
		return v.Open != nil && part < len(v.Open.Parts)
	}
	return false
}

// Wait returns the newest view as soon as it has that part of that segment
// ([View.Has]), [ErrClosed] if that will not come, or the error of ctx.
func (t *Track) Wait(ctx context.Context, number uint64, part int) (*View, error) {
	for {
		v := t.View()
		switch {
		case v.Has(number, part):
			return v, nil
		case v.gone:
			return nil, ErrClosed
		}
		select {
		case <-v.changed:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}
