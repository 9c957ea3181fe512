package chunk

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/millrace-live/millrace/rtmp/message"
)

var update = flag.Bool("update", false, "write the golden files anew")

// handshakeSize is how much of each direction of a captured session is
// handshake: one byte and twice 1536.
const handshakeSize = 1 + 2*1536

// capture is the chunk stream of one direction of a captured session.
type capture struct {
	name   string
	bytes  []byte
	pieces []int // lengths of the reads that it came in; nil if not recorded
}

// captures reads every captured session. The sessions were cut at the end,
// anywhere.
func captures(t testing.TB) []capture {
	t.Helper()
	files, err := filepath.Glob("testdata/*.bin")
	if err != nil || len(files) == 0 {
		t.Fatalf("no captures: %v", err)
	}
	var all []capture
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		name := strings.TrimSuffix(filepath.Base(file), ".bin")
		all = append(all, capture{name, b[handshakeSize:], readPieces(t, name)})
	}
	return all
}

// readPieces reads where a direction was cut into reads, behind the handshake.
func readPieces(t testing.TB, name string) []int {
	t.Helper()
	session, direction := name[:len(name)-4], name[len(name)-3:]
	f, err := os.Open(filepath.Join("testdata", session+".timing.txt"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var pieces []int
	for lines := bufio.NewScanner(f); lines.Scan(); {
		var seconds float64
		var dir string
		var offset, length int
		if _, err := fmt.Sscanf(lines.Text(), "%f %s off=%d len=%d", &seconds, &dir, &offset, &length); err != nil {
			t.Fatalf("%s: %q: %v", f.Name(), lines.Text(), err)
		}
		if end := offset + length; dir == direction && end > handshakeSize {
			pieces = append(pieces, min(length, end-handshakeSize))
		}
	}
	return pieces
}

// describe is m in one line: long payloads by their hash.
func describe(m *message.Message) string {
	content := fmt.Sprintf("%x", m.Payload)
	if len(m.Payload) > 32 {
		content = fmt.Sprintf("sha256:%x", sha256.Sum256(m.Payload))[:7+16]
	}
	line := fmt.Sprintf("csid=%d %v msid=%d ts=%d len=%d %s",
		m.ChunkStream, m.Type, m.StreamID, m.Timestamp, len(m.Payload), content)
	return strings.TrimSpace(line)
}

// decode feeds b in pieces, and what is left of it whole, to a new Reader. It
// describes the messages, and what was unfinished at the end.
func decode(t testing.TB, b []byte, pieces []int) string {
	t.Helper()
	r := NewReader()
	r.SetLimits(MaxMessage, MaxMessage)
	var out strings.Builder
	emit := func(m *message.Message) error {
		fmt.Fprintln(&out, describe(m))
		return nil
	}
	total := len(b)
	for _, n := range pieces {
		n = min(n, len(b))
		if err := r.Feed(b[:n], emit); err != nil {
			t.Fatal(err)
		}
		b = b[n:]
	}
	if err := r.Feed(b, emit); err != nil {
		t.Fatal(err)
	}
	if r.Bytes() != uint64(total) {
		t.Errorf("counted %d bytes of %d", r.Bytes(), total)
	}
	for _, s := range r.direct {
		if s != nil && s.left > 0 {
			fmt.Fprintf(&out, "csid=%d %v msid=%d ts=%d unfinished: %d of %d\n",
				s.id, s.typ, s.streamID, s.timestamp, len(s.buf), s.length)
		}
	}
	if r.Dropped() > 0 {
		fmt.Fprintf(&out, "dropped %d\n", r.Dropped())
	}
	return out.String()
}

func TestCapturedSessions(t *testing.T) {
	for _, c := range captures(t) {
		t.Run(c.name, func(t *testing.T) {
			got := decode(t, c.bytes, nil)
			golden := filepath.Join("testdata", c.name+".golden.txt")
			if *update {
				if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			compare(t, "whole", got, string(want))
			if c.pieces != nil {
				compare(t, "in its reads", decode(t, c.bytes, c.pieces), string(want))
			}
			compare(t, "byte by byte", decode(t, c.bytes, bytewise(len(c.bytes))), string(want))
		})
	}
}

func bytewise(n int) []int {
	pieces := make([]int, n)
	for i := range pieces {
		pieces[i] = 1
	}
	return pieces
}

func compare(t *testing.T, how, got, want string) {
	t.Helper()
	if got == want {
		return
	}
	gotLines, wantLines := strings.Split(got, "\n"), strings.Split(want, "\n")
	for i := range max(len(gotLines), len(wantLines)) {
		g, w := "(none)", "(none)"
		if i < len(gotLines) {
			g = gotLines[i]
		}
		if i < len(wantLines) {
			w = wantLines[i]
		}
		if g != w {
			t.Fatalf("%s: line %d is\n%s\nwant\n%s", how, i+1, g, w)
		}
	}
}

// TestWriterAgainstCaptures writes the messages of the captured sessions again,
// with a Writer that takes the chunk sizes from them as they pass.
func TestWriterAgainstCaptures(t *testing.T) {
	for _, c := range captures(t) {
		r, w := NewReader(), NewWriter()
		r.SetLimits(MaxMessage, MaxMessage)
		var again []byte
		var want strings.Builder
		err := r.Feed(c.bytes, func(m *message.Message) error {
			fmt.Fprintln(&want, describe(m))
			var err error
			again, err = w.Append(again, m.ChunkStream, m)
			return err
		})
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		compare(t, c.name, decode(t, again, nil), want.String())
		if len(again) > len(c.bytes) {
			t.Errorf("%s: %d bytes written, %d captured", c.name, len(again), len(c.bytes))
		}
	}
}

func TestPayloadsAreNotShared(t *testing.T) {
	for _, c := range captures(t) {
		r := NewReader()
		r.SetLimits(MaxMessage, MaxMessage)
		var kept, copies [][]byte
		in := bytes.Clone(c.bytes)
		err := r.Feed(in, func(m *message.Message) error {
			if cap(m.Payload) != len(m.Payload) {
				t.Errorf("%s: payload of %d bytes has room for %d", c.name, len(m.Payload), cap(m.Payload))
			}
			kept, copies = append(kept, m.Payload), append(copies, bytes.Clone(m.Payload))
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		clear(in)
		for i := range kept {
			if !bytes.Equal(kept[i], copies[i]) {
				t.Fatalf("%s: payload of message %d changed", c.name, i)
			}
		}
	}
}
