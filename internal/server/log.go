package server

import (
	"io"
	"log/slog"
	"time"

	"github.com/lmittmann/tint"

	"github.com/millrace-live/millrace/internal/hub"
)

// LogOptions say how a log is written.
type LogOptions struct {
	Level  slog.Leveler // may change while the log is written
	Format string       // text or json
	Color  bool
}

// NewLogger returns the server's logger: UTC, and bounded against clients that
// repeat themselves.
//
// What a line is about stands in these attributes, by the same names
// everywhere: remote (address and port of the client), session, protocol,
// stream, broadcast, and reason for why something ended or was refused. A
// session has two lines, when it starts and when it ends; a refused one has one.
// All lines of a session have its session, all lines of a broadcast from its
// beginning to its end its broadcast. A key stands in none.
func NewLogger(w io.Writer, o LogOptions) *slog.Logger {
	var h slog.Handler
	if o.Format == "json" {
		h = slog.NewJSONHandler(w, &slog.HandlerOptions{Level: o.Level, ReplaceAttr: forMachines})
	} else {
		h = tint.NewTextHandler(w, &tint.Options{
			Level: o.Level, NoColor: !o.Color, TimeFormat: "2006-01-02T15:04:05.000Z07:00", ReplaceAttr: inUTC,
		})
	}
	return slog.New(newLimiter(h))
}

func inUTC(groups []string, a slog.Attr) slog.Attr {
	if t, ok := a.Value.Any().(time.Time); ok && len(groups) == 0 && a.Key == slog.TimeKey {
		a.Value = slog.TimeValue(t.UTC())
	}
	return a
}

// forMachines also writes lengths of time as people do ("1.5s"): slog's JSON has
// nanoseconds without saying so.
func forMachines(groups []string, a slog.Attr) slog.Attr {
	if a.Value.Kind() == slog.KindDuration {
		a.Value = slog.StringValue(a.Value.Duration().String())
	}
	return inUTC(groups, a)
}

// lines are how the hub's events read in the log.
var lines = map[hub.EventKind]struct {
	level slog.Level
	text  string
}{
	hub.PublishStarted:     {slog.LevelInfo, "publish started"},
	hub.PublishEnded:       {slog.LevelInfo, "publish ended"},
	hub.PublishTakenOver:   {slog.LevelInfo, "publish taken over"},
	hub.PublishRefused:     {slog.LevelWarn, "publish refused"},
	hub.PlayRefused:        {slog.LevelInfo, "play refused"},
	hub.StreamReconnecting: {slog.LevelInfo, "stream waits for its publisher"},
	hub.StreamResumed:      {slog.LevelInfo, "stream goes on"},
	hub.StreamEnded:        {slog.LevelInfo, "stream ended"},
	hub.Alarm:              {slog.LevelError, "encoders fight for a stream"},
	hub.ReaderSkipped:      {slog.LevelInfo, "player is too slow and skips"},
	hub.ReaderSlow:         {slog.LevelWarn, "player is too slow and is closed"},
	hub.LongGOP:            {slog.LevelWarn, "key frames are too far apart"},
	hub.TimeJoined:         {slog.LevelWarn, "the publisher's clock jumped"},
	hub.PublishWarned:      {slog.LevelWarn, "publish should be protected"},
	hub.RehearsalStarted:   {slog.LevelInfo, "rehearsal started"},
	hub.RehearsalEnded:     {slog.LevelInfo, "rehearsal ended"},
}

// software is the attribute for what a client calls itself.
func software(k hub.EventKind) string {
	switch k {
	case hub.PlayRefused, hub.ReaderSkipped, hub.ReaderSlow:
		return "player"
	}
	return "encoder"
}

// logEvent writes the line of an event.
func (s *Server) logEvent(e hub.Event) {
	line, ok := lines[e.Kind]
	if !ok {
		line.text = e.Kind.String()
	}
	attrs := make([]slog.Attr, 0, 8)
	add := func(name, value string) {
		if value != "" {
			attrs = append(attrs, slog.String(name, value))
		}
	}
	add("stream", e.Stream)
	add("broadcast", e.Broadcast)
	add("session", e.Session)
	add("protocol", e.Protocol)
	if e.Remote.IsValid() {
		add("remote", e.Remote.String())
	}
	add(software(e.Kind), e.Software)
	if e.Generation > 1 {
		attrs = append(attrs, slog.Uint64("generation", uint64(e.Generation)))
	}
	add("reason", e.Reason)
	if e.Err != nil && e.Reason == "" {
		add("reason", e.Err.Error())
	}
	s.log.LogAttrs(s.ctx, line.level, line.text, attrs...)
}
