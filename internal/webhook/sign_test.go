package webhook

import (
	"testing"
	"time"
)

func TestSignature(t *testing.T) {
	at := time.Unix(1764000000, 0)
	body := []byte(`{"specversion":"1.0"}`)
	// printf '1764000000.{"specversion":"1.0"}' | openssl dgst -sha256 -hmac whsec_test
	const want = "t=1764000000,v1=528d2d41bc39d11c8c2e62672e4f07c40804664e1a9c10fd059f3e649e72f1cf"
	got := Sign("whsec_test", at, body)
	if got != want {
		t.Errorf("the signature is %s, not %s", got, want)
	}
	for _, c := range []struct {
		name, secret, header, body string
		now                        time.Time
		ok                         bool
	}{
		{"right", "whsec_test", got, string(body), at, true},
		{"within five minutes", "whsec_test", got, string(body), at.Add(5 * time.Minute), true},
		{"old", "whsec_test", got, string(body), at.Add(5*time.Minute + time.Second), false},
		{"of the future", "whsec_test", got, string(body), at.Add(-6 * time.Minute), false},
		{"another secret", "whsec_other", got, string(body), at, false},
		{"another body", "whsec_test", got, string(body) + " ", at, false},
		{"another time", "whsec_test", "t=1764000001" + got[12:], string(body), at, false},
		{"more fields", "whsec_test", "v0=00," + got + ",v2=11", string(body), at, true},
		{"no time", "whsec_test", got[13:], string(body), at, false},
		{"no signature", "whsec_test", got[:12], string(body), at, false},
		{"nothing", "whsec_test", "", string(body), at, false},
		{"no hexadecimal", "whsec_test", "t=1764000000,v1=zz", string(body), at, false},
	} {
		if err := Verify(c.secret, c.header, []byte(c.body), c.now, 5*time.Minute); (err == nil) != c.ok {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}
