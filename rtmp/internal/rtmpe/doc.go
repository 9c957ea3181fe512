// Package rtmpe is the arithmetic of RTMPE, Adobe's encrypted handshake of the
// Flash days: the key exchange, the ciphers of both directions, and what the
// types 8 and 9 do to a signature.
//
// RTMPE is obfuscation. It proves nothing about either side, has no integrity,
// and RC4 is broken; it is here for old players and encoders that speak nothing
// else.
package rtmpe
