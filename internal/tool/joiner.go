package tool

import (
	"time"

	"github.com/millrace-live/millrace/media"
)

const (
	// A step of a stream's clock that is larger than longestStep, or goes back
	// further than longestReturn, is none of time but one of its clock.
	longestStep   = int64(5 * time.Second)
	longestReturn = int64(time.Second)
	// nominal is how long the last frame lasts when nothing tells.
	nominal = int64(20 * time.Millisecond)
)

// Joiner puts the frames of a stream on one line of time that goes on over
// jumps of its clock and from one pass over a file to the next. Sound and
// picture are moved together. The zero value is ready.
type Joiner struct {
	started bool
	fresh   bool // another pass has begun
	offset  int64
	last    int64 // of all frames, before the offset
	ends    map[media.Kind]int64
	steps   map[media.Kind]int64
	joints  int
}

// Restart says that the next frame is the first of another pass.
func (j *Joiner) Restart() { j.fresh = j.started }

// Joints is how often the clock was joined anew, passes not counted.
func (j *Joiner) Joints() int { return j.joints }

// Join returns a copy of f at its place on the line.
func (j *Joiner) Join(f *media.Frame) *media.Frame {
	if j.ends == nil {
		j.ends, j.steps = make(map[media.Kind]int64), make(map[media.Kind]int64)
	}
	if j.started {
		step := f.DTS - j.last
		jump := step > longestStep || step < -longestReturn
		if j.fresh || jump {
			if !j.fresh {
				j.joints++
			}
			j.offset = j.end() - f.DTS
		}
	}
	j.started, j.fresh, j.last = true, false, f.DTS
	c := *f
	c.DTS, c.PTS = f.DTS+j.offset, f.PTS+j.offset
	if before, ok := j.ends[f.Kind]; ok && c.DTS > before {
		j.steps[f.Kind] = c.DTS - before
	}
	j.ends[f.Kind] = max(j.ends[f.Kind], c.DTS)
	return &c
}

// end is where the line has got to: the end of the last frame of the longest
// track.
func (j *Joiner) end() int64 {
	var end int64
	for kind, last := range j.ends {
		step := j.steps[kind]
		if step == 0 || step > longestStep {
			step = nominal
		}
		end = max(end, last+step)
	}
	return end
}
