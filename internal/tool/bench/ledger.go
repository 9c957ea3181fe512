package bench

import (
	"sync/atomic"
	"time"

	"github.com/millrace-live/millrace/rtmp/message"
)

// ledger is when a publisher sent its packets. Packets are numbered over all
// rounds of the clip. One goroutine writes, any number read.
type ledger struct {
	clip   *clip
	start  time.Time
	newest atomic.Int64 // number of the last packet, -1 before the first
	sent   []atomic.Int64
}

// remembered is how many packets a ledger has the time of: a minute of most
// streams. What comes later than that counts as unknown.
const remembered = 8192

func newLedger(c *clip, start time.Time) *ledger {
	l := &ledger{clip: c, start: start, sent: make([]atomic.Int64, remembered)}
	l.newest.Store(-1)
	return l
}

// note takes down that packet n, which follows the last one, leaves now.
func (l *ledger) note(n int64, now time.Time) {
	l.sent[n%remembered].Store(int64(now.Sub(l.start)))
	l.newest.Store(n)
}

// entry is a packet that was sent.
type entry struct {
	ordinal int64 // among all rounds' packets of its type
	sent    time.Time
}

// find looks for the packet of that type and timestamp.
func (l *ledger) find(t message.Type, timestamp uint32) (e entry, ok bool) {
	c := l.clip
	round := int64(timestamp / c.period)
	i, ok := c.at[stamp{t, timestamp % c.period}]
	n := round*int64(len(c.packets)) + int64(i)
	newest := l.newest.Load()
	if !ok || n > newest || n <= newest-remembered {
		return e, false
	}
	e.ordinal = round*int64(c.counts[t]) + int64(c.packets[i].ordinal)
	e.sent = l.start.Add(time.Duration(l.sent[n%remembered].Load()))
	return e, true
}

// shift finds by what a server has moved the timestamps of a message, modulo
// 2^32: most do not, some let each player begin at 0.
func (l *ledger) shift(m *message.Message) (by uint32, ok bool) {
	c := l.clip
	i, known := c.tails[tail(m.Type, m.Payload)]
	newest := l.newest.Load()
	if !known || i < 0 || newest < int64(i) {
		return 0, false
	}
	p := &c.packets[i]
	if m.Timestamp%c.period == p.timestamp {
		if _, ok := l.find(m.Type, m.Timestamp); ok {
			return 0, true
		}
	}
	round := (newest - int64(i)) / int64(len(c.packets))
	return m.Timestamp - (uint32(round)*c.period + p.timestamp), true
}
