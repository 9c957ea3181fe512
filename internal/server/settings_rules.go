package server

import (
	"log/slog"
	"strings"
	"time"

	"github.com/millrace-live/millrace/internal/access"
	"github.com/millrace-live/millrace/internal/hub"
	"github.com/millrace-live/millrace/internal/window"
)

// Words that settings may have, and what they mean.
var (
	deliveries = map[string]hub.Delivery{
		"realtime": hub.Realtime, "balanced": hub.Balanced, "economy": hub.Economy,
	}
	plains = map[string]access.Plain{
		"allow": access.AllowPlain, "warn": access.WarnOfPlain, "refuse": access.RefusePlain,
	}
	secondPublishers = map[string]hub.Rule{"take-over": hub.TakeOver, "refuse": hub.Refuse}
)

// strict is the setting of enhanced by which players get what they announced.
const strict = "strict"

// control is who may publish and play, and by which rules: a stream's own go
// over those of its app, and these over the server's.
func (s *Settings) control(known access.Catalog) *access.Control {
	c := &access.Control{
		Catalog: known, Open: s.openness(), PlayWait: orNever(s.PlayWait),
		Rules:   access.Rules{Grace: orNever(s.Grace), Delivery: deliveries[s.Delivery], Plain: plains[s.Plain], Strict: s.Enhanced == strict},
		Apps:    make(map[string]access.Rules),
		Streams: make(map[string]access.Rules),
	}
	c.Apps[access.DefaultApp] = c.Rules
	for name, a := range s.Apps {
		c.Apps[name] = a.over(c.Rules)
	}
	for name, own := range s.Streams {
		app, _, _ := strings.Cut(name, "/")
		c.Streams[name] = own.over(c.Apps[app])
	}
	return c
}

// over returns the rules with those that were given in their place.
func (s RuleSettings) over(r access.Rules) access.Rules {
	if s.SecondPublisher != "" {
		r.SecondPublisher = secondPublishers[s.SecondPublisher]
	}
	if s.Grace != nil {
		r.Grace = orNever(*s.Grace)
	}
	if s.GraceAfterEnd != nil {
		r.GraceAfterEnd = *s.GraceAfterEnd
	}
	if s.Delivery != "" {
		r.Delivery = deliveries[s.Delivery]
	}
	if s.Enhanced != "" {
		r.Strict = s.Enhanced == strict
	}
	if s.Plain != "" {
		r.Plain = plains[s.Plain]
	}
	return r
}

// lengths returns how streams are cut for HLS and DASH.
func (s *Settings) lengths() func(stream string) window.Lengths {
	return ofStream(s, window.Lengths{Segment: s.Segment, Part: s.Part}, RuleSettings.cut)
}

// shifts returns how far back the viewers of streams may seek.
func (s *Settings) shifts() func(stream string) window.Shift {
	return ofStream(s, window.Shift{Window: s.Shift, Bytes: int64(s.ShiftBytes)}, RuleSettings.keep)
}

// ofStream returns what holds for each stream: its own goes over that of its app,
// and this over the server's.
func ofStream[T any](s *Settings, server T, over func(RuleSettings, T) T) func(stream string) T {
	apps, streams := make(map[string]T), make(map[string]T)
	for name, a := range s.Apps {
		apps[name] = over(a.RuleSettings, server)
	}
	of := func(stream string) T {
		app, _, _ := strings.Cut(stream, "/")
		if l, ok := apps[app]; ok {
			return l
		}
		return server
	}
	for name, own := range s.Streams {
		streams[name] = over(own.RuleSettings, of(name))
	}
	return func(stream string) T {
		if l, ok := streams[stream]; ok {
			return l
		}
		return of(stream)
	}
}

// cut returns the lengths with those that were given in their place.
func (s RuleSettings) cut(l window.Lengths) window.Lengths {
	if s.Segment != nil {
		l.Segment = *s.Segment
	}
	if s.Part != nil {
		l.Part = *s.Part
	}
	return l
}

// keep returns the time shift with what was given in its place.
func (s RuleSettings) keep(shift window.Shift) window.Shift {
	if s.Shift != nil {
		shift.Window = *s.Shift
	}
	if s.ShiftBytes != nil {
		shift.Bytes = int64(*s.ShiftBytes)
	}
	return shift
}

// orNever is how the hub says 0: there 0 itself is the default.
func orNever(d time.Duration) time.Duration {
	if d == 0 {
		return -1
	}
	return d
}

func (s *Settings) openness() access.Openness {
	switch {
	case s.OpenWorld:
		return access.World
	case s.Open:
		return access.Private
	}
	return access.Closed
}

// Level is the log level.
func (s *Settings) Level() slog.Level {
	var level slog.Level
	// The settings were checked; a word that is none leaves info.
	_ = level.UnmarshalText([]byte(s.LogLevel))
	return level
}
