package tool

import (
	"fmt"
	"strings"

	"github.com/millrace-live/millrace/media"
)

// Describe says in a few words what tracks there are.
func Describe(s *media.TrackSet) string {
	if s == nil || len(s.Tracks) == 0 {
		return "nothing"
	}
	parts := make([]string, 0, len(s.Tracks))
	for _, t := range s.Tracks {
		text := t.Codec.String()
		switch {
		case t.Picture() != nil:
			text += fmt.Sprintf(" %dx%d", t.Picture().Width, t.Picture().Height)
		case t.Sound() != nil:
			text += fmt.Sprintf(" %d Hz", t.Sound().OutputSampleRate)
		}
		if t.ID > 0 {
			text += fmt.Sprintf(" (track %d)", t.ID)
		}
		parts = append(parts, text)
	}
	return strings.Join(parts, ", ")
}
