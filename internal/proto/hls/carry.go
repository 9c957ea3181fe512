package hls

import (
	"errors"
	"strings"

	"github.com/millrace-live/millrace/internal/packager/cmaf"
	"github.com/millrace-live/millrace/media"
)

// errVP8 stands beside a sample entry for VP8: files can hold it.
var errVP8 = errors.New("hls: no player of HLS takes VP8")

// check returns nil if players of HLS can get the track.
func check(t *media.Track) error {
	if t.Codec == media.VP8 {
		return errVP8
	}
	return cmaf.Check(t)
}

// Refuses says in words for people why players of HLS cannot get the track; "" if
// they can.
func Refuses(t *media.Track) string {
	if err := check(t); err != nil {
		return plain(err)
	}
	return ""
}

// plain is an error without the name of the package that it comes from.
func plain(err error) string {
	s := err.Error()
	for _, prefix := range [...]string{"cmaf: ", "hls: "} {
		s = strings.TrimPrefix(s, prefix)
	}
	return s
}
