package server

import (
	"log/slog"
	"strings"
	"time"

	"github.com/millrace-live/millrace/internal/access"
	"github.com/millrace-live/millrace/internal/hub"
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
func (s *Settings) control(keys access.Keys) *access.Control {
	c := &access.Control{
		Keys: keys, Open: s.openness(), PlayWait: orNever(s.PlayWait),
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
