package window

// Presentations are those of a broadcast that can be played, oldest first.
func (s *Stream) Presentations(broadcast string) []*Presentation {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.presentations(broadcast)
}

// Before returns the presentation that was before the one on air, as long as that
// cannot be played yet: since a moment the broadcast has other tracks or codecs. It is
// nil at all other times.
func (s *Stream) Before() *Presentation {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.run == nil {
		return nil
	}
	all := s.presentations(s.run.reader.Broadcast())
	if len(all) == 0 || all[len(all)-1] == s.run.show {
		return nil
	}
	return all[len(all)-1]
}

// presentations is Presentations with s.mu held.
func (s *Stream) presentations(broadcast string) (all []*Presentation) {
	for _, p := range s.over {
		if p.Presentation.Broadcast() == broadcast && p.Playable() {
			all = append(all, p.Presentation)
		}
	}
	if s.run != nil && s.run.show != nil && s.run.show.Broadcast() == broadcast && s.run.show.Playable() {
		all = append(all, s.run.show)
	}
	return all
}
