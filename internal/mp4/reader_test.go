package mp4

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/millrace-live/millrace/media"
)

func load(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func open(t testing.TB, b []byte) *Reader {
	t.Helper()
	r, err := NewReader(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func readAll(t testing.TB, r *Reader) []*media.Frame {
	t.Helper()
	var frames []*media.Frame
	for {
		f, err := r.Next()
		if errors.Is(err, io.EOF) {
			return frames
		}
		if err != nil {
			t.Fatal(err)
		}
		frames = append(frames, f)
	}
}

func of(k media.Kind, frames []*media.Frame) []*media.Frame {
	return slices.DeleteFunc(slices.Clone(frames), func(f *media.Frame) bool { return f.Kind != k })
}

// All shapes of file give the frames that the same content has in FLV.
func TestReaderAgainstFLV(t *testing.T) {
	want := readFLV(t, "clip.flv")
	for _, name := range []string{
		"moov-last.mp4", "moov-first.mp4", "signed.mp4", "fragmented.mp4", "base-offset.mp4",
	} {
		t.Run(name, func(t *testing.T) {
			r := open(t, load(t, name))
			got := readAll(t, r)
			if !slices.IsSortedFunc(got, func(a, b *media.Frame) int { return int(a.DTS - b.DTS) }) {
				t.Error("decoding times fall")
			}
			if len(r.Skipped()) != 0 {
				t.Errorf("skipped %v", r.Skipped())
			}
			for _, k := range []media.Kind{media.Video, media.Audio} {
				same(t, of(k, got), of(k, want))
			}
			video := r.Tracks().Default(media.Video)
			if video.CodecString() != want[len(want)-1].Tracks.Default(media.Video).CodecString() {
				t.Errorf("codec %s", video.CodecString())
			}
			if audio := r.Tracks().Default(media.Audio); audio.Sound().SampleRate != 44100 {
				t.Errorf("sample rate %d", audio.Sound().SampleRate)
			}
		})
	}
}

func same(t *testing.T, got, want []*media.Frame) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%d frames, want %d", len(got), len(want))
	}
	for i, f := range got {
		w := want[i]
		if !bytes.Equal(f.Payload, w.Payload) || f.Class != w.Class {
			t.Fatalf("%v %d: %d bytes of class %d, want %d of class %d",
				f.Kind, i, len(f.Payload), f.Class, len(w.Payload), w.Class)
		}
		if off := time.Duration(f.DTS - w.DTS); off.Abs() > time.Millisecond {
			t.Errorf("kind %d, frame %d: DTS is %v off", f.Kind, i, off)
		}
		if off := time.Duration(f.PTS - w.PTS); off.Abs() > time.Millisecond {
			t.Errorf("kind %d, frame %d: PTS is %v off", f.Kind, i, off)
		}
	}
}

func TestReaderDuration(t *testing.T) {
	for name, want := range map[string]time.Duration{
		"moov-last.mp4":  3 * time.Second,
		"fragmented.mp4": 0,
	} {
		got := open(t, load(t, name)).Duration()
		if (got - want).Abs() > 50*time.Millisecond {
			t.Errorf("%s lasts %v, want %v", name, got, want)
		}
	}
}

// An edit that begins within a group of pictures keeps the pictures that its
// first one needs, and no more sound than a decoder does.
func TestReaderTrims(t *testing.T) {
	whole, trimmed := readAll(t, open(t, load(t, "moov-last.mp4"))), readAll(t, open(t, load(t, "trimmed.mp4")))
	same := func(a, b *media.Frame) bool { return bytes.Equal(a.Payload, b.Payload) }
	if !same(of(media.Video, whole)[0], of(media.Video, trimmed)[0]) {
		t.Error("picture does not begin at the key frame before the edit")
	}
	all, sound := of(media.Audio, whole), of(media.Audio, trimmed)
	if n := len(all) - len(sound); n < 33 || n > 37 {
		t.Errorf("%d frames of sound are gone, want those of 0.8 s", n)
	}
	if !same(all[len(all)-1], sound[len(sound)-1]) {
		t.Error("sound ends elsewhere")
	}
	// The first sound belongs to the picture at 0.8 s, and the 0.04 s of delay by B-frames.
	if at := time.Duration(sound[0].PTS); (at - 840*time.Millisecond).Abs() > 30*time.Millisecond {
		t.Errorf("sound begins at %v", at)
	}
}

func TestReaderDelay(t *testing.T) {
	sound := of(media.Audio, readAll(t, open(t, load(t, "late-sound.mp4"))))
	if at := time.Duration(sound[0].PTS); (at - 517*time.Millisecond).Abs() > 2*time.Millisecond {
		t.Errorf("sound begins at %v", at)
	}
}

func TestReaderInBandParameterSets(t *testing.T) {
	b := load(t, "avc3.mp4")
	at := bytes.Index(b, []byte("avcC")) + 4
	b[at+5], b[at+6] = 0xe0, 0 // no parameter sets
	r := open(t, b)
	if avc := r.Tracks().Default(media.Video).Picture(); avc == nil || avc.Width != 96 || avc.Height != 54 {
		t.Errorf("configuration %+v", avc)
	}
	if n := len(readAll(t, r)); n != 10 {
		t.Errorf("%d frames", n)
	}
}

func TestReaderSkips(t *testing.T) {
	b := bytes.ReplaceAll(load(t, "flac.mp4"), []byte("fLaC"), []byte("alac"))
	r := open(t, b)
	if len(r.Skipped()) != 1 || r.Skipped()[0].String() != "track 2 (alac) has a codec that is not known here" {
		t.Errorf("skipped %v", r.Skipped())
	}
	for _, f := range readAll(t, r) {
		if f.Kind != media.Video {
			t.Fatal("a frame of a track that is passed over")
		}
	}
}

func TestReaderRefuses(t *testing.T) {
	whole := load(t, "moov-last.mp4")
	rename := func(from, to string) []byte { return bytes.ReplaceAll(slices.Clone(whole), []byte(from), []byte(to)) }
	for _, c := range []struct {
		name string
		file []byte
		want error
		text string
	}{
		{"empty", nil, ErrNoMovie, ""},
		{"text", []byte("hello, this is no movie at all"), ErrNoMovie, ""},
		{"killed before the index", whole[:len(whole)/2], ErrNoMovie, "did not finish"},
		{
			"encrypted", bytes.ReplaceAll(rename("avc1", "encv"), []byte("mp4a"), []byte("enca")),
			ErrNoTracks, "track 1 (encv) is encrypted; track 2 (enca) is encrypted",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := NewReader(bytes.NewReader(c.file), int64(len(c.file)))
			if !errors.Is(err, c.want) || !strings.Contains(err.Error(), c.text) {
				t.Errorf("error %v", err)
			}
		})
	}
}

// What was written before a fragmented file was cut short is read.
func TestReaderCutShort(t *testing.T) {
	whole := load(t, "base-offset.mp4")
	cut := whole[:len(whole)*2/3]
	r, n := open(t, cut), 0
	for {
		_, err := r.Next()
		if err == nil {
			n++
			continue
		}
		if !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, io.EOF) {
			t.Error(err)
		}
		break
	}
	if n < 100 {
		t.Errorf("%d frames", n)
	}
}

// Counts and sizes that are lies cost an error, not memory.
func TestReaderDisbelieves(t *testing.T) {
	for _, c := range []struct {
		name, box string
		at        int // behind the box's type
	}{
		{"count of sizes", "stsz", 8},
		{"size of all samples", "stsz", 4},
		{"count of chunks", "stco", 4},
		{"count of times", "stts", 4},
		{"count of offsets", "ctts", 4},
		{"count of edits", "elst", 4},
		{"count of descriptions", "stsd", 4},
		{"size of a box", "mdia", -8},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := load(t, "moov-first.mp4")
			at := bytes.Index(b, []byte(c.box)) + 4 + c.at
			if c.at < 0 {
				at = bytes.Index(b, []byte(c.box)) - 4
			}
			binary.BigEndian.PutUint32(b[at:], 0x7fffffff)
			got := testing.AllocsPerRun(1, func() { drain(b) })
			if got > 5000 {
				t.Errorf("%v allocations", got)
			}
		})
	}
}

// drain reads a file as far as it goes, 10,000 frames at most.
func drain(b []byte) (n int, bytesRead int64) {
	r, err := NewReader(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		return 0, 0
	}
	for range 10_000 {
		if _, err := r.Next(); err != nil {
			break
		}
		n++
	}
	return n, r.BytesRead()
}

func FuzzReader(f *testing.F) {
	for _, name := range []string{"moov-last.mp4", "fragmented.mp4", "base-offset.mp4", "late-sound.mp4", "avc3.mp4", "av1-opus.mp4", "vp9-flac.mp4", "hevc-ac3.mp4", "hev1-mp3.mp4", "multi.mp4"} {
		f.Add(load(f, name))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) > 1<<20 {
			return
		}
		drain(b)
	})
}
