package handshake

import (
	"crypto/rand"
	"io"
)

// Config is how a side of the handshake behaves. The zero value is what a
// server and a client of today want.
type Config struct {
	// Rand gives the random filling of the blocks; nil is crypto/rand.
	Rand io.Reader
	// Form is what a client opens with. The zero value, [DigestFirst], is what
	// ffmpeg sends to every server: those that check digests (Flash Media
	// Server and its likes) find one, and those that know only the simple
	// form take it for random bytes and are answered in kind. A server ignores
	// Form and follows its client.
	Form Form
}

func (c Config) rand() io.Reader {
	if c.Rand != nil {
		return c.Rand
	}
	return rand.Reader
}
