package dash

import (
	"strings"

	"github.com/millrace-live/millrace/internal/packager/cmaf"
	"github.com/millrace-live/millrace/media"
)

// Refuses says in words for people why players of DASH cannot get the track; "" if
// they can. A player leaves out what it cannot decode, so all is offered that has a
// packaging.
func Refuses(t *media.Track) string {
	err := cmaf.Check(t)
	if err == nil {
		return ""
	}
	return strings.TrimPrefix(err.Error(), "cmaf: ")
}

// CodecName is the codec of a track as the manifest names it.
func CodecName(t *media.Track) string { return codecs(t) }
