package rtmp

import (
	"crypto/md5" //nolint:gosec // the challenges of Adobe and Limelight are made of it
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
)

// Verifier is what a server keeps of a user, to check answers to the challenges of Adobe ("authmod=adobe") and of
// Limelight ("authmod=llnw"). The password is not in it, but whoever has a verifier can answer in the user's name, and
// guess the password as fast as MD5 is computed: keep it sealed, and let a program choose the password. The zero value
// lets nobody in.
type Verifier struct {
	user  string
	salt  string   // of Adobe's challenge, "" if it is not to be used
	adobe [16]byte // MD5(user + salt + password)
	llnw  [16]byte // HA1: MD5(user + ":live:" + password)
	plain bool     // llnw is there
}

// ErrUser reports a user or a password that a challenge cannot carry.
var ErrUser = errors.New("rtmp: this user or password cannot be used")

// NewVerifier makes a verifier for both challenges. A user has 1 to 64 letters, digits and "-._~": clients escape
// nothing of what they send. A password has 1 to 128 bytes.
func NewVerifier(user, password string) (Verifier, error) {
	v, err := NewAdobeVerifier(user, password)
	if err != nil {
		return v, err
	}
	l, err := NewLimelightVerifier(user, password)
	v.llnw, v.plain = l.llnw, l.plain
	return v, err
}

// NewAdobeVerifier makes a verifier for the challenge of Adobe alone.
func NewAdobeVerifier(user, password string) (Verifier, error) {
	if err := checkUser(user, password); err != nil {
		return Verifier{}, err
	}
	var salt [8]byte
	_, _ = rand.Read(salt[:]) // never fails
	v := Verifier{user: user, salt: hex.EncodeToString(salt[:])}
	v.adobe = adobeSecret(user, v.salt, password)
	return v, nil
}

// NewLimelightVerifier makes a verifier for the challenge of Limelight alone, which knows no salt: two users of the
// same name and password have the same one.
func NewLimelightVerifier(user, password string) (Verifier, error) {
	if err := checkUser(user, password); err != nil {
		return Verifier{}, err
	}
	return Verifier{user: user, llnw: limelightSecret(user, password), plain: true}, nil
}

func checkUser(user, password string) error {
	switch {
	case !validUser(user):
		return fmt.Errorf("%w: a user has 1 to 64 letters, digits and -._~", ErrUser)
	case password == "" || len(password) > 128:
		return fmt.Errorf("%w: a password has 1 to 128 bytes", ErrUser)
	}
	return nil
}

func validUser(user string) bool {
	if user == "" || len(user) > 64 {
		return false
	}
	for _, c := range []byte(user) {
		letter := c|0x20 >= 'a' && c|0x20 <= 'z'
		if !letter && (c < '0' || c > '9') && !strings.ContainsRune("-._~", rune(c)) {
			return false
		}
	}
	return true
}

// User is whom the verifier is for.
func (v Verifier) User() string { return v.user }

// String tells nothing but the user.
func (v Verifier) String() string { return "Verifier(" + v.user + ")" }

// GoString is String.
func (v Verifier) GoString() string { return v.String() }

// MarshalText writes all of the verifier, which is a secret: "user adobe:SALT:SECRET llnw:HA1", without what it is not
// good for. SECRET is in base64, HA1 hexadecimal, as the challenges use them.
func (v Verifier) MarshalText() ([]byte, error) {
	words := []string{v.user}
	if v.salt != "" {
		words = append(words, methodAdobe+":"+v.salt+":"+base64.StdEncoding.EncodeToString(v.adobe[:]))
	}
	if v.plain {
		words = append(words, methodLimelight+":"+hex.EncodeToString(v.llnw[:]))
	}
	return []byte(strings.Join(words, " ")), nil
}

// UnmarshalText reads what MarshalText wrote.
func (v *Verifier) UnmarshalText(text []byte) error {
	words := strings.Split(string(text), " ")
	read := Verifier{user: words[0]}
	ok := validUser(read.user)
	for _, word := range words[1:] {
		method, rest, _ := strings.Cut(word, ":")
		switch method {
		case methodAdobe:
			var sum string
			read.salt, sum, _ = strings.Cut(rest, ":")
			ok = ok && validUser(read.salt) && decoded(&read.adobe, sum, base64.StdEncoding.DecodeString)
		case methodLimelight:
			read.plain = true
			ok = ok && decoded(&read.llnw, rest, hex.DecodeString)
		default:
			ok = false
		}
	}
	if !ok {
		return errors.New("rtmp: this text is no verifier") // without the text, which is a secret
	}
	*v = read
	return nil
}

func decoded(to *[16]byte, text string, decode func(string) ([]byte, error)) bool {
	b, err := decode(text)
	return err == nil && copy(to[:], b) == len(to) && len(b) == len(to)
}

// The values of authmod.
const (
	methodAdobe     = "adobe"
	methodLimelight = "llnw"
)

// has reports whether the verifier is good for a method.
func (v *Verifier) has(method string) bool {
	if method == methodAdobe {
		return v.salt != ""
	}
	return v.plain
}

// adobeSecret is what a password is in Adobe's challenge.
func adobeSecret(user, salt, password string) [16]byte {
	return md5.Sum([]byte(user + salt + password)) //nolint:gosec // as above
}

// adobeResponse answers Adobe's challenge: nonce is the server's (opaque, or challenge if it gave none), challenge the
// client's.
func adobeResponse(secret [16]byte, nonce, challenge string) string {
	sum := md5.Sum([]byte(base64.StdEncoding.EncodeToString(secret[:]) + nonce + challenge)) //nolint:gosec // as above
	return base64.StdEncoding.EncodeToString(sum[:])
}

// limelightSecret is what a password is in Limelight's challenge: the HA1 of HTTP's digest.
func limelightSecret(user, password string) [16]byte {
	return md5.Sum([]byte(user + ":live:" + password)) //nolint:gosec // as above
}

// limelightResponse answers Limelight's challenge.
func limelightResponse(secret [16]byte, app, nonce, count, cnonce string) string {
	place := md5.Sum([]byte("publish:/" + app)) //nolint:gosec // as above
	sum := md5.Sum([]byte(hex.EncodeToString(secret[:]) + ":" + nonce + ":" + count + ":" + cnonce +
		":auth:" + hex.EncodeToString(place[:]))) //nolint:gosec // as above
	return hex.EncodeToString(sum[:])
}

// equal compares without telling by its time where the two differ.
func equal(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }
