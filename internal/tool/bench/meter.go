package bench

import (
	"sync/atomic"
	"time"

	"github.com/millrace-live/millrace/media"
	"github.com/millrace-live/millrace/rtmp"
	"github.com/millrace-live/millrace/rtmp/message"
)

const (
	// stall is how long nothing may come.
	stall = time.Second
	// soundAlone is after how much sound without a picture a stream has none.
	soundAlone = time.Second
	// strayed is how many messages in a row are not found before the server
	// may have moved the timestamps anew.
	strayed = 50
)

// totals are what players measure together.
type totals struct {
	connect, start, join, delay histogram

	// Of HLS.
	delivery           histogram
	requests, failures atomic.Uint64
}

// meter measures what one player gets. Its goroutine calls it with the time,
// or after the join that of a drainer; messages may be read by others meanwhile,
// the rest afterwards.
type meter struct {
	totals *totals
	ledger *ledger // nil if another's stream is played, or nobody observes

	messages atomic.Uint64

	asked  time.Time // the play command
	last   time.Time // of the last message
	joined bool
	onJoin func()    // nil if nobody wants to know
	sound  time.Time // of the first sound, before the join
	frames rtmp.FrameReader

	found  bool // shift is known
	shift  uint32
	stray  int
	orders map[message.Type]int64 // of the last message

	stalls  int
	lost    uint64
	unknown uint64
}

func (m *meter) begin(now time.Time) {
	m.asked, m.orders = now, make(map[message.Type]int64)
}

// add takes a message that arrived now.
func (m *meter) add(msg *message.Message, now time.Time) {
	m.messages.Add(1)
	if !isMedia(msg.Type) {
		return
	}
	m.arrive(now)
	if !m.joined && !m.waitForKey(msg, now) {
		return // a sequence header
	}
	if m.ledger != nil {
		m.follow(msg, now)
	}
}

// arrive takes note that something came now.
func (m *meter) arrive(now time.Time) {
	m.pause(now)
	m.last = now
}

// pause counts a stall if now is too long after the last message.
func (m *meter) pause(now time.Time) {
	if !m.last.IsZero() && now.Sub(m.last) > stall {
		m.stalls++
	}
}

// waitForKey looks into messages until the first key frame, which ends the
// join; sound alone has none. It reports whether the message holds a frame.
func (m *meter) waitForKey(msg *message.Message, now time.Time) bool {
	frames, err := m.frames.Demux(msg)
	if err != nil || len(frames) == 0 {
		return false
	}
	switch f := frames[0]; {
	case f.IsKey():
		m.join(now)
	case f.Kind == media.Audio && m.sound.IsZero():
		m.sound = now
	case f.Kind == media.Audio && now.Sub(m.sound) > soundAlone && m.frames.Tracks().Default(media.Video) == nil:
		m.join(m.sound)
	}
	return true
}

func (m *meter) join(first time.Time) {
	m.joined = true
	m.totals.join.add(first.Sub(m.asked))
	if m.onJoin != nil {
		m.onJoin()
	}
}

// follow looks up when the message was sent, and what is missing before it.
// What was sent before the play command is no measure of either.
func (m *meter) follow(msg *message.Message, now time.Time) {
	if !m.found {
		if m.shift, m.found = m.ledger.shift(msg); !m.found {
			return // its end tells nothing; the next one's will
		}
	}
	e, ok := m.ledger.find(msg.Type, msg.Timestamp-m.shift)
	if !ok {
		m.unknown++
		if m.stray++; m.stray == strayed {
			m.found, m.stray = false, 0
			clear(m.orders)
		}
		return
	}
	m.stray = 0
	if e.sent.Before(m.asked) {
		return
	}
	m.totals.delay.add(now.Sub(e.sent))
	before, counted := m.orders[msg.Type]
	if counted && e.ordinal > before {
		m.lost += uint64(e.ordinal - before - 1)
	}
	if !counted || e.ordinal > before {
		m.orders[msg.Type] = e.ordinal
	}
}
