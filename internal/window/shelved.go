package window

import "time"

// mostWaiting bounds what waits in memory for the disk beside the live window, in
// bytes of a presentation.
const mostWaiting = 16 << 20

// unfiled is the oldest segment that goes to disk and is not there, nil if all are.
func (p *Presentation) unfiled() *Segment {
	p.mu.RLock()
	defer p.mu.RUnlock()
	if p.discarded {
		return nil
	}
	t := p.least((*Track).unfiled)
	if t == nil {
		return nil
	}
	return t.unfiled()
}

// file takes note that a segment is on disk. It reports whether that is of any use:
// it may have been forgotten meanwhile.
func (p *Presentation) file(s *Segment) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	t := s.track
	if p.discarded || t.unfiled() != s {
		return false
	}
	s.filed = true
	t.disk += int64(s.Size)
	t.filing++
	return true
}

// lose forgets what waits for the disk in vain. p.mu is held, as for forget.
func (p *Presentation) lose() {
	waiting := 0
	for _, t := range p.tracks {
		waiting += t.waiting()
	}
	for waiting > mostWaiting {
		t := p.least(func(t *Track) *Segment {
			if s := t.unfiled(); s != nil && t.waiting() > 0 {
				return s
			}
			return nil
		})
		lost := t.unfiled()
		waiting -= lost.Size
		p.forget(t, int(lost.Number-t.stored[0].Number)+1)
	}
}

// forget forgets the oldest n segments of a track, the last of which is in memory
// alone. A playlist has no holes: what lies before leaves the windows of the others,
// too, for nobody could play them together.
func (p *Presentation) forget(t *Track, n int) {
	lost := t.stored[n-1]
	until := lost.Over()
	t.forget(n)
	if p.shelf == nil {
		return
	}
	p.shelf.store.lost.Add(1)
	p.lost++
	for _, other := range p.tracks {
		if other == t {
			continue
		}
		before := 0
		for before < other.shelved && other.stored[before].Wall.Before(until) {
			before++
		}
		other.forget(before)
	}
}

// mourn logs that segments were lost.
func (p *Presentation) mourn() {
	p.mu.Lock()
	lost := p.lost
	p.lost = 0
	p.mu.Unlock()
	if lost > 0 {
		p.shelf.complain(errSlow)
	}
}

// windowBytes is what the window takes on disk.
func (p *Presentation) windowBytes() (n int64) {
	p.mu.RLock()
	defer p.mu.RUnlock()
	for _, t := range p.tracks {
		n += t.disk - t.past
	}
	return n
}

// narrow takes the oldest segments out of the window until n bytes of files have
// left it, or only what players need is left. It returns how many have left.
func (p *Presentation) narrow(n int64) (left int64) {
	now := time.Now()
	p.mu.Lock()
	defer p.mu.Unlock()
	for left < n {
		t := p.least(func(t *Track) *Segment {
			end := t.recent
			if p.ended {
				end = len(t.stored) - 1
			}
			if t.listed >= end || !t.stored[t.listed].filed {
				return nil
			}
			return t.stored[t.listed]
		})
		if t == nil {
			break
		}
		left += int64(t.stored[t.listed].Size)
		t.leave(now)
	}
	if left > 0 && p.ended {
		p.publish() // else the next segment does
	}
	return left
}

// purge forgets the oldest segments that have left the window until n bytes of
// files go, or none is left. It returns how many go.
func (p *Presentation) purge(n int64) (gone int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for gone < n {
		t := p.least(func(t *Track) *Segment {
			if t.past == 0 {
				return nil
			}
			return t.stored[0]
		})
		if t == nil {
			break
		}
		before := t.disk
		t.forget(1)
		gone += before - t.disk
	}
	return gone
}

// rest lets go of the bytes of a presentation that is over, as far as they are on
// disk.
func (p *Presentation) rest() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, t := range p.tracks {
		t.shelve(len(t.stored))
	}
	p.publish()
}

// discard has all files removed.
func (p *Presentation) discard() {
	if p.shelf == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.discarded = true
	for _, t := range p.tracks {
		t.forget(len(t.stored))
	}
	p.shelf.remove(leaver{name: p.id})
}
