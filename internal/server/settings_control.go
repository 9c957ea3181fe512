package server

import (
	"crypto/x509"
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"net/url"
	"os"
	"strings"

	"github.com/millrace-live/millrace/internal/api"
	"github.com/millrace-live/millrace/internal/callback"
	"github.com/millrace-live/millrace/internal/catalog"
	"github.com/millrace-live/millrace/internal/event"
	"github.com/millrace-live/millrace/internal/guard"
	"github.com/millrace-live/millrace/internal/ticket"
)

// declared is what the settings declare, which nobody can change by the API.
func (s *Settings) declared() (catalog.Declared, error) {
	d := catalog.Declared{File: s.Config}
	for _, name := range sortedKeys(s.Streams) {
		stream, err := s.Streams[name].declared(name)
		if err != nil {
			return d, err
		}
		d.Streams = append(d.Streams, stream)
	}
	for _, k := range s.Keys {
		prefixes, err := prefixes(k.Addresses)
		if err != nil {
			return d, err
		}
		d.Keys = append(d.Keys, catalog.DeclaredKey{
			Key: catalog.Key{
				Path: k.Stream, Label: k.Label, Plain: k.Plain, Expires: k.Expires, Addresses: prefixes, Rehearsal: k.Rehearsal,
			},
			Secret: k.Key,
		})
	}
	for _, w := range s.Webhooks {
		d.Webhooks = append(d.Webhooks, catalog.DeclaredWebhook{
			Webhook: w.declared(), Secret: w.Secret,
		})
	}
	for _, k := range s.SigningKeys {
		d.SigningKeys = append(d.SigningKeys, ticket.Key{ID: k.ID, Secret: k.Secret})
	}
	bans, err := prefixes(s.Ban)
	if err != nil {
		return d, err
	}
	for _, p := range bans {
		d.Bans = append(d.Bans, catalog.Ban{Address: p})
	}
	return d, nil
}

func (w WebhookSettings) declared() catalog.Webhook {
	return catalog.Webhook{URL: w.URL, Label: w.Label, Types: w.Types, Apps: w.Apps}
}

func (s StreamSettings) declared(path string) (catalog.Stream, error) {
	app, name, _ := strings.Cut(path, "/")
	labels, err := labelsOf(s.Labels)
	if err != nil {
		return catalog.Stream{}, err
	}
	c := catalog.Stream{
		App: app, Name: name, Title: s.Title, Labels: labels, Passthrough: s.Passthrough, Disabled: s.Disabled,
		Visibility: catalog.Visibility(s.Visibility), PlaybackIDs: s.PlaybackIDs,
		SecondPublisher: s.SecondPublisher, Delivery: s.Delivery,
	}
	if c.Visibility == "" {
		c.Visibility = catalog.Public
	}
	if s.Grace != nil {
		grace := catalog.Duration(*s.Grace)
		c.Grace = &grace
	}
	return c, nil
}

func labelsOf(given []string) (map[string]string, error) {
	var labels map[string]string
	for _, text := range given {
		name, value, ok := strings.Cut(text, "=")
		if !ok || name == "" {
			return nil, fmt.Errorf("%q is no label: write name=value", text)
		}
		if labels == nil {
			labels = make(map[string]string)
		}
		labels[name] = value
	}
	return labels, nil
}

// prefixes reads addresses and ranges of them.
func prefixes(given []string) ([]netip.Prefix, error) {
	var all []netip.Prefix
	for _, text := range given {
		p, err := netip.ParsePrefix(text)
		if err != nil {
			a, fault := netip.ParseAddr(text)
			if fault != nil {
				return nil, fmt.Errorf("%q is no address or range of them: write 192.0.2.7 or 192.0.2.0/24", text)
			}
			p = netip.PrefixFrom(a, a.BitLen())
		}
		all = append(all, p.Masked())
	}
	return all, nil
}

// limits are what the server takes.
func (s *Settings) limits() guard.Limits {
	l := guard.Limits{
		Server: LimitSettings{
			MaxPublishers: s.MaxPublishers, MaxViewers: s.MaxViewers, MaxBitrate: s.MaxBitrate, MaxResolution: s.MaxResolution,
			MaxEgress: s.MaxEgress,
		}.scope(),
		Address: guard.Scope{
			Connections: s.MaxConnectionsPerAddress, Publishers: s.MaxPublishersPerAddress, Viewers: s.MaxViewersPerAddress,
		},
		Key:  guard.Scope{Publishers: s.MaxPublishersPerKey},
		Apps: make(map[string]guard.Scope),
	}
	l.Server.Connections = s.MaxConnections
	for name, a := range s.Apps {
		l.Apps[name] = a.scope()
	}
	return l
}

func (l LimitSettings) scope() guard.Scope {
	// It was checked with the settings.
	width, height, _ := resolution(l.MaxResolution)
	return guard.Scope{
		Publishers: l.MaxPublishers, Viewers: l.MaxViewers, Bitrate: int64(l.MaxBitrate) * 1000,
		Width: width, Height: height, Egress: int64(l.MaxEgress) * 1000,
	}
}

var errResolution = errors.New("a picture's size is written as 1920x1080")

func resolution(text string) (width, height int, err error) {
	if text == "" {
		return 0, 0, nil
	}
	if n, err := fmt.Sscanf(text, "%dx%d", &width, &height); n != 2 || err != nil || width < 1 || height < 1 ||
		fmt.Sprintf("%dx%d", width, height) != text {
		return 0, 0, errResolution
	}
	return width, height, nil
}

func (a AuthorizerSettings) settings() callback.Settings {
	c := callback.Settings{
		Apps: a.Apps, Mode: callback.Mode(a.Mode), URL: a.URL, On: make(map[callback.Event][]string), Method: a.Method,
		Timeout: a.Timeout, Allow: a.OnFailure == "allow", Alone: a.Alone, Cache: a.Cache, Update: a.Update, Strict: a.Strict,
		CA: a.CA, Cert: a.Cert, Key: a.Key, ServerID: a.ServerID,
	}
	maps.Copy(c.On, map[callback.Event][]string{
		callback.OnConnect: a.OnConnect, callback.OnPublish: a.OnPublish, callback.OnPlay: a.OnPlay, callback.OnUpdate: a.OnUpdate,
		callback.OnDone: a.OnDone, callback.OnPublishDone: a.OnPublishDone, callback.OnPlayDone: a.OnPlayDone,
		callback.OnDisconnect: a.OnDisconnect, callback.OnUnpublish: a.OnUnpublish, callback.OnStop: a.OnStop, callback.OnClose: a.OnClose,
	})
	maps.DeleteFunc(c.On, func(e callback.Event, list []string) bool {
		// Only these two have another address, which an empty list switches off.
		return len(list) == 0 && (list == nil || e != callback.OnPublish && e != callback.OnPlay)
	})
	return c
}

func (i IssuerSettings) issuer() (ticket.Issuer, error) {
	issuer := ticket.Issuer{Name: i.Name, URL: i.URL}
	if i.CA == "" {
		return issuer, nil
	}
	pem, err := os.ReadFile(i.CA)
	if err != nil {
		return issuer, err
	}
	issuer.Roots = x509.NewCertPool()
	if !issuer.Roots.AppendCertsFromPEM(pem) {
		return issuer, fmt.Errorf("%s holds no certificate (PEM)", i.CA)
	}
	return issuer, nil
}

func (s *Settings) issuers() ([]ticket.Issuer, error) {
	var all []ticket.Issuer
	for _, i := range s.Issuers {
		issuer, err := i.issuer()
		if err != nil {
			return nil, err
		}
		all = append(all, issuer)
	}
	return all, nil
}

// api are the settings of the API.
func (s *Settings) api() api.Settings {
	return api.Settings{TrustLoopback: s.TrustLoopback, Origins: s.CORS}
}

// control checks what decides about who may do what.
func (c *checker) control(s *Settings) {
	c.database(s.Database)
	for i, text := range s.Ban {
		if _, err := prefixes([]string{text}); err != nil {
			c.fault(c.element("ban", i), "%v", err)
		}
	}
	for i, text := range s.CORS {
		if u, err := url.Parse(text); err != nil || u.Scheme == "" || u.Host == "" || text != u.Scheme+"://"+u.Host {
			c.fault(c.element("cors", i), "%q is no origin; write for instance https://studio.example.org", text)
		}
	}
	for name, n := range map[string]int{
		"max-connections": s.MaxConnections, "max-connections-per-address": s.MaxConnectionsPerAddress,
		"max-publishers-per-address": s.MaxPublishersPerAddress, "max-publishers-per-key": s.MaxPublishersPerKey,
		"max-viewers-per-address": s.MaxViewersPerAddress,
	} {
		c.count(name, n)
	}
	c.limits("", LimitSettings{s.MaxPublishers, s.MaxViewers, s.MaxBitrate, s.MaxResolution, s.MaxEgress})
	for _, name := range sortedKeys(s.Apps) {
		c.limits("apps."+name+".", s.Apps[name].LimitSettings)
	}
	for _, name := range sortedKeys(s.Streams) {
		if _, err := labelsOf(s.Streams[name].Labels); err != nil {
			c.fault("streams."+name+".labels", "%v", err)
		} else if stream, err := s.Streams[name].declared(name); err == nil {
			c.declared("streams."+name, catalog.CheckStream(stream))
		}
	}
	for i, w := range s.Webhooks {
		path := fmt.Sprintf("webhooks[%d]", i)
		c.declared(path, catalog.CheckWebhook(w.declared()))
		for j, t := range w.Types {
			if err := event.CheckPattern(t); err != nil {
				c.fault(fmt.Sprintf("%s.types[%d]", path, j), "%v", err)
			}
		}
		switch n := len(w.Secret.Reveal()); {
		case n == 0:
			c.fault(path, "it has no secret, by which the receiver knows who sends: add one, made with openssl rand -hex 32")
		case n < minWebhookSecret:
			c.fault(path+".secret", "a secret of less than %d characters can be guessed: make one with openssl rand -hex 32", minWebhookSecret)
		}
	}
	for i, k := range s.Keys {
		if _, err := prefixes(k.Addresses); err != nil {
			c.fault(fmt.Sprintf("keys[%d].addresses", i), "%v", err)
		}
	}
	var keys []ticket.Key
	for i, k := range s.SigningKeys {
		keys = append(keys, ticket.Key{ID: k.ID, Secret: k.Secret})
		if err := ticket.CheckKeys(keys); err != nil {
			c.fault(fmt.Sprintf("signing-keys[%d]", i), "%v", err)
			break
		}
	}
	for i, one := range s.Issuers {
		path := fmt.Sprintf("issuers[%d]", i)
		if u, err := url.Parse(one.URL); one.Name == "" || err != nil || u.Scheme != "https" || u.Host == "" {
			c.fault(path, "an issuer needs a name, the iss of its tokens, and the https address of its keys")
		}
	}
	for i, a := range s.Authorizers {
		// Its files are looked for at the start, and by --dry-run.
		a.CA, a.Cert, a.Key = "", "", ""
		if err := a.settings().Check(); err != nil {
			c.fault(fmt.Sprintf("authorizers[%d]", i), "%v", err)
		}
	}
}

// minWebhookSecret is the least that cannot be found by trying.
const minWebhookSecret = 16

// declared adds what the catalogue has against something that is declared at path.
func (c *checker) declared(path string, err error) {
	fault, ok := errors.AsType[*catalog.FaultError](err)
	if !ok {
		return
	}
	field, _, _ := strings.Cut(fault.Field, ".")
	switch field {
	case "app", "name":
	default:
		path += "." + strings.ReplaceAll(field, "_", "-")
	}
	c.fault(path, "%s", fault.Reason)
}

func (c *checker) limits(path string, l LimitSettings) {
	for name, n := range map[string]int{
		"max-publishers": l.MaxPublishers, "max-viewers": l.MaxViewers, "max-bitrate": l.MaxBitrate, "max-egress": l.MaxEgress,
	} {
		c.count(path+name, n)
	}
	if _, _, err := resolution(l.MaxResolution); err != nil {
		c.fault(path+"max-resolution", "%q: %v", l.MaxResolution, err)
	}
}

func (c *checker) count(path string, n int) {
	if n < 0 {
		c.fault(path, "%d is less than none; write 0 for any", n)
	}
}

func (c *checker) database(text string) {
	kind, _, _ := strings.Cut(text, ":")
	if text != "" && kind != "sqlite" && kind != "postgres" && kind != "postgresql" {
		// The address itself may hold a password.
		c.fault("database", "this is no address of a database; write postgres://USER:PASSWORD@HOST/NAME or sqlite:PATH")
	}
}
