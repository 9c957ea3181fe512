package rtmp

import (
	"bytes"
	"context"
	"errors"
	"net"
	"sync"
	"testing"

	"github.com/millrace-live/millrace/rtmp/internal/chunk"
	"github.com/millrace-live/millrace/rtmp/message"
)

// parse reads what a batch puts on the wire.
func parse(t testing.TB, b *Batch) []message.Message {
	t.Helper()
	r := chunk.NewReader()
	r.SetLimits(1<<24, 1<<24)
	var got []message.Message
	size := message.NewProtocolControl(message.SetChunkSize, uint32(b.chunkSize))
	wire, err := chunk.NewWriter().Append(nil, 2, size)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range append([][]byte{wire}, b.slices...) {
		if err := r.Feed(p, func(m *message.Message) error { got = append(got, *m); return nil }); err != nil {
			t.Fatal(err)
		}
	}
	return got[1:]
}

func TestBatchReadsBack(t *testing.T) {
	for _, chunkSize := range []int{1, 128, 600, 4096, 65536} {
		b := NewBatch(chunkSize)
		for range 2 { // the second time with scratch that has its size
			b.Reset()
			var want []message.Message
			for i, size := range []int{0, 1, 127, 128, 129, 511, 512, 513, 4096, 70000, 5} {
				for _, head := range []int{0, 2, 5} {
					m := video(0xFFFFFF-5+uint32(i), size+head)
					m.Type = []message.Type{message.Audio, message.Video, message.Data}[i%3]
					m.StreamID = uint32(1 + i%2)
					want = append(want, *m)
					b.Append(m.StreamID, m.Type, m.Timestamp, m.Payload[:head], m.Payload[head:])
				}
			}
			total := 0
			for _, p := range b.slices {
				total += len(p)
			}
			if b.Len() != total {
				t.Errorf("chunk size %d: Len is %d, the slices have %d", chunkSize, b.Len(), total)
			}
			got := parse(t, b)
			if len(got) != len(want) {
				t.Fatalf("chunk size %d: got %d messages, want %d", chunkSize, len(got), len(want))
			}
			for i := range want {
				g, w := got[i], want[i]
				if g.Type != w.Type || g.Timestamp != w.Timestamp || g.StreamID != w.StreamID || !bytes.Equal(g.Payload, w.Payload) {
					t.Errorf("chunk size %d, message %d: %v at %d on %d, %d bytes",
						chunkSize, i, g.Type, g.Timestamp, g.StreamID, len(g.Payload))
				}
			}
		}
	}
}

func TestBatchSharesLargePayloads(t *testing.T) {
	b := NewBatch(65536)
	p := video(0, 5000).Payload
	b.Append(1, message.Video, 0, []byte{1}, p)
	if last := b.slices[len(b.slices)-1]; &last[0] != &p[0] {
		t.Error("the payload was copied")
	}
	b.Reset()
	if b.Len() != 0 || len(b.slices) != 0 || b.slices[:cap(b.slices)][1] != nil {
		t.Error("Reset holds on to payloads")
	}
}

// TestOneBatchForManyPlayers sends one batch from many goroutines at once, while
// the players ask for answers in between.
func TestOneBatchForManyPlayers(t *testing.T) {
	b := NewBatch(defaultChunkSize)
	for i := range 50 {
		b.Append(1, message.Video, uint32(i), nil, video(0, i*200).Payload)
	}
	const players, rounds = 8, 20
	addr := listen(t, &Server{Handler: HandlerFunc(func(s *Stream) error {
		if err := s.Accept(); err != nil {
			return err
		}
		for range rounds {
			if err := s.Send(b); err != nil {
				return err
			}
		}
		return nil
	})})
	var wg sync.WaitGroup
	for range players {
		wg.Go(func() {
			st, err := Play(within(t), addr+"/live/a")
			if err != nil {
				t.Error(err)
				return
			}
			defer st.Close()
			for i := 0; ; i++ {
				m, err := st.ReadMessage()
				if errors.Is(err, ErrStreamClosed) && i == 50*rounds {
					return
				}
				if err != nil || m.Timestamp != uint32(i%50) || len(m.Payload) != i%50*200 {
					t.Errorf("message %d: %+v, %v", i, m, err)
					return
				}
				if i%100 == 0 {
					_ = st.Session().Ping()
				}
			}
		})
	}
	wg.Wait()
}

func TestSendRefusesAForeignBatch(t *testing.T) {
	addr := listen(t, &Server{Handler: newStore()})
	st, err := Publish(within(t), addr+"/live/a")
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	if err := st.Send(NewBatch(128)); err == nil {
		t.Error("a batch of another chunk size was sent")
	}
	if _, err := st.ReadMessage(); !errors.Is(err, errNotReceiving) {
		t.Errorf("reading on a publication: %v", err)
	}
}

// sink is a player that takes everything and looks at nothing.
func sink(t testing.TB) (*Session, func()) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	client, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	server, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	wg.Go(func() {
		buf := make([]byte, 256<<10)
		for {
			if _, err := client.Read(buf); err != nil {
				return
			}
		}
	})
	s := newSession(context.Background(), server, (&Server{}).settings())
	return s, func() {
		server.Close()
		client.Close()
		wg.Wait()
		s.cancel(nil)
	}
}

func playing(s *Session) *Stream {
	st := newStream(s, 1, false, "a")
	st.accepted.Store(true)
	return st
}

func fill(b *Batch, sound, picture []byte) {
	b.Reset()
	b.Append(1, message.Audio, 1000, []byte{0xaf, 1}, sound)
	b.Append(1, message.Video, 1001, []byte{0x27, 1, 0, 0, 0}, picture)
	b.Append(1, message.Audio, 1023, []byte{0xaf, 1}, sound)
}

func TestBatchAllocatesNothing(t *testing.T) {
	s, stop := sink(t)
	defer stop()
	st, b := playing(s), NewBatch(defaultChunkSize)
	sound, picture := make([]byte, 300), make([]byte, 70_000)
	n := testing.AllocsPerRun(1000, func() {
		fill(b, sound, picture)
		if err := st.Send(b); err != nil {
			t.Fatal(err)
		}
	})
	if n != 0 {
		t.Errorf("filling and sending a batch allocates %v times", n)
	}
}

// BenchmarkSend is what one player costs at each wake: 30 ms of 3 Mbit/s.
func BenchmarkSend(b *testing.B) {
	s, stop := sink(b)
	defer stop()
	st, batch := playing(s), NewBatch(defaultChunkSize)
	sound, picture := make([]byte, 300), make([]byte, 11_000)
	fill(batch, sound, picture)
	b.SetBytes(int64(batch.Len()))
	b.ReportAllocs()
	for b.Loop() {
		fill(batch, sound, picture)
		if err := st.Send(batch); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkFanOut is one wake of 500 players that share payloads.
func BenchmarkFanOut(b *testing.B) {
	streams := make([]*Stream, 500)
	for i := range streams {
		s, stop := sink(b)
		defer stop()
		streams[i] = playing(s)
	}
	batch := NewBatch(defaultChunkSize)
	sound, picture := make([]byte, 300), make([]byte, 11_000)
	fill(batch, sound, picture)
	b.SetBytes(int64(batch.Len() * len(streams)))
	b.ReportAllocs()
	for b.Loop() {
		for _, st := range streams {
			fill(batch, sound, picture)
			if err := st.Send(batch); err != nil {
				b.Fatal(err)
			}
		}
	}
}
