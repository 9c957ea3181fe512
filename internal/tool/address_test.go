package tool

import (
	"strings"
	"testing"
)

func TestAddress(t *testing.T) {
	for _, c := range []struct {
		name    string
		read    func(string) (*Address, error)
		raw     string
		shown   string
		secrets []string
	}{
		{"publish", PublishAddress, "rtmp://host/live/s3cr3t", "rtmp://host/live/***", []string{"s3cr3t"}},
		{
			"publish with a query", PublishAddress, "rtmp://host:1936/live/cam?key=s3cr3t&x=oth%65r", "rtmp://host:1936/live/***?***",
			[]string{"s3cr3t", "oth%65r", "other"},
		},
		{"an instance", PublishAddress, "rtmp://host/live/inst/s3cr3t", "rtmp://host/live/***", []string{"s3cr3t"}},
		{"the key alone", PublishAddress, "rtmp://host/s3cr3t", "rtmp://host/***", []string{"s3cr3t"}},
		{"play", PlayAddress, "rtmp://host/live/cam?token=s3cr3t", "rtmp://host/live/cam?***", []string{"s3cr3t"}},
		{
			"play by HTTP", PlayAddress, "https://me:s3cr3t@host/live/cam.flv?token=t0k3n", "https://***@host/live/cam.flv?***",
			[]string{"s3cr3t", "t0k3n"},
		},
		{"blanks around", PlayAddress, " rtmp://host/live/cam\n", "rtmp://host/live/cam", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			a, err := c.read(c.raw)
			if err != nil {
				t.Fatal(err)
			}
			if a.String() != c.shown {
				t.Errorf("shown as %s, want %s", a, c.shown)
			}
			for _, s := range c.secrets {
				if got := a.Scrub("before " + s + " behind"); got != "before *** behind" {
					t.Errorf("scrubbed to %q", got)
				}
			}
		})
	}
}

func TestAddressRefuses(t *testing.T) {
	for _, raw := range []string{
		"", "host/live/s3cr3t", "ftp://host/live/s3cr3t", "rtmp://", "rtmp:///live/s3cr3t", "http:///s3cr3t.flv",
		"rtmp://me:s3cr3t@/live/x", "rtmp://me&you:s3cr3t@host/live/x",
	} {
		for _, read := range []func(string) (*Address, error){PublishAddress, PlayAddress} {
			_, err := read(raw)
			if StatusOf(err) != Usage || strings.Contains(err.Error(), "s3cr3t") {
				t.Errorf("%q: status %d: %v", raw, StatusOf(err), err)
			}
		}
	}
}

func TestScrubKeepsTerminalsSafe(t *testing.T) {
	a, err := PlayAddress("rtmp://host/live/x")
	if err != nil {
		t.Fatal(err)
	}
	if got := a.Scrub("a\x1b[2Jb\nc"); strings.ContainsAny(got, "\x1b\n") {
		t.Errorf("%q", got)
	}
}
