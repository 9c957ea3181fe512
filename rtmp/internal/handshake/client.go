package handshake

import (
	"fmt"
	"io"

	"github.com/millrace-live/millrace/rtmp/internal/rtmpe"
)

// The releases that C1 carries beside a digest.
var (
	// clientRelease is that of Flash Player 9.0.124.2, which ffmpeg says too.
	clientRelease = [4]byte{9, 0, 124, 2}
	// encryptedRelease is that of no program, and what ffmpeg and librtmp say
	// in RTMPE.
	encryptedRelease = [4]byte{128, 0, 3, 2}
)

// Client is the client's side of one handshake. It is not safe for use by more
// than one goroutine.
type Client struct {
	result
	config  Config
	in      gather
	c1      []byte // nil until the first Feed
	digest  []byte // of C1; nil in the simple form
	private *rtmpe.PrivateKey
	done    bool
	err     error
}

// NewClient returns a Client that has sent nothing yet.
func NewClient(c Config) *Client {
	return &Client{config: c, result: result{typ: c.Type}}
}

// Feed takes the next bytes of the server, any number of them, and begins
// with none: the first call returns C0 and C1. It returns what has to be sent
// now, how many bytes of p it used, and whether the handshake is done; out must
// not be changed. C2 is signed when S1 has a digest and C1 had one, or else the
// echo of S1. An error is final: a [*VersionError], one of those of RTMPE, or a
// failure of the source of randomness.
func (c *Client) Feed(p []byte) (out []byte, n int, done bool, err error) {
	if c.err != nil || c.done {
		return nil, 0, c.done, c.err
	}
	if c.c1 == nil {
		if out, c.err = c.open(); c.err != nil {
			return nil, 0, false, c.err
		}
	}
	if c.s1 == nil {
		if v, ok := c.in.first(p); ok {
			if c.err = c.check(v); c.err != nil {
				return nil, 0, false, c.err
			}
		}
		var open []byte
		if open, n = c.in.take(p, 1+blockSize); open == nil {
			return out, n, false, nil
		}
		var c2 []byte
		if c2, c.err = c.answer(open[0], open[1:]); c.err != nil {
			return nil, n, false, c.err
		}
		out = append(out, c2...)
	}
	s2, m := c.in.take(p[n:], blockSize)
	n += m
	if s2 != nil {
		c.peer.Reply = serverSigner.judge(s2, c.c1, c.digest, c.typ)
		c.done = true
	}
	return out, n, c.done, nil
}

func (c *Client) check(s0 byte) error {
	switch {
	case s0 >= reserved:
		return &VersionError{Version: s0}
	case c.typ == 0 && rtmpe.Type(s0):
		return ErrUnasked
	case c.typ != 0 && !rtmpe.Type(s0):
		return ErrNotEncrypted
	}
	return nil
}

// open makes C0 and C1.
func (c *Client) open() ([]byte, error) {
	out := make([]byte, 1+blockSize)
	out[0] = version
	c1 := out[1:]
	if _, err := io.ReadFull(c.config.rand(), c1[bodyStart:]); err != nil {
		return nil, fmt.Errorf("handshake: filling C1: %w", err)
	}
	if c.typ != 0 {
		var err error
		if c.private, err = c.config.key(); err != nil {
			return nil, err
		}
		out[0] = c.typ
		copy(c1[4:], encryptedRelease[:])
		copy(publicKey(c1, c.config.Form), c.private.PublicKey())
		c.digest = clientSigner.stamp(c1, c.config.Form)
	} else if c.config.Form != Simple {
		copy(c1[4:], clientRelease[:])
		c.digest = clientSigner.stamp(c1, c.config.Form)
	}
	c.c1 = c1
	return out, nil
}

// answer makes C2 in the form of s1.
func (c *Client) answer(s0 byte, s1 []byte) ([]byte, error) {
	c.peer = Peer{Version: s0, Release: [4]byte(s1[4:bodyStart])}
	var serverDigest []byte
	c.peer.Form, serverDigest = serverSigner.find(s1)
	if c.typ != 0 {
		if serverDigest == nil {
			return nil, ErrDigest
		}
		c.typ = s0
		if err := c.exchange(s1); err != nil {
			return nil, err
		}
	}

	c.s1 = append([]byte(nil), s1...)
	c2 := make([]byte, blockSize)
	if serverDigest == nil || c.digest == nil {
		copy(c2, s1)
		return c2, nil
	}
	if err := clientSigner.reply(c2, serverDigest, c.typ, c.config.rand()); err != nil {
		return nil, fmt.Errorf("handshake: filling C2: %w", err)
	}
	return c2, nil
}

// exchange makes the key streams.
func (c *Client) exchange(s1 []byte) error {
	theirs := publicKey(s1, c.peer.Form)
	secret, ambiguous, err := secret(c.private, theirs)
	switch {
	case err != nil:
		return err
	case ambiguous:
		return ErrAmbiguous
	}
	c.agree(secret, publicKey(c.c1, c.config.Form), theirs)
	return nil
}
