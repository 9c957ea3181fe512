package httpts

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/millrace-live/millrace/internal/window"
)

// indexName is the multivariant playlist of whatever is on air.
const indexName = "ts.m3u8"

// resource is what the name of a file stands for.
type resource uint8

const (
	index resource = iota
	playlist
	segment
)

// name is a file of HLS. All but the index belong to one show:
//
//	ts.m3u8
//	SHOW_ts.m3u8
//	SHOW_ts17.ts
type name struct {
	resource resource
	show     string
	number   uint64 // of the segment
}

func (n name) String() string {
	switch n.resource {
	case playlist:
		return n.show + "_ts.m3u8"
	case segment:
		return fmt.Sprintf("%s_ts%d.ts", n.show, n.number)
	default:
		return indexName
	}
}

// parseName reads the name of a file. It takes just what String gives, so that each
// file has one address only.
func parseName(s string) (name, bool) {
	if s == indexName {
		return name{}, true
	}
	id, rest, _ := strings.Cut(s, "_ts")
	if len(id) != window.IDLength || strings.Trim(id, "abcdefghijklmnopqrstuvwxyz234567") != "" {
		return name{}, false
	}
	if rest == ".m3u8" {
		return name{resource: playlist, show: id}, true
	}
	digits, ok := strings.CutSuffix(rest, ".ts")
	number, err := strconv.ParseUint(digits, 10, 64)
	return name{segment, id, number}, ok && err == nil && strconv.FormatUint(number, 10) == digits
}

// Match reports whether a path is one of MPEG-TS. It splits it into the path of the
// stream and a file below that, which is "" for the stream itself.
func Match(path string) (stream, file string, ok bool) {
	if i := strings.LastIndexByte(path, '/'); i >= 0 {
		if _, ok := parseName(path[i+1:]); ok {
			return path[:i], path[i+1:], true
		}
	}
	stream, ok = strings.CutSuffix(path, ".ts")
	return stream, "", ok
}
