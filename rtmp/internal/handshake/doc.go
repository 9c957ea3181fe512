// Package handshake opens an RTMP connection: C0, C1, C2 and S0, S1, S2
// (RTMP 1.0, 5.2), in the simple form of the specification, in the digest form
// that Flash Player 9 brought, and in the encrypted form that grew out of it,
// RTMPE.
//
// [Server] and [Client] are push parsers: bytes in, bytes out. They do no I/O
// and own no clock; deadlines belong to the caller. They are tolerant, because
// the field is: a peer's echo or signature is looked at and reported in
// [Peer], and never a reason to end the connection. RTMPE alone insists on the
// digest of the other's opening block, for without one its key is not found.
package handshake
