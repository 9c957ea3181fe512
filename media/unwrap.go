package media

// Unwrapper turns timestamps of 32 bits, which wrap, into ones that do not: each
// is taken to be the nearest to the one before it. The zero value is ready; its
// first timestamp is taken as it is.
type Unwrapper struct {
	last    int64
	started bool
}

// Unwrap returns ts on a line that goes on over the wrap. It goes back when ts
// does.
func (u *Unwrapper) Unwrap(ts uint32) int64 {
	if !u.started {
		u.last, u.started = int64(ts), true
		return u.last
	}
	u.last += int64(int32(ts - uint32(u.last)))
	return u.last
}
