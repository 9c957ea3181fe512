package rtmpt

import (
	"io"
	"net"
	"net/http"
	"testing"
	"time"
)

// BenchmarkDown is a player's course: 6 KB, which is 30 ms of 1.6 Mbit/s, and
// the request that fetches them.
func BenchmarkDown(b *testing.B) {
	client, server := pair(b)
	batch, buf := make([]byte, 6000), make([]byte, 6000)
	b.SetBytes(int64(len(batch)))
	b.ReportAllocs()
	for b.Loop() {
		server.Write(batch)
		if _, err := io.ReadFull(client, buf); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkUp is a publisher's: a request for each message.
func BenchmarkUp(b *testing.B) {
	client, server := pair(b)
	batch, buf := make([]byte, 6000), make([]byte, 6000)
	b.SetBytes(int64(len(batch)))
	b.ReportAllocs()
	for b.Loop() {
		client.Write(batch)
		if _, err := io.ReadFull(server, buf); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkBulk is as much as goes down in one session.
func BenchmarkBulk(b *testing.B) {
	client, server := pair(b)
	batch := make([]byte, 64<<10)
	b.SetBytes(int64(len(batch)))
	b.ReportAllocs()
	go func() {
		for {
			if _, err := server.Write(batch); err != nil {
				return
			}
		}
	}()
	buf := make([]byte, len(batch))
	for b.Loop() {
		if _, err := io.ReadFull(client, buf); err != nil {
			b.Fatal(err)
		}
	}
}

func pair(b *testing.B) (client, server net.Conn) {
	l := new(Listener)
	socket, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	s := &http.Server{Handler: l, ReadHeaderTimeout: time.Minute}
	go s.Serve(socket)
	b.Cleanup(func() { s.Close() })
	client = dial(b, new(Dialer), "http://"+socket.Addr().String())
	return client, accept(b, l)
}
