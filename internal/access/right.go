package access

import (
	"errors"
	"net/netip"
	"slices"
	"time"

	"github.com/millrace-live/millrace/internal/catalog"
	"github.com/millrace-live/millrace/internal/hub"
	"github.com/millrace-live/millrace/internal/ticket"
)

// right is the [hub.Permit] of a publisher. A key that expires, or is spent, lets
// nobody begin, and ends nothing: whoever revokes it does. Nor does a line that is
// gone from the config file: a reload closes no session.
type right struct {
	catalog Catalog
	publisher
	from netip.Addr
}

func withdrawn(reason string) error { return &hub.Refusal{Code: hub.Withdrawn, Reason: reason} }

// Check implements [hub.Permit].
func (r *right) Check(now time.Time) error {
	switch {
	case r.key != nil:
		k, ok := r.catalog.Key(r.id)
		switch {
		case !ok && (!r.key.Good(now) || r.key.Managed == catalog.ByConfig): // it was cleared away
		case !ok:
			return withdrawn("the stream key was revoked")
		case !k.Allows(r.from):
			return withdrawn("the stream key is no longer for use from this address")
		default:
			r.key = k
		}
	case r.cred != nil:
		if _, ok := r.catalog.Credential(r.id); !ok && r.cred.Managed != catalog.ByConfig {
			return withdrawn("the user was revoked")
		}
	}
	s, _ := r.catalog.StreamByPath(r.path)
	if err := same(r.s, s); err != nil {
		return err
	}
	if s != nil && s.Disabled {
		return withdrawn(disabled)
	}
	return nil
}

// same says that a stream, which was then, is now another one or none.
func same(then, now *catalog.Stream) error {
	if then != nil && then.ID != "" && then.Managed != catalog.ByConfig && (now == nil || now.ID != then.ID) {
		return withdrawn("the stream was deleted")
	}
	return nil
}

// view is the [hub.Permit] of a viewer.
type view struct {
	catalog  Catalog
	tickets  Tickets
	path     string
	s        *catalog.Stream // as it was then, nil if it was not in the catalogue
	playback string          // the playback id that was asked for, if one was
	claims   *ticket.Claims  // of what was shown, nil if nothing was
}

// Check implements [hub.Permit].
func (v *view) Check(now time.Time) error {
	s, _ := v.catalog.StreamByPath(v.path)
	if err := same(v.s, s); err != nil || s == nil {
		return err
	}
	switch {
	case v.claims != nil:
		if s.Visibility == catalog.Public {
			return nil
		}
		err := v.tickets.Check(now, *v.claims)
		if _, away := errors.AsType[*ticket.UnavailableError](err); away {
			return nil
		}
		if err != nil {
			return withdrawn(err.Error())
		}
	case s.Visibility == catalog.Private:
		return withdrawn("the stream is private now: " + openByLink)
	case s.Visibility == catalog.Unlisted && !slices.Contains(s.PlaybackIDs, v.playback):
		return withdrawn("the stream is not to be had at this address any more")
	}
	return nil
}
