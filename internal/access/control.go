package access

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

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
}

// Control is a [hub.Access] by fixed rules. To change them, see [Current].
type Control struct {
	Keys Keys
	Open Openness
	// Apps are the apps that exist, by name, and Streams are those streams that
	// have rules of their own, by name. Rules are for players of all others.
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
	// Exposed are the keys that were sent in plain.
	Exposed *Exposed
}

// Publish implements [hub.Access]: it takes the key from wherever people put
// it, or lets those in who need none. Its errors are a *hub.Refusal.
func (c *Control) Publish(_ context.Context, req *hub.PublishRequest) (hub.Grant, error) {
	parts := pathParts(req.App, req.Name)
	key, rest, refused := c.key(parts, strings.TrimSpace(req.Query.Get("key")))
	if key.Stream != "" && req.Plain() {
		c.Exposed.mark(key.ID, time.Now())
	}
	switch {
	case refused != nil:
		return hub.Grant{}, refused
	case key.Stream == "":
		g, err := c.publishOpen(parts, req.Remote.Addr())
		if err == nil {
			err = c.checkPlain(req, key, &g)
		}
		return g, err
	case !fits(rest, key.Stream):
		return hub.Grant{}, &hub.Refusal{Code: hub.BadKey, Stream: key.Stream, Reason: fmt.Sprintf(
			"this key publishes %s: set the server to rtmp://HOST/%s and the stream key to the key alone",
			key.Stream, appOf(key.Stream))}
	}
	g, err := c.grant(key.Stream)
	g.Owner = key.ID
	if err == nil {
		err = c.checkPlain(req, key, &g)
	}
	return g, err
}

// key finds the key of a publisher: in the query, or as a part of the path. rest
// is the path without it. A key that is none, or two of them, are refused.
func (c *Control) key(parts []string, query string) (key Key, rest []string, refused error) {
	if query != "" {
		k, ok := c.Keys.Find(query)
		if !ok {
			return Key{}, nil, c.unknownKey(parts)
		}
		key = k
	}
	for _, part := range parts {
		k, ok := c.Keys.Find(part)
		switch {
		case !ok && looksLikeKey(part):
			return Key{}, nil, c.unknownKey(nil)
		case !ok:
			rest = append(rest, part)
		case key.Stream != "" && k != key:
			return Key{}, nil, &hub.Refusal{Code: hub.BadKey, Reason: "two different stream keys were given: " +
				"put one into the stream key field, and none into the server address"}
		default:
			key = k
		}
	}
	return key, rest, nil
}

// fits reports whether a path, from which the key was taken, can have been meant
// for the stream: nothing, its app or the whole name.
func fits(rest []string, stream string) bool {
	if len(rest) == 0 || len(rest) == 1 && rest[0] == appOf(stream) {
		return true
	}
	name, err := streamName(rest)
	return err == nil && name == stream
}

func (c *Control) unknownKey(parts []string) error {
	r := &hub.Refusal{Code: hub.BadKey, Reason: "this stream key is not known here: " +
		"compare it letter by letter, or ask for a new one"}
	if stream, err := streamName(parts); err == nil && c.Keys.HasStream(stream) {
		r.Stream = stream
	}
	return r
}

// publishOpen lets a publisher in who gave no key.
func (c *Control) publishOpen(parts []string, from netip.Addr) (hub.Grant, error) {
	from = from.Unmap()
	stream, err := streamName(parts)
	refusal := &hub.Refusal{Code: hub.Forbidden}
	if err == nil && c.Keys.HasStream(stream) {
		refusal.Stream = stream
	}
	switch {
	case c.Open == Closed:
		refusal.Reason = "a stream key is needed: set the server to rtmp://HOST/live and the stream key to your key"
		return hub.Grant{}, refusal
	case c.Open == Private && !isPrivate(from):
		refusal.Reason = "without a stream key only loopback and private addresses may publish here"
		return hub.Grant{}, refusal
	case err != nil:
		return hub.Grant{}, &hub.Refusal{Code: hub.BadName, Reason: err.Error()}
	}
	g, err := c.grant(stream)
	g.Owner, g.Open = "open:"+from.String(), true
	return g, err
}

func isPrivate(a netip.Addr) bool {
	return a.IsLoopback() || a.IsPrivate() || a.IsLinkLocalUnicast()
}

func (c *Control) grant(stream string) (hub.Grant, error) {
	rules, ok := c.rules(stream)
	if !ok {
		return hub.Grant{}, &hub.Refusal{Code: hub.BadName, Reason: fmt.Sprintf(
			"there is no app %q: publish to %s/NAME, or name the app in the config file", appOf(stream), DefaultApp)}
	}
	return hub.Grant{
		Stream: stream, SecondPublisher: rules.SecondPublisher, Grace: rules.Grace, GraceAfterEnd: rules.GraceAfterEnd,
	}, nil
}

// rules are those of a stream; its app may not exist.
func (c *Control) rules(stream string) (rules Rules, ok bool) {
	app, ok := c.Apps[appOf(stream)]
	if !ok {
		return c.Rules, false
	}
	if own, ok := c.Streams[stream]; ok {
		return own, true
	}
	return app, true
}

// Play implements [hub.Access]: everybody may watch a stream whose name they
// know. It completes req.Stream, req.Delivery, req.Strict and req.PlayWait. Its errors are
// a *hub.Refusal.
func (c *Control) Play(_ context.Context, req *hub.PlayRequest) error {
	parts := pathParts(req.App, req.Name)
	if req.Stream != "" {
		parts = pathParts("", req.Stream)
	}
	if slices.ContainsFunc(parts, c.isKey) || req.Query.Has("key") && c.isKey(req.Query.Get("key")) {
		return &hub.Refusal{Code: hub.Forbidden, Reason: "a stream key is for publishing only and must not be given to viewers: " +
			"watch the stream by its name"}
	}
	stream, err := streamName(parts)
	if err != nil {
		return &hub.Refusal{Code: hub.BadName, Reason: err.Error()}
	}
	req.Stream, req.PlayWait = stream, c.PlayWait
	rules, _ := c.rules(stream)
	if req.Delivery == hub.DefaultDelivery {
		req.Delivery = rules.Delivery
	}
	req.Strict = rules.Strict
	if rules.Plain == RefusePlain && req.Plain() && isRTMP(req.Protocol) {
		return &hub.Refusal{Code: hub.Plain, Reason: c.plainRefused(req.Protocol, "play", stream)}
	}
	return c.checkSWF(req)
}

func (c *Control) isKey(part string) bool {
	_, ok := c.Keys.Find(part)
	return ok || looksLikeKey(part)
}
