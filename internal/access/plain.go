package access

import (
	"fmt"
	"strings"
	"time"

	"github.com/millrace-live/millrace/internal/catalog"
	"github.com/millrace-live/millrace/internal/hub"
)

// Plain says what becomes of those who come without TLS: by RTMP, RTMPE, which
// only obfuscates, or RTMPT.
type Plain uint8

// The ways to deal with them.
const (
	DefaultPlain Plain = iota // as for the stream, its app or the server; there, allow
	AllowPlain
	WarnOfPlain // they are let in, and whoever runs the server is told
	RefusePlain
)

var plains = map[string]Plain{"allow": AllowPlain, "warn": WarnOfPlain, "refuse": RefusePlain}

func isRTMP(protocol string) bool { return strings.HasPrefix(protocol, "rtmp") }

// checkPlain refuses a publisher that is not protected where that is asked for,
// or warns of it in g. key is nil of one that has none.
func (c *Control) checkPlain(req *hub.PublishRequest, key *catalog.Key, g *hub.Grant) error {
	rules, _ := c.rules(g.Stream, nil)
	mode := rules.Plain
	var since time.Time
	if key != nil {
		since = key.SentPlain
		if own, ok := plains[key.Plain]; ok {
			mode = own
		}
	}
	switch {
	case mode != WarnOfPlain && mode != RefusePlain:
	case !req.Plain() && since.IsZero():
	case !req.Plain():
		g.Warning = fmt.Sprintf("its key was sent without TLS on %s, and may be known to others: replace it",
			since.UTC().Format(time.DateOnly))
	case mode == RefusePlain:
		// The stream is known to be one: somebody has shown its key, or needs none.
		stream := g.Stream
		*g = hub.Grant{}
		return &hub.Refusal{Code: hub.Plain, Stream: stream, Reason: c.plainRefused(req.Protocol, "publish", appOf(stream))}
	default:
		g.Warning = fmt.Sprintf("%s is not protected, so that anyone on the way can read key and pictures: "+
			"set the encoder's server to %s/%s", req.Protocol, c.Secure, appOf(g.Stream))
	}
	return nil
}

func (c *Control) plainRefused(protocol, what, path string) string {
	if what == "publish" {
		return fmt.Sprintf("%s is not protected and not accepted here: set the server to %s/%s and leave the stream key as it is",
			protocol, c.Secure, path)
	}
	return fmt.Sprintf("%s is not protected and not served here: play %s/%s", protocol, c.Secure, path)
}
