//go:build !linux || portable

package netx

import (
	"net"
	"time"
)

// Driver serves connections on Linux; elsewhere there is none, and each
// connection needs a goroutine of its own.
type Driver struct{}

// NewDriver returns nil: this system has no driver.
func NewDriver(_ int, _ time.Duration) (*Driver, error) { return nil, nil }

// Lanes returns 0.
func (*Driver) Lanes() int { return 0 }

// Add refuses every connection.
func (*Driver) Add(net.Conn, Rider) (*Seat, bool) { return nil, false }

// Takes returns false.
func (*Driver) Takes(net.Conn) bool { return false }

// Stats returns zeros.
func (*Driver) Stats() DriverStats { return DriverStats{} }

// Close does nothing.
func (*Driver) Close() {}

// Seat is the place of a rider in a [Driver].
type Seat struct{}

// Wake does nothing.
func (*Seat) Wake() {}

// Vector is a row of slices to be written.
type Vector struct{ size int }

// Set fills the vector.
func (v *Vector) Set(slices [][]byte) {
	v.size = 0
	for _, p := range slices {
		v.size += len(p)
	}
}

// Len returns the number of bytes.
func (v *Vector) Len() int { return v.size }

// Kept returns false.
func (v *Vector) Kept() bool { return false }
