package rtmpe

import (
	"errors"
	"fmt"
	"io"
	"math/big"
)

// KeySize is the length of a public key and of the shared secret in bytes.
const KeySize = 128

// The group is the second one of Oakley (RFC 2409, 6.2), with the generator 2.
var (
	prime = fromHex("FFFFFFFFFFFFFFFFC90FDAA22168C234C4C6628B80DC1CD129024E088A67CC74" +
		"020BBEA63B139B22514A08798E3404DDEF9519B3CD3A431B302B0A6DF25F1437" +
		"4FE1356D6D51C245E485B576625E7EC6F44C42E9A637ED6B0BFF5CB6F406B7ED" +
		"EE386BFB5A899FA5AE9F24117C4B1FE649286651ECE65381FFFFFFFFFFFFFFFF")
	generator = big.NewInt(2)
	largest   = new(big.Int).Sub(prime, generator) // the largest public key
)

func fromHex(s string) *big.Int {
	n, ok := new(big.Int).SetString(s, 16)
	if !ok {
		panic("rtmpe: bad constant")
	}
	return n
}

// ErrKey reports a public key that gives the secret away, whoever listens: 0,
// 1, or one of the last two below the prime or beyond it.
var ErrKey = errors.New("rtmpe: public key is degenerate")

// exponentSize is how many random bytes a private key has. 256 bits are more
// than a group of 1024 bits is worth, and cost a quarter of 1024 of them: every
// stranger may ask for two exponentiations.
const exponentSize = 32

// PrivateKey is one side's part of the key exchange.
type PrivateKey struct{ x *big.Int }

// GenerateKey makes a private key of random's bytes.
func GenerateKey(random io.Reader) (*PrivateKey, error) {
	b := make([]byte, exponentSize)
	if _, err := io.ReadFull(random, b); err != nil {
		return nil, fmt.Errorf("rtmpe: make a key: %w", err)
	}
	b[0] |= 0x80 // long enough, whatever random gives
	return NewPrivateKey(b), nil
}

// NewPrivateKey is the private key of an exponent, big-endian.
func NewPrivateKey(exponent []byte) *PrivateKey {
	return &PrivateKey{new(big.Int).SetBytes(exponent)}
}

// PublicKey is what the peer gets to see: KeySize bytes.
func (k *PrivateKey) PublicKey() []byte {
	return pad(new(big.Int).Exp(generator, k.x, prime))
}

// Secret is what both sides know, from the public key of the peer: KeySize
// bytes, or ErrKey.
func (k *PrivateKey) Secret(public []byte) ([]byte, error) {
	y := new(big.Int).SetBytes(public)
	if y.Cmp(generator) < 0 || y.Cmp(largest) > 0 {
		return nil, ErrKey
	}
	return pad(y.Exp(y, k.x, prime)), nil
}

// pad writes n in KeySize bytes, as the handshake has it.
func pad(n *big.Int) []byte { return n.FillBytes(make([]byte, KeySize)) }
