package server

import (
	"net"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/millrace-live/millrace/internal/certs"
	"github.com/millrace-live/millrace/internal/store"
)

func TestWhereThoseAreSentWhoComeInPlain(t *testing.T) {
	f, err := store.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	own, err := certs.Open(certs.Options{Data: f})
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	open := ports{"rtmps": {socket: l}}
	at := ":" + strconv.Itoa(port(l))
	for _, c := range []struct {
		set  Settings
		open ports
		want string
	}{
		{Settings{PublicURL: "https://tv.example.org:8443"}, open, "rtmps://tv.example.org" + at},
		{Settings{PublicURL: "https://[2001:db8::1]"}, open, "rtmps://[2001:db8::1]" + at},
		{Settings{Domain: []string{"live.example.org"}}, open, "rtmps://live.example.org" + at},
		{Settings{}, open, "rtmps://HOST" + at}, // a self-signed certificate's names are no names of the server
		{Settings{}, nil, "rtmps://HOST"},
	} {
		s := &Server{set: &c.set, ports: c.open, certs: own}
		if got := s.secureServer(); got != c.want {
			t.Errorf("%+v: %s, want %s", c.set, got, c.want)
		}
	}
}

// The demo has no connection that could be in plain.
func TestTheDemoIsNotPlain(t *testing.T) {
	r := start(t, func(set *Settings, _ *Options) { set.Plain, set.Demo = "refuse", true })
	for end := time.Now().Add(20 * time.Second); !strings.Contains(r.log.String(), "publish started"); {
		if strings.Contains(r.log.String(), "publish refused") || time.Now().After(end) {
			t.Fatal(r.log.String())
		}
		time.Sleep(time.Millisecond)
	}
}
