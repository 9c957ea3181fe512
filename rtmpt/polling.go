package rtmpt

// polling makes the byte in front of every reply, which tells the client how
// long to wait before it asks again. Nobody has written down its unit; the
// values are those of Red5, which players have met. FFmpeg and librtmp do not
// look at it.
type polling struct {
	empty int // replies in a row that carried nothing
}

const (
	pollEnd  = 0 // the session is over
	pollSoon = 1
	pollMax  = 32
	patience = 10 // empty replies before the byte doubles
)

func (p *polling) next(data bool) byte {
	if data {
		p.empty = 0
		return pollSoon
	}
	step := p.empty / patience
	if step <= 5 {
		p.empty++
	}
	if step == 0 {
		return pollSoon
	}
	return pollSoon + byte(min(1<<step, pollMax))
}
