package rtmp

import (
	"net/netip"

	"github.com/millrace-live/millrace/rtmp"
	"github.com/millrace-live/millrace/rtmp/message"
)

// Users are encoders that publish with a user and a password, for want of a field
// for a key, by the challenges of Adobe and Limelight.
type Users interface {
	// Any reports whether there is any user. While there is none, nobody is
	// challenged.
	Any() bool
	// Verifier returns what a user's answers are checked by, false if the user
	// may not come in.
	Verifier(user string) (rtmp.Verifier, bool)
	// Allowed says why an address that was wrong too often must wait.
	Allowed(netip.Addr) error
	// Failed is told of a wrong answer.
	Failed(netip.Addr)
}

// challenge asks those for a user and a password who ask for that. Whoever has a
// key must get in without, and which of the two an encoder has does not show
// before it is too late.
func (d *Door) challenge() *rtmp.Challenge {
	return &rtmp.Challenge{
		Off:      func() bool { return !d.users.Any() },
		Verifier: d.users.Verifier,
		Demand:   func(*rtmp.Session) bool { return false },
		Allow: func(s *rtmp.Session) error {
			if err := d.users.Allowed(callerOf(s).remote.Addr()); err != nil {
				return &rtmp.StatusError{Code: message.CodeConnectRejected, Description: err.Error()}
			}
			return nil
		},
	}
}
