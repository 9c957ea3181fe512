package rtmp

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"io"
	"net"
	"os"
	"testing"

	"github.com/millrace-live/millrace/rtmp/internal/handshake"
	"github.com/millrace-live/millrace/rtmp/internal/rtmpe"
)

// TestReplayEncrypted has the server send the handshakes of the captured
// sessions, so that it can read what rtmpdump said, and demand what it proved.
func TestReplayEncrypted(t *testing.T) {
	tests := []struct {
		name string
		swf  bool
	}{
		{"rtmpdump-rtmpe-v6", false},
		{"rtmpdump-rtmpe-v8", false},
		{"rtmpdump-rtmpe-v9", false},
		{"swfv-t3", true},
		{"swfv-t6", true},
	}
	for _, test := range tests {
		for _, size := range []int{1, 1 << 20} {
			if got, want := replayEncrypted(t, test.name, size, test.swf), "live/q"; got != want {
				t.Errorf("%s by %d: played %q, want %q", test.name, size, got, want)
			}
		}
	}
}

func replayEncrypted(t *testing.T, name string, size int, demand bool) (played string) {
	t.Helper()
	read := func(end string) []byte {
		b, err := os.ReadFile("internal/handshake/testdata/" + name + end)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	var v struct {
		S0      uint8
		Private string `json:"server_private_exponent_hex"`
	}
	if err := json.Unmarshal(read(".json"), &v); err != nil {
		t.Fatal(err)
	}
	private, err := hex.DecodeString(v.Private)
	if err != nil {
		t.Fatal(err)
	}
	answer := read(".s2c.bin")[1:]
	config := handshake.Config{
		Rand:    io.MultiReader(bytes.NewReader(answer[8:1536]), bytes.NewReader(answer[1536:2*1536-32])),
		Private: rtmpe.NewPrivateKey(private),
	}
	if v.S0 != 3 {
		config.Type = v.S0
	}
	srv := &Server{Handler: HandlerFunc(func(s *Stream) error {
		played = s.Path()
		return s.Accept()
	})}
	if demand {
		srv.SWF = func(*Session) []SWF { return []SWF{capturedSWF()} }
	}
	client, server := net.Pipe()
	s := newSession(context.Background(), server, srv.settings())
	s.beServer(srv)
	s.in.shake = handshake.NewServer(config)
	done := make(chan error, 1)
	go func() { done <- s.run(nil) }()
	go func() { _, _ = io.Copy(io.Discard, client) }()
	for b := read(".c2s.bin"); len(b) > 0; {
		n := min(size, len(b))
		if _, err := client.Write(b[:n]); err != nil {
			break
		}
		b = b[n:]
	}
	client.Close()
	<-done
	return played
}
