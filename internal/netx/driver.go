package netx

import (
	"errors"
	"fmt"
	"time"
)

// Rider is what a [Driver] carries: the work of one connection. Its methods are
// called by one goroutine at a time, that of its lane, with no locks held, and
// must not block, since everybody else on the lane waits meanwhile.
type Rider interface {
	// Next returns what is to be written now, or nil if there is nothing until
	// the next Wake. It is not called again before all of that was written. It
	// may be called without a Wake. lane is the number of the calling lane, at
	// least 0 and below [Driver.Lanes], and the same one for the whole ride, so
	// that riders can share what belongs to their lane without locks. An error
	// lets the rider go.
	Next(lane int) (*Vector, error)
	// Received takes bytes of the peer, which are valid during the call. Next is
	// called after it. An error lets the rider go.
	Received(p []byte) error
	// Tick is called about once a second. An error lets the rider go.
	Tick(now time.Time) error
	// Left is called once, last, when the driver has let go of the connection,
	// which it has not closed and will not touch again. rest is what was not
	// written of the last Vector, nil if nothing; the rider may keep it, and
	// that Vector stays Kept. why is what Next, Received or Tick returned, a
	// [*PanicError] when one of them panicked, [ErrStuck], [io.EOF] when the
	// peer ended its side, [net.ErrClosed] when somebody here closed the
	// connection (noticed at the next tick if nothing is written), a system
	// call's error, or [ErrDriverClosed].
	Left(rest [][]byte, why error)
}

// ErrStuck is why a rider left whose peer accepted no byte of what waited for it
// for the driver's timeout.
var ErrStuck = errors.New("the peer has stopped taking bytes")

// ErrDriverClosed is why a rider left when its driver was closed.
var ErrDriverClosed = errors.New("the driver is closed")

// PanicError is why a rider left that panicked.
type PanicError struct {
	Value any    // what it panicked with
	Stack []byte // of the goroutine, as [runtime/debug.Stack] gives it
}

func (e *PanicError) Error() string { return fmt.Sprintf("panic: %v", e.Value) }

// Unwrap returns the value of the panic if that is an error.
func (e *PanicError) Unwrap() error {
	err, _ := e.Value.(error)
	return err
}

// DriverStats is what a [Driver] counts.
type DriverStats struct {
	Riders int    // on board now
	Panics uint64 // of riders, since the driver began
}
