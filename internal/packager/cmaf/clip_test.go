package cmaf

import (
	"errors"
	"io"
	"os"
	"testing"
	"time"

	"github.com/millrace-live/millrace/flv"
	"github.com/millrace-live/millrace/media"
)

// The clip is what FFmpeg made: 7 s of 160x90 at 25 frames a second, H.264
// with three B-frames and a key frame every 2 s, mono AAC at 44.1 kHz:
//
//	ffmpeg -f lavfi -i testsrc2=s=160x90:r=25:d=7 -f lavfi -i sine=f=440:r=44100:d=7 \
//	  -c:v libx264 -preset veryfast -bf 3 -g 50 -b:v 60k -c:a aac -b:a 24k -ac 1 clip.flv
const clip = "testdata/clip.flv"

var clipBegin = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// readClip returns the frames of an FLV file, as if each had arrived at its
// own time.
func readClip(t testing.TB, path string) []*media.Frame {
	t.Helper()
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	var (
		frames []*media.Frame
		reader = flv.NewFrameReader(file)
	)
	for {
		f, err := reader.Next()
		if errors.Is(err, io.EOF) {
			return frames
		}
		if err != nil {
			t.Fatal(err)
		}
		f.Arrival = clipBegin.Add(time.Duration(f.DTS))
		frames = append(frames, f)
	}
}

// pack runs frames through a packager to the end.
func pack(frames []*media.Frame) []*Segment {
	var segments []*Segment
	p := NewPackager(0, func(s *Segment) { segments = append(segments, s) })
	for _, f := range frames {
		p.Write(f)
	}
	p.End()
	return segments
}

func of(kind media.Kind, segments []*Segment) []*Segment {
	var some []*Segment
	for _, s := range segments {
		if s.Kind == kind {
			some = append(some, s)
		}
	}
	return some
}

func framesOf(kind media.Kind, frames []*media.Frame) []*media.Frame {
	var some []*media.Frame
	for _, f := range frames {
		if f.Kind == kind && f.Class != media.Command {
			some = append(some, f)
		}
	}
	return some
}

func clipTracks(t testing.TB) *media.TrackSet {
	t.Helper()
	frames := readClip(t, clip)
	return frames[len(frames)-1].Tracks
}
