package rtmpe

import (
	"bytes"
	"crypto/rand"
	"errors"
	"io"
	"math/big"
	"testing"
)

func TestKeysAgree(t *testing.T) {
	one, err := GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	other, err := GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	a, err := one.Secret(other.PublicKey())
	if err != nil {
		t.Fatal(err)
	}
	b, err := other.Secret(one.PublicKey())
	if err != nil {
		t.Fatal(err)
	}
	if len(a) != KeySize || !bytes.Equal(a, b) {
		t.Errorf("secrets %x and %x", a, b)
	}
	message := []byte("what one side encrypts, the other decrypts")
	sent := bytes.Clone(message)
	Sender(a, other.PublicKey()).XORKeyStream(sent, sent)
	if bytes.Equal(sent, message) {
		t.Error("nothing was encrypted")
	}
	Receiver(b, other.PublicKey()).XORKeyStream(sent, sent)
	if !bytes.Equal(sent, message) {
		t.Errorf("got %q", sent)
	}
}

func TestDegenerateKeys(t *testing.T) {
	k := NewPrivateKey([]byte{7})
	below := func(n int64) []byte { return pad(new(big.Int).Sub(prime, big.NewInt(n))) }
	for name, y := range map[string][]byte{
		"0": pad(big.NewInt(0)), "1": pad(big.NewInt(1)), "P-1": below(1), "P": below(0), "P+1": below(-1),
		"the largest": bytes.Repeat([]byte{0xff}, KeySize),
	} {
		if _, err := k.Secret(y); !errors.Is(err, ErrKey) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, y := range map[string][]byte{"2": pad(big.NewInt(2)), "P-2": below(2)} {
		if _, err := k.Secret(y); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestGenerateKeyFails(t *testing.T) {
	if _, err := GenerateKey(bytes.NewReader(make([]byte, 31))); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("error %v", err)
	}
}

func BenchmarkExchange(b *testing.B) {
	peer, err := GenerateKey(rand.Reader)
	if err != nil {
		b.Fatal(err)
	}
	public := peer.PublicKey()
	for b.Loop() {
		k, err := GenerateKey(rand.Reader)
		if err != nil {
			b.Fatal(err)
		}
		k.PublicKey()
		if _, err := k.Secret(public); err != nil {
			b.Fatal(err)
		}
	}
}
