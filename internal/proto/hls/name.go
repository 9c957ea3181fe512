package hls

import (
	"strconv"
	"strings"

	"github.com/millrace-live/millrace/internal/window"
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
	part
)

// resources are their names in counters.
var resources = [...]string{index: "index", playlist: "playlist", initialization: "init", segment: "segment", part: "part"}

// name is a file of a stream. All but index belong to one track of one
// presentation; the track's identifier is written where it is not 0:
//
//	index.m3u8
//	PRESENTATION_video.m3u8
//	PRESENTATION_video_init0.m4s
//	PRESENTATION_video_17.m4s
//	PRESENTATION_video_17.3.m4s
//	PRESENTATION_audio2_17.m4s
type name struct {
	resource     resource
	presentation string
	track        window.TrackName
	number       uint64 // of the segment or initialization
	index        int    // of the part in its segment
}

func (n name) String() string { return string(n.append(nil)) }

// append appends what String returns.
func (n name) append(b []byte) []byte {
	if n.resource == index {
		return append(b, indexName...)
	}
	b = append(b, n.presentation...)
	b = append(b, '_')
	b = append(b, n.track.String()...)
	switch n.resource {
	case playlist:
		return append(b, ".m3u8"...)
	case initialization:
		b = append(b, "_init"...)
	default:
		b = append(b, '_')
	}
	b = strconv.AppendUint(b, n.number, 10)
	if n.resource == part {
		b = append(b, '.')
		b = strconv.AppendInt(b, int64(n.index), 10)
	}
	return append(b, ".m4s"...)
}

// parseName reads a file name. It takes just what String gives, so that each
// file has one address only.
func parseName(s string) (name, bool) {
	if s == indexName {
		return name{}, true
	}
	var n name
	const longest = window.IDLength + len("_video255_18446744073709551615.1000000.m4s")
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
	if len(id) != window.IDLength {
		return name{}, false
	}
	n.presentation = id
	track, number, numbered := strings.Cut(s, "_")
	if n.track, ok = window.ParseTrackName(track); !ok {
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
	if of, index, parted := strings.Cut(number, "."); parted && n.resource == segment {
		n.resource, number = part, of
		if n.index, err = strconv.Atoi(index); err != nil || n.index < 0 || strconv.Itoa(n.index) != index {
			return name{}, false
		}
	}
	if n.number, err = strconv.ParseUint(number, 10, 64); err != nil {
		return name{}, false
	}
	return n, strconv.FormatUint(n.number, 10) == number
}
