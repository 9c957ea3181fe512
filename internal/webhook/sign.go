package webhook

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// SignatureHeader carries when a request was signed, and its signature:
//
//	Millrace-Signature: t=1764000000,v1=5257a869…
//
// The signature is HMAC-SHA256 of the number, a dot and the body, in
// hexadecimal. Whoever receives it refuses a time that is long ago, so that
// nobody can send again what he overheard.
const SignatureHeader = "Millrace-Signature"

// Sign returns the value of [SignatureHeader].
func Sign(secret string, at time.Time, body []byte) string {
	t := strconv.FormatInt(at.Unix(), 10)
	return "t=" + t + ",v1=" + hex.EncodeToString(mac(secret, t, body))
}

func mac(secret, t string, body []byte) []byte {
	h := hmac.New(sha256.New, []byte(secret))
	h.Write([]byte(t + "."))
	h.Write(body)
	return h.Sum(nil)
}

var (
	errNoSignature = errors.New("there is no signature")
	errSignature   = errors.New("the signature is wrong")
)

// Verify checks a signature as receivers do: that it is of this body, and that
// its time is not further from now than tolerance.
func Verify(secret, header string, body []byte, now time.Time, tolerance time.Duration) error {
	var t, v1 string
	for part := range strings.SplitSeq(header, ",") {
		switch name, value, _ := strings.Cut(part, "="); name {
		case "t":
			t = value
		case "v1":
			v1 = value
		}
	}
	given, err := hex.DecodeString(v1)
	if err != nil || t == "" || v1 == "" {
		return errNoSignature
	}
	if !hmac.Equal(given, mac(secret, t, body)) {
		return errSignature
	}
	at, err := strconv.ParseInt(t, 10, 64)
	if err != nil {
		return errNoSignature
	}
	if age := now.Sub(time.Unix(at, 0)).Abs(); age > tolerance {
		return fmt.Errorf("the signature is %v from now", age.Round(time.Second))
	}
	return nil
}
