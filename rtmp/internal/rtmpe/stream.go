package rtmpe

import (
	"crypto/cipher"
	"crypto/hmac"
	"crypto/rc4"
	"crypto/sha256"
)

// handshakeBytes is how far both key streams have run before the first chunk,
// though nothing of the handshake is encrypted.
const handshakeBytes = 1536

// Sender makes the key stream for what a side sends. It depends on the public
// key of its peer.
func Sender(secret, peerKey []byte) cipher.Stream { return stream(streamKey(secret, peerKey)) }

// Receiver makes the key stream for what a side receives. It depends on its own
// public key.
func Receiver(secret, ownKey []byte) cipher.Stream { return stream(streamKey(secret, ownKey)) }

func streamKey(secret, public []byte) []byte {
	h := hmac.New(sha256.New, secret)
	h.Write(public)
	return h.Sum(nil)[:16]
}

func stream(key []byte) cipher.Stream {
	c, _ := rc4.NewCipher(key) // 16 bytes suit it
	var skipped [handshakeBytes]byte
	c.XORKeyStream(skipped[:], skipped[:])
	return c
}
