package e2e

import (
	"bytes"
	"crypto/rand"
	"crypto/tls"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/millrace-live/millrace/rtmp/message"
)

var connectionFaults = section{
	"A connection is closed", "One line in the log, with the address of the other side. These are for the most part no encoders at all.",
	[]fault{
		{
			"TLS that is too old", "TLS 1.1 | TLS 1.2 | tls-min",
			secretive(&tls.Config{InsecureSkipVerify: true, MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11}), //nolint:gosec // on purpose
		},
		{
			"TLS that is none", "TLS",
			func(t *testing.T, _ *desk) string {
				return opened().closed(t, "INFO", []byte{0x16, 0x03, 0x01, 0x00, 0x05, 0x01, 0x00, 0x00, 0x01, 0x03})
			},
		},
		{
			"another protocol inside TLS", "0x7f",
			secretive(&tls.Config{InsecureSkipVerify: true}), //nolint:gosec // the server's certificate is not what this is about
		},
		{
			"RTMPE without its digest", "RTMPE | digest",
			func(t *testing.T, _ *desk) string {
				return opened().closed(t, "WARN", append([]byte{6}, make([]byte, 1536)...))
			},
		},
		{
			"a PROXY header of a stranger", "PROXY | --trusted-proxy 127.0.0.1",
			func(t *testing.T, _ *desk) string {
				return opened().closed(t, "INFO", []byte("PROXY TCP4 192.0.2.7 192.0.2.1 5000 1935\r\n"))
			},
		},
		{
			"another protocol", "0x7f | rtmp://",
			func(t *testing.T, _ *desk) string { return opened().closed(t, "INFO", []byte("\x7fELF")) },
		},
		{
			"half a handshake", "handshake",
			func(t *testing.T, _ *desk) string {
				return opened().closed(t, "WARN", append([]byte{3}, make([]byte, 700)...))
			},
		},
		{"a message that is too long for a stranger", "too long | 65536", strange(func(e *rawEncoder) {
			e.control(message.SetChunkSize, 1<<20)
			e.send(3, 0, message.Command, 0, make([]byte, 200<<10))
		})},
		{"values nested too deep", "over the limit", strange(func(e *rawEncoder) {
			nested := append([]byte("\x02\x00\x07connect\x00\x3f\xf0\x00\x00\x00\x00\x00\x00"), bytes.Repeat([]byte("\x03\x00\x01a"), 1000)...)
			e.send(3, 0, message.Command, 0, nested)
		})},
		{"a command before connect", "connect", strange(func(e *rawEncoder) { e.call(0, "createStream", 1.0, nil) })},
		{"HTTP that is none", "400 Bad Request", garbledHTTP},
	},
}

// closed sends bytes until the server closes the connection, and returns why it
// says that it did.
func (p *patient) closed(t *testing.T, level string, sent []byte) string {
	t.Helper()
	conn, err := net.DialTimeout("tcp", p.rtmp, 5*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(20 * time.Second))
	if _, err := conn.Write(sent); err != nil {
		t.Fatal(err)
	}
	io.Copy(io.Discard, conn)
	return p.heard(t, conn.LocalAddr(), level).sentence()
}

// secretive begins TLS and says what is no dialect of RTMP.
func secretive(config *tls.Config) func(*testing.T, *desk) string {
	return func(t *testing.T, _ *desk) string {
		p := opened()
		conn, err := net.DialTimeout("tcp", p.rtmp, 5*time.Second)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		conn.SetDeadline(time.Now().Add(20 * time.Second))
		secure := tls.Client(conn, config)
		secure.Write([]byte("\x7fELF")) // the server's own words are what counts
		io.Copy(io.Discard, conn)
		return p.heard(t, conn.LocalAddr(), "INFO").sentence()
	}
}

// strange shakes hands and goes wrong.
func strange(wrong func(*rawEncoder)) func(*testing.T, *desk) string {
	return func(t *testing.T, _ *desk) string {
		p := opened()
		e := dialRaw(t, p.server, true)
		wrong(e)
		for range e.in { // until the server closes
		}
		return p.heard(t, e.conn.LocalAddr(), "WARN").sentence()
	}
}

// garbledHTTP is answered before any handler sees it, by one line of text.
func garbledHTTP(t *testing.T, _ *desk) string {
	conn, err := net.DialTimeout("tcp", opened().http, 5*time.Second)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(20 * time.Second))
	garble := make([]byte, 100)
	rand.Read(garble)
	conn.Write(append([]byte("GET \x00"), append(garble, "\r\n\r\n"...)...))
	answer, _ := io.ReadAll(conn)
	_, body, _ := strings.Cut(string(answer), "\r\n\r\n")
	return body
}
