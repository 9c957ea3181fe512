package handshake

import (
	"crypto/cipher"
	"errors"

	"github.com/millrace-live/millrace/rtmp/internal/rtmpe"
)

// result is what a handshake leaves behind, on either side.
type result struct {
	peer    Peer
	typ     uint8  // of RTMPE, 0 in plain
	s1      []byte // as it was sent
	in, out cipher.Stream
}

// Peer tells what the other side did.
func (r *result) Peer() Peer { return r.peer }

// Type is the type of RTMPE, 6, 8 or 9, as soon as the peer's first byte is
// known, and 0 in plain RTMP.
func (r *result) Type() uint8 { return r.typ }

// Ciphers are the key streams of RTMPE for everything behind the handshake, nil
// in plain RTMP.
func (r *result) Ciphers() (in, out cipher.Stream) { return r.in, r.out }

// SWFKey is the key that a client's word about its SWF file is made with: the
// last bytes of S1. It is nil before S1.
func (r *result) SWFKey() []byte {
	if r.s1 == nil {
		return nil
	}
	return r.s1[blockSize-digestSize:]
}

// agree makes the key streams from the secret and the public keys
// of both sides.
func (r *result) agree(secret, ours, theirs []byte) {
	r.out, r.in = rtmpe.Sender(secret, theirs), rtmpe.Receiver(secret, ours)
}

// secret is what both sides know, and whether it is ambiguous.
func secret(private *rtmpe.PrivateKey, theirs []byte) (secret []byte, ambiguous bool, err error) {
	secret, err = private.Secret(theirs)
	if errors.Is(err, rtmpe.ErrKey) {
		return nil, false, ErrKey
	}
	return secret, err == nil && secret[0] == 0, err
}
