package cmaf

import "time"

// videoTimescale holds RTMP's milliseconds exactly, and is the clock of MPEG-TS.
const videoTimescale = 90000

const second = int64(time.Second)

// ticks converts nanoseconds to the nearest tick of a timescale. Whole seconds
// and the rest go separately: times start anywhere, and 2^32 ms times 48000
// does not fit 64 bits.
func ticks(ns int64, timescale uint32) int64 {
	s, rest := ns/second, ns%second
	if rest < 0 {
		s, rest = s-1, rest+second
	}
	return s*int64(timescale) + (rest*int64(timescale)+second/2)/second
}

// nanoseconds is the reverse of ticks, rounded down.
func nanoseconds(t int64, timescale uint32) int64 {
	s, rest := t/int64(timescale), t%int64(timescale)
	return s*second + rest*second/int64(timescale)
}
