package server

import (
	"github.com/millrace-live/millrace/internal/api"
	"github.com/millrace-live/millrace/internal/proto/dash"
	"github.com/millrace-live/millrace/internal/proto/hls"
	"github.com/millrace-live/millrace/internal/proto/httpts"
)

// outputs are the protocols that cannot carry every codec. RTMP and FLV can:
// what they get depends on what each player says of itself.
var outputs = []api.Output{
	{Protocol: "hls", Refuses: hls.Refuses},
	{Protocol: dash.Protocol, Refuses: dash.Refuses},
	{Protocol: httpts.Protocol, Refuses: httpts.Refuses},
}
