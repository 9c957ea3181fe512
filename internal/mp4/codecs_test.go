package mp4

import (
	"bytes"
	"crypto/sha256"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/millrace-live/millrace/media"
)

var update = flag.Bool("update", false, "write the golden files anew")

// codecFiles hold every codec that Enhanced RTMP has a name for and FFmpeg puts
// into MP4.
var codecFiles = []string{"av1-opus.mp4", "vp9-flac.mp4", "hevc-ac3.mp4", "hev1-mp3.mp4", "multi.mp4", "flac.mp4"}

// describe writes down what was read.
func describe(set *media.TrackSet, frames []*media.Frame) string {
	var b strings.Builder
	for _, t := range set.Tracks {
		fmt.Fprintf(&b, "  %v %d: %v %s", t.Kind, t.ID, t.Codec, t.CodecString())
		if p := t.Picture(); p != nil {
			fmt.Fprintf(&b, " %dx%d", p.Width, p.Height)
		}
		if s := t.Sound(); s != nil {
			fmt.Fprintf(&b, " %d Hz %d channels", s.OutputSampleRate, s.Channels)
		}
		if t.Name+t.Language != "" {
			fmt.Fprintf(&b, " %q %q", t.Name, t.Language)
		}
		if c := t.Color; c != nil {
			fmt.Fprintf(&b, " colour %d/%d/%d light %g/%g", c.Primaries, c.Transfer, c.Matrix, c.MaxCLL, c.MaxFALL)
			if c.Mastering != nil {
				fmt.Fprintf(&b, " mastered %+v", *c.Mastering)
			}
		}
		n, keys, sum := 0, 0, sha256.New()
		for _, f := range frames {
			if f.Kind != t.Kind || f.Track != t.ID {
				continue
			}
			n++
			if f.Class == media.Key {
				keys++
			}
			sum.Write(f.Payload)
		}
		record := t.Config
		if c, ok := t.Format.(*media.HEVCConfig); ok {
			record = c.Append(nil) // as hvc1 has it, whatever an hev1 said
		}
		config := fmt.Sprintf("%x", record)
		if len(config) > 200 {
			config = fmt.Sprintf("%.40s… %d bytes, %x", config, len(record), sha256.Sum256(record))[:80]
		}
		fmt.Fprintf(&b, "\n    config %s\n    %d frames, %d keys, %x\n", config, n, keys, sum.Sum(nil)[:8])
	}
	return b.String()
}

func TestReaderCodecs(t *testing.T) {
	var got strings.Builder
	for _, name := range codecFiles {
		r := open(t, load(t, name))
		set := r.Tracks()
		fmt.Fprintf(&got, "%s\n%s", name, describe(set, readAll(t, r)))
		if len(r.Skipped()) > 0 {
			t.Errorf("%s: skipped %v", name, r.Skipped())
		}
		if r.Tracks() != set {
			t.Errorf("%s: the tracks changed", name)
		}
	}
	golden := filepath.Join("testdata", "codecs.golden")
	if *update {
		if err := os.WriteFile(golden, []byte(got.String()), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if want := string(load(t, "codecs.golden")); got.String() != want {
		t.Errorf("got\n%s", &got)
	}
}

// What is written of every codec, and of several tracks, is what is read again.
func TestWriterCodecs(t *testing.T) {
	for _, name := range codecFiles {
		for _, start := range []time.Duration{0, time.Hour} {
			r := open(t, load(t, name))
			tracks := r.Tracks()
			frames := readAll(t, r)
			var out files
			w := NewWriter(out.create)
			write(t, w, at(start, frames))
			if err := w.Close(); err != nil {
				t.Fatal(err)
			}
			if len(out) != 1 || len(w.Refused()) > 0 {
				t.Fatalf("%s: %d files, refused %v", name, len(out), w.Refused())
			}
			again := open(t, out[0].Bytes())
			set := again.Tracks()
			got := readAll(t, again)
			if a, b := describe(set, got), describe(tracks, frames); a != b {
				t.Errorf("%s: got\n%swant\n%s", name, a, b)
			}
			first := slices.MinFunc(frames, func(a, b *media.Frame) int { return int(a.DTS - b.DTS) }).DTS
			for _, track := range tracks.Tracks {
				mine := func(f *media.Frame) bool { return f.Kind != track.Kind || f.Track != track.ID }
				a, b := slices.DeleteFunc(slices.Clone(got), mine), slices.DeleteFunc(slices.Clone(frames), mine)
				for i := range a {
					if off := time.Duration(a[i].PTS - b[i].PTS + first); off.Abs() > 2*time.Millisecond {
						t.Errorf("%s: %v %d, frame %d is %v off", name, track.Kind, track.ID, i, off)
						break
					}
				}
			}
		}
	}
}

// An hev1 may have its parameter sets in the stream alone.
func TestReaderInBandHEVC(t *testing.T) {
	b := load(t, "hev1-mp3.mp4")
	at := bytes.Index(b, []byte("hvcC")) + 4
	b[at+22] = 0 // no arrays
	track := open(t, b).Tracks().Default(media.Video)
	want := open(t, load(t, "hev1-mp3.mp4")).Tracks().Default(media.Video)
	if track.Picture().Width != 96 || track.CodecString() != want.CodecString() {
		t.Errorf("%s", track.CodecString())
	}
}

func TestLanguage(t *testing.T) {
	pack := func(s string) uint16 { return uint16(s[0]-0x60)<<10 | uint16(s[1]-0x60)<<5 | uint16(s[2]-0x60) }
	for code, want := range map[string]string{"eng": "en", "deu": "de", "zho": "zh", "ara": "ar", "gsw": "gsw", "und": "", "z``": ""} {
		if got := language(pack(code)); got != want {
			t.Errorf("%s: %q", code, got)
		}
	}
	for tag, want := range map[string]string{"en": "en", "pt-BR": "pt", "ZH": "zh", "gsw": "", "": "", "xx": ""} {
		if got := language(packed(tag)); got != want {
			t.Errorf("%s: %q", tag, got)
		}
	}
	if len(languages)%7 != 0 {
		t.Error("an entry of the languages has another length")
	}
	for _, none := range []uint16{0, 0x7fff, 0xffff} {
		if got := language(none); got != "" {
			t.Errorf("%#x: %q", none, got)
		}
	}
}
