package hub

import (
	"time"

	"github.com/millrace-live/millrace/media"
)

// Publication is the right to write to a stream. It lasts until End, or until
// the hub ends it: taken over, silent for a minute, beyond its limits, sent away,
// shut down.
//
// Its frames must come from one goroutine at a time.
type Publication struct {
	stream *stream
	id     who
	grant  Grant
	kick   func(error)
	since  time.Time
	number uint64 // in the roster

	// Guarded by stream.mu.
	end       error // why it is over
	clock     *EncoderClock
	bytes     uint64
	frames    FrameCounts
	lastMedia time.Time
	gap       time.Duration // the usual distance of its frames, by arrival
	pictured  bool          // it sent a frame of the default video track
	keyed     bool          // and a key
	keyAt     int64         // DTS of the newest key, before one of the first picture
	lostKey   bool          // the ring's bounds took the newest key away
	governor  *governor     // nil: it has no limits
	longGOP   bool          // and that was told
}

// Stream returns the name of the stream, "app/name".
func (p *Publication) Stream() string { return p.stream.name }

// Broadcast returns the identifier of the broadcast that it is part of.
func (p *Publication) Broadcast() string { return p.stream.broadcast }

// Write gives f to the stream's readers. DTS and PTS are nanoseconds of the
// source's own clock, unwrapped; Write moves them to the stream's timeline and
// sets Epoch, and Arrival if it is zero. From then on f is immutable.
//
// It never waits for a reader. An error means that the publication is over:
// ErrTakenOver, ErrSilent, ErrShutdown, ErrClosed, or a *Refusal that says why.
func (p *Publication) Write(f *media.Frame) error { return p.stream.write(p, f) }

// Clocked tells what the encoder's own clock said with the newest frame that
// had it.
func (p *Publication) Clocked(c EncoderClock) {
	p.stream.mu.Lock()
	defer p.stream.mu.Unlock()
	p.clock = &c
}

// End ends the publication. With a nil cause, a clean end, the broadcast is
// over at once (unless the grant says otherwise); with any other the publisher
// vanished and may come back within the grace time. When the publication is
// over already, End does nothing.
func (p *Publication) End(cause error) { p.stream.endOf(p, cause) }
