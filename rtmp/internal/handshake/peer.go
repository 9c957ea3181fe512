package handshake

import (
	"errors"
	"fmt"
)

// Form is the layout of a side's 1536-byte block, C1 or S1.
type Form uint8

// The forms of a block.
const (
	// DigestFirst has the digest in the first half of the block and room for
	// a key in the second: scheme 0.
	DigestFirst Form = iota
	// KeyFirst has them the other way round: scheme 1.
	KeyFirst
	// Simple is random bytes without a digest.
	Simple
)

// String names f as it stands in logs.
func (f Form) String() string {
	switch f {
	case DigestFirst:
		return "digest first"
	case KeyFirst:
		return "key first"
	case Simple:
		return "simple"
	}
	return fmt.Sprintf("Form(%d)", uint8(f))
}

// Reply is what a side sent back for the other's block, in C2 or S2.
type Reply uint8

// The replies of a peer.
const (
	// Pending says that the reply has not arrived yet.
	Pending Reply = iota
	// Echo is the block that the peer was sent.
	Echo
	// Signed is random bytes with a right signature of the digest in the block
	// that the peer was sent.
	Signed
	// Other is neither. Hardware encoders and mobile libraries do this; the
	// session works all the same.
	Other
)

// String names r as it stands in logs.
func (r Reply) String() string {
	switch r {
	case Pending:
		return "pending"
	case Echo:
		return "echo"
	case Signed:
		return "signed"
	case Other:
		return "other"
	}
	return fmt.Sprintf("Reply(%d)", uint8(r))
}

// Peer is what the other side turned out to do. It is whole when the handshake
// is done.
type Peer struct {
	// Version is C0 or S0 as it came; see [VersionError].
	Version uint8
	// Release is bytes 4 to 7 of the block: the release of the player or
	// server, zero for the simple form.
	Release [4]byte
	// Form is the form of the block.
	Form Form
	// Reply is how the peer answered our block.
	Reply Reply
}

// Why a handshake of RTMPE fails.
var (
	// ErrEncrypted reports a client of RTMPE (version 6, 8 or 9) at a server that
	// refuses it.
	ErrEncrypted = errors.New("handshake: peer opens with RTMPE, which is switched off here")
	// ErrUnasked reports a server that answers plain RTMP with RTMPE.
	ErrUnasked = errors.New("handshake: server answers with RTMPE, which was not asked for")
	// ErrNotEncrypted reports a server that answers a client of RTMPE with
	// plain RTMP.
	ErrNotEncrypted = errors.New("handshake: server answers RTMPE without encryption")
	// ErrDigest reports a peer of RTMPE whose opening block has no right
	// digest, of either form.
	ErrDigest = errors.New("handshake: peer opens with RTMPE, and the digest is wrong")
	// ErrKey reports a peer of RTMPE whose public key gives the secret away.
	ErrKey = errors.New("handshake: peer opens with RTMPE, and its public key is degenerate")
	// ErrAmbiguous reports a secret whose first byte is zero, one in 256: some
	// servers count that byte and some do not. Another handshake will do.
	ErrAmbiguous = errors.New("handshake: secret of RTMPE begins with zero")
)

// VersionError reports a first byte that is reserved so that text protocols
// can be told apart (32 and above: the letters of "GET" are there).
type VersionError struct {
	Version uint8
}

func (e *VersionError) Error() string {
	return fmt.Sprintf("handshake: first byte is %#02x, not an RTMP version", e.Version)
}

// version is what this side sends as C0 or S0 in plain RTMP, and as an answer to
// all versions that mean nothing. RTMP 1.0 5.2.2 calls 0 to 2 deprecated and 4
// to 31 for the future, and asks a server that does not know the version to
// answer 3: the client may then go on or not.
const version = 3

// reserved is the first of the versions that are reserved; see [VersionError].
const reserved = 32
