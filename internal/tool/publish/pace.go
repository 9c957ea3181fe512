package publish

import "time"

// catchUp is how much lost time is made up for by sending faster. After a
// longer stall, of the network or of this machine, the stream goes on late: a
// server that gets minutes at once would take them for a flood.
const catchUp = time.Second

// pace says when frames are due, by a monotonic clock.
type pace struct {
	start   time.Time
	started bool
	late    time.Duration // what was not made up for
}

// wait returns how long the frame at that place on the line is still to wait.
func (p *pace) wait(now time.Time, at time.Duration) time.Duration {
	if !p.started {
		p.started, p.start = true, now.Add(-at)
	}
	due := p.start.Add(at)
	if late := now.Sub(due) - catchUp; late > 0 {
		p.start = p.start.Add(late)
		p.late += late
		due = due.Add(late)
	}
	return due.Sub(now)
}
