package hls

import (
	"errors"
	"strings"

	"github.com/millrace-live/millrace/internal/packager/cmaf"
	"github.com/millrace-live/millrace/media"
)

// errVP8 stands beside a sample entry for VP8: files can hold it.
var errVP8 = errors.New("hls: no player of HLS takes VP8")

// refused says why players of HLS cannot get what can be packaged.
func refused(c media.Codec) error {
	if c == media.VP8 {
		return errVP8
	}
	return nil
}

// Refuses says in words for people why players of HLS cannot get the track; "" if
// they can.
func Refuses(t *media.Track) string {
	err := refused(t.Codec)
	if err == nil {
		err = cmaf.Check(t)
	}
	if err == nil {
		return ""
	}
	return plain(err)
}

// plain is an error without the name of the package that it comes from.
func plain(err error) string {
	s := err.Error()
	for _, prefix := range [...]string{"cmaf: ", "hls: "} {
		s = strings.TrimPrefix(s, prefix)
	}
	return s
}

// words says why tracks are left out.
func words(reasons []error) string {
	parts := make([]string, len(reasons))
	for i, reason := range reasons {
		parts[i] = plain(reason)
	}
	return strings.Join(parts, "; ")
}
