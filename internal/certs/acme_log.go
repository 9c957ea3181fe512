package certs

import (
	"context"
	"log/slog"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
)

// zapped lets certmagic, which logs by zap, write to log: see zapCore.
func zapped(log *slog.Logger) *zap.Logger { return zap.New(zapCore{log.Handler()}) }

// zapCore writes zap's entries to a slog.Handler, all of them as details: what
// people should know comes by events as well. Only errors of the unnamed
// logger, such as a certificate that cannot be read from the data folder, have
// no event.
type zapCore struct{ h slog.Handler }

func level(e zapcore.Entry) slog.Level {
	if e.Level >= zapcore.ErrorLevel && e.LoggerName == "" {
		return slog.LevelWarn
	}
	return slog.LevelDebug
}

// Enabled lets Check decide: the level alone does not tell.
func (zapCore) Enabled(zapcore.Level) bool { return true }

func (c zapCore) With(fields []zapcore.Field) zapcore.Core {
	return zapCore{c.h.WithAttrs(attrs(fields))}
}

func (c zapCore) Check(e zapcore.Entry, to *zapcore.CheckedEntry) *zapcore.CheckedEntry {
	if c.h.Enabled(context.Background(), level(e)) {
		return to.AddCore(e, c)
	}
	return to
}

func (c zapCore) Write(e zapcore.Entry, fields []zapcore.Field) error {
	r := slog.NewRecord(e.Time, level(e), "ACME: "+e.Message, 0)
	r.AddAttrs(attrs(fields)...)
	return c.h.Handle(context.Background(), r)
}

func (zapCore) Sync() error { return nil }

func attrs(fields []zapcore.Field) []slog.Attr {
	all := zapcore.NewMapObjectEncoder()
	for _, f := range fields {
		f.AddTo(all)
	}
	list := make([]slog.Attr, 0, len(fields))
	for _, f := range fields {
		if v, ok := all.Fields[f.Key]; ok {
			list = append(list, slog.Any(f.Key, v))
		}
	}
	return list
}
