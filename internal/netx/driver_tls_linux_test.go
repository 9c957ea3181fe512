//go:build !portable

package netx

import (
	"bytes"
	"crypto/tls"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"sync"
	"testing"
	"time"
)

// errBye lets a parrot go.
var errBye = errors.New("bye")

// parrot is a rider that says what it hears, and leaves after so many bytes.
type parrot struct {
	limit int
	heard []byte
	next  int // the first byte that was not said
	given Vector
	left  chan [][]byte
}

func (e *parrot) Next(int) (*Vector, error) {
	if e.given.Kept() || e.next == len(e.heard) {
		return nil, nil
	}
	e.given.Set([][]byte{e.heard[e.next:len(e.heard):len(e.heard)]})
	e.next = len(e.heard)
	return &e.given, nil
}

func (e *parrot) Received(p []byte) error {
	e.heard = append(e.heard, p...)
	if len(e.heard) >= e.limit {
		return errBye
	}
	return nil
}

func (e *parrot) Tick(time.Time) error { return nil }

func (e *parrot) Left(rest [][]byte, _ error) { e.left <- rest }

// What a client in TLS says comes to the rider and back, whole and in order, also
// what was on its way when the ride begins and when it ends.
func TestDriveTLS(t *testing.T) {
	t.Parallel()
	for name, version := range map[string]uint16{"1.2": tls.VersionTLS12, "1.3": tls.VersionTLS13} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d, err := newDriver(1, 0, 10*time.Millisecond)
			if err != nil {
				t.Fatal(err)
			}
			defer d.Close()
			for i := range 5 {
				driveTLS(t, d, version, uint64(i))
			}
		})
	}
}

func driveTLS(t *testing.T, d *Driver, version uint16, seed uint64) {
	t.Helper()
	server, client := securePair(t, version)
	defer client.Close()
	random := rand.New(rand.NewPCG(seed, 1))
	said := make([]byte, 1<<20)
	for i := range said {
		said[i] = byte(random.Uint32())
	}
	first := make([]byte, 1+random.IntN(100<<10))
	var writing sync.WaitGroup
	defer writing.Wait()
	writing.Go(func() {
		for rest := said; len(rest) > 0; {
			n := min(len(rest), 1+random.IntN(40<<10))
			if _, err := client.Write(rest[:n]); err != nil {
				t.Errorf("write: %v", err)
				return
			}
			rest = rest[n:]
		}
	})
	// The server reads some by itself, then rides, then goes on by itself.
	if _, err := io.ReadFull(server, first); err != nil {
		t.Fatal(err)
	}
	e := &parrot{limit: len(said) / 2, heard: first, left: make(chan [][]byte, 1)}
	if !d.Takes(server) {
		t.Fatal("the driver does not take TLS")
	}
	if _, ok := d.Add(server, e); !ok {
		t.Fatal("the driver refused TLS")
	}
	heard := make(chan error, 1)
	go func() {
		got := make([]byte, len(said))
		_, err := io.ReadFull(client, got)
		if err == nil && !bytes.Equal(got, said) {
			err = errors.New("other bytes came back")
		}
		heard <- err
	}()
	select {
	case rest := <-e.left:
		if rest != nil {
			t.Error("the rider was given records")
		}
	case <-time.After(20 * time.Second):
		t.Fatal("the rider did not leave")
	}
	if _, err := server.Write(e.heard[e.next:]); err != nil {
		t.Fatal(err)
	}
	if _, err := io.CopyN(server, server, int64(len(said)-len(e.heard))); err != nil {
		t.Fatal(err)
	}
	if err := <-heard; err != nil {
		t.Fatal(err)
	}
}

// securePair are both ends of a TLS connection, the server's as a detector gives
// it.
func securePair(t *testing.T, version uint16) (server, client *tls.Conn) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	c, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	accepted, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { accepted.Close() })
	client = tls.Client(c, &tls.Config{InsecureSkipVerify: true, MinVersion: version, MaxVersion: version}) //nolint:gosec // a test
	shaken := make(chan error, 1)
	go func() { shaken <- client.Handshake() }()
	a := &Arrival{Conn: accepted}
	if err := a.need(1); err != nil {
		t.Fatal(err)
	}
	if _, err := ours().server(a, time.Now().Add(20*time.Second)); err != nil {
		t.Fatal(err)
	}
	if err := <-shaken; err != nil {
		t.Fatal(err)
	}
	server, _ = a.Conn.(*tls.Conn)
	return server, client
}
