package api

import (
	"context"
	"net/http"
	"net/netip"
	"time"

	"github.com/millrace-live/millrace/internal/catalog"
)

// Ban keeps an address or a key out.
type Ban struct {
	Meta
	Address string     `json:"address,omitempty" doc:"An address or a network."`
	Key     string     `json:"key,omitempty" doc:"The id of a key."`
	Reason  string     `json:"reason,omitempty"`
	Until   *timestamp `json:"until,omitempty" doc:"Not there: for ever."`
}

// BanSettings are what can be set of a ban.
type BanSettings struct {
	Reason *string    `json:"reason,omitempty" nullable:"true"`
	Until  *time.Time `json:"until,omitempty" nullable:"true" doc:"Without it: for ever."`
}

// NewBan is a ban to be made: of an address or of a key.
type NewBan struct {
	BanSettings
	Address *string `json:"address,omitempty" nullable:"true" doc:"An address or a network." example:"192.0.2.0/24"`
	Key     *string `json:"key,omitempty" nullable:"true" doc:"The id of a key."`
}

// BanList are all bans.
type BanList struct {
	Bans []Ban `json:"bans"`
}

func (a *API) serveBans() {
	register(a, operation{
		id: "list-bans", method: http.MethodGet, path: "/bans", tag: "bans", summary: "List who is kept out",
		role: catalog.Admin, all: true,
	}, func(context.Context, *Nothing) (*Plain[BanList], error) {
		objects, err := a.objects()
		if err != nil {
			return nil, err
		}
		answer := &Plain[BanList]{BanList{[]Ban{}}}
		for _, b := range objects.Bans() {
			answer.Body.Bans = append(answer.Body.Bans, newBan(b))
		}
		return answer, nil
	})
	register(a, operation{
		id: "create-ban", method: http.MethodPost, path: "/bans", tag: "bans", summary: "Keep an address or a key out",
		role: catalog.Admin, all: true, status: http.StatusCreated, changes: true,
	}, a.createBan)
	register(a, operation{
		id: "get-ban", method: http.MethodGet, path: "/bans/{id}", tag: "bans", summary: "Read a ban", role: catalog.Admin, all: true,
	}, func(_ context.Context, in *Object) (*Tagged[Ban], error) {
		return taggedBan(a.ban(in.ID))
	})
	register(a, operation{
		id: "change-ban", method: http.MethodPatch, path: "/bans/{id}", tag: "bans", summary: "Change a ban",
		role: catalog.Admin, all: true, changes: true,
	}, a.changeBan)
	register(a, operation{
		id: "delete-ban", method: http.MethodDelete, path: "/bans/{id}", tag: "bans", summary: "Lift a ban",
		role: catalog.Admin, all: true, changes: true,
	}, a.deleteBan)
}

func newBan(b *catalog.Ban) Ban {
	ban := Ban{Meta: newMeta(b.Meta), Key: b.Key, Reason: b.Reason, Until: stamp(b.Until)}
	if b.Address.IsValid() {
		ban.Address = texts([]netip.Prefix{b.Address})[0]
	}
	return ban
}

func taggedBan(b *catalog.Ban, err error) (*Tagged[Ban], error) {
	if err != nil {
		return nil, err
	}
	return &Tagged[Ban]{etag(b.Revision), newBan(b)}, nil
}

func (a *API) ban(id string) (*catalog.Ban, error) {
	objects, err := a.objects()
	if err != nil {
		return nil, err
	}
	b, ok := objects.Ban(id)
	if !ok {
		return nil, &catalog.NotFoundError{Kind: catalog.KindBan, ID: id}
	}
	return b, nil
}

func (a *API) createBan(ctx context.Context, in *struct {
	Once
	Body Patch[NewBan]
},
) (*Made[Ban], error) {
	objects, err := a.objects()
	if err != nil {
		return nil, err
	}
	wanted, err := in.Body.onto(NewBan{})
	if err != nil {
		return nil, err
	}
	b := catalog.Ban{Key: of(wanted.Key), Reason: of(wanted.Reason), Until: of(wanted.Until)}
	if wanted.Address != nil {
		if b.Address, err = prefix("address", *wanted.Address); err != nil {
			return nil, err
		}
	}
	made, err := objects.CreateBan(in.once(ctx), whoAsks(ctx).actor, b)
	if err != nil {
		return nil, err
	}
	return &Made[Ban]{etag(made.Revision), "/api/v1/bans/" + made.ID, newBan(made)}, nil
}

func (a *API) changeBan(ctx context.Context, in *struct {
	Object
	Condition
	Once
	Body Patch[BanSettings]
},
) (*Tagged[Ban], error) {
	b, err := a.ban(in.ID)
	if err != nil {
		return nil, err
	}
	revision, err := matched(in.IfMatch, b.Revision)
	if err != nil {
		return nil, err
	}
	return taggedBan(a.Catalog.ChangeBan(in.once(ctx), whoAsks(ctx).actor, b.ID, revision, func(b *catalog.Ban) error {
		set, err := in.Body.onto(BanSettings{some(b.Reason), pointer(b.Until)})
		b.Reason, b.Until = of(set.Reason), of(set.Until)
		return err
	}))
}

func (a *API) deleteBan(ctx context.Context, in *struct {
	Object
	Condition
	Once
},
) (*Nothing, error) {
	b, err := a.ban(in.ID)
	if err != nil {
		return nil, err
	}
	revision, err := matched(in.IfMatch, b.Revision)
	if err != nil {
		return nil, err
	}
	return nil, a.Catalog.DeleteBan(in.once(ctx), whoAsks(ctx).actor, b.ID, revision)
}
