package poster

import (
	"errors"
	"sync/atomic"
	"time"
)

// results are how makings end, in the words of [Stats].
var results = [...]string{
	made: "made", failed: "failed", tooSlow: "too-slow", tooLarge: "too-large", crowded: "crowded", missing: "no-ffmpeg",
}

const (
	made = iota
	failed
	tooSlow
	tooLarge
	crowded
	missing
)

func resultOf(err error) int {
	switch {
	case err == nil:
		return made
	case errors.Is(err, errTooSlow):
		return tooSlow
	case errors.Is(err, errTooLarge):
		return tooLarge
	case errors.Is(err, errCrowded):
		return crowded
	case errors.Is(err, errMissing):
		return missing
	}
	return failed
}

// tally is what a handler has done since it was made.
type tally struct {
	makings      [len(results)]atomic.Uint64
	placeholders atomic.Uint64
	panics       atomic.Uint64
	logged       atomic.Int64 // when the log was last told of a failure
}

// Stats are what a [Handler] has done since it was made.
type Stats struct {
	// Makings are how often a picture was to be made, by how that ended: made,
	// failed, too-slow, too-large, crowded, no-ffmpeg.
	Makings map[string]uint64
	// Placeholders is how often the placeholder was given, Panics how often
	// making a picture ended by one.
	Placeholders, Panics uint64
}

// Stats returns the counters as they are.
func (h *Handler) Stats() Stats {
	s := Stats{Makings: make(map[string]uint64), Placeholders: h.tally.placeholders.Load(), Panics: h.tally.panics.Load()}
	for i, result := range results {
		s.Makings[result] = h.tally.makings[i].Load()
	}
	return s
}

// logEvery is how often the log tells of failures at most.
const logEvery = time.Minute

// made notes how the making of a picture ended.
func (h *Handler) made(stream string, err error) {
	result := resultOf(err)
	h.tally.makings[result].Add(1)
	bug, isBug := errors.AsType[*panicError](err)
	switch {
	case err == nil:
	case isBug:
		h.tally.panics.Add(1)
		h.log.Error("panic in a poster", "stream", stream, "panic", bug.value, "stack", string(bug.stack))
	case result == missing:
		h.missing.Do(func() {
			h.log.Warn("posters are placeholders, for there is no ffmpeg: install it, or name it in the setting ffmpeg",
				"reason", err)
		})
	default:
		now := time.Now().UnixNano()
		last := h.tally.logged.Load()
		if (last == 0 || now-last >= int64(logEvery)) && h.tally.logged.CompareAndSwap(last, now) {
			h.log.Warn("a poster could not be made", "stream", stream, "reason", err)
		}
	}
}
