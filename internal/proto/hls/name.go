package hls

import (
	"crypto/rand"
	"fmt"
	"strconv"
	"strings"

	"github.com/millrace-live/millrace/media"
)

// indexName is the multivariant playlist of whatever is on air.
const indexName = "index.m3u8"

// resource is what a file name stands for.
type resource uint8

const (
	index resource = iota
	playlist
	initialization
	segment
)

// name is a file of a stream. All but index belong to one track of one
// presentation; the track's identifier is written where it is not 0:
//
//	index.m3u8
//	PRESENTATION_video.m3u8
//	PRESENTATION_video_init0.m4s
//	PRESENTATION_video_17.m4s
//	PRESENTATION_audio2_17.m4s
type name struct {
	resource     resource
	presentation string
	track        trackName
	number       uint64 // of the segment or initialization
}

// trackName tells a track from the others of its stream.
type trackName struct {
	kind media.Kind
	id   uint8
}

func nameOf(t *media.Track) trackName { return trackName{t.Kind, t.ID} }

func (t trackName) String() string {
	s := "video"
	if t.kind == media.Audio {
		s = "audio"
	}
	if t.id > 0 {
		s += strconv.Itoa(int(t.id))
	}
	return s
}

func parseTrackName(s string) (trackName, bool) {
	t := trackName{kind: media.Video}
	digits, ok := strings.CutPrefix(s, "video")
	if !ok {
		t.kind = media.Audio
		if digits, ok = strings.CutPrefix(s, "audio"); !ok {
			return t, false
		}
	}
	if digits == "" {
		return t, true
	}
	id, err := strconv.ParseUint(digits, 10, 8)
	t.id = uint8(id)
	return t, err == nil && t.String() == s
}

const idLength = 26

// newID returns an identifier that no presentation had before and nobody can
// guess.
func newID() string { return strings.ToLower(rand.Text()[:idLength]) }

func (n name) String() string {
	switch n.resource {
	case playlist:
		return fmt.Sprintf("%s_%s.m3u8", n.presentation, n.track)
	case initialization:
		return fmt.Sprintf("%s_%s_init%d.m4s", n.presentation, n.track, n.number)
	case segment:
		return fmt.Sprintf("%s_%s_%d.m4s", n.presentation, n.track, n.number)
	default:
		return indexName
	}
}

// parseName reads a file name. It takes just what String gives, so that each
// file has one address only.
func parseName(s string) (name, bool) {
	if s == indexName {
		return name{}, true
	}
	var n name
	const longest = idLength + len("_video255_18446744073709551615.m4s")
	if len(s) > longest {
		return name{}, false
	}
	var ok bool
	if s, ok = strings.CutSuffix(s, ".m3u8"); ok {
		n.resource = playlist
	} else if s, ok = strings.CutSuffix(s, ".m4s"); ok {
		n.resource = segment
	} else {
		return name{}, false
	}
	id, s, _ := strings.Cut(s, "_")
	if len(id) != idLength {
		return name{}, false
	}
	n.presentation = id
	track, number, numbered := strings.Cut(s, "_")
	if n.track, ok = parseTrackName(track); !ok {
		return name{}, false
	}
	if numbered != (n.resource == segment) {
		return name{}, false
	}
	if !numbered {
		return n, true
	}
	if digits, ok := strings.CutPrefix(number, "init"); ok {
		n.resource, number = initialization, digits
	}
	var err error
	if n.number, err = strconv.ParseUint(number, 10, 64); err != nil {
		return name{}, false
	}
	return n, strconv.FormatUint(n.number, 10) == number
}
