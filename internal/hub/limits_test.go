package hub

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/millrace-live/millrace/media"
)

func limited(t *testing.T, l Limits) *session {
	t.Helper()
	return open(t, Options{Access: keyring{grant: Grant{Limits: l}}}).publish()
}

// sendRate publishes that many kbit/s for a time, and returns when that ended by
// itself.
func (s *session) sendRate(kbit int, d time.Duration) (after time.Duration, err error) {
	begun := time.Now()
	for time.Since(begun) < d {
		f := key(int(time.Since(s.since) / time.Millisecond))
		f.Payload = make([]byte, kbit*1000/8/25)
		if err := s.Write(f); err != nil {
			return time.Since(begun), err
		}
		time.Sleep(40 * time.Millisecond)
	}
	return d, nil
}

func TestABitRateTooHigh(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := limited(t, Limits{MaxBitrate: 2_000_000})
		if after, err := s.sendRate(2000, time.Minute); err != nil {
			t.Fatalf("just as much as allowed ended it after %v: %v", after, err)
		}
		for range 3 {
			if after, err := s.sendRate(6000, 5*time.Second); err != nil {
				t.Fatalf("a peak of 5 s ended it after %v: %v", after, err)
			}
			if _, err := s.sendRate(500, 10*time.Second); err != nil {
				t.Fatal(err)
			}
		}
		s.h.kinds()
		after, err := s.sendRate(2500, time.Minute)
		if !refused(err, Limit) || after < 10*time.Second || after > 16*time.Second {
			t.Errorf("ended after %v with %v", after, err)
		}
		const want = "it sends 2.5 Mbit/s, and at most 2.0 Mbit/s is allowed (max-bitrate): lower the encoder's bit rate"
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("the reason is %v", err)
		}
		if told := <-s.kicked; told != err {
			t.Errorf("the encoder is told %v", told)
		}
		if got := s.h.kinds(); len(got) != 2 || got[0] != PublishEnded || got[1] != StreamEnded {
			t.Errorf("the events are %v", got)
		}
	})
}

func TestAPictureTooLarge(t *testing.T) {
	for _, c := range []struct {
		width, height int
		allowed       bool
	}{{1280, 720, true}, {1920, 1080, true}, {1080, 1920, true}, {1920, 1088, false}, {2560, 1080, false}, {1088, 1920, false}} {
		s := limited(t, Limits{MaxWidth: 1920, MaxHeight: 1080})
		s.write(key(0), sound(0)) // nothing is known of these
		f := key(40)
		f.Tracks = (&media.TrackSet{}).With(&media.Track{
			Kind: media.Video, Codec: media.H264,
			Format: &media.AVCConfig{Picture: media.Picture{Width: c.width, Height: c.height}},
		})
		err := s.Write(f)
		if (err == nil) != c.allowed {
			t.Errorf("%dx%d: %v", c.width, c.height, err)
		}
		if err != nil && (!refused(err, Limit) || !strings.Contains(err.Error(), "at most 1920x1080 is allowed (max-resolution)")) {
			t.Errorf("%dx%d: %v", c.width, c.height, err)
		}
	}
}

func TestLimitsCostNoAllocation(t *testing.T) {
	s := limited(t, Limits{MaxBitrate: 1 << 40, MaxWidth: 1920, MaxHeight: 1080})
	g, f := s.governor, key(0)
	at := int64(0)
	if n := testing.AllocsPerRun(1000, func() {
		at += int64(40 * time.Millisecond)
		if g.exceeded(f, at) != "" {
			t.Fatal("a limit is exceeded")
		}
	}); n != 0 {
		t.Errorf("%v allocations a frame", n)
	}
}

func BenchmarkLimits(b *testing.B) {
	g, f := newGovernor(Limits{MaxBitrate: 1 << 40, MaxWidth: 1920, MaxHeight: 1080}, 0), key(0)
	at := int64(0)
	for b.Loop() {
		at += int64(40 * time.Millisecond)
		g.exceeded(f, at)
	}
}
