package access

import (
	"fmt"

	"github.com/millrace-live/millrace/internal/hub"
	"github.com/millrace-live/millrace/rtmp"
)

// DemandedSWF returns the app that a client means by what it connects to, and
// the files one of which it must prove to be before it plays a stream of it.
func (c *Control) DemandedSWF(connect string) (app string, files []rtmp.SWF) {
	app = DefaultApp
	if parts := pathParts(connect, ""); len(parts) > 0 {
		// Else it is the name of a stream, and its app was left out.
		if _, ok := c.Apps[parts[0]]; ok {
			app = parts[0]
		}
	}
	return app, c.SWF[app]
}

// checkSWF refuses players that have proved nothing, or have connected to
// another app than that of the stream.
func (c *Control) checkSWF(req *hub.PlayRequest) error {
	app := appOf(req.Stream)
	if len(c.SWF[app]) == 0 || !isRTMP(req.Protocol) || req.Proven == app {
		return nil
	}
	return &hub.Refusal{Code: hub.Forbidden, Reason: fmt.Sprintf(
		"players of %s must prove which SWF file they are, and this one has not: play rtmp://HOST/%[1]s with such a player", app)}
}
