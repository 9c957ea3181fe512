package metrics

import (
	"errors"
	"time"

	"github.com/millrace-live/millrace/internal/hub"
	"github.com/millrace-live/millrace/rtmp"
)

// The faults of publishers.
const (
	clockJump = "clock-jump"
	longGOP   = "long-gop"
	fight     = "fight"
)

var faults = []string{clockJump, longGOP, fight}

// Event counts what the hub tells.
func (m *Metrics) Event(e hub.Event) {
	switch e.Kind {
	case hub.PublishEnded:
		m.sessionEnds.WithLabelValues(hub.Publisher.String(), e.Protocol, publishEnd(e.Err)).Inc()
	case hub.PublishTakenOver:
		m.sessionEnds.WithLabelValues(hub.Publisher.String(), e.Protocol, "taken-over").Inc()
		m.takeOvers.WithLabelValues(e.Protocol).Inc()
	case hub.PublishRefused:
		m.refusals.WithLabelValues(hub.Publisher.String(), e.Protocol, code(e.Err)).Inc()
	case hub.PlayRefused:
		m.refusals.WithLabelValues(hub.Player.String(), e.Protocol, code(e.Err)).Inc()
	case hub.StreamReconnecting:
		m.interruptions.Inc()
	case hub.StreamResumed:
		m.reconnects.Inc()
	case hub.TimeJoined:
		m.faults.WithLabelValues(clockJump).Inc()
	case hub.LongGOP:
		m.faults.WithLabelValues(longGOP).Inc()
	case hub.Alarm:
		m.faults.WithLabelValues(fight).Inc()
	}
}

func publishEnd(err error) string {
	switch {
	case err == nil:
		return "stopped"
	case errors.Is(err, hub.ErrSilent), errors.Is(err, rtmp.ErrSilent):
		return "silent"
	case errors.Is(err, hub.ErrShutdown), errors.Is(err, rtmp.ErrServerClosed):
		return "shutdown"
	case errors.Is(err, rtmp.ErrFlood):
		return "flood"
	case errors.Is(err, rtmp.ErrPanic):
		return "panic"
	}
	if r, ok := errors.AsType[*hub.Refusal](err); ok {
		return r.Code.String()
	}
	return "connection-lost"
}

// code is the kind of a refusal in one word, as problem documents have it.
func code(err error) string {
	if r, ok := errors.AsType[*hub.Refusal](err); ok {
		return r.Code.String()
	}
	if errors.Is(err, hub.ErrNotFound) {
		return "not-on-air"
	}
	return "error"
}

// Joined counts a player that has its first key frame.
func (m *Metrics) Joined(protocol string, after time.Duration) {
	m.joins.WithLabelValues(protocol).Observe(after.Seconds())
}

// PlayEnded counts a player that ended. The reason is one of a few words.
func (m *Metrics) PlayEnded(protocol, reason string) {
	m.sessionEnds.WithLabelValues(hub.Player.String(), protocol, reason).Inc()
}

// ConnectionEnded counts a connection that ended. The reason is one of a few
// words.
func (m *Metrics) ConnectionEnded(protocol, reason string) {
	m.connectionEnds.WithLabelValues(protocol, reason).Inc()
}

// Unreadable counts a message of a publisher that was dropped.
func (m *Metrics) Unreadable(protocol string) { m.unreadable.WithLabelValues(protocol).Inc() }
