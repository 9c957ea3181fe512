package dash

import (
	"context"
	"errors"
	"math"
	"net/http"
	"time"

	"github.com/millrace-live/millrace/internal/deliver"
	"github.com/millrace-live/millrace/internal/packager/cmaf"
	"github.com/millrace-live/millrace/internal/problem"
	"github.com/millrace-live/millrace/internal/window"
)

const (
	// The next part of a segment is awaited for three target durations; then the
	// encoder is silent, and the answer is broken off.
	holdTargets = 3
	// soonTargets is how early the next segment may be asked for.
	soonTargets = 2
	// mostHeld bounds how many answers wait at once. Each has a connection and a
	// goroutine anyway, so this is far above what a machine can have.
	mostHeld = 100_000
)

// serveMedia answers with a header or a segment. It reports whether there is one, and
// whether the answer broke off.
func (h *Handler) serveMedia(w http.ResponseWriter, r *http.Request, stream string, n name) (served, broken bool) {
	s := h.window.Stream(stream)
	var p *window.Presentation
	if s != nil {
		p = s.Presentation(n.presentation)
	}
	if p == nil {
		problem.Write(w, http.StatusNotFound, "this broadcast is over, or nobody has watched it for a minute; "+
			"load manifest.mpd again")
		return false, false
	}
	s.Touch()
	audience := s.Audience(Protocol)
	if err := audience.Note(r); err != nil {
		problem.WriteError(w, err)
		return false, false
	}
	track := p.Track(n.track.Kind, n.track.ID)
	if track == nil {
		problem.Write(w, http.StatusNotFound, "this broadcast has no such track")
		return false, false
	}
	if n.resource == initialization {
		if header := track.Init(n.header); header != nil {
			mediaHeaders(w, r, n)
			audience.Sent(deliver.Bytes(w, r, n.String(), header.Bytes))
			return true, false
		}
		problem.Write(w, http.StatusNotFound, "the track has no such header")
		return false, false
	}
	ctx, cancel := context.WithTimeout(r.Context(), soonTargets*p.Target())
	defer cancel()
	made, open := h.soon(ctx, p, track, n)
	if made == nil {
		problem.Write(w, http.StatusNotFound, noSegment)
		return false, false
	}
	if open {
		return h.serveOpen(w, r, n, p, track, made.Number, audience)
	}
	mediaHeaders(w, r, n)
	if made.Shelved() {
		return serveShelved(w, r, n, made, audience), false
	}
	pieces := make([][]byte, len(made.Parts))
	for i, part := range made.Parts {
		pieces[i] = part.Bytes
	}
	audience.Sent(deliver.Bytes(w, r, n.String(), pieces...))
	return true, false
}

const noSegment = "the manifest has no such segment, or no longer"

// serveShelved answers with a segment that is on disk. It reports whether it is.
func serveShelved(w http.ResponseWriter, r *http.Request, n name, s *window.Segment, audience *window.Audience) bool {
	file, err := s.Open()
	if err != nil { // it has just left the window
		problem.Write(w, http.StatusNotFound, noSegment)
		return false
	}
	defer file.Close()
	audience.Sent(deliver.Content(w, r, n.String(), time.Time{}, file))
	return true
}

// soon returns a segment, and whether it is open; nil if there is none. Who asks for
// the next one a little early waits for it: players whose clock is wrong, and FFmpeg,
// which goes on behind the last segment of the timeline without a look at the clock
// and skips what it does not find.
func (h *Handler) soon(
	ctx context.Context, p *window.Presentation, track *window.Track, n name,
) (made *window.Segment, open bool) {
	for {
		v := track.View()
		if v.Open != nil && v.Open.Init == n.header && v.Open.Start == n.start {
			return v.Open, true
		}
		if s := whole(track, n.header, n.start); s != nil {
			return s, false
		}
		last := v.Last()
		if last == nil || last.Init != n.header || v.Ended || closed(track) {
			return nil, false
		}
		if early := n.start - last.Start; early <= 0 || early > last.Duration+ticks(soonTargets*p.Target(), last.Header.Timescale) {
			return nil, false
		}
		if !h.wait(ctx, v) {
			return nil, false
		}
	}
}

// wait waits for another view. It reports whether there is one.
func (h *Handler) wait(ctx context.Context, v *window.View) bool {
	defer h.held.Add(-1)
	if h.held.Add(1) > mostHeld {
		return false
	}
	select {
	case <-v.Changed():
		return true
	case <-ctx.Done():
		return false
	}
}

// whole returns a whole segment of a track by its header and its start, nil if there
// is none. Both rise with the numbers.
func whole(t *window.Track, header uint64, start int64) *window.Segment {
	v := t.View()
	low, high := uint64(0), v.Next
	for low < high {
		middle := low + (high-low)/2
		s := t.Segment(middle)
		switch {
		case s == nil || s.Init < header || s.Init == header && s.Start < start:
			low = middle + 1
		default:
			high = middle
		}
	}
	if s := t.Segment(low); s != nil && s.Init == header && s.Start == start {
		return s
	}
	return nil
}

// serveOpen answers with a segment while it is made: each part leaves at once, and
// the answer ends with the segment, or breaks off.
func (h *Handler) serveOpen(
	w http.ResponseWriter, r *http.Request, n name, p *window.Presentation, track *window.Track, number uint64,
	audience *window.Audience,
) (served, broken bool) {
	if h.held.Add(1) > mostHeld {
		h.held.Add(-1)
		w.Header().Set("Retry-After", "1")
		problem.Write(w, http.StatusServiceUnavailable, "too many viewers wait for the next part")
		return false, false
	}
	defer h.held.Add(-1)
	mediaHeaders(w, r, n)
	w.Header().Set("ETag", `"`+n.String()+`"`)
	w.WriteHeader(http.StatusOK)
	if r.Method == http.MethodHead {
		return true, false
	}
	out := deliver.NewSender(w)
	defer out.Close()
	for i := 0; ; i++ {
		part, err := await(r.Context(), track, number, i, holdTargets*p.Target())
		if err == nil && part == nil {
			return true, false
		}
		if err == nil {
			err = out.Send(part.Bytes)
			audience.Sent(out.Taken())
		}
		if err == nil {
			err = out.Flush()
		}
		if err != nil {
			return true, true
		}
	}
}

// await returns a part of a segment as soon as it is made, nil if the segment has
// ended without it.
func await(ctx context.Context, track *window.Track, number uint64, i int, patience time.Duration) (*cmaf.Part, error) {
	timeout := time.NewTimer(patience)
	defer timeout.Stop()
	for {
		v := track.View()
		if made := track.Part(number, i); made != nil {
			return made, nil
		}
		// It may have become whole between the two looks.
		if made := track.Segment(number); made != nil {
			if i < len(made.Parts) {
				return made.Parts[i], nil
			}
			return nil, nil
		}
		if v.Ended || v.Next > number || closed(track) {
			return nil, window.ErrClosed
		}
		select {
		case <-v.Changed():
		case <-timeout.C:
			return nil, context.DeadlineExceeded
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// closed reports whether nobody packages the track any more.
func closed(track *window.Track) bool {
	over, cancel := context.WithCancel(context.Background())
	cancel()
	_, err := track.Wait(over, math.MaxUint64, window.WholeSegment)
	return errors.Is(err, window.ErrClosed)
}
