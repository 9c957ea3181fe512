package server

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/millrace-live/millrace/internal/access"
	"github.com/millrace-live/millrace/internal/callback"
	"github.com/millrace-live/millrace/internal/catalog"
	"github.com/millrace-live/millrace/internal/config"
	"github.com/millrace-live/millrace/internal/database"
	"github.com/millrace-live/millrace/internal/demo"
	"github.com/millrace-live/millrace/internal/event"
	"github.com/millrace-live/millrace/internal/guard"
	"github.com/millrace-live/millrace/internal/hub"
	"github.com/millrace-live/millrace/internal/rehearsal"
	"github.com/millrace-live/millrace/internal/ticket"
	"github.com/millrace-live/millrace/internal/webhook"
)

// control is what decides who may do what, what people have said about that, and
// what is told to others.
type control struct {
	database database.Store
	catalog  *catalog.Catalog
	tickets  *ticket.Verifier
	guard    *guard.Guard
	access   access.Current
	gate     *callback.Gate
	observer *callback.Observer
	guarded  *guarded
	visits   *visits
	feed     *event.Feed
	hooks    *webhook.Deliverer
	stage    *rehearsal.Stage
	demoKey  config.Secret
	closed   sync.Once
}

const (
	databaseName = "millrace.db"
	nodeName     = "node.id"
)

// databaseURL is where the settings keep things.
func (s *Server) databaseURL() string {
	if s.set.Database != "" {
		return s.set.Database
	}
	return "sqlite:" + s.folder.Path(databaseName)
}

// openControl opens all of it but what needs the hub, which needs it.
func (s *Server) openControl(ctx context.Context) (err error) {
	if s.database, err = database.Open(ctx, s.databaseURL(), database.Options{Log: s.log}); err != nil {
		return err
	}
	node, err := s.node()
	if err != nil {
		return err
	}
	source := s.set.PublicURL
	if source == "" {
		source = "urn:millrace:" + node
	}
	s.guard = guard.New(guard.Options{Sent: s.sent})
	s.visits = &visits{guard: s.guard, trusted: s.trusted}
	s.feed = event.NewFeed(event.Options{
		Store: s.database, Source: source, Node: node, Streams: func() []hub.StreamInfo { return s.hub.Streams() },
		Stored: func(endpoints []string) { s.hooks.Wake(endpoints) }, Log: s.log,
	})
	s.catalog, err = catalog.Open(ctx, s.database, catalog.Options{
		Folder: s.folder, Log: s.log, Shared: !strings.HasPrefix(s.databaseURL(), "sqlite:"), CheckName: access.CheckName, OnChange: s.changed, Events: s.feed.FromChange,
	})
	if err != nil {
		return err
	}
	s.hooks = webhook.New(webhook.Options{Store: s.database, Source: source, Log: s.log}.Of(s.catalog))
	issuers, err := s.set.issuers()
	if err != nil {
		return err
	}
	s.tickets, err = ticket.New(ticket.Options{
		Keys: s.catalog.SigningKeys(), Issuers: issuers, Revocations: s.catalog.Revocations(), Log: s.log,
	})
	if err != nil {
		return err
	}
	s.observer = callback.NewObserver(callback.ObserverOptions{
		Kick: func(session, reason string) bool { return s.hub.Kick(session, reason) }, Logger: s.log,
	})
	var services []callback.Settings
	for _, a := range s.set.Authorizers {
		services = append(services, a.settings())
	}
	s.gate, err = callback.New(callback.Options{
		Services: services, Next: &s.access, Admit: s.access.Admit, HasKeys: s.catalog.HasKeys, Observer: s.observer, Logger: s.log,
	})
	if err != nil {
		return err
	}
	s.guarded = newGuarded(laddered{s.gate, s}, s.guard)
	if s.set.Demo {
		s.demoKey = config.NewSecret(access.NewKey())
	}
	return nil
}

// node is the server's name among those that share a database.
func (s *Server) node() (string, error) {
	b, err := s.folder.Read(nodeName)
	if errors.Is(err, fs.ErrNotExist) {
		b = []byte(strings.ToLower(rand.Text()[:12]) + "\n")
		err = s.folder.Write(nodeName, b, 0o644)
	}
	return strings.TrimSpace(string(b)), err
}

// startControl begins what goes on by itself, until ctx ends.
func (s *Server) startControl(ctx context.Context) {
	s.stage = rehearsal.New(s.hub, s.log)
	s.api.Rehearsal = func(stream string) (any, bool) {
		report, ok := s.stage.Report(stream)
		return report, ok
	}
	s.setBans()
	s.feed.Start(s.catalog)
	s.hooks.Start()
	s.goers.Go(func() { s.catalog.Run(ctx) })
	s.goers.Go(func() { s.guard.Run(ctx) })
}

// closeControl ends it in order: what ends sessions tells of them, and what is told
// is kept and delivered before the database goes.
func (s *Server) closeControl(ctx context.Context) (err error) {
	s.closed.Do(func() { err = s.endControl(ctx) })
	return err
}

func (s *Server) endControl(ctx context.Context) error {
	var errs []error
	if s.stage != nil {
		s.stage.Close()
	}
	if s.observer != nil {
		s.observer.Close(ctx)
	}
	if s.feed != nil {
		errs = append(errs, s.feed.Close(ctx))
	}
	if s.hooks != nil {
		s.hooks.Close(ctx)
	}
	if s.catalog != nil {
		errs = append(errs, s.catalog.Close(ctx))
	}
	if s.tickets != nil {
		s.tickets.Close()
	}
	if s.database != nil {
		errs = append(errs, s.database.Close())
	}
	return errors.Join(errs...)
}

// declare puts in force what the settings say about streams, keys and who may come
// in: all of it, or nothing and an error.
func (s *Server) declare(set *Settings) error {
	declared, err := set.declared()
	if err != nil {
		return err
	}
	issuers, err := set.issuers()
	if err != nil {
		return err
	}
	files, err := set.swf()
	if err != nil {
		return err
	}
	for i, k := range declared.Keys {
		if other, stream, ok := s.catalog.FindKey(k.Secret.Reveal()); ok && other.Managed == catalog.ByAPI && stream.Path() != k.Path {
			return &config.Error{Path: fmt.Sprintf("keys[%d].key", i), Msg: fmt.Sprintf(
				"this is also the key of %s, which the API made; each stream needs its own", stream.Path())}
		}
	}
	if err := s.catalog.Declare(declared); err != nil {
		return err
	}
	if err := errors.Join(s.tickets.SetKeys(s.catalog.SigningKeys()), s.tickets.SetIssuers(issuers)); err != nil {
		return err
	}
	rules := set.control(s.catalog)
	rules.Tickets, rules.Secure, rules.SWF = s.tickets, s.secureServer(), files
	if s.demoKey.Reveal() != "" {
		rules.Insiders = []access.Insider{{Key: s.demoKey, ID: "demo", Stream: demo.Stream}}
	}
	s.access.Set(rules)
	s.guard.SetLimits(set.limits())
	s.setBans()
	return nil
}

// changed is told what people change, one thing after the other.
func (s *Server) changed(c catalog.Changed) {
	if s.hub == nil {
		return // the first start: what follows reads the catalogue as it is
	}
	s.feed.Changed(c)
	s.hooks.Changed(c)
	switch c.Kind {
	case catalog.KindSigningKey:
		if err := s.tickets.SetKeys(s.catalog.SigningKeys()); err != nil {
			s.log.Error("the keys that sign permissions to watch stay as they were", "reason", err)
		}
	case catalog.KindRevocation:
		if err := s.tickets.SetRevocations(s.catalog.Revocations()); err != nil {
			s.log.Error("what was revoked stays as it was", "reason", err)
		}
	case catalog.KindBan:
		s.setBans()
		s.sendBannedAway()
	}
	if c.By != "config" {
		// Who goes on by what is no longer so. It may take a while with many
		// sessions, and whoever changed it does not wait.
		go s.hub.CheckPermits()
	}
}

func (s *Server) setBans() {
	var list []guard.Ban
	for _, b := range s.catalog.Bans() {
		list = append(list, guard.Ban{ID: b.ID, Address: b.Address, Key: b.Key, Reason: b.Reason, Until: b.Until})
	}
	s.guard.SetBans(list)
}

// sendBannedAway ends the sessions of those who were banned just now.
func (s *Server) sendBannedAway() {
	s.hub.KickWhere(func(i hub.SessionInfo, owner string) bool {
		return i.Remote.IsValid() && s.guard.Banned(i.Remote.Addr()) != nil || owner != "" && s.guard.BannedKey(owner) != nil
	}, "whoever runs this server has banned you")
}

// sent is what went to viewers since the start, by app.
func (s *Server) sent() map[string]uint64 {
	sent := make(map[string]uint64)
	for _, i := range s.hub.Streams() {
		app, _, _ := strings.Cut(i.Name, "/")
		sent[app] += i.BytesOut
	}
	return sent
}

// backup writes all that is kept to w.
func (s *Server) backup(ctx context.Context, w io.Writer) error {
	dir, err := os.MkdirTemp(s.folder.Dir(), ".backup-*")
	if err != nil {
		return fmt.Errorf("make room for the backup: %w", err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	file := filepath.Join(dir, "backup")
	if err := s.database.Backup(ctx, file); err != nil {
		return err
	}
	f, err := os.Open(file)
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = io.Copy(w, f)
	return err
}
