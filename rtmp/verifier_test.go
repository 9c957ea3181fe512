package rtmp

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

func TestVerifierText(t *testing.T) {
	makers := map[string]func(user, password string) (Verifier, error){
		"both": NewVerifier, "adobe": NewAdobeVerifier, "llnw": NewLimelightVerifier,
	}
	for name, maker := range makers {
		v, err := maker("bob", "s3cret")
		if err != nil {
			t.Fatal(err)
		}
		if v.has(methodAdobe) != (name != "llnw") || v.has(methodLimelight) != (name != "adobe") {
			t.Errorf("%s: %#v", name, v)
		}
		text, err := v.MarshalText()
		if err != nil {
			t.Fatal(err)
		}
		var back Verifier
		if err := back.UnmarshalText(text); err != nil || back != v {
			t.Errorf("%s: %q came back as another (%v)", name, text, err)
		}
		if strings.Contains(string(text), "s3cret") {
			t.Errorf("%s: the password is in it", name)
		}
		for _, format := range []string{"%v", "%+v", "%#v", "%s"} {
			if got := fmt.Sprintf(format, v); got != "Verifier(bob)" {
				t.Errorf("%s: printed as %s", name, got)
			}
		}
		if name == "llnw" {
			continue
		}
		if again, _ := maker("bob", "s3cret"); again == v {
			t.Errorf("%s: the salt is the same again", name)
		}
	}
}

func TestVerifierTextRefuses(t *testing.T) {
	const (
		sum    = "00112233445566778899aabbccddeeff"
		base64 = "ABEiM0RVZneImaq7zN3u/w=="
	)
	for _, text := range []string{"bob adobe:salt:" + base64, "bob llnw:" + sum, "bob adobe:salt:" + base64 + " llnw:" + sum} {
		var v Verifier
		if err := v.UnmarshalText([]byte(text)); err != nil {
			t.Errorf("%q: %v", text, err)
		}
		if back, _ := v.MarshalText(); string(back) != text {
			t.Errorf("%q came back as %q", text, back)
		}
	}
	for _, text := range []string{
		"", " ", "bob adobe", "bob adobe::" + base64, "bob adobe:s&t:" + base64, "bob adobe:salt", "bob adobe:salt:" + base64[4:], "bob adobe:salt:" + sum,
		"bob llnw:", "bob llnw:xx", "bob other:" + sum, "b&b llnw:" + sum, "bob  llnw:" + sum,
	} {
		v := Verifier{user: "before"}
		if err := v.UnmarshalText([]byte(text)); err == nil || strings.Contains(err.Error(), sum[:10]) || v.user != "before" {
			t.Errorf("%q: %v, %v", text, v, err)
		}
	}
}

func TestVerifierUsers(t *testing.T) {
	for _, test := range []struct{ user, password string }{
		{"", "x"},
		{"a b", "x"},
		{"a&b", "x"},
		{"a?b", "x"},
		{"a=b", "x"},
		{"a:b", "x"},
		{"é", "x"},
		{"a\n", "x"},
		{strings.Repeat("a", 65), "x"},
		{"bob", ""},
		{"bob", strings.Repeat("x", 129)},
	} {
		if v, err := NewVerifier(test.user, test.password); !errors.Is(err, ErrUser) || v != (Verifier{}) {
			t.Errorf("%q: %v", test.user, err)
		}
	}
}

// The numbers of FFmpeg 5.1 and librtmp 2.4, whose user was bob with the password s3cret.
func TestResponses(t *testing.T) {
	for challenge, want := range map[string]string{
		"3e6d02a9": "bP5UcQIW2hAImQT+diZhxA==", "5b2464fe": "T+xMrcHA9pXNSRcNvSucdQ==",
	} {
		if got := adobeResponse(adobeSecret("bob", "salty", "s3cret"), "opaq==", challenge); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
	for cnonce, want := range map[string]string{
		"9d88f9b3": "256173a65f111ca9e2aac43b6b891b97", "43f8e1ac": "baf3edc547187188c0cd82225d672298",
	} {
		got := limelightResponse(limelightSecret("bob", "s3cret"), "live/_definst_", "NONCE123", "00000001", cnonce)
		if got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}
