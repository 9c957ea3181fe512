package hub

// Began tells that a player who is served by a packager got the first key frame.
// It is for the goroutine that calls Skipped.
func (r *Reader) Began() {
	if !r.keyed {
		r.keyed = true
		r.stream.reg.joined(r)
	}
}

// Skipped counts frames that such a player was not given because it was too slow.
// The error is ErrSlowReader when that was once too often, by the rule for all
// readers.
func (r *Reader) Skipped(frames uint64) error { return r.skipped(frames) }

// Starved counts requests in which players that are served said that they had had
// nothing to play.
func (r *Reader) Starved(n uint64) { r.out.starvations.Add(n) }
