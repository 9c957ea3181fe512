package window

import (
	"strconv"
	"strings"

	"github.com/millrace-live/millrace/media"
)

// TrackName tells a track from the others of its presentation. As text it stands in
// the addresses of the track's files: "video", "audio2".
type TrackName struct {
	Kind media.Kind
	ID   uint8
}

// Name is the track's.
func (t *Track) Name() TrackName { return TrackName{t.kind, t.id} }

// String writes the identifier where it is not 0.
func (n TrackName) String() string {
	s := "video"
	if n.Kind == media.Audio {
		s = "audio"
	}
	if n.ID > 0 {
		s += strconv.Itoa(int(n.ID))
	}
	return s
}

// ParseTrackName reads just what String writes.
func ParseTrackName(s string) (n TrackName, ok bool) {
	n.Kind = media.Video
	digits, ok := strings.CutPrefix(s, "video")
	if !ok {
		n.Kind = media.Audio
		if digits, ok = strings.CutPrefix(s, "audio"); !ok {
			return n, false
		}
	}
	if digits == "" {
		return n, true
	}
	id, err := strconv.ParseUint(digits, 10, 8)
	n.ID = uint8(id)
	return n, err == nil && n.String() == s
}
