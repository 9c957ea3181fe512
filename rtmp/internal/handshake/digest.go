package handshake

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"io"

	"github.com/millrace-live/millrace/rtmp/internal/rtmpe"
)

const (
	blockSize  = 1536 // C1, S1, C2 and S2
	digestSize = sha256.Size
	// bodyStart is where a block's time and release end and its filling
	// begins.
	bodyStart = 8
	// signatureStart is where the signature of a signed C2 or S2 stands.
	signatureStart = blockSize - digestSize
)

// The keys that both vendors' programs share: a block's digest is made with
// the text alone, a signature with the text and the tail.
const keyTail = "\xf0\xee\xc2\x4a\x80\x68\xbe\xe8\x2e\x00\xd0\xd1\x02\x9e\x7e\x57" +
	"\x6e\xec\x5d\x2d\x29\x80\x6f\xab\x93\xb8\xe6\x36\xcf\xeb\x31\xae"

// signer is one of the two roles, as far as the digests go.
type signer struct {
	text string
}

var (
	serverSigner = signer{"Genuine Adobe Flash Media Server 001"}
	clientSigner = signer{"Genuine Adobe Flash Player 001"}
)

// stamp writes the digest of block into its place.
func (s signer) stamp(block []byte, form Form) (digest []byte) {
	at := digestOffset(block, form)
	copy(block[at:], s.digest(block, at))
	return block[at : at+digestSize]
}

// find looks for the digest that s would have put into block. A digest that is
// there by chance is nothing to fear, so the order is free; KeyFirst first is
// the order of nginx-rtmp and SRS.
func (s signer) find(block []byte) (form Form, digest []byte) {
	for _, form := range []Form{KeyFirst, DigestFirst} {
		at := digestOffset(block, form)
		if found := block[at : at+digestSize]; bytes.Equal(found, s.digest(block, at)) {
			return form, found
		}
	}
	return Simple, nil
}

// digest is the digest of block if it stands at the offset at: it covers
// everything else in the block.
func (s signer) digest(block []byte, at int) []byte {
	return mac([]byte(s.text), block[:at], block[at+digestSize:])
}

// digestOffset is where block says its digest stands. The four bytes are
// summed; they are no integer.
func digestOffset(block []byte, form Form) int {
	at := bodyStart
	if form == KeyFirst {
		at = blockSize/2 + 4
	}
	sum := int(block[at]) + int(block[at+1]) + int(block[at+2]) + int(block[at+3])
	return at + 4 + sum%728
}

// keyOffset is where block says its public key stands: in the half where the
// digest is not.
func keyOffset(block []byte, form Form) int {
	at, half := blockSize-4, blockSize/2+4
	if form == KeyFirst {
		at, half = blockSize/2, bodyStart
	}
	sum := int(block[at]) + int(block[at+1]) + int(block[at+2]) + int(block[at+3])
	return half + sum%632
}

// publicKey is the room for the public key in block.
func publicKey(block []byte, form Form) []byte {
	at := keyOffset(block, form)
	return block[at : at+rtmpe.KeySize]
}

// reply makes the C2 or S2 that answers a block with this digest: random
// filling and its signature, for a type of RTMPE or for 0.
func (s signer) reply(dst, digest []byte, typ uint8, random io.Reader) error {
	if _, err := io.ReadFull(random, dst[:signatureStart]); err != nil {
		return err
	}
	copy(dst[signatureStart:], s.signature(dst, digest, typ))
	return nil
}

// signature is the signature that reply has to carry when it answers a block
// with this digest.
func (s signer) signature(reply, digest []byte, typ uint8) []byte {
	key := mac([]byte(s.text+keyTail), digest)
	signature := mac(key, reply[:signatureStart])
	rtmpe.EncryptSignature(typ, key, signature)
	return signature
}

// judge says how reply answers the block that it was sent, which has this
// digest, or none. GStreamer writes a time of its own over bytes 4 to 7 of its
// echo, so the first eight bytes do not count.
func (s signer) judge(reply, block, digest []byte, typ uint8) Reply {
	switch {
	case bytes.Equal(reply[bodyStart:], block[bodyStart:]):
		return Echo
	case digest != nil && bytes.Equal(reply[signatureStart:], s.signature(reply, digest, typ)):
		return Signed
	}
	return Other
}

func mac(key []byte, parts ...[]byte) []byte {
	h := hmac.New(sha256.New, key)
	for _, part := range parts {
		h.Write(part)
	}
	return h.Sum(nil)
}
