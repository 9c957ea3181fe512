package handshake

import (
	"fmt"
	"io"

	"github.com/millrace-live/millrace/rtmp/internal/rtmpe"
)

// serverRelease is the release that S1 carries beside a digest. ffmpeg looks
// for the digest only when the first number is 3 or more.
var serverRelease = [4]byte{3, 5, 1, 1}

// Server is the server's side of one handshake. It is not safe for use by more
// than one goroutine.
type Server struct {
	result
	config Config
	in     gather
	digest []byte // of S1; nil in the simple form
	done   bool
	err    error
}

// NewServer returns a Server that waits for C0.
func NewServer(c Config) *Server { return &Server{config: c} }

// Feed takes the next bytes of the client, any number of them. It returns what
// has to be sent now, how many bytes of p it used, and whether the handshake
// is done. The bytes that it did not use are chunks already: clients send
// their connect right behind C2. The answer S0, S1, S2 comes in one piece, and
// must not be changed. An error is final: a [*VersionError], one of those of
// RTMPE, or a failure of the source of randomness.
func (s *Server) Feed(p []byte) (out []byte, n int, done bool, err error) {
	if s.err != nil || s.done {
		return nil, 0, s.done, s.err
	}
	if s.s1 == nil {
		if v, ok := s.in.first(p); ok {
			if s.err = s.check(v); s.err != nil {
				return nil, 0, false, s.err
			}
		}
		var open []byte
		if open, n = s.in.take(p, 1+blockSize); open == nil {
			return nil, n, false, nil
		}
		if out, s.err = s.answer(open[0], open[1:]); s.err != nil {
			return nil, n, false, s.err
		}
	}
	c2, m := s.in.take(p[n:], blockSize)
	n += m
	if c2 != nil {
		s.peer.Reply = clientSigner.judge(c2, s.s1, s.digest, s.typ)
		s.done = true
	}
	return out, n, s.done, nil
}

func (s *Server) check(c0 byte) error {
	switch {
	case c0 >= reserved:
		return &VersionError{Version: c0}
	case !rtmpe.Type(c0):
		return nil
	}
	s.typ = c0
	if s.config.RefuseEncrypted {
		return ErrEncrypted
	}
	return nil
}

// answer makes S0, S1 and S2 in the form of c1.
func (s *Server) answer(c0 byte, c1 []byte) ([]byte, error) {
	s.peer = Peer{Version: c0, Release: [4]byte(c1[4:bodyStart]), Form: Simple}
	encrypted := s.typ != 0
	var clientDigest []byte
	if encrypted || s.peer.Release != [4]byte{} {
		s.peer.Form, clientDigest = clientSigner.find(c1)
	}
	if encrypted && clientDigest == nil {
		return nil, ErrDigest
	}

	out := make([]byte, 1+2*blockSize)
	out[0] = version
	s1, s2 := out[1:1+blockSize], out[1+blockSize:]
	random := s.config.rand()
	if _, err := io.ReadFull(random, s1[bodyStart:]); err != nil {
		return nil, fmt.Errorf("handshake: filling S1: %w", err)
	}
	s.s1 = s1
	if clientDigest == nil {
		copy(s2, c1)
		return out, nil
	}
	copy(s1[4:], serverRelease[:])
	if encrypted {
		if s.config.Type != 0 {
			s.typ = s.config.Type
		}
		out[0] = s.typ
		if err := s.exchange(c1); err != nil {
			return nil, err
		}
	}
	s.digest = serverSigner.stamp(s1, s.peer.Form)
	if err := serverSigner.reply(s2, clientDigest, s.typ, random); err != nil {
		return nil, fmt.Errorf("handshake: filling S2: %w", err)
	}
	return out, nil
}

// exchange puts a public key into S1 and makes the key streams. Of several
// private keys it takes one whose secret is not ambiguous; that there is none
// among so many does not happen.
func (s *Server) exchange(c1 []byte) error {
	const tries = 8
	theirs := publicKey(c1, s.peer.Form)
	for try := 1; ; try++ {
		private, err := s.config.key()
		if err != nil {
			return err
		}
		secret, ambiguous, err := secret(private, theirs)
		if err != nil {
			return err
		}
		if ambiguous && try < tries {
			continue
		}
		ours := publicKey(s.s1, s.peer.Form)
		copy(ours, private.PublicKey())
		if s.peer.Form == KeyFirst && s.config.Private == nil {
			repeatKey(s.s1, ours)
		}
		s.agree(secret, ours, theirs)
		return nil
	}
}

// repeatKey puts the key into a block with the key first as if it had the
// digest first, too. FFmpeg opens with the key first, whoever it is; when it
// publishes, it does not look for the form of the answer and reads the key
// there (7.0, rtmp_handshake).
func repeatKey(block, key []byte) {
	// Whichever random bytes would bring two of these over each other change:
	// the digest and the bytes that say where the key is,
	for digestOffset(block, KeyFirst)+digestSize > blockSize-4 {
		block[blockSize/2+bodyStart-1]++
	}
	// the key and the digest, and the key and the bytes that say where that is.
	digest, at := digestOffset(block, KeyFirst), keyOffset(block, DigestFirst)
	for at < blockSize/2+bodyStart || at < digest+digestSize && digest < at+len(key) {
		block[blockSize-1]++
		at = keyOffset(block, DigestFirst)
	}
	copy(block[at:], key)
}
