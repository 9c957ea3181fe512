package server

import (
	"github.com/millrace-live/millrace/internal/api"
	"github.com/millrace-live/millrace/internal/proto/hls"
)

// outputs are the protocols that cannot carry every codec. RTMP and FLV can:
// what they get depends on what each player says of itself.
var outputs = []api.Output{{Protocol: "hls", Refuses: hls.Refuses}}
