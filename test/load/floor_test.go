//go:build linux

package main

import (
	"bytes"
	"context"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/millrace-live/millrace/rtmp"
	"github.com/millrace-live/millrace/rtmp/message"
)

// serveFloor serves a floor in this process.
func serveFloor(t *testing.T, read bool, hold time.Duration) string {
	t.Helper()
	f, err := newFloor(read, false, hold)
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.ListenTCP("tcp", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	go f.Serve(handles{l})
	t.Cleanup(func() {
		f.Close()
		f.over.Store(true)
	})
	return "rtmp://" + l.Addr().String() + "/live/test"
}

// TestFloorWriter sends a second of messages to three players, one of which
// comes late: each gets all from the last key frame on, byte for byte.
func TestFloorWriter(t *testing.T) {
	for _, hold := range []time.Duration{0, 30 * time.Millisecond} {
		t.Run(hold.String(), func(t *testing.T) {
			address := serveFloor(t, false, hold)
			ctx, stop := context.WithTimeout(t.Context(), 20*time.Second)
			defer stop()
			sender, err := rtmp.Publish(ctx, address)
			if err != nil {
				t.Fatal(err)
			}
			defer sender.Close()

			const first, late, all = 0, 20, 40
			var players sync.WaitGroup
			play := func(from int) {
				st, err := rtmp.Play(ctx, address)
				if err != nil {
					t.Errorf("play: %v", err)
					return
				}
				players.Go(func() {
					defer st.Close()
					for want := from; want < all; {
						m, err := st.ReadMessage()
						if err != nil {
							t.Errorf("message %d: %v", want, err)
							return
						}
						if m.Payload[1] == 0 {
							continue // the header that a player begins with
						}
						w := clipMessage(want)
						if m.Type != w.Type || m.Timestamp != w.Timestamp || !bytes.Equal(m.Payload, w.Payload) {
							t.Errorf("got %v of %d bytes at %d, want message %d", m.Type, len(m.Payload), m.Timestamp, want)
							return
						}
						want++
					}
				})
			}
			play(first)
			play(first)
			if err := sender.WriteMessage(&message.Message{Type: message.Video, Payload: []byte{0x17, 0, 0, 0, 0}}); err != nil {
				t.Fatal(err)
			}
			for i := range all {
				if i == late+1 {
					time.Sleep(2 * hold) // the key frame has left
					play(late)
				}
				if err := sender.WriteMessage(clipMessage(i)); err != nil {
					t.Fatal(err)
				}
				time.Sleep(time.Second / all)
			}
			players.Wait()
		})
	}
}

// clipMessage is message i of the test's stream, whose 20th are key frames. The
// timestamps need the long form, and the key frames several chunks.
func clipMessage(i int) *message.Message {
	m := &message.Message{Type: message.Video, Timestamp: longTime - 5 + uint32(i)}
	if i%20 == 0 {
		m.Payload = append([]byte{0x17, 1, 0, 0, 0}, bytes.Repeat([]byte{byte(i)}, 3*chunkSize)...)
	} else {
		m.Payload = []byte{0x27, 1, 0, 0, 0, byte(i)}
	}
	return m
}

// TestFloorReader lets a publisher send more than sockets hold, and leave.
func TestFloorReader(t *testing.T) {
	address := serveFloor(t, true, 0)
	ctx, stop := context.WithTimeout(t.Context(), 20*time.Second)
	defer stop()
	st, err := rtmp.Publish(ctx, address)
	if err != nil {
		t.Fatal(err)
	}
	m := &message.Message{Type: message.Video, Payload: make([]byte, 1<<20)}
	for i := range 64 {
		m.Timestamp = uint32(i)
		if err := st.WriteMessage(m); err != nil {
			t.Fatalf("message %d: %v", i, err)
		}
	}
	session := st.Session()
	st.Close()
	select {
	case <-session.Context().Done():
	case <-ctx.Done():
		t.Error("the floor did not let go of a publisher that left")
	}
}
