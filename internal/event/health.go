package event

import (
	"fmt"
	"time"

	"github.com/millrace-live/millrace/internal/hub"
)

// Problem is one thing that is wrong with what a publisher sends.
type Problem struct {
	Code   string `json:"code"`
	Detail string `json:"detail"`
}

// The codes of a [Problem].
const (
	noKeyFrames = "key-frames" // further apart than keyTime
	lowBitrate  = "bitrate"    // fell to under a third of what was usual
	silent      = "silent"     // connected, and sends nothing
)

const (
	keyTime    = 10 * time.Second
	silentTime = 4 * time.Second
	fallen     = 3
	// A bit rate is usual that was seen for about a minute. While it is low, ten
	// minutes make it usual.
	usualLooks, lowLooks = 12, 120
	// rateLooks is how many looks in a row a low rate has to last: a cut to a still
	// picture is none.
	rateLooks = 2
)

// patient is what is known of a broadcast's health.
type patient struct {
	generation uint32
	looks      int
	usual      float64 // bit/s
	low        int     // looks in a row
	noKeys     bool    // the hub said so
	keyGap     time.Duration
	problems   []Problem
}

// examine returns what is wrong now. An answer of false means that it can't be
// told: nobody is connected.
func (p *patient) examine(i *hub.StreamInfo, now time.Time) ([]Problem, bool) {
	if i.Publisher == nil {
		return nil, false
	}
	if i.Generation != p.generation {
		// Another encoder, or the same with other settings.
		*p = patient{generation: i.Generation, problems: p.problems}
	}
	if i.KeyInterval != p.keyGap {
		p.keyGap, p.noKeys = i.KeyInterval, false
	}
	since := i.LastMedia
	if since.Before(i.Publisher.Since) {
		since = i.Publisher.Since
	}
	if quiet := now.Sub(since); quiet > silentTime {
		p.low, p.looks = 0, 0
		return []Problem{{silent, fmt.Sprintf("the publisher is connected, and has sent no media for %.0f s", quiet.Seconds())}}, true
	}
	var found []Problem
	switch {
	case i.KeyInterval > keyTime:
		found = append(found, Problem{noKeyFrames, fmt.Sprintf("key frames are %.0f s apart: set the encoder to 2 s", i.KeyInterval.Seconds())})
	case p.noKeys:
		found = append(found, Problem{noKeyFrames, "no key frame comes: set the encoder to one every 2 s"})
	}
	if p.rate(float64(i.Bitrate)) {
		found = append(found, Problem{lowBitrate, fmt.Sprintf("the bit rate is %.0f kbit/s, and was %.0f before", float64(i.Bitrate)/1e3, p.usual/1e3)})
	}
	return found, true
}

// rate takes a bit rate and reports whether it is low.
func (p *patient) rate(now float64) bool {
	// The hub's own mean wants 5 s, and encoders begin with a burst.
	if p.looks++; p.looks <= 2 {
		p.usual = now
		return false
	}
	if now*fallen >= p.usual {
		p.low = 0
		p.usual += (now - p.usual) / float64(min(p.looks, usualLooks))
		return false
	}
	if p.low++; p.low < rateLooks {
		return false
	}
	p.usual += (now - p.usual) / lowLooks
	return true
}

// differ reports whether other problems are there, whatever their numbers are.
func differ(a, b []Problem) bool {
	if len(a) != len(b) {
		return true
	}
	for i := range a {
		if a[i].Code != b[i].Code {
			return true
		}
	}
	return false
}
