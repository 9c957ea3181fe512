package chunk

import (
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/millrace-live/millrace/rtmp/message"
)

// wire reads bytes written in hexadecimal, with blanks anywhere.
func wire(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.Join(strings.Fields(s), ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// zeros is n bytes of payload, in hexadecimal.
func zeros(n int) string { return strings.Repeat("00", n) }

func TestHeaders(t *testing.T) {
	tests := []struct {
		name string
		in   string
		want string // as describe has it
	}{
		{"type 0", "03 0003e8 000002 14 01000000 abcd", "csid=3 Command msid=1 ts=1000 len=2 abcd"},
		{"stream in little endian", "03 000000 000001 09 01020304 ab", "csid=3 Video msid=67305985 ts=0 len=1 ab"},
		{"identifier of one byte, last", "3f 000000 000001 09 01000000 ab", "csid=63 Video msid=1 ts=0 len=1 ab"},
		{"of two bytes, first", "00 00 000000 000001 09 01000000 ab", "csid=64 Video msid=1 ts=0 len=1 ab"},
		{"of two bytes, last", "00 ff 000000 000001 09 01000000 ab", "csid=319 Video msid=1 ts=0 len=1 ab"},
		{"of three bytes, first", "01 0000 000000 000001 09 01000000 ab", "csid=64 Video msid=1 ts=0 len=1 ab"},
		{"of three bytes", "01 0201 000000 000001 09 01000000 ab", "csid=322 Video msid=1 ts=0 len=1 ab"},
		{"of three bytes, last", "01 ffff 000000 000001 09 01000000 ab", "csid=65599 Video msid=1 ts=0 len=1 ab"},
		{
			"one chunk stream by two forms of identifier",
			"00 05 000007 000001 09 01000000 ab  81 0500 000001 cd", `
			csid=69 Video msid=1 ts=7 len=1 ab
			csid=69 Video msid=1 ts=8 len=1 cd`,
		},
		{
			"types 1, 2 and 3",
			"03 0003e8 000001 08 01000000 01  43 000014 000002 09 0202  83 000015 0303  c3 0404", `
			csid=3 Audio msid=1 ts=1000 len=1 01
			csid=3 Video msid=1 ts=1020 len=2 0202
			csid=3 Video msid=1 ts=1041 len=2 0303
			csid=3 Video msid=1 ts=1062 len=2 0404`,
		},
		{"type 3 after type 0 adds its timestamp", "03 0003e8 000001 08 01000000 01  c3 02  c3 03", `
			csid=3 Audio msid=1 ts=1000 len=1 01
			csid=3 Audio msid=1 ts=2000 len=1 02
			csid=3 Audio msid=1 ts=3000 len=1 03`},
		{"but not an hour", "03 36ee80 000001 08 01000000 01  c3 02", `
			csid=3 Audio msid=1 ts=3600000 len=1 01
			csid=3 Audio msid=1 ts=3600000 len=1 02`},
		{"type 1 where nothing was", "42 000001 000004 03 00000010", "csid=2 Acknowledgement msid=0 ts=1 len=4 00000010"},
		{"type 2 where nothing was", "85 000009", "csid=5 Type(0) msid=0 ts=9 len=0"},
		{"type 3 where nothing was", "c5 c5", `
			csid=5 Type(0) msid=0 ts=0 len=0
			csid=5 Type(0) msid=0 ts=0 len=0`},
		{"no payload", "04 000000 000000 08 01000000  44 000017 000000 08  c4", `
			csid=4 Audio msid=1 ts=0 len=0
			csid=4 Audio msid=1 ts=23 len=0
			csid=4 Audio msid=1 ts=46 len=0`},
		{
			"two chunks", "04 000005 000082 08 01000000" + zeros(128) + "c4 0102",
			"csid=4 Audio msid=1 ts=5 len=130 sha256:6f931bb4b6fd64dd",
		},
		{"exactly one chunk", "04 000005 000080 08 01000000" + zeros(128) + "44 000001 000001 08 ab", `
			csid=4 Audio msid=1 ts=5 len=128 sha256:38723a2e5e8a17aa
			csid=4 Audio msid=1 ts=6 len=1 ab`},
		{"interleaved", "04 000005 000082 08 01000000" + zeros(128) +
			"06 000007 000081 09 01000000" + zeros(128) + "02 000000 000004 03 00000000 00000001 c6 00 c4 0102", `
			csid=2 Acknowledgement msid=0 ts=0 len=4 00000001
			csid=6 Video msid=1 ts=7 len=129 sha256:2c80619d7e7c5825
			csid=4 Audio msid=1 ts=5 len=130 sha256:6f931bb4b6fd64dd`},
		{"a message given up for another", "04 000005 000082 08 01000000" + zeros(128) + "44 000001 000001 08 ab", `
			csid=4 Audio msid=1 ts=6 len=1 ab
			dropped 1`},
		{"abort", "04 000005 000082 08 01000000" + zeros(128) +
			"02 000000 000004 02 00000000 00000004  44 000001 000001 08 ab", `
			csid=2 Abort msid=0 ts=0 len=4 00000004
			csid=4 Audio msid=1 ts=6 len=1 ab`},
		{"abort of what was never used", "02 000000 000004 02 00000000 00010000  c2 00000002", `
			csid=2 Abort msid=0 ts=0 len=4 00010000
			csid=2 Abort msid=0 ts=0 len=4 00000002`},
		{"chunk size inside of a message", "04 000005 000084 08 01000000" + zeros(128) +
			"02 000000 000004 01 00000000 00000003  c4 000000 c4 00", `
			csid=2 SetChunkSize msid=0 ts=0 len=4 00000003
			csid=4 Audio msid=1 ts=5 len=132 sha256:115bad14f1c9f2c0`},
		{"chunk size of 0 is 1", "02 000000 000004 01 00000000 00000000  04 000000 000002 08 01000000 01 c4 02", `
			csid=2 SetChunkSize msid=0 ts=0 len=4 00000000
			csid=4 Audio msid=1 ts=0 len=2 0102`},
		{"chunk size with the first bit", "02 000000 000004 01 00000000 80000001  04 000000 000002 08 01000000 01 c4 02", `
			csid=2 SetChunkSize msid=0 ts=0 len=4 80000001
			csid=4 Audio msid=1 ts=0 len=2 0102`},
		{"chunk size and abort cut short", "02 000000 000003 01 00000000 000001  42 000000 000000 02", `
			csid=2 SetChunkSize msid=0 ts=0 len=3 000001
			csid=2 Abort msid=0 ts=0 len=0`},

		{"last timestamp of 24 bits", "04 fffffe 000001 08 01000000 01", "csid=4 Audio msid=1 ts=16777214 len=1 01"},
		{"extended, first", "04 ffffff 000001 08 01000000 00ffffff 01", "csid=4 Audio msid=1 ts=16777215 len=1 01"},
		{"extended, last", "04 ffffff 000001 08 01000000 ffffffff 01", "csid=4 Audio msid=1 ts=4294967295 len=1 01"},
		{"extended though it need not be", "04 ffffff 000001 08 01000000 00000005 01", "csid=4 Audio msid=1 ts=5 len=1 01"},
		{"over 2^32", "04 ffffff 000001 08 01000000 fffffff0 01  44 000020 000001 08 02", `
			csid=4 Audio msid=1 ts=4294967280 len=1 01
			csid=4 Audio msid=1 ts=16 len=1 02`},
		{
			"extended, repeated in type 3", "04 ffffff 000082 08 01000000 01000000" + zeros(128) + "c4 01000000 0102",
			"csid=4 Audio msid=1 ts=16777216 len=130 sha256:6f931bb4b6fd64dd",
		},
		{
			"extended, left out in type 3", "04 ffffff 000082 08 01000000 01000000" + zeros(128) + "c4 0102",
			"csid=4 Audio msid=1 ts=16777216 len=130 sha256:6f931bb4b6fd64dd",
		},
		{"left out, the payload begins like it", "04 ffffff 000082 08 01000000 01020000" + zeros(128) + "c4 0102 44 000001 000000 08", `
			csid=4 Audio msid=1 ts=16908288 len=130 sha256:6f931bb4b6fd64dd
			csid=4 Audio msid=1 ts=16908289 len=0`},
		{"left out, then a message by type 3", "04 ffffff 000082 08 01000000 01000000" + zeros(128) + "c4 0102" +
			"c4" + zeros(128) + "c4 0102", `
			csid=4 Audio msid=1 ts=16777216 len=130 sha256:6f931bb4b6fd64dd
			csid=4 Audio msid=1 ts=16777216 len=130 sha256:6f931bb4b6fd64dd`},
		{"repeated, then a message by type 3", "04 ffffff 000001 08 01000000 01000000 01  c4 01000000 02  c4 01000017 03", `
			csid=4 Audio msid=1 ts=16777216 len=1 01
			csid=4 Audio msid=1 ts=16777216 len=1 02
			csid=4 Audio msid=1 ts=16777239 len=1 03`},
		{"extended delta", "04 0003e8 000001 08 01000000 01  44 ffffff 000082 08 01000000" + zeros(128) + "c4 01000000 0102", `
			csid=4 Audio msid=1 ts=1000 len=1 01
			csid=4 Audio msid=1 ts=16778216 len=130 sha256:6f931bb4b6fd64dd`},
		{
			"extended delta, the absolute time in type 3",
			"04 0003e8 000001 08 01000000 01  44 ffffff 000082 08 01000000" + zeros(128) + "c4 010003e8 0102", `
			csid=4 Audio msid=1 ts=1000 len=1 01
			csid=4 Audio msid=1 ts=16778216 len=130 sha256:6f931bb4b6fd64dd`,
		},
		{"an absolute time for a delta", "04 ffffff 000001 08 01000000 01000000 01  44 ffffff 000001 08 01000017 02", `
			csid=4 Audio msid=1 ts=16777216 len=1 01
			csid=4 Audio msid=1 ts=16777239 len=1 02`},
		{"an absolute time over half of the range", "04 0003e8 000001 08 01000000 01  44 ffffff 000001 08 f0000000 02", `
			csid=4 Audio msid=1 ts=1000 len=1 01
			csid=4 Audio msid=1 ts=4026531840 len=1 02`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			in := wire(t, test.in)
			var want strings.Builder
			for line := range strings.SplitSeq(strings.TrimSpace(test.want), "\n") {
				fmt.Fprintln(&want, strings.TrimSpace(line))
			}
			compare(t, "whole", decode(t, in, nil), want.String())
			compare(t, "byte by byte", decode(t, in, bytewise(len(in))), want.String())
		})
	}
}

// TestNothingWaits holds that a message is emitted with its last byte: the
// peer may have no reason to send another.
func TestNothingWaits(t *testing.T) {
	for _, in := range []string{
		"04 ffffff 000082 08 01000000 01000000" + zeros(128) + "c4 0002", // no extended timestamp in type 3
		"04 000000 000000 08 01000000",
		"c4",
	} {
		got := 0
		r := NewReader()
		if err := r.Feed(wire(t, in), func(*message.Message) error { got++; return nil }); err != nil || got != 1 {
			t.Errorf("%s: %d messages, error %v", in, got, err)
		}
	}
}

func TestLimits(t *testing.T) {
	header := func(csid uint32, length int, typ message.Type) []byte {
		return AppendHeader0(nil, csid, 0, length, typ, 1)
	}
	// unfinished begins a message of the given length on each of n chunk
	// streams, with as much payload as one chunk has.
	unfinished := func(n, length, payload int) []byte {
		var b []byte
		for i := range n {
			b = append(b, header(uint32(MinStream+1+i), length, message.Video)...)
			b = append(b, make([]byte, payload)...)
		}
		return b
	}
	chunkSize := func(n uint32) []byte {
		b := header(ControlStream, 4, message.SetChunkSize)
		return binary.BigEndian.AppendUint32(b, n)
	}
	manyStreams := func(n int) []byte {
		var b []byte
		for i := range n {
			b = append(b, header(uint32(MinStream+i), 0, message.Audio)...)
		}
		return b
	}
	tests := []struct {
		name         string
		in           []byte
		media, other int
		want         *Error // nil is no error
	}{
		{"stranger's longest", header(3, 64<<10, message.Command), 0, 0, nil},
		{
			"stranger's too long", header(3, 64<<10+1, message.Video), 0, 0,
			&Error{MessageTooLong, 3, message.Video, 64<<10 + 1, 64 << 10},
		},
		{"longest picture", header(3, MaxMessage, message.Video), 16 << 20, 1 << 20, nil},
		{"longest aggregate", header(3, MaxMessage, message.Aggregate), 16 << 20, 1 << 20, nil},
		{
			"too long command", header(3, 1<<20+1, message.Command), 16 << 20, 1 << 20,
			&Error{MessageTooLong, 3, message.Command, 1<<20 + 1, 1 << 20},
		},
		{
			"too long unknown", header(3, 1<<20+1, 99), 16 << 20, 1 << 20,
			&Error{MessageTooLong, 3, 99, 1<<20 + 1, 1 << 20},
		},
		{"64 unfinished", unfinished(64, 200, 128), 0, 0, nil},
		{"64 unfinished and a small one", append(unfinished(64, 200, 128), header(100, 128, message.Audio)...), 0, 0, nil},
		{
			"65 unfinished", append(unfinished(64, 200, 128), header(100, 129, message.Audio)...), 0, 0,
			&Error{TooManyUnfinished, 100, message.Audio, 65, 64},
		},
		{
			"unfinished bytes", append(chunkSize(60000), unfinished(6, 64<<10, 60000)...), 0, 0,
			&Error{TooMuchUnfinished, 8, message.Video, 6 * 60000, 64<<10 + 64*4<<10},
		},
		{"unfinished bytes, few", append(chunkSize(60000), unfinished(5, 64<<10, 60000)...), 0, 0, nil},
		{"1024 chunk streams", manyStreams(1024), 0, 0, nil},
		{"1025 chunk streams", manyStreams(1025), 0, 0, &Error{TooManyStreams, MinStream + 1024, 0, 1025, 1024}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			for _, size := range []int{len(test.in), 1} {
				r := NewReader()
				if test.media > 0 {
					r.SetLimits(test.media, test.other)
				}
				var err error
				for piece := range slices.Chunk(test.in, size) {
					if err = r.Feed(piece, func(*message.Message) error { return nil }); err != nil {
						break
					}
				}
				if test.want == nil {
					if err != nil {
						t.Fatalf("in pieces of %d: %v", size, err)
					}
					continue
				}
				var got *Error
				if !errors.As(err, &got) || got.Reason != test.want.Reason || got.Limit != test.want.Limit {
					t.Fatalf("in pieces of %d: %v, want %v", size, err, test.want)
				}
				if size > 1 && *got != *test.want {
					t.Errorf("%v, want %v", got, test.want)
				}
				if again := r.Feed([]byte{0}, nil); again != err {
					t.Errorf("second error is %v", again)
				}
			}
		})
	}
}

// TestMemoryFollowsWhatArrives holds that a declared length costs nothing.
func TestMemoryFollowsWhatArrives(t *testing.T) {
	r := NewReader()
	r.SetLimits(16<<20, 1<<20)
	none := func(*message.Message) error { return nil }
	for i := range maxUnfinished {
		b := AppendHeader0(nil, uint32(MinStream+i), 0, MaxMessage, message.Video, 1)
		if err := r.Feed(append(b, make([]byte, DefaultSize)...), none); err != nil {
			t.Fatal(err)
		}
	}
	if want := maxUnfinished * smallBuffer; r.allocated != want {
		t.Errorf("%d bytes for 64 declarations of 16 MiB, want %d", r.allocated, want)
	}
	// One of them goes on: it never grows to more than four times what is here.
	others := (maxUnfinished - 1) * smallBuffer
	for sent := DefaultSize; sent < MaxMessage; {
		n := min(DefaultSize, MaxMessage-sent)
		before := r.allocated
		if err := r.Feed(append(AppendHeader3(nil, MinStream, 0), make([]byte, n)...), none); err != nil {
			t.Fatal(err)
		}
		sent += n
		if r.allocated > before && r.allocated-others > 4*sent {
			t.Fatalf("%d bytes allocated for %d", r.allocated-others, sent)
		}
	}
	if r.allocated != others {
		t.Errorf("%d bytes when it was finished, want %d", r.allocated, others)
	}
	for i := range uint32(maxUnfinished) {
		abort := AppendHeader0(nil, ControlStream+100, 0, 4, message.Abort, 0)
		if err := r.Feed(binary.BigEndian.AppendUint32(abort, MinStream+i), none); err != nil {
			t.Fatal(err)
		}
	}
	if r.allocated != 0 || r.unfinished != 0 {
		t.Errorf("%d bytes in %d messages when all were aborted", r.allocated, r.unfinished)
	}
}

func TestEmitEndsFeed(t *testing.T) {
	stop := errors.New("stop")
	r := NewReader()
	calls := 0
	emit := func(*message.Message) error { calls++; return stop }
	if err := r.Feed([]byte{0xc4, 0xc4}, emit); err != stop || calls != 1 {
		t.Errorf("%d calls, error %v", calls, err)
	}
	if err := r.Feed([]byte{0xc4}, emit); err != stop || calls != 1 {
		t.Errorf("%d calls after the end, error %v", calls, err)
	}
}

// session is a session of n messages in both tracks, as one chunk stream.
func session(t testing.TB, chunkSize uint32, n, video, audio int) []byte {
	t.Helper()
	w := NewWriter()
	rng := rand.New(rand.NewPCG(1, 2))
	add := func(b []byte, csid uint32, m *message.Message) []byte {
		b, err := w.Append(b, csid, m)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	b := add(nil, ControlStream, &message.Message{
		Type: message.SetChunkSize, Payload: binary.BigEndian.AppendUint32(nil, chunkSize),
	})
	for i := range n {
		typ, csid, size := message.Video, uint32(6), video
		if i%2 == 1 {
			typ, csid, size = message.Audio, 4, audio
		}
		payload := make([]byte, size/2+rng.IntN(size/2+1))
		b = add(b, csid, &message.Message{Type: typ, StreamID: 1, Timestamp: uint32(i) * 12, Payload: payload})
	}
	return b
}

func TestAllocations(t *testing.T) {
	for _, chunkSize := range []uint32{128, 4096, 65536} {
		const messages = 200
		in := session(t, chunkSize, messages, 30_000, 400)
		r := NewReader()
		r.SetLimits(16<<20, 1<<20)
		none := func(*message.Message) error { return nil }
		perRun := testing.AllocsPerRun(20, func() {
			for piece := range slices.Chunk(in, 8192) {
				if err := r.Feed(piece, none); err != nil {
					t.Fatal(err)
				}
			}
		})
		if per := perRun / messages; per > 1.1 {
			t.Errorf("chunk size %d: %.2f allocations a message, want the payload only", chunkSize, per)
		}
	}
}

func BenchmarkReader(b *testing.B) {
	for _, chunkSize := range []uint32{128, 4096, 65536} {
		b.Run(fmt.Sprint(chunkSize), func(b *testing.B) {
			const messages = 200
			in := session(b, chunkSize, messages, 20_000, 400)
			r := NewReader()
			r.SetLimits(16<<20, 1<<20)
			none := func(*message.Message) error { return nil }
			b.SetBytes(int64(len(in)))
			b.ReportAllocs()
			for b.Loop() {
				for piece := range slices.Chunk(in, 64<<10) {
					if err := r.Feed(piece, none); err != nil {
						b.Fatal(err)
					}
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*messages), "ns/message")
		})
	}
}

// BenchmarkReaderSmallPieces reads as from a socket that has one packet at a
// time.
func BenchmarkReaderSmallPieces(b *testing.B) {
	in := session(b, 4096, 200, 20_000, 400)
	r := NewReader()
	r.SetLimits(16<<20, 1<<20)
	none := func(*message.Message) error { return nil }
	b.SetBytes(int64(len(in)))
	for b.Loop() {
		for piece := range slices.Chunk(in, 1448) {
			if err := r.Feed(piece, none); err != nil {
				b.Fatal(err)
			}
		}
	}
}

func FuzzReader(f *testing.F) {
	for _, c := range captures(f) {
		f.Add(c.bytes[:min(len(c.bytes), 4096)], uint16(100))
	}
	f.Add(session(f, 7, 6, 300, 20), uint16(1))
	f.Fuzz(func(t *testing.T, in []byte, size uint16) {
		type result struct {
			messages []string
			err      error
		}
		run := func(size int) (got result) {
			r := NewReader()
			for piece := range slices.Chunk(in, size) {
				got.err = r.Feed(piece, func(m *message.Message) error {
					if len(m.Payload) > strangerLimit {
						t.Fatalf("message of %d bytes", len(m.Payload))
					}
					got.messages = append(got.messages, describe(m))
					return nil
				})
				if limit := strangerLimit + maxUnfinished*smallBuffer; r.allocated > limit || r.unfinished > maxUnfinished+1 {
					t.Fatalf("%d messages unfinished, in %d bytes", r.unfinished, r.allocated)
				}
				if got.err != nil {
					break
				}
			}
			return got
		}
		// Where the input is cut decides how a message's buffer grows, and so
		// when the bound on all buffers is met; messages are the same up to
		// there.
		whole, cut := run(len(in)+1), run(int(size)+1)
		n := len(whole.messages)
		if whole.err != nil || cut.err != nil {
			n = min(n, len(cut.messages))
		}
		if !slices.Equal(whole.messages[:n], cut.messages[:min(n, len(cut.messages))]) ||
			whole.err == nil && cut.err == nil && len(cut.messages) != n {
			t.Fatalf("whole: %d messages, %v\ncut by %d: %d messages, %v",
				len(whole.messages), whole.err, int(size)+1, len(cut.messages), cut.err)
		}
	})
}
