package demo

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/millrace-live/millrace/internal/hub"
	"github.com/millrace-live/millrace/media"
)

func TestClipFillsItsLength(t *testing.T) {
	state, frames, err := load(clip)
	if err != nil {
		t.Fatal(err)
	}
	if state == nil || state.Class != media.Key {
		t.Errorf("metadata %+v", state)
	}
	var pictures, sounds, keys int
	for _, f := range frames {
		if f.DTS < 0 || f.DTS >= int64(length) {
			t.Fatalf("a frame at %v", time.Duration(f.DTS))
		}
		switch {
		case f.Kind == media.Audio:
			sounds++
		case f.IsKey():
			keys++
			fallthrough
		default:
			pictures++
		}
	}
	if pictures != 200 || keys != 4 || sounds != 375 {
		t.Errorf("%d pictures, %d of them keys, %d sounds; want 200, 4, 375", pictures, keys, sounds)
	}
	set := frames[len(frames)-1].Tracks
	if v := set.Default(media.Video); v == nil || v.Picture() == nil || v.Picture().Width != 640 || v.Picture().Height != 360 {
		t.Errorf("video track %+v", v)
	}
	if a := set.Default(media.Audio); a == nil || a.Sound() == nil || a.Sound().OutputSampleRate != 48000 {
		t.Errorf("audio track %+v", a)
	}
	if len(clip) > 600<<10 {
		t.Errorf("the clip has %d kB", len(clip)>>10)
	}
}

func TestPlayGoesOnInRealTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, frames, err := load(clip)
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeoutCause(t.Context(), 20*time.Second, errEnough)
		defer cancel()
		start := time.Now()
		last := map[media.Kind]int64{media.Video: -1, media.Audio: -1}
		count := map[media.Kind]int{}
		err = play(ctx, frames, func(f *media.Frame) error {
			if now := time.Since(start); time.Duration(f.DTS) != now {
				t.Errorf("a frame of %v was written at %v", time.Duration(f.DTS), now)
			}
			step := time.Duration(f.DTS - last[f.Kind])
			// 25 pictures a second; 1024 samples at 48 kHz in whole milliseconds.
			if last[f.Kind] >= 0 && (f.Kind == media.Video && step != 40*time.Millisecond ||
				f.Kind == media.Audio && (step < 21*time.Millisecond || step > 22*time.Millisecond)) {
				t.Errorf("kind %d: a step of %v to %v", f.Kind, step, time.Duration(f.DTS))
			}
			last[f.Kind] = f.DTS
			count[f.Kind]++
			return nil
		})
		if !errors.Is(err, errEnough) {
			t.Errorf("ended with %v", err)
		}
		if count[media.Video] < 500 || count[media.Audio] < 937 {
			t.Errorf("%d pictures and %d sounds in 20 s", count[media.Video], count[media.Audio])
		}
	})
}

var errEnough = errors.New("enough")

func TestRunPublishesUntilItsEnd(t *testing.T) {
	r := hub.New(hub.Options{Access: hub.Everyone{}})
	ctx, cancel := context.WithCancel(t.Context())
	end := make(chan error)
	go func() { end <- Run(ctx, r, "key") }()
	reader, err := r.Play(ctx, hub.PlayRequest{Stream: Stream, Wait: true})
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	for got, buf := 0, make([]*media.Frame, 16); got < 3; {
		n, err := reader.Next(buf)
		if err != nil {
			t.Fatal(err)
		}
		if got += n; n == 0 {
			<-reader.Ready()
		}
	}
	cancel()
	if err := <-end; err != nil {
		t.Errorf("Run: %v", err)
	}
}
