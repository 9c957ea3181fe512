package cmaf

import (
	"testing"
	"time"

	"github.com/millrace-live/millrace/media"
)

func TestTicks(t *testing.T) {
	for _, c := range []struct {
		ns        int64
		timescale uint32
		want      int64
	}{
		{0, 90000, 0},
		{int64(time.Millisecond), 90000, 90},
		{int64(4_294_967_295 * time.Millisecond), 90000, 386_547_056_550},
		{int64(4_294_967_295 * time.Second), 48000, 206_158_430_160_000},
		{5_000_000, 44100, 221}, // 220.5
		{-5_000_000, 44100, -220},
		{-int64(time.Second), 48000, -48000},
	} {
		if got := ticks(c.ns, c.timescale); got != c.want {
			t.Errorf("ticks(%d, %d) is %d, want %d", c.ns, c.timescale, got, c.want)
		}
	}
	if got := nanoseconds(206_158_430_160_000, 48000); got != int64(4_294_967_295*time.Second) {
		t.Errorf("nanoseconds gives %d", got)
	}
}

// Sound must be an unbroken run of access units of equal length wherever the
// encoder's times come within 20 ms of that.
func TestAudioDurations(t *testing.T) {
	exact := func(i int) time.Duration { return time.Duration(i) * 1024 * time.Second / 44100 }
	for _, c := range []struct {
		name string
		at   func(i int) time.Duration
		odd  int // durations that are not 1024
	}{
		{"rounded down", func(i int) time.Duration { return exact(i).Truncate(time.Millisecond) }, 0},
		{"rounded", func(i int) time.Duration { return exact(i).Round(time.Millisecond) }, 0},
		{"jitter", func(i int) time.Duration { return exact(i) + time.Duration(i*7919%19-9)*time.Millisecond }, 0},
		{"0.1 % slow clock", func(i int) time.Duration { return exact(i) * 1001 / 1000 }, 1},
		{"lost frame", func(i int) time.Duration {
			if i >= 500 {
				i++
			}
			return exact(i)
		}, 1},
		{"30 ms back", func(i int) time.Duration {
			if i >= 500 {
				return exact(i) - 30*time.Millisecond
			}
			return exact(i)
		}, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := newLive(t)
			l.tracks = (*media.TrackSet)(nil).With(l.tracks.Default(media.Audio))
			for i := range 1000 {
				l.add(media.Audio, media.Key, 0)
				f := l.frames[i]
				f.DTS = int64(time.Second + c.at(i))
				f.PTS = f.DTS
			}
			segments := pack(l.frames)
			checkTrack(t, l.frames, segments, audioSlack+time.Millisecond)
			odd := 0
			for _, s := range segments {
				for _, f := range readSegment(t, s.Append(nil)) {
					for _, sample := range f.samples {
						if sample.duration != 1024 {
							odd++
						}
					}
				}
			}
			if odd != c.odd {
				t.Errorf("%d durations are not 1024, want %d", odd, c.odd)
			}
		})
	}
}

func TestVideoDurationsDoNotDrift(t *testing.T) {
	l := newLive(t)
	// 29.97 frames a second in milliseconds: 33 and 34, never their mean.
	for i := range 3000 {
		class := media.Inter
		if i%60 == 0 {
			class = media.Key
		}
		l.add(media.Video, class, time.Duration(i)*1001*time.Second/30000)
	}
	checkTrack(t, l.frames, pack(l.frames), 0)
}

func TestNegativeAndStandingTimes(t *testing.T) {
	l := newLive(t)
	for range 3 {
		l.add(media.Video, media.Key, 0)
	}
	l.frames[0].DTS, l.frames[0].PTS = -int64(time.Second), -int64(time.Second)
	l.frames[2].PTS = -int64(time.Millisecond)
	segments := pack(l.frames)
	if len(segments) != 1 || segments[0].Start != 0 {
		t.Fatalf("%d segments", len(segments))
	}
	for i, s := range readSegment(t, segments[0].Append(nil))[0].samples {
		if s.decode != int64(i) && i < 3 || s.duration == 0 {
			t.Errorf("sample %d at %d lasts %d", i, s.decode, s.duration)
		}
	}
}
