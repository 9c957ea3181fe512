package handshake

import (
	"crypto/rand"
	"io"

	"github.com/millrace-live/millrace/rtmp/internal/rtmpe"
)

// Config is how a side of the handshake behaves. The zero value is what a
// server and a client of today want.
type Config struct {
	// Rand gives the random filling of the blocks; nil is crypto/rand.
	Rand io.Reader
	// Type is the type of RTMPE: 6, 8 or 9. A client opens with it, and without
	// encryption if it is 0. A server answers all that ask for RTMPE with it,
	// and with the type that they ask for if it is 0.
	Type uint8
	// RefuseEncrypted has a server end a handshake that asks for RTMPE, with
	// [ErrEncrypted].
	RefuseEncrypted bool
	// Form is what a client opens with. RTMPE needs one with a digest; those
	// of Flash have the key first. The zero value, [DigestFirst], is what
	// ffmpeg sends to every server: those that check digests (Flash Media
	// Server and its likes) find one, and those that know only the simple
	// form take it for random bytes and are answered in kind. A server ignores
	// Form and follows its client.
	Form Form
	// Private is taken instead of a random private key, to repeat a session
	// byte for byte: its public key stands in S1 once, then.
	Private *rtmpe.PrivateKey
}

// key is the private key of one handshake.
func (c Config) key() (*rtmpe.PrivateKey, error) {
	if c.Private != nil {
		return c.Private, nil
	}
	return rtmpe.GenerateKey(c.rand())
}

func (c Config) rand() io.Reader {
	if c.Rand != nil {
		return c.Rand
	}
	return rand.Reader
}
