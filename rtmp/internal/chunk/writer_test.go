package chunk

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/millrace-live/millrace/rtmp/message"
)

func TestWriterHeaders(t *testing.T) {
	type sent struct {
		csid uint32
		m    message.Message
	}
	audio := func(ts uint32, payload ...byte) sent {
		return sent{4, message.Message{Type: message.Audio, StreamID: 1, Timestamp: ts, Payload: payload}}
	}
	on := func(streamID uint32, s sent) sent { s.m.StreamID = streamID; return s }
	tests := []struct {
		name string
		in   []sent
		want string
	}{
		{
			"whole, delta, nothing",
			[]sent{audio(20, 1), audio(40, 2), audio(60, 3), audio(80, 4)},
			"04 000014 000001 08 01000000 01  84 000014 02  c4 03  c4 04",
		},
		{
			"another length",
			[]sent{audio(20, 1), audio(40, 2, 2), audio(60, 3, 3)},
			"04 000014 000001 08 01000000 01  44 000014 000002 08 0202  c4 0303",
		},
		{
			"another type",
			[]sent{audio(20, 1), {4, message.Message{Type: message.Video, StreamID: 1, Timestamp: 40, Payload: []byte{2}}}},
			"04 000014 000001 08 01000000 01  44 000014 000001 09 02",
		},
		{
			"another message stream",
			[]sent{audio(20, 1), on(2, audio(40, 2))},
			"04 000014 000001 08 01000000 01  04 000028 000001 08 02000000 02",
		},
		{
			"type 3 after a type 0 whose timestamp is 0",
			[]sent{audio(0, 1), audio(0, 2), audio(20, 3)},
			"04 000000 000001 08 01000000 01  c4 02  84 000014 03",
		},
		{
			"no type 3 after any other type 0",
			[]sent{audio(20, 1), audio(20, 2), audio(20, 3)},
			"04 000014 000001 08 01000000 01  84 000000 02  c4 03",
		},
		{
			"time goes back",
			[]sent{audio(40, 1), audio(20, 2), audio(60, 3)},
			"04 000028 000001 08 01000000 01  04 000014 000001 08 01000000 02  84 000028 03",
		},
		{
			"time goes over 2^32",
			[]sent{audio(1<<32-10, 1), audio(10, 2)},
			"04 ffffff 000001 08 01000000 fffffff6 01  04 00000a 000001 08 01000000 02",
		},
		{
			"the last delta of 24 bits",
			[]sent{audio(0, 1), audio(0xfffffe, 2)},
			"04 000000 000001 08 01000000 01  84 fffffe 02",
		},
		{
			"a delta that would be extended",
			[]sent{audio(0, 1), audio(0xffffff, 2), audio(0x1000013, 3)},
			"04 000000 000001 08 01000000 01  04 ffffff 000001 08 01000000 00ffffff 02  84 000014 03",
		},
		{
			"no payload",
			[]sent{audio(0), audio(0), audio(20)},
			"04 000000 000000 08 01000000  c4  84 000014",
		},
		{
			"chunks",
			[]sent{audio(20, make([]byte, 257)...)},
			"04 000014 000101 08 01000000" + zeros(128) + "c4" + zeros(128) + "c4 00",
		},
		{
			"exactly two chunks",
			[]sent{audio(20, make([]byte, 256)...)},
			"04 000014 000100 08 01000000" + zeros(128) + "c4" + zeros(128),
		},
		{
			"extended timestamp in each chunk of type 0",
			[]sent{audio(0x1000000, make([]byte, 129)...)},
			"04 ffffff 000081 08 01000000 01000000" + zeros(128) + "c4 01000000 00",
		},
		{
			"and in none after a delta",
			[]sent{audio(0x1000000), audio(0x1000014, make([]byte, 129)...)},
			"04 ffffff 000000 08 01000000 01000000  44 000014 000081 08" + zeros(128) + "c4 00",
		},
		{
			"chunk size",
			[]sent{
				{2, message.Message{Type: message.SetChunkSize, Payload: []byte{0, 0, 0, 2}}}, audio(0, 1, 2, 3),
			},
			"02 000000 000004 01 00000000 00000002  04 000000 000003 08 01000000 0102 c4 03",
		},
		{
			"identifiers",
			[]sent{
				{63, message.Message{}}, {64, message.Message{}}, {319, message.Message{}}, {320, message.Message{}}, {65599, message.Message{}},
			},
			"3f" + zeros(11) + "0000" + zeros(11) + "00ff" + zeros(11) + "01 0001" + zeros(11) + "01 ffff" + zeros(11),
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			w := NewWriter()
			var got []byte
			for _, s := range test.in {
				var err error
				if got, err = w.Append(got, s.csid, &s.m); err != nil {
					t.Fatal(err)
				}
			}
			if want := wire(t, test.want); !bytes.Equal(got, want) {
				t.Errorf("wrote %x\nwant  %x", got, want)
			}
		})
	}
}

func TestWriterForgets(t *testing.T) {
	w := NewWriter()
	m := &message.Message{Type: message.Audio, StreamID: 1}
	first, _ := w.Append(nil, 4, m)
	w.Forget(4)
	if again, _ := w.Append(nil, 4, m); !bytes.Equal(first, again) {
		t.Errorf("wrote %x, want %x", again, first)
	}
}

func TestWriterRefuses(t *testing.T) {
	long := make([]byte, MaxMessage+1)
	tests := []struct {
		csid    uint32
		payload []byte
		want    Reason // empty is no error
	}{
		{1, nil, BadStream},
		{65600, nil, BadStream},
		{3, long, MessageTooLong},
		{3, long[:MaxMessage], ""},
	}
	for _, test := range tests {
		w := NewWriter()
		b, err := w.Append([]byte("before"), test.csid, &message.Message{Type: message.Video, Payload: test.payload})
		if test.want == "" {
			if err != nil {
				t.Errorf("csid %d, %d bytes: %v", test.csid, len(test.payload), err)
			}
			continue
		}
		var got *Error
		if !errors.As(err, &got) || got.Reason != test.want || string(b) != "before" {
			t.Errorf("csid %d, %d bytes: %v with %d bytes written", test.csid, len(test.payload), err, len(b))
		}
	}
}

// TestLiveHeaders holds that the headers of live media are those that a
// Writer makes for a first message.
func TestLiveHeaders(t *testing.T) {
	for _, ts := range []uint32{0, 1, extended - 1, extended, 1<<32 - 1} {
		for _, csid := range []uint32{2, 63, 64, 319, 320, 65599} {
			for _, length := range []int{0, 1, 128, 129, 300} {
				payload := bytes.Repeat([]byte{0xc4}, length)
				m := message.Message{Type: message.Video, StreamID: 7, Timestamp: ts, Payload: payload}
				want, err := NewWriter().Append(nil, csid, &m)
				if err != nil {
					t.Fatal(err)
				}
				got := AppendHeader0(nil, csid, ts, length, m.Type, m.StreamID)
				for rest := payload; ; {
					n := min(len(rest), DefaultSize)
					got, rest = append(got, rest[:n]...), rest[n:]
					if len(rest) == 0 {
						break
					}
					got = AppendHeader3(got, csid, ts)
				}
				if !bytes.Equal(got, want) {
					t.Errorf("csid %d, timestamp %d, %d bytes: %x, want %x", csid, ts, length, got, want)
				}
			}
		}
	}
}

// mixer writes random messages in chunks that interleave, by way of a Writer.
type mixer struct {
	rng      *rand.Rand
	w        *Writer
	omits    bool // leave extended timestamps out of type 3 headers
	out      []byte
	want     []string
	open     map[uint32]*opened
	lastTime map[uint32]uint32
}

// opened is a message of which chunks are still to be written.
type opened struct {
	m     message.Message
	rest  []byte
	field uint32
}

func (x *mixer) payload(limit int) []byte {
	b := make([]byte, x.rng.IntN(limit))
	for i := range b {
		b[i] = byte(x.rng.Uint32())
	}
	return b
}

// time is the next timestamp on a chunk stream: mostly a little later, and
// sometimes anything.
func (x *mixer) time(csid uint32) uint32 {
	ts := x.lastTime[csid]
	switch x.rng.IntN(12) {
	case 0:
		ts = x.rng.Uint32()
	case 1:
		ts -= x.rng.Uint32N(100)
	case 2:
		ts = extended - 20 + x.rng.Uint32N(40)
	case 3:
		ts = -x.rng.Uint32N(40)
	case 4, 5, 6:
		ts += x.rng.Uint32N(60)
	default:
		ts += 23
	}
	x.lastTime[csid] = ts
	return ts
}

func (x *mixer) step(csids []uint32) {
	csid := csids[x.rng.IntN(len(csids))]
	now := x.open[csid]
	switch n := x.rng.IntN(50); {
	case n == 0:
		size := []uint32{1, 2, 128, 4096, 1 + x.rng.Uint32N(500)}[x.rng.IntN(5)]
		x.control(message.SetChunkSize, size)
	case n == 1 && now != nil:
		x.control(message.Abort, csid)
		delete(x.open, csid)
	case now == nil:
		now = &opened{m: message.Message{
			Type:        []message.Type{message.Audio, message.Video, message.Data}[x.rng.IntN(3)],
			StreamID:    x.rng.Uint32N(2),
			Timestamp:   x.time(csid),
			ChunkStream: csid,
			Payload:     x.payload([]int{2, 20, 2000}[x.rng.IntN(3)]),
		}}
		now.rest = now.m.Payload
		x.out, now.field = x.w.appendHeader(x.out, csid, &now.m)
		x.chunk(csid, now)
	default:
		field := now.field
		if x.omits {
			field = 0
		}
		x.out = AppendHeader3(x.out, csid, field)
		x.chunk(csid, now)
	}
}

func (x *mixer) chunk(csid uint32, now *opened) {
	n := min(len(now.rest), x.w.ChunkSize())
	x.out, now.rest = append(x.out, now.rest[:n]...), now.rest[n:]
	if x.open[csid] = now; len(now.rest) == 0 {
		delete(x.open, csid)
		x.want = append(x.want, describe(&now.m))
	}
}

// control writes a control message of one number, whole: its chunk stream has
// nothing else on it.
func (x *mixer) control(typ message.Type, v uint32) {
	m := message.Message{Type: typ, ChunkStream: ControlStream, Payload: binary.BigEndian.AppendUint32(nil, v)}
	var err error
	if x.out, err = x.w.Append(x.out, ControlStream, &m); err != nil {
		panic(err)
	}
	x.want = append(x.want, describe(&m))
}

func TestWriterMeetsReader(t *testing.T) {
	for seed := range uint64(60) {
		rng := rand.New(rand.NewPCG(seed, 1))
		x := &mixer{
			rng: rng, w: NewWriter(), omits: seed%3 == 2,
			open: make(map[uint32]*opened), lastTime: make(map[uint32]uint32),
		}
		csids := []uint32{3, 4, 63, 64, 319, 320, 65599}
		for range 400 {
			x.step(csids)
		}
		for len(x.open) > 0 {
			x.step(csids)
		}
		got := decodeRandomly(t, x.out, rng)
		compareLists(t, fmt.Sprintf("seed %d", seed), got, x.want)
	}
}

// decodeRandomly feeds b to a new Reader in pieces of random lengths.
func decodeRandomly(t *testing.T, b []byte, rng *rand.Rand) []string {
	t.Helper()
	r := NewReader()
	var got []string
	for len(b) > 0 {
		n := min(len(b), 1+rng.IntN(1+rng.IntN(3000)))
		if err := r.Feed(b[:n], func(m *message.Message) error {
			got = append(got, describe(m))
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		b = b[n:]
	}
	return got
}

func compareLists(t *testing.T, name string, got, want []string) {
	t.Helper()
	for i := range max(len(got), len(want)) {
		if i >= len(got) || i >= len(want) || got[i] != want[i] {
			t.Fatalf("%s: %d messages, want %d; different from message %d on:\n%q\n%q", name, len(got), len(want), i,
				got[i:min(i+2, len(got))], want[i:min(i+2, len(want))])
		}
	}
}

func FuzzWriter(f *testing.F) {
	f.Add(uint32(4), uint32(20), uint32(1), []byte("first"), uint32(40), []byte("second"), uint32(3))
	f.Add(uint32(65599), uint32(extended), uint32(1<<31), []byte(""), uint32(1), []byte("0"), uint32(0))
	f.Fuzz(func(t *testing.T, csid, ts1, id uint32, p1 []byte, ts2 uint32, p2 []byte, size uint32) {
		w := NewWriter()
		messages := []message.Message{
			{Type: message.SetChunkSize, Payload: binary.BigEndian.AppendUint32(nil, size)},
			{Type: message.Audio, StreamID: id, Timestamp: ts1, Payload: p1},
			{Type: message.Audio, StreamID: id, Timestamp: ts2, Payload: p2},
			{Type: message.Video, StreamID: id, Timestamp: ts2, Payload: p1},
			{Type: message.Video, StreamID: id, Timestamp: ts2, Payload: p1},
		}
		var b []byte
		var want []string
		for i := range messages {
			messages[i].ChunkStream = csid
			var err error
			if b, err = w.Append(b, csid, &messages[i]); err != nil {
				if csid >= MinStream && csid <= MaxStream {
					t.Fatal(err)
				}
				return
			}
			want = append(want, describe(&messages[i]))
		}
		r := NewReader()
		r.SetLimits(MaxMessage, MaxMessage)
		var got []string
		if err := r.Feed(b, func(m *message.Message) error {
			got = append(got, describe(m))
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		compareLists(t, "written", got, want)
	})
}

func BenchmarkWriter(b *testing.B) {
	for _, chunkSize := range []uint32{128, 4096, 65536} {
		b.Run(fmt.Sprint(chunkSize), func(b *testing.B) {
			w := NewWriter()
			dst, err := w.Append(nil, ControlStream, &message.Message{
				Type: message.SetChunkSize, Payload: binary.BigEndian.AppendUint32(nil, chunkSize),
			})
			if err != nil {
				b.Fatal(err)
			}
			m := &message.Message{Type: message.Video, StreamID: 1, Payload: make([]byte, 8000)}
			b.SetBytes(int64(len(m.Payload)))
			b.ReportAllocs()
			for b.Loop() {
				m.Timestamp += 33
				if dst, err = w.Append(dst[:0], 6, m); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
