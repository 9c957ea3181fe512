package flv

import (
	"bytes"
	"errors"
	"testing"
)

func TestWriter(t *testing.T) {
	var out bytes.Buffer
	w := NewWriter(&out, true, false)
	if out.Len() != 0 {
		t.Error("written before the first tag")
	}
	first := Tag{Type: TagAudio, Timestamp: 0x01000029, Payload: []byte{0xde}}
	first.setHead(0xaf, 1)
	for _, tag := range []*Tag{&first, {Type: TagScript, Payload: []byte{2}}} {
		if err := w.WriteTag(tag); err != nil {
			t.Fatal(err)
		}
	}
	want := unhex(t, "464c5601 04 00000009 00000000"+
		"08 000003 000029 01 000000 af01de 0000000e"+"12 000001 000000 00 000000 02 0000000c")
	if !bytes.Equal(out.Bytes(), want) {
		t.Errorf("got  %x\nwant %x", out.Bytes(), want)
	}
}

type countingWriter struct {
	writes int
	err    error
}

func (w *countingWriter) Write(b []byte) (int, error) {
	w.writes++
	return len(b), w.err
}

func TestWriterWritesOncePerTag(t *testing.T) {
	var out countingWriter
	w := NewWriter(&out, true, true)
	tag := &Tag{Type: TagVideo, Payload: make([]byte, 1000)}
	w.WriteTag(tag)
	w.WriteTag(tag)
	if out.writes != 2 {
		t.Errorf("%d writes", out.writes)
	}
	if err := w.WriteTag(&Tag{Type: TagVideo, Payload: make([]byte, MaxTagSize+1)}); err == nil || out.writes != 2 {
		t.Errorf("a tag of 16 MiB: %v", err)
	}
	if err := w.WriteTag(tag); err != nil {
		t.Errorf("after a tag that was refused: %v", err)
	}
	out.err = errors.New("disk full")
	for range 2 {
		if err := w.WriteTag(tag); !errors.Is(err, out.err) {
			t.Errorf("got %v", err)
		}
	}
	if out.writes != 4 {
		t.Errorf("%d writes, one after a failed one", out.writes)
	}
}

func TestAppendFileHeader(t *testing.T) {
	for _, c := range []struct {
		audio, video bool
		flags        byte
	}{{false, false, 0}, {true, false, 4}, {false, true, 1}, {true, true, 5}} {
		got := AppendFileHeader([]byte{0xff}, c.audio, c.video)
		if want := append([]byte{0xff, 'F', 'L', 'V', 1, c.flags}, 0, 0, 0, 9, 0, 0, 0, 0); !bytes.Equal(got, want) {
			t.Errorf("got %x, want %x", got, want)
		}
	}
}
