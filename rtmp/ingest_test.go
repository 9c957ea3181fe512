package rtmp

import (
	"context"
	"net"
	"testing"

	"github.com/millrace-live/millrace/amf"
	"github.com/millrace-live/millrace/rtmp/internal/chunk"
	"github.com/millrace-live/millrace/rtmp/message"
)

// ingest is a session behind publish that is fed by hand, without a network.
func ingest(t testing.TB, fn func(*message.Message) error) (feed func([]byte), w *chunk.Writer, stop func()) {
	t.Helper()
	near, far := net.Pipe()
	srv := &Server{}
	s := newSession(context.Background(), far, srv.settings())
	s.beServer(srv)
	s.in.shake = nil
	s.in.chunks.SetLimits(mediaLimit, otherLimit)
	go func() {
		buf := make([]byte, 4096)
		for {
			if _, err := near.Read(buf); err != nil {
				return
			}
		}
	}()
	feed = func(p []byte) {
		t.Helper()
		if err := s.received(p); err != nil {
			t.Fatal(err)
		}
	}
	srv.Handler = HandlerFunc(func(st *Stream) error {
		if err := st.Accept(); err != nil {
			return err
		}
		return st.Each(fn)
	})
	w = chunk.NewWriter()
	var hello []byte
	for id, values := range []amf.List{
		{"connect", 1.0, amf.NewObject("app", "live")}, {"publish", 2.0, nil, "a", "live"},
	} {
		m, err := message.NewMessage(message.Command, 0, values...)
		if err != nil {
			t.Fatal(err)
		}
		hello, err = w.Append(hello, 3, m)
		if err != nil {
			t.Fatal(id, err)
		}
	}
	size := message.NewProtocolControl(message.SetChunkSize, 4096)
	hello, err := w.Append(hello, 2, size)
	if err != nil {
		t.Fatal(err)
	}
	feed(hello)
	st := s.streams[0]
	st.mu.Lock()
	for st.sink == nil {
		st.moved.Wait()
	}
	st.mu.Unlock()
	return feed, w, func() {
		s.shut(ErrSessionClosed)
		near.Close()
		s.tasks.Wait()
	}
}

// second is a second of 3 Mbit/s as an encoder sends it.
func second(t testing.TB, w *chunk.Writer) (wire []byte, messages int) {
	t.Helper()
	var err error
	for i := range 30 {
		for _, m := range []*message.Message{video(uint32(i*33), 12_000), {Type: message.Audio, Payload: make([]byte, 350)}} {
			if wire, err = w.Append(wire, 4+uint32(m.Type)%2, m); err != nil {
				t.Fatal(err)
			}
			messages++
		}
	}
	return wire, messages
}

func TestIngestAllocatesAtMostTwiceAMessage(t *testing.T) {
	n := 0
	feed, w, stop := ingest(t, func(*message.Message) error { n++; return nil })
	defer stop()
	wire, messages := second(t, w)
	const reads = 4096
	allocs := testing.AllocsPerRun(50, func() {
		for p := wire; len(p) > 0; p = p[min(reads, len(p)):] {
			feed(p[:min(reads, len(p))])
		}
	})
	if per := allocs / float64(messages); per > 2 {
		t.Errorf("%.2f allocations a message", per)
	}
	if n != 51*messages {
		t.Errorf("%d messages came, want %d", n, 51*messages)
	}
}

func BenchmarkIngest(b *testing.B) {
	feed, w, stop := ingest(b, func(*message.Message) error { return nil })
	defer stop()
	wire, messages := second(b, w)
	b.SetBytes(int64(len(wire)))
	b.ReportAllocs()
	for b.Loop() {
		for p := wire; len(p) > 0; p = p[min(publisherBuffer, len(p)):] {
			feed(p[:min(publisherBuffer, len(p))])
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*messages), "ns/message")
}
