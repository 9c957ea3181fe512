package media

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the golden files")

// encoded is what an encoder made: a configuration record, or the beginning of
// a frame, or both.
type encoded struct {
	name          string
	codec         Codec
	record, frame []byte
}

// encoders reads testdata/encoders.txt: x265, kvazaar, SVT-AV1, libaom, rav1e,
// libvpx, libopus, LAME and FFmpeg's own encoders, all in FFmpeg 7.0.
func encoders(t testing.TB) []encoded {
	t.Helper()
	text, err := os.ReadFile("testdata/encoders.txt")
	if err != nil {
		t.Fatal(err)
	}
	var all []encoded
	for line := range strings.Lines(string(text)) {
		f := strings.Fields(line)
		e := encoded{name: f[0]}
		for c := range Speex + 1 {
			if c.String() == f[1] {
				e.codec = c
			}
		}
		if f[2] != "-" {
			e.record = unhex(t, f[2])
		}
		if f[3] != "-" {
			e.frame = unhex(t, f[3])
		}
		all = append(all, e)
	}
	return all
}

// format is what is known of e after its first frame.
func (e *encoded) format(t testing.TB) Format {
	t.Helper()
	var f Format
	if e.record != nil {
		var err error
		if f, err = ParseConfig(e.codec, e.record); err != nil {
			t.Fatalf("%s: %v", e.name, err)
		}
	}
	return Inspect(e.codec, f, e.frame)
}

// The golden file was compared with what ffprobe and MP4 files of the same
// streams say.
func TestEncoders(t *testing.T) {
	const golden = "testdata/encoders.golden"
	var out strings.Builder
	for _, e := range encoders(t) {
		f := e.format(t)
		if f == nil {
			t.Errorf("%s: nothing is known", e.name)
			continue
		}
		kind := Audio
		if e.codec < AAC {
			kind = Video
		}
		track := &Track{Kind: kind, Codec: e.codec, Config: e.record, Format: f}
		fmt.Fprintf(&out, "%s: %s\n", e.name, describe(track, e.frame))
	}
	if *update {
		if err := os.WriteFile(golden, []byte(out.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if out.String() != string(want) {
		t.Errorf("got\n%s", out.String())
	}
}

func describe(t *Track, frame []byte) string {
	parts := []string{t.CodecString()}
	if f, ok := t.Format.(NamedFormat); ok {
		parts = append(parts, strings.TrimSpace(f.ProfileName()+" "+f.LevelName()))
	}
	if p := t.Picture(); p != nil {
		parts = append(parts, fmt.Sprintf("%dx%d %d:%d %.5g fps reorder %d chroma %d bits %d+%d color %d/%d/%d full %t interlaced %t",
			p.Width, p.Height, p.SARWidth, p.SARHeight, p.FrameRate, p.ReorderFrames, p.ChromaFormat, p.BitDepth, p.ChromaBitDepth,
			p.Color.Primaries, p.Color.Transfer, p.Color.Matrix, p.Color.FullRange, p.Interlaced))
		if l := p.Light; l != (Light{}) {
			parts = append(parts, fmt.Sprintf("light %g %g %.5v", l.MaxCLL, l.MaxFALL, l.Mastering))
		}
	}
	if s := t.Sound(); s != nil {
		parts = append(parts, fmt.Sprintf("%d Hz %s, %d samples", s.SampleRate, t.ChannelsName(), t.Samples(frame)))
	}
	switch f := t.Format.(type) {
	case *AC3Config:
		parts = append(parts, fmt.Sprintf("code %d, %d kbit/s, %+v", f.BitRateCode, f.DataRate, f.Substreams[:f.Independent]))
	case *FLACConfig:
		parts = append(parts, fmt.Sprintf("%d bits, blocks of %d to %d", f.BitDepth, f.MinBlock, f.MaxBlock))
	case *OpusConfig:
		parts = append(parts, fmt.Sprintf("skip %d, family %d, %d streams, %d coupled, %v", f.PreSkip, f.Family, f.Streams, f.Coupled, f.Mapping))
	}
	if f, ok := t.Format.(interface{ Append([]byte) []byte }); ok && t.Config != nil {
		record := f.Append(nil)
		if bytes.Equal(record, t.Config) {
			parts = append(parts, "the same record")
		} else {
			parts = append(parts, fmt.Sprintf("record %x", record[:min(len(record), 32)]))
		}
	}
	return strings.Join(parts, "; ")
}

// Looking at frame after frame must cost nothing when they say nothing new.
func TestInspectIsFree(t *testing.T) {
	for _, e := range encoders(t) {
		f := e.format(t)
		if n := testing.AllocsPerRun(10, func() {
			if Inspect(e.codec, f, e.frame) != f {
				t.Errorf("%s: another format", e.name)
			}
		}); n > 0 {
			t.Errorf("%s: %v allocations", e.name, n)
		}
	}
}
