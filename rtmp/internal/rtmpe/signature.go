package rtmpe

// The types of RTMPE, which are the first byte of the handshake.
const (
	Plain    = 6 // signatures are sent as they are
	XTEA     = 8
	Blowfish = 9
)

// Type reports whether the first byte of a handshake opens RTMPE.
func Type(b byte) bool { return b == Plain || b == XTEA || b == Blowfish }

// block is the length of a block of both ciphers.
const block = 8

// EncryptSignature encrypts signature in place, as the type asks for it. key is
// the HMAC key that the signature was made with; each eighth byte of it chooses
// the cipher's key for a block.
func EncryptSignature(typ byte, key, signature []byte) {
	for i := 0; i+block <= len(signature); i += block {
		// Both ciphers have sixteen keys, and the last one is never used.
		row, p := key[i]%15, signature[i:i+block]
		switch typ {
		case XTEA:
			encryptXTEA(&xteaKeys[row], p)
		case Blowfish:
			newBlowfish(&blowfishKeys[row]).encrypt(p)
		}
	}
}
