// Package demo publishes a built-in clip for ever: a stream to look at before
// any encoder is set up.
package demo

import (
	"bytes"
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"net/url"
	"slices"
	"time"

	"github.com/millrace-live/millrace/flv"
	"github.com/millrace-live/millrace/internal/hub"
	"github.com/millrace-live/millrace/media"
)

// Stream is where the clip is on air.
const Stream = "live/demo"

//go:embed clip.flv
var clip []byte

// length is the clip's: sound and picture both fill it exactly, so that it
// follows itself without a seam.
const length = 8 * time.Second

// Hub is where streams are published.
type Hub interface {
	Publish(ctx context.Context, req hub.PublishRequest) (*hub.Publication, error)
}

// Run publishes the clip with this key until ctx ends; then it returns nil.
func Run(ctx context.Context, h Hub, key string) error {
	state, frames, err := load(clip)
	if err != nil {
		return fmt.Errorf("demo: read the clip: %w", err)
	}
	p, err := h.Publish(ctx, hub.PublishRequest{
		App: "live", Name: "demo", Query: url.Values{"key": {key}},
		Session: "demo", Protocol: "demo", Software: "built-in clip",
		// There is no Remote: nobody comes over a network.
		Kick: func(error) {}, // the next Write says it
	})
	if err != nil {
		return fmt.Errorf("demo: publish: %w", err)
	}
	if state != nil {
		err = p.Write(state)
	}
	if err == nil {
		err = play(ctx, frames, p.Write)
	}
	p.End(nil)
	if errors.Is(err, context.Canceled) || errors.Is(err, hub.ErrShutdown) {
		return nil
	}
	return fmt.Errorf("demo: %w", err)
}

// load returns the clip's metadata and its frames in the order of their DTS,
// all within one length.
func load(clip []byte) (state *media.Frame, frames []media.Frame, err error) {
	r := flv.NewFrameReader(bytes.NewReader(clip))
	for {
		f, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		switch {
		case err != nil:
			return nil, nil, err
		case f.Class == media.Command:
		case f.Kind == media.Data:
			state = f
		default:
			// The container delays the sound so that it fits the pictures,
			// which B-frames delay: what hangs over the end belongs to the
			// beginning of the next round.
			if over := f.DTS - f.DTS%int64(length); over > 0 {
				f.DTS, f.PTS = f.DTS-over, f.PTS-over
			}
			frames = append(frames, *f)
		}
	}
	slices.SortStableFunc(frames, func(a, b media.Frame) int { return int(a.DTS - b.DTS) })
	return state, frames, nil
}

// play writes the frames in real time, round after round, on one timeline.
func play(ctx context.Context, frames []media.Frame, write func(*media.Frame) error) error {
	start := time.Now()
	timer := time.NewTimer(0)
	defer timer.Stop()
	for round := int64(0); ; round++ {
		for i := range frames {
			f := frames[i] // a copy: what the hub has got is shared and stays as it is
			f.DTS += round * int64(length)
			f.PTS += round * int64(length)
			timer.Reset(time.Until(start.Add(time.Duration(f.DTS))))
			select {
			case <-ctx.Done():
				return context.Cause(ctx)
			case <-timer.C:
			}
			if err := write(&f); err != nil {
				return err
			}
		}
	}
}
