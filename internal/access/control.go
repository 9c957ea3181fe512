package access

import (
	"time"

	"github.com/millrace-live/millrace/internal/catalog"
	"github.com/millrace-live/millrace/internal/config"
	"github.com/millrace-live/millrace/internal/hub"
	"github.com/millrace-live/millrace/rtmp"
)

// Openness says who may publish without a key.
type Openness uint8

// The degrees of openness.
const (
	Closed  Openness = iota // nobody
	Private                 // who comes from a loopback or private address
	World                   // anyone at all
)

// Rules are what holds for a stream. Grace, GraceAfterEnd and Delivery are those
// of hub.Grant and hub.PlayRequest.
type Rules struct {
	SecondPublisher hub.Rule
	Grace           time.Duration
	GraceAfterEnd   bool
	Delivery        hub.Delivery
	// Strict gives players nothing of Enhanced RTMP that they did not announce.
	Strict bool
	Plain  Plain
	// Limits are those of publishers.
	Limits hub.Limits
}

// Control is a [hub.Access] by fixed rules. To change them, see [Current].
type Control struct {
	Catalog Catalog
	// Tickets decides who may watch private streams; nobody, if it is nil.
	Tickets Tickets
	// Insiders are the parts of the server that publish.
	Insiders []Insider
	Open     Openness
	// Apps are the apps that exist, by name, and Streams are those streams that
	// have rules of their own, by name. Rules are for players of all others. What
	// the catalogue says of a stream goes over them.
	Apps, Streams map[string]Rules
	Rules         Rules
	// SWF are the files one of which whoever plays a stream of an app by RTMP
	// must have proved to be, by app.
	SWF map[string][]rtmp.SWF
	// PlayWait is hub.PlayRequest.PlayWait.
	PlayWait time.Duration
	// Secure is where those are sent who come in plain, for instance
	// rtmps://tv.example.org:1936.
	Secure string
}

// Insider is a part of the server that publishes a stream by a key that nobody
// else learns, as the demo does.
type Insider struct {
	Key        config.Secret
	ID, Stream string
}

// rules are those of a stream, which s is in the catalogue, or nil; its app may
// not exist.
func (c *Control) rules(path string, s *catalog.Stream) (rules Rules, ok bool) {
	rules, ok = c.Apps[appOf(path)]
	if !ok {
		rules = c.Rules
	} else if own, has := c.Streams[path]; has {
		rules = own
	}
	if s == nil {
		return rules, ok
	}
	switch s.SecondPublisher {
	case catalog.TakeOver:
		rules.SecondPublisher = hub.TakeOver
	case catalog.Refuse:
		rules.SecondPublisher = hub.Refuse
	}
	if s.Grace != nil {
		rules.Grace = time.Duration(*s.Grace)
		if rules.Grace == 0 {
			rules.Grace = -1 // the hub's 0 is its own default
		}
	}
	if d, has := deliveries[s.Delivery]; has {
		rules.Delivery = d
	}
	return rules, true
}

var deliveries = map[string]hub.Delivery{
	catalog.Realtime: hub.Realtime, catalog.Balanced: hub.Balanced, catalog.Economy: hub.Economy,
}

// stream is what the catalogue knows of a path, nil if that is nothing.
func (c *Control) stream(path string) *catalog.Stream {
	s, _ := c.Catalog.StreamByPath(path)
	return s
}
