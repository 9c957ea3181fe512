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

// name is a file of a stream. All but index belong to one presentation:
//
//	index.m3u8
//	PRESENTATION_video.m3u8
//	PRESENTATION_video_init0.m4s
//	PRESENTATION_video_17.m4s
type name struct {
	resource     resource
	presentation string
	kind         media.Kind
	number       uint64 // of the segment or initialization
}

const idLength = 26

// newID returns an identifier that no presentation had before and nobody can
// guess.
func newID() string { return strings.ToLower(rand.Text()[:idLength]) }

func (n name) String() string {
	kind := "video"
	if n.kind == media.Audio {
		kind = "audio"
	}
	switch n.resource {
	case playlist:
		return n.presentation + "_" + kind + ".m3u8"
	case initialization:
		return fmt.Sprintf("%s_%s_init%d.m4s", n.presentation, kind, n.number)
	case segment:
		return fmt.Sprintf("%s_%s_%d.m4s", n.presentation, kind, n.number)
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
	const longest = idLength + len("_video_18446744073709551615.m4s")
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
	kind, number, numbered := strings.Cut(s, "_")
	switch kind {
	case "video":
		n.kind = media.Video
	case "audio":
		n.kind = media.Audio
	default:
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
