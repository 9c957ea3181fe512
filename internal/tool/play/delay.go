package play

import (
	"time"

	"github.com/millrace-live/millrace/internal/metadata"
	"github.com/millrace-live/millrace/media"
)

// delay is how long ago a frame was made, by the wall clock that some encoders
// send along.
type delay struct {
	known bool
	value time.Duration
}

func (d *delay) add(f *media.Frame) {
	if clock, ok := metadata.ReadClock(f); ok {
		d.known, d.value = true, clock.Delay
	}
}
