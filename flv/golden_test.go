package flv

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/millrace-live/millrace/media"
)

var update = flag.Bool("update", false, "write the golden files anew")

// tag is a tag as it stands in a file.
type tag struct {
	kind      TagType
	timestamp uint32
	body      []byte
}

// readTags reads all tags of a file that may end anywhere.
func readTags(t testing.TB, file []byte) []tag {
	t.Helper()
	var tags []tag
	for r := NewReader(bytes.NewReader(file)); ; {
		kind, timestamp, body, err := r.Next()
		if errors.Is(err, io.EOF) {
			return tags
		}
		if err != nil {
			t.Fatal(err)
		}
		tags = append(tags, tag{kind, timestamp, body})
	}
}

func files(t testing.TB) map[string][]byte {
	t.Helper()
	names, err := filepath.Glob("testdata/*.flv")
	if err != nil || len(names) == 0 {
		t.Fatal("no files", err)
	}
	all := map[string][]byte{}
	for _, name := range names {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		all[name] = b
	}
	return all
}

func ms(d int64) int64 { return d / int64(time.Millisecond) }

func describe(w io.Writer, f *media.Frame, seen *media.TrackSet) {
	kinds := map[media.Kind]string{media.Video: "video", media.Audio: "audio", media.Data: "data"}
	if f.Tracks != seen && f.Tracks != nil {
		fmt.Fprintln(w, "tracks:")
		for _, t := range f.Tracks.Tracks {
			fmt.Fprintf(w, "  %s %d %v %q, config of %d bytes", kinds[t.Kind], t.ID, t.Codec, t.CodecString(), len(t.Config))
			if p := t.Picture(); p != nil {
				fmt.Fprintf(w, ", %dx%d %d:%d %.3f Hz reorder %d", p.Width, p.Height, p.SARWidth, p.SARHeight, p.FrameRate, p.ReorderFrames)
			}
			if s := t.Sound(); s != nil {
				fmt.Fprintf(w, ", %d Hz %d channels", s.SampleRate, s.Channels)
			}
			if t.Color != nil {
				fmt.Fprintf(w, ", %+v", *t.Color)
				if t.Color.Mastering != nil {
					fmt.Fprintf(w, " on %+v", *t.Color.Mastering)
				}
			}
			if t.Layout != nil {
				fmt.Fprintf(w, ", %d channels in order %d, mask %x", t.Layout.Count, t.Layout.Order, t.Layout.Mask)
			}
			fmt.Fprintln(w)
		}
	}
	fmt.Fprintf(w, "%s %d %s dts %d pts %d header %d payload %d\n",
		kinds[f.Kind], f.Track, classNames[f.Class], ms(f.DTS), ms(f.PTS), f.Header, len(f.Payload))
}

func TestGolden(t *testing.T) {
	for name, file := range files(t) {
		t.Run(filepath.Base(name), func(t *testing.T) {
			var d Demuxer
			var got bytes.Buffer
			var seen *media.TrackSet
			for _, tag := range readTags(t, file) {
				frames, err := d.Demux(tag.kind, int64(tag.timestamp)*int64(time.Millisecond), tag.body)
				if err != nil {
					t.Fatal(err)
				}
				for _, f := range frames {
					describe(&got, f, seen)
					seen = f.Tracks
				}
			}
			golden := strings.TrimSuffix(name, ".flv") + ".golden"
			if *update {
				if err := os.WriteFile(golden, got.Bytes(), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(got.Bytes(), want) {
				t.Errorf("%s is another; run with -update and read the difference", golden)
			}
		})
	}
}

// What goes in comes out of a muxer whose reader accepts AcceptAll: every frame
// and script of every file, byte by byte, in its order among those of its kind;
// and what the tracks are at the end. (Sequence headers wait for the frame that
// needs them.)
func TestRoundTrip(t *testing.T) {
	for name, file := range files(t) {
		t.Run(filepath.Base(name), func(t *testing.T) {
			in := readTags(t, file)
			tracks, out := relay(t, in, AcceptAll)
			got, want := carrying(out), carrying(in)
			for _, kind := range []TagType{TagVideo, TagAudio, TagScript} {
				if len(got[kind]) != len(want[kind]) {
					t.Fatalf("%d tags of %v in, %d out", len(want[kind]), kind, len(got[kind]))
				}
				for i, w := range want[kind] {
					if g := got[kind][i]; !bytes.Equal(g.body, w.body) || g.timestamp != w.timestamp {
						t.Fatalf("%v %d at %d ms came out at %d ms\nin  %.40x\nout %.40x", kind, i, w.timestamp, g.timestamp, w.body, g.body)
					}
				}
			}
			again, _ := relay(t, out, Accept{})
			var first, second bytes.Buffer
			describe(&first, &media.Frame{Tracks: tracks}, nil)
			describe(&second, &media.Frame{Tracks: again}, nil)
			if first.String() != second.String() {
				t.Errorf("tracks went in as\n%vand came out as\n%v", first.String(), second.String())
			}
		})
	}
}

// An old player gets the default tracks alone, and nothing that is neither a
// sequence header nor a frame.
func TestRoundTripToOldPlayer(t *testing.T) {
	for name, file := range files(t) {
		t.Run(filepath.Base(name), func(t *testing.T) {
			_, out := relay(t, readTags(t, file), Accept{})
			for _, tag := range out {
				kind := media.Video
				switch {
				case tag.kind == TagScript:
					continue
				case tag.kind == TagAudio:
					kind = media.Audio
				}
				h, err := parseHeader(kind, tag.body)
				if err != nil || h.track != 0 || h.part != coded && h.part != sequenceHeader && h.part != sequenceEnd ||
					h.enhanced && hasLegacyForm(h.codec) {
					t.Fatalf("%.20x: %+v, %v", tag.body, h, err)
				}
			}
		})
	}
}

// relay demuxes tags and muxes them again.
func relay(t *testing.T, in []tag, a Accept) (*media.TrackSet, []tag) {
	t.Helper()
	var d Demuxer
	m := Muxer{Accept: a}
	var out bytes.Buffer
	w := NewWriter(&out, true, true)
	var tags []Tag
	for _, tag := range in {
		frames, err := d.Demux(tag.kind, int64(tag.timestamp)*int64(time.Millisecond), tag.body)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range frames {
			tags = m.Mux(tags[:0], f)
			for i := range tags {
				if err := w.WriteTag(&tags[i]); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	return d.Tracks(), readTags(t, out.Bytes())
}

// carrying returns the tags that carry sound, pictures and script.
func carrying(tags []tag) map[TagType][]tag {
	kinds := map[TagType][]tag{}
	for _, t := range tags {
		kind := media.Video
		if t.kind == TagAudio {
			kind = media.Audio
		}
		if t.kind != TagScript {
			if h, err := parseHeader(kind, t.body); err != nil || h.part != coded || h.size == len(t.body) {
				continue
			}
		}
		kinds[t.kind] = append(kinds[t.kind], t)
	}
	return kinds
}
