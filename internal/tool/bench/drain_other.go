//go:build !linux || portable

package bench

import (
	"net"
	"time"
)

// draining says whether players can do without reading. Here all observe.
const draining = false

// drainer is for Linux.
type drainer struct{}

func newDrainer() *drainer { return nil }

func (*drainer) take(*line, *meter, bool) bool { return false }
func (*drainer) stick(*line) bool              { return false }
func (*drainer) release()                      {}
func (*drainer) stop()                         {}

// seat is the place of a connection in a drainer.
type seat struct{}

func (*seat) wait() error                           { return net.ErrClosed }
func (*seat) write([]byte) (int, error)             { return 0, net.ErrClosed }
func (*seat) closeWrite() error                     { return net.ErrClosed }
func (*seat) close()                                {}
func (*seat) halt()                                 {}
func (*seat) left() <-chan struct{}                 { return nil }
func (*seat) stuckFor() (time.Duration, bool, bool) { return 0, false, false }
