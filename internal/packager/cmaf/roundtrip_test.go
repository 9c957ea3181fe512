package cmaf

import (
	"bytes"
	"testing"
	"time"

	"github.com/millrace-live/millrace/media"
)

// checkTrack holds the segments of one track of one period to the frames that
// went in: each comes out once, unchanged (but for AV1's delimiters), in order,
// at its time.
func checkTrack(t testing.TB, frames []*media.Frame, segments []*Segment, slack time.Duration) {
	t.Helper()
	i := 0
	var end int64
	var sequence uint32
	for n, s := range segments {
		if n > 0 && s.Start != end {
			t.Errorf("segment %d starts at %d, the one before ended at %d", n, s.Start, end)
		}
		end = s.Start + s.Duration
		at := s.Start
		count := 0
		for _, f := range readSegment(t, s.Bytes) {
			if f.decode != at || f.sequence <= sequence {
				t.Errorf("segment %d: chunk %d at %d after %d, want %d", n, f.sequence, f.decode, sequence, at)
			}
			sequence = f.sequence
			for _, sample := range f.samples {
				if i == len(frames) {
					t.Fatalf("segment %d: more samples than frames", n)
				}
				checkSample(t, frames[i], s, sample, slack)
				at += int64(sample.duration)
				i++
				count++
			}
		}
		if at != end || count != s.Samples {
			t.Errorf("segment %d: samples end at %d (%d of them), stated %d (%d)", n, at, count, end, s.Samples)
		}
	}
	if i != len(frames) {
		t.Errorf("%d samples of %d frames", i, len(frames))
	}
}

func checkSample(t testing.TB, f *media.Frame, s *Segment, got fragmentSample, slack time.Duration) {
	t.Helper()
	if !bytes.Equal(got.payload, s.Header.coding.sample(f.Payload)) {
		t.Fatalf("the frame due at %v came out changed", time.Duration(f.DTS))
	}
	if got.duration == 0 {
		t.Errorf("the frame due at %v has no duration", time.Duration(f.DTS))
	}
	for _, v := range []struct {
		name      string
		ticks, ns int64
	}{{"DTS", got.decode, f.DTS}, {"PTS", got.present, f.PTS}} {
		off := time.Duration(nanoseconds(v.ticks, s.Header.Timescale) - v.ns)
		if off.Abs() > slack {
			t.Errorf("%s %v came out %v off", v.name, time.Duration(v.ns), off)
		}
	}
	wantFlags := FlagsSync
	if f.Kind == media.Video && f.Class == media.Inter {
		wantFlags = FlagsInter
	} else if f.Class == media.Disposable {
		wantFlags = FlagsDisposable
	}
	if got.flags != wantFlags {
		t.Errorf("the frame due at %v has flags %#x, want %#x", time.Duration(f.DTS), got.flags, wantFlags)
	}
}

func TestClipComesOutUnchanged(t *testing.T) {
	for name, shift := range map[string]time.Duration{
		"from zero":   0,
		"beyond 2^32": 4_294_960 * time.Second,
	} {
		t.Run(name, func(t *testing.T) {
			frames := readClip(t, clip)
			for _, f := range frames {
				f.DTS += int64(shift)
				f.PTS += int64(shift)
			}
			segments := pack(frames)
			checkTrack(t, framesOf(media.Video, frames), of(media.Video, segments), time.Microsecond)
			// Milliseconds that were rounded around the counted line.
			checkTrack(t, framesOf(media.Audio, frames), of(media.Audio, segments), 600*time.Microsecond)

			video, audio := of(media.Video, segments), of(media.Audio, segments)
			if len(video) != 4 || len(audio) != 4 {
				t.Fatalf("%d and %d segments, want 4 of each", len(video), len(audio))
			}
			for i, s := range video {
				if !s.Independent {
					t.Errorf("video segment %d starts without a key frame", i)
				}
				begin := framesOf(media.Video, frames)[0].Arrival.Add(time.Duration(i) * 2 * time.Second)
				if off := s.Wall.Sub(begin); off.Abs() > time.Millisecond {
					t.Errorf("video segment %d is dated %v off its arrival", i, off)
				}
			}
		})
	}
}
