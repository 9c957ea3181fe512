package rtmpe

import (
	"encoding/hex"
	"testing"
)

// What other implementations of the two ciphers make of the bytes 0 to 7.
func TestCiphersKnownAnswers(t *testing.T) {
	tests := []struct {
		name    string
		encrypt func(row int, p []byte)
		row     int
		want    string
	}{
		{"XTEA", func(row int, p []byte) { encryptXTEA(&xteaKeys[row], p) }, 0, "c7c82aca95daa419"},
		{"XTEA", func(row int, p []byte) { encryptXTEA(&xteaKeys[row], p) }, 14, "b7eecfdda2307f55"},
		{"Blowfish", func(row int, p []byte) { newBlowfish(&blowfishKeys[row]).encrypt(p) }, 0, "a031fb6d807be57d"},
		{"Blowfish", func(row int, p []byte) { newBlowfish(&blowfishKeys[row]).encrypt(p) }, 14, "e3082b7c168b32eb"},
	}
	for _, test := range tests {
		p := []byte{0, 1, 2, 3, 4, 5, 6, 7}
		test.encrypt(test.row, p)
		if got := hex.EncodeToString(p); got != test.want {
			t.Errorf("%s, key %d: got %s, want %s", test.name, test.row, got, test.want)
		}
	}
}

// The published test of Blowfish for a key of zeros and a block of zeros: the
// words of pi are right to the last.
func TestBlowfishIsBlowfish(t *testing.T) {
	l, r := newBlowfish(new([24]byte)).rounds(0, 0)
	if l != 0x4ef99745 || r != 0x6198dd78 {
		t.Errorf("got %08x%08x", l, r)
	}
	c := unkeyed()
	if c.p[0] != 0x243f6a88 || c.s[3][255] != 0x3ac372e6 {
		t.Errorf("first word %08x, last %08x", c.p[0], c.s[3][255])
	}
}

func BenchmarkEncryptSignature(b *testing.B) {
	key, signature := make([]byte, 32), make([]byte, 32)
	for name, typ := range map[string]byte{"XTEA": XTEA, "Blowfish": Blowfish} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				EncryptSignature(typ, key, signature)
			}
		})
	}
}

func BenchmarkFractionOfPi(b *testing.B) {
	for b.Loop() {
		fractionOfPi(18 + 4*256)
	}
}
