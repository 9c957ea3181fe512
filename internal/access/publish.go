package access

import (
	"context"
	"crypto/subtle"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"github.com/millrace-live/millrace/internal/catalog"
	"github.com/millrace-live/millrace/internal/hub"
)

// publisher is what somebody showed who wants to publish: a key, or a user and
// password. Its zero value showed nothing.
type publisher struct {
	kind string // catalog.KindKey, catalog.KindCredential, "" of an insider
	id   string
	path string          // what it publishes
	s    *catalog.Stream // nil of an insider
	key  *catalog.Key    // nil of others
	cred *catalog.Credential
}

// Publish implements [hub.Access]: it takes the key from wherever people put
// it, or lets those in who need none. Its errors are a *hub.Refusal.
func (c *Control) Publish(_ context.Context, req *hub.PublishRequest) (hub.Grant, error) {
	now := time.Now()
	parts := pathParts(req.App, req.Name)
	p, rest, refused := c.publisher(parts, strings.TrimSpace(req.Query.Get("key")), req.User)
	if p.key != nil && req.Plain() {
		c.Catalog.SentPlain(p.id)
	}
	switch {
	case refused != nil:
		return hub.Grant{}, refused
	case p.id == "":
		return c.publishOpen(req, parts)
	case !fits(rest, p.path):
		return hub.Grant{}, c.misplaced(p)
	}
	if err := p.check(now, req.Remote.Addr()); err != nil {
		return hub.Grant{}, err
	}
	g, err := c.grant(p.path, p.s)
	if err == nil {
		err = c.checkPlain(req, p.key, &g)
	}
	if err != nil {
		return g, err
	}
	g.Owner = p.id
	if p.kind != "" {
		g.Permit = &right{catalog: c.Catalog, publisher: p, from: req.Remote.Addr()}
		use := catalog.Use{At: now, Encoder: req.Software, Protocol: req.Protocol}
		if req.Remote.IsValid() {
			use.Address = req.Remote.Addr().Unmap().String()
		}
		c.Catalog.Used(p.kind, p.id, use)
	}
	if p.key != nil {
		g.Rehearse = p.key.Rehearsal
		if p.key.Once {
			// The database may be slow, and the hub must not wait for it.
			g.Over = func() { go c.Catalog.Spent(context.Background(), p.id) }
		}
	}
	return g, nil
}

// publisher finds out who publishes: by a key in the query or as a part of the
// path, or by a user that was proved. rest is the path without the key. A key that
// is none, or two of them, are refused.
func (c *Control) publisher(parts []string, query, user string) (p publisher, rest []string, refused error) {
	if query != "" {
		if p = c.find(query); p.id == "" {
			return publisher{}, nil, c.unknownKey(parts)
		}
	}
	for _, part := range parts {
		found := c.find(part)
		switch {
		case found.id == "" && looksLikeKey(part):
			return publisher{}, nil, c.unknownKey(nil)
		case found.id == "":
			rest = append(rest, part)
		case p.id != "" && found.id != p.id:
			return publisher{}, nil, &hub.Refusal{Code: hub.BadKey, Reason: "two different stream keys were given: " +
				"put one into the stream key field, and none into the server address"}
		default:
			p = found
		}
	}
	if p.id != "" || user == "" {
		return p, rest, nil
	}
	_, cred, ok := c.Catalog.Verifier(user)
	if !ok {
		return publisher{}, nil, &hub.Refusal{Code: hub.BadKey, Reason: "this user is no longer known here: ask for another"}
	}
	return publisher{kind: catalog.KindCredential, id: cred.ID, path: cred.Path, s: c.stream(cred.Path), cred: cred}, rest, nil
}

// find returns who bears the key, the zero value if it is none.
func (c *Control) find(secret string) publisher {
	for _, i := range c.Insiders {
		if subtle.ConstantTimeCompare([]byte(secret), []byte(i.Key.Reveal())) == 1 {
			return publisher{id: i.ID, path: i.Stream}
		}
	}
	k, s, ok := c.Catalog.FindKey(secret)
	if !ok {
		return publisher{}
	}
	return publisher{kind: catalog.KindKey, id: k.ID, path: s.Path(), s: c.stream(s.Path()), key: k}
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

func (c *Control) misplaced(p publisher) error {
	reason := fmt.Sprintf("this key publishes %s: set the server to rtmp://HOST/%s and the stream key to the key alone",
		p.path, appOf(p.path))
	if p.cred != nil {
		reason = fmt.Sprintf("this user publishes %s: set the server to rtmp://HOST/%s and the stream key to %s",
			p.path, appOf(p.path), strings.TrimPrefix(p.path, appOf(p.path)+"/"))
	}
	return &hub.Refusal{Code: hub.BadKey, Stream: p.path, Reason: reason}
}

func (c *Control) unknownKey(parts []string) error {
	r := &hub.Refusal{Code: hub.BadKey, Reason: "this stream key is not known here: " +
		"compare it letter by letter, or ask for a new one"}
	if stream, err := streamName(parts); err == nil && c.known(stream) {
		r.Stream = stream
	}
	return r
}

// known reports whether a name is that of a stream, so that what is refused of it
// may be told under that name.
func (c *Control) known(stream string) bool {
	return c.stream(stream) != nil || c.Catalog.HasKeys(stream)
}

// check says why somebody may not begin to publish.
func (p *publisher) check(now time.Time, from netip.Addr) error {
	refuse := func(code hub.Code, reason string, args ...any) error {
		return &hub.Refusal{Code: code, Stream: p.path, Reason: fmt.Sprintf(reason, args...)}
	}
	if k := p.key; k != nil {
		switch {
		case !k.Spent.IsZero():
			return refuse(hub.BadKey, "this stream key was for one broadcast, which is over: ask for a new one")
		case !k.Good(now):
			return refuse(hub.BadKey, "this stream key expired at %s: ask for a new one", k.Expires.UTC().Format(time.RFC3339))
		case !k.Allows(from):
			return refuse(hub.Forbidden, "this stream key is not for use from %s: "+
				"publish from an address that it is for, or have this one added", from.Unmap())
		}
	}
	if k := p.cred; k != nil && !k.Expires.IsZero() && !now.Before(k.Expires) {
		return refuse(hub.BadKey, "this user expired at %s: ask for another", k.Expires.UTC().Format(time.RFC3339))
	}
	if p.s != nil && p.s.Disabled {
		return refuse(hub.Forbidden, "%s", disabled)
	}
	return nil
}

const disabled = "this stream is switched off: nobody publishes it until its owner switches it on again"

// publishOpen lets a publisher in who gave no key.
func (c *Control) publishOpen(req *hub.PublishRequest, parts []string) (hub.Grant, error) {
	from := req.Remote.Addr().Unmap()
	stream, err := streamName(parts)
	refusal := &hub.Refusal{Code: hub.Forbidden}
	if err == nil && c.known(stream) {
		refusal.Stream = stream
	}
	switch {
	case c.Open == Closed:
		refusal.Reason = "a stream key is needed: set the server to rtmp://HOST/live and the stream key to your key"
		return hub.Grant{}, refusal
	case c.Open == Private && !isPrivate(from):
		refusal.Reason = "without a stream key only loopback and private addresses may publish here"
		return hub.Grant{}, refusal
	case err == nil:
		err = checkPlayback(stream)
	}
	if err != nil {
		return hub.Grant{}, &hub.Refusal{Code: hub.BadName, Reason: err.Error()}
	}
	return c.vouched(req, stream, "open:"+from.String(), true)
}

// Admit is the grant of a publisher without a key for whom somebody else vouched:
// the rules of the stream, or why it cannot be published.
func (c *Control) Admit(_ context.Context, req *hub.PublishRequest, stream, owner string) (hub.Grant, error) {
	if err := CheckName(stream); err != nil {
		return hub.Grant{}, &hub.Refusal{Code: hub.BadName, Reason: err.Error()}
	}
	return c.vouched(req, stream, owner, false)
}

func (c *Control) vouched(req *hub.PublishRequest, stream, owner string, open bool) (hub.Grant, error) {
	p := publisher{path: stream, s: c.stream(stream)}
	if err := p.check(time.Now(), req.Remote.Addr()); err != nil {
		return hub.Grant{}, err
	}
	g, err := c.grant(stream, p.s)
	if err == nil {
		err = c.checkPlain(req, nil, &g)
	}
	if err != nil {
		return g, err
	}
	g.Owner, g.Open = owner, open
	g.Permit = &right{catalog: c.Catalog, publisher: p, from: req.Remote.Addr()}
	return g, nil
}

func isPrivate(a netip.Addr) bool {
	return a.IsLoopback() || a.IsPrivate() || a.IsLinkLocalUnicast()
}

func (c *Control) grant(stream string, s *catalog.Stream) (hub.Grant, error) {
	rules, ok := c.rules(stream, s)
	if !ok {
		return hub.Grant{}, &hub.Refusal{Code: hub.BadName, Reason: fmt.Sprintf(
			"there is no app %q: publish to %s/NAME, or name the app in the config file", appOf(stream), DefaultApp)}
	}
	return hub.Grant{
		Stream: stream, SecondPublisher: rules.SecondPublisher, Grace: rules.Grace, GraceAfterEnd: rules.GraceAfterEnd,
		Limits: rules.Limits,
	}, nil
}
