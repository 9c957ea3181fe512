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
		parts = append(parts, describe(t))
	}
	return strings.Join(parts, ", ")
}

func describe(t *media.Track) string {
	text := t.Codec.String()
	if p := t.Picture(); p != nil && p.Width > 0 {
		text += fmt.Sprintf(" %dx%d", p.Width, p.Height)
		if r := t.Range(); r != "SDR" {
			text += " " + r
		}
	}
	if s := t.Sound(); s != nil {
		text += fmt.Sprintf(" %d Hz", s.OutputSampleRate)
		if s.Channels > 2 {
			text += " " + t.ChannelsName()
		}
	}
	var notes []string
	if t.ID > 0 {
		notes = append(notes, fmt.Sprintf("track %d", t.ID))
	}
	for _, said := range []string{t.Name, t.Language} {
		if said != "" {
			notes = append(notes, Printable(said))
		}
	}
	if notes != nil {
		text += " (" + strings.Join(notes, ", ") + ")"
	}
	return text
}
