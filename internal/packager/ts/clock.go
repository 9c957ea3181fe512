package ts

import (
	"time"

	"github.com/millrace-live/millrace/media"
)

// Timescale is ticks a second of every time in the stream.
const Timescale = 90000

// stampMask: times have 33 bits and wrap every 26.5 hours.
const stampMask = 1<<33 - 1

// Delay is how much later than the clock (PCR) an access unit is to be decoded:
// PCRs are the times of the stream's timeline, and PTS and DTS lie this far
// behind them. It is what a decoder's buffer has to fill; players that follow the
// clock add it to their delay.
const Delay = 300 * time.Millisecond

const delay = int64(Delay) * Timescale / second

const second = int64(time.Second)

// ticks converts nanoseconds to the nearest tick. Whole seconds and the rest go
// separately: times start anywhere, and the product would not fit 64 bits.
func ticks(ns int64) int64 {
	s, rest := ns/second, ns%second
	if rest < 0 {
		s, rest = s-1, rest+second
	}
	return s*Timescale + (rest*Timescale+second/2)/second
}

// duration is the reverse of ticks, rounded down.
func duration(t int64) time.Duration {
	return time.Duration(t/Timescale*second + t%Timescale*second/Timescale)
}

// audioSlack is how far sound may be from the encoder's times before it is
// anchored anew. RTMP's milliseconds jitter by one around the true length of an
// access unit (23.22 ms at 44.1 kHz), and a player that believes them makes gaps.
const audioSlack = 20 * Timescale / 1000

// timeline gives the frames of one track their places in ticks. Decoding times
// rise.
type timeline struct {
	begun bool
	last  int64 // decoding time of the newest frame
	step  int64 // how long that lasts, as far as it is known

	// Sound is counted in samples from where it was anchored.
	anchored bool
	anchor   int64
	samples  int64
}

// picture takes the encoder's times as they are.
func (l *timeline) picture(f *media.Frame) (decode, present int64) {
	decode, present = ticks(f.DTS), ticks(f.PTS)
	if l.begun {
		decode = max(decode, l.last+1)
		l.step = decode - l.last
	}
	l.begun, l.last = true, decode
	return decode, max(present, decode)
}

// sound places a frame of n samples at a rate, 0 if it does not say how long it is.
func (l *timeline) sound(f *media.Frame, n, rate int) int64 {
	stated := ticks(f.PTS)
	at := l.anchor + (l.samples*Timescale+int64(rate)/2)/int64(rate)
	if !l.anchored || n == 0 || stated-at > audioSlack || at-stated > audioSlack {
		at = stated
		if l.begun {
			at = max(at, l.last+1)
		}
		l.anchored, l.anchor, l.samples = true, at, 0
	}
	l.samples += int64(n)
	if l.samples >= int64(rate) { // in whole seconds, which are exact
		l.anchor += l.samples / int64(rate) * Timescale
		l.samples %= int64(rate)
	}
	switch {
	case n > 0:
		l.step = (int64(n)*Timescale + int64(rate)/2) / int64(rate)
	case l.begun:
		l.step = at - l.last
	}
	l.begun, l.last = true, at
	return at
}

// end is where the newest frame ends, as far as it is known.
func (l *timeline) end() int64 {
	const unknown = Timescale / 25
	if l.step <= 0 || l.step > Timescale {
		return l.last + unknown
	}
	return l.last + l.step
}
