package hub

import (
	"time"

	"github.com/millrace-live/millrace/media"
)

const (
	meterStep    = int64(500 * time.Millisecond)
	meterBuckets = 10
)

// meter measures a track over the last 5 s.
type meter struct {
	kind    media.Kind
	id      uint8
	first   int64 // step of the first frame
	step    int64 // the newest
	buckets [meterBuckets + 1]struct{ bytes, frames int64 }
}

// add counts a frame that came at, in monotonic nanoseconds.
func (m *meter) add(at int64, bytes int) {
	m.advance(at / meterStep)
	b := &m.buckets[m.step%int64(len(m.buckets))]
	b.bytes += int64(bytes)
	b.frames++
}

func (m *meter) advance(step int64) {
	if step-m.step > int64(len(m.buckets)) {
		m.step = step - int64(len(m.buckets))
	}
	for m.step < step {
		m.step++
		m.buckets[m.step%int64(len(m.buckets))] = struct{ bytes, frames int64 }{}
	}
}

// rate returns bits and frames a second over the steps that are complete; while
// the first one is not, over that.
func (m *meter) rate(now int64) (bits int64, frames float64) {
	m.advance(max(now/meterStep, m.step))
	n := min(m.step-m.first, meterBuckets)
	from := m.step - n
	if n == 0 {
		n = 1
	}
	var b, f int64
	for i := from; i < from+n; i++ {
		bucket := m.buckets[i%int64(len(m.buckets))]
		b += bucket.bytes
		f += bucket.frames
	}
	seconds := time.Duration(n * meterStep).Seconds()
	return int64(float64(b*8) / seconds), float64(f) / seconds
}
