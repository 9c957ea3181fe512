package server

import (
	"strings"

	"github.com/millrace-live/millrace/internal/api"
	"github.com/millrace-live/millrace/internal/packager/cmaf"
	"github.com/millrace-live/millrace/media"
)

// outputs are the protocols that cannot carry every codec. RTMP and FLV can:
// what they get depends on what each player says of itself.
var outputs = []api.Output{{Protocol: "hls", Refuses: func(t *media.Track) string {
	if err := cmaf.Check(t); err != nil {
		return strings.TrimPrefix(err.Error(), "cmaf: ")
	}
	return ""
}}}
