package server

import (
	"bytes"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"
)

func TestLogLines(t *testing.T) {
	at := time.Date(2026, 11, 21, 9, 0, 0, 5e6, time.FixedZone("", 3600))
	for format, want := range map[string]string{
		"json": `{"time":"2026-11-21T08:00:00.005Z","level":"INFO","msg":"play ended","stream":"live/a\nb","after":"1.5s"}`,
		"text": `2026-11-21T08:00:00.005Z INF play ended stream="live/a\nb" after=1.5s`,
	} {
		var b bytes.Buffer
		log := NewLogger(&b, LogOptions{Level: slog.LevelInfo, Format: format})
		r := slog.NewRecord(at, slog.LevelInfo, "play ended", 0)
		r.Add("stream", "live/a\nb", "after", 1500*time.Millisecond)
		if err := log.Handler().Handle(t.Context(), r); err != nil {
			t.Fatal(err)
		}
		log.Debug("too much")
		if got := strings.TrimSpace(b.String()); got != want {
			t.Errorf("%s:\ngot  %s\nwant %s", format, got, want)
		}
	}
}

func TestLogIsBoundedForEachClient(t *testing.T) {
	var b bytes.Buffer
	h := newLimiter(slog.NewTextHandler(&b, nil))
	now := time.Unix(1e9, 0)
	say := func(text, remote string, n int) int {
		t.Helper()
		b.Reset()
		for range n {
			r := slog.NewRecord(now, slog.LevelInfo, text, 0)
			if remote != "" {
				r.Add("remote", remote)
			}
			if err := h.Handle(t.Context(), r); err != nil {
				t.Fatal(err)
			}
		}
		return strings.Count(b.String(), "\n")
	}
	if got := say("refused", "192.0.2.1:5000", 1000); got != limitBurst {
		t.Errorf("%d lines at once, want %d", got, limitBurst)
	}
	// Another port is the same client; other clients, other lines and lines
	// about no client are free.
	for _, tt := range []struct {
		text, remote string
		want         int
	}{
		{"refused", "192.0.2.1:6000", 0},
		{"refused", "[::ffff:192.0.2.1]:6000", 0},
		{"refused", "192.0.2.2:5000", 1},
		{"ended", "192.0.2.1:5000", 1},
		{"refused", "", 1},
	} {
		if got := say(tt.text, tt.remote, 1); got != tt.want {
			t.Errorf("%s from %q: %d lines, want %d", tt.text, tt.remote, got, tt.want)
		}
	}
	now = now.Add(10 * limitEvery)
	if got := say("refused", "192.0.2.1:5000", 1000); got != 10 {
		t.Errorf("%d lines after ten times the interval", got)
	}
	if first, _, _ := strings.Cut(b.String(), "\n"); !strings.Contains(first, "dropped_lines=902") {
		t.Errorf("the next line does not count what was dropped: %s", first)
	}
	if got := h.suppressed(); got != 900+1+1+990 {
		t.Errorf("%d lines are counted as suppressed", got)
	}
	// One who has an IPv6 network has one share.
	for i := range 300 {
		say("v6", fmt.Sprintf("[2001:db8::%x]:5000", i), 1)
	}
	if got := say("v6", "[2001:db8::ffff]:5000", 1); got != 0 {
		t.Error("each address of an IPv6 network has its own share")
	}
}

func TestLogRemembersAttributesOfWith(t *testing.T) {
	var b bytes.Buffer
	log := slog.New(newLimiter(slog.NewTextHandler(&b, nil))).With("remote", "192.0.2.1:5000")
	for range 1000 {
		log.Info("refused")
	}
	if got := strings.Count(b.String(), "\n"); got < limitBurst || got > limitBurst+10 {
		t.Errorf("%d lines", got)
	}
}

func TestLimiterMemoryIsBounded(t *testing.T) {
	h := newLimiter(slog.DiscardHandler)
	now := time.Unix(1e9, 0)
	for i := range 3 * limitKeys {
		h.shared.take(limitKey{"refused", fmt.Sprint(i)}, now)
	}
	if n := len(h.shared.buckets); n > limitKeys+1 {
		t.Errorf("%d clients are remembered", n)
	}
	now = now.Add(time.Hour)
	h.shared.take(limitKey{"refused", "one more"}, now)
	if n := len(h.shared.buckets); n != 1 {
		t.Errorf("%d clients are remembered an hour later", n)
	}
}
