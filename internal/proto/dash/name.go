package dash

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/millrace-live/millrace/internal/window"
)

// Names of files that belong to no presentation.
const (
	// manifestName is the MPD of whatever is on air.
	manifestName = "manifest.mpd"
	// clockName is the time of this server. Its ending is one that no stream's name
	// can have, since the clock stands beside the manifest: then a proxy that passes
	// the one passes the other.
	clockName = "time.mpd"
)

// resource is what a file name stands for.
type resource uint8

const (
	manifest resource = iota
	clock
	initialization
	segment
)

// resources are their names in counters.
var resources = [...]string{manifest: "manifest", clock: "clock", initialization: "init", segment: "segment"}

// name is a file of a stream. Those of media belong to one track of one
// presentation; the track's identifier is written where it is not 0:
//
//	manifest.mpd
//	time.mpd
//	PRESENTATION-video-0.m4s
//	PRESENTATION-video-0-180000.m4s
//	PRESENTATION-audio2-1-96000.m4s
//
// The first number is that of the header, the second the decoding time of the
// segment in ticks ($Time$): with another header the ticks may be others.
type name struct {
	resource     resource
	presentation string
	track        window.TrackName
	header       uint64
	start        int64
}

func (n name) String() string {
	switch n.resource {
	case initialization:
		return fmt.Sprintf("%s-%s-%d.m4s", n.presentation, n.track, n.header)
	case segment:
		return fmt.Sprintf("%s-%s-%d-%d.m4s", n.presentation, n.track, n.header, n.start)
	case clock:
		return clockName
	default:
		return manifestName
	}
}

// parseName reads a file name. It takes just what String gives, so that each
// file has one address only.
func parseName(s string) (name, bool) {
	switch s {
	case manifestName:
		return name{resource: manifest}, true
	case clockName:
		return name{resource: clock}, true
	}
	const longest = window.IDLength + len("-video255-18446744073709551615-9223372036854775807.m4s")
	if len(s) > longest {
		return name{}, false
	}
	stem, ok := strings.CutSuffix(s, ".m4s")
	if !ok {
		return name{}, false
	}
	fields := strings.Split(stem, "-")
	if len(fields) < 3 || len(fields) > 4 || len(fields[0]) != window.IDLength {
		return name{}, false
	}
	n := name{resource: initialization, presentation: fields[0]}
	if n.track, ok = window.ParseTrackName(fields[1]); !ok {
		return name{}, false
	}
	var err error
	if n.header, err = strconv.ParseUint(fields[2], 10, 64); err != nil {
		return name{}, false
	}
	if len(fields) == 4 {
		n.resource = segment
		if n.start, err = strconv.ParseInt(fields[3], 10, 64); err != nil || n.start < 0 {
			return name{}, false
		}
	}
	return n, n.String() == s
}
