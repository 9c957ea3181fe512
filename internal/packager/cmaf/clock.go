package cmaf

import "time"

// wallClock is the line from media time to wall clock of one period. It begins
// where the frames of the first segment arrived, and follows the encoder's
// clock as it drifts against ours, but slowly: what players see is a straight
// line, on which times and durations agree.
type wallClock struct {
	set    bool
	offset int64 // wall clock less media time, nanoseconds
}

const (
	// wallSlack is the error that is left alone: it would be jitter.
	wallSlack = 100 * time.Millisecond
	// wallSlew is the part of a segment's length by which the line may move
	// for it: 1 %, ten times any encoder's drift, and far below what makes a
	// player lose its place.
	wallSlew = 100
)

// observe takes the offset at which the frames of a segment arrived, and the
// segment's length.
func (c *wallClock) observe(offset int64, length time.Duration) {
	if !c.set {
		c.set, c.offset = true, offset
		return
	}
	late := offset - c.offset
	if late >= -int64(wallSlack) && late <= int64(wallSlack) {
		return
	}
	limit := int64(length) / wallSlew
	c.offset += max(-limit, min(limit, late))
}

func (c *wallClock) at(media int64) time.Time { return time.Unix(0, media+c.offset).UTC() }
