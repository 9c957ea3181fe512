package rtmp

import (
	"bytes"
	"compress/zlib"
	"crypto/hmac"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"

	"github.com/millrace-live/millrace/rtmp/message"
)

// SWF is the file of a Flash player, as far as servers verify it. Nothing is
// proved by it but that somebody has the file, or these two numbers.
type SWF struct {
	// Hash is the HMAC-SHA256 of the decompressed file with the key "Genuine
	// Adobe Flash Player 001".
	Hash [32]byte
	// Size is the length of the decompressed file in bytes.
	Size uint32
}

// ErrSWF reports a file that is no SWF file, or one that is compressed in a way
// that [ReadSWF] does not know (LZMA).
var ErrSWF = errors.New("rtmp: not an SWF file that can be read")

// ReadSWF reads a file of up to 64 MiB, plain or compressed (CWS).
func ReadSWF(r io.Reader) (SWF, error) {
	const (
		headSize = 8 // signature, version, size; never compressed
		largest  = 64 << 20
	)
	var head [headSize]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return SWF{}, fmt.Errorf("%w: %w", ErrSWF, err)
	}
	body := r
	switch string(head[:3]) {
	case "FWS":
	case "CWS":
		head[0] = 'F'
		z, err := zlib.NewReader(r)
		if err != nil {
			return SWF{}, fmt.Errorf("%w: %w", ErrSWF, err)
		}
		defer z.Close()
		body = z
	default:
		return SWF{}, fmt.Errorf("%w: it begins with %q", ErrSWF, head[:3])
	}
	h := hmac.New(sha256.New, []byte("Genuine Adobe Flash Player 001"))
	h.Write(head[:])
	n, err := io.Copy(h, io.LimitReader(body, largest))
	if err != nil {
		return SWF{}, fmt.Errorf("%w: %w", ErrSWF, err)
	}
	if n == largest {
		return SWF{}, fmt.Errorf("%w: it is longer than %d bytes", ErrSWF, largest)
	}
	return SWF{Hash: [32]byte(h.Sum(nil)), Size: uint32(n) + headSize}, nil
}

// proof is what the client sends that has the file. key is the end of S1.
func (f *SWF) proof(key []byte) message.SWFProof {
	h := hmac.New(sha256.New, key)
	h.Write(f.Hash[:])
	return message.SWFProof{Size: f.Size, Digest: [32]byte(h.Sum(nil))}
}

// unproven reports whether the client has yet to prove its file.
func (r *serverRole) unproven() bool { return len(r.demanded) > 0 }

// prove looks whether the client has one of the files.
func (r *serverRole) prove(got message.SWFProof) error {
	if !r.unproven() {
		return nil // it was not asked
	}
	demanded := r.demanded
	r.demanded = nil
	for i := range demanded {
		want := demanded[i].proof(r.swfKey)
		if want.Size == got.Size && bytes.Equal(want.Digest[:], got.Digest[:]) {
			return r.welcome()
		}
	}
	r.refused(fmt.Errorf("%w: the proof is wrong", ErrUnverified))
	return nil
}

// refused tells a client that has proved nothing why it must go; for other
// errors it does nothing and returns false.
func (s *Session) refused(err error) bool {
	r, ok := s.role.(*serverRole)
	if !ok || !errors.Is(err, ErrUnverified) {
		return false
	}
	r.demanded = nil
	r.reject(fmt.Errorf("%w: %w", err, errUnverified))
	return true
}

// errUnverified is what the client is told.
var errUnverified = &StatusError{
	Code: message.CodeConnectRejected, Description: "The SWF file of this player is not one that may connect.",
}
