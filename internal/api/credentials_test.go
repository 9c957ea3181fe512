package api

import (
	"net/url"
	"strings"
	"testing"
)

// A credential says what to type into an encoder; the password is shown once.
func TestCredentialAddresses(t *testing.T) {
	c := newControl(t)
	id := c.must(201, "POST", "/streams", `{"name":"show/one"}`).text("id")
	made := c.must(201, "POST", "/streams/"+id+"/credentials", `{"user":"bob"}`)
	password := made.text("password")
	if made.text("ingest_url") != "rtmp://example.com/show?auth=adobe" || password == "" ||
		made.text("address") != "rtmp://bob:"+password+"@example.com/show?auth=adobe" {
		t.Errorf("%s", made.Body)
	}
	if u, err := url.Parse(made.text("address")); err != nil || u.User.Username() != "bob" {
		t.Errorf("%v, %v", u, err)
	}
	for _, path := range []string{"/credentials/" + made.text("id"), "/streams/" + id + "/credentials"} {
		read := c.must(200, "GET", path, "").Body.String()
		if strings.Contains(read, password) || strings.Contains(read, `"address"`) || !strings.Contains(read, "rtmp://example.com/show?auth=adobe") {
			t.Errorf("%s: %s", path, read)
		}
	}
	// Encoders do not unescape what they are given.
	odd := c.must(201, "POST", "/streams/"+id+"/credentials", `{"user":"eve","password":"p@ss/word?"}`)
	if odd.text("password") != "p@ss/word?" || strings.Contains(odd.Body.String(), `"address"`) || odd.text("ingest_url") == "" {
		t.Errorf("%s", odd.Body)
	}
}
