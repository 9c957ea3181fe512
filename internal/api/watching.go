package api

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/millrace-live/millrace/internal/catalog"
	"github.com/millrace-live/millrace/internal/config"
	"github.com/millrace-live/millrace/internal/ticket"
)

// NewLink is a permission to watch to be made.
type NewLink struct {
	Type      string            `json:"type,omitempty" enum:"token,link" default:"link" doc:"A token (JWT), which can be revoked by its id, or a link, which is shorter."`
	ExpiresIn *catalog.Duration `json:"expires_in,omitempty" doc:"How long it is good, from now; an hour unless you say otherwise." example:"2h"`
	IP        string            `json:"ip,omitempty" doc:"The address or network that it is for." example:"192.0.2.7"`
	JTI       string            `json:"jti,omitempty" maxLength:"255" doc:"An id of your own by which a token can be revoked."`
}

// Link is a permission to watch.
type Link struct {
	Type      string    `json:"type" enum:"token,link"`
	Stream    string    `json:"stream"`
	Expires   timestamp `json:"expires"`
	Token     string    `json:"token,omitempty" doc:"Goes into the query, ?token=, or into the header, Authorization: Bearer."`
	Query     string    `json:"query" doc:"What is put behind the ? of an address."`
	Addresses Addresses `json:"addresses" doc:"With the permission in them."`
}

const defaultPermission = time.Hour

// SigningKey signs permissions to watch.
type SigningKey struct {
	Meta
	Label  string     `json:"label,omitempty"`
	Until  *timestamp `json:"until,omitempty" doc:"When one that was replaced ends."`
	Secret string     `json:"secret,omitempty" doc:"The key of the HMAC, shown once."`
}

// SigningKeyList are all keys that sign permissions to watch.
type SigningKeyList struct {
	SigningKeys []SigningKey `json:"signing_keys"`
}

// Revocation takes one permission to watch back.
type Revocation struct {
	ID    string     `json:"id" minLength:"1" maxLength:"255" doc:"The jti of a token, or the fp_… that the log and the sessions name."`
	Until *time.Time `json:"until,omitempty" doc:"When the permission ends by itself, and need not be remembered any longer."`
}

// RevocationList are all permissions that were taken back.
type RevocationList struct {
	Revocations []Revocation `json:"revocations"`
}

func (a *API) serveWatching() {
	register(a, operation{
		id: "create-link", method: http.MethodPost, path: "/streams/{id}/links", tag: "watching",
		summary: "Make a permission to watch a stream",
		about:   "Signed with the first signing key; if there is none yet, one is made.",
		role:    catalog.Operator, status: http.StatusCreated,
	}, a.createLink)
	register(a, operation{
		id: "list-signing-keys", method: http.MethodGet, path: "/signing-keys", tag: "watching",
		summary: "List the keys that sign permissions to watch", role: catalog.Admin, all: true,
	}, func(context.Context, *Nothing) (*Plain[SigningKeyList], error) {
		objects, err := a.objects()
		if err != nil {
			return nil, err
		}
		answer := &Plain[SigningKeyList]{SigningKeyList{[]SigningKey{}}}
		for _, k := range objects.SigningKeyList() {
			answer.Body.SigningKeys = append(answer.Body.SigningKeys, newSigningKey(k, config.Secret{}))
		}
		return answer, nil
	})
	register(a, operation{
		id: "create-signing-key", method: http.MethodPost, path: "/signing-keys", tag: "watching",
		summary: "Create a key that signs permissions to watch",
		about:   "The secret is shown in this answer and never again. The keys that there are stay good.",
		role:    catalog.Admin, all: true, status: http.StatusCreated, changes: true,
	}, a.createSigningKey)
	register(a, operation{
		id: "rotate-signing-keys", method: http.MethodPost, path: "/signing-keys/rotate", tag: "watching",
		summary: "Replace all signing keys by a new one", role: catalog.Admin, all: true, changes: true,
	}, func(ctx context.Context, in *struct {
		Once
		Body *Overlap
	},
	) (*Tagged[SigningKey], error) {
		objects, err := a.objects()
		if err != nil {
			return nil, err
		}
		k, secret, err := objects.RotateSigningKey(in.once(ctx), whoAsks(ctx).actor, in.Body.length())
		if err != nil {
			return nil, err
		}
		return &Tagged[SigningKey]{etag(k.Revision), newSigningKey(k, secret)}, nil
	})
	register(a, operation{
		id: "delete-signing-key", method: http.MethodDelete, path: "/signing-keys/{id}", tag: "watching",
		summary: "Delete a signing key", about: "Whatever it signed is good no longer.",
		role: catalog.Admin, all: true, changes: true,
	}, a.deleteSigningKey)
	register(a, operation{
		id: "list-revocations", method: http.MethodGet, path: "/revocations", tag: "watching",
		summary: "List the permissions to watch that were taken back", role: catalog.Operator, all: true,
	}, func(context.Context, *Nothing) (*Plain[RevocationList], error) {
		objects, err := a.objects()
		if err != nil {
			return nil, err
		}
		answer := &Plain[RevocationList]{RevocationList{[]Revocation{}}}
		for _, r := range objects.Revocations() {
			answer.Body.Revocations = append(answer.Body.Revocations, Revocation{r.ID, utc(r.Until)})
		}
		return answer, nil
	})
	register(a, operation{
		id: "revoke-permission", method: http.MethodPost, path: "/revocations", tag: "watching",
		summary: "Take a permission to watch back", about: "Who watches with it is sent away within seconds.",
		role: catalog.Operator, all: true, status: http.StatusCreated, changes: true,
	}, func(ctx context.Context, in *struct {
		Once
		Body Revocation
	},
	) (*Plain[Revocation], error) {
		objects, err := a.objects()
		if err != nil {
			return nil, err
		}
		r := ticket.Revocation{ID: in.Body.ID, Until: of(in.Body.Until)}
		if err := objects.Revoke(in.once(ctx), whoAsks(ctx).actor, r); err != nil {
			return nil, err
		}
		return &Plain[Revocation]{in.Body}, nil
	})
}

func utc(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC().Truncate(time.Millisecond)
	return &t
}

func newSigningKey(k *catalog.SigningKey, secret config.Secret) SigningKey {
	return SigningKey{newMeta(k.Meta), k.Label, stamp(k.Until), secret.Reveal()}
}

func (a *API) createSigningKey(ctx context.Context, in *struct {
	Once
	Body *struct {
		Label string `json:"label,omitempty"`
	} `nameHint:"NewSigningKey"`
},
) (*Made[SigningKey], error) {
	objects, err := a.objects()
	if err != nil {
		return nil, err
	}
	var wanted catalog.SigningKey
	if in.Body != nil {
		wanted.Label = in.Body.Label
	}
	k, secret, err := objects.CreateSigningKey(in.once(ctx), whoAsks(ctx).actor, wanted)
	if err != nil {
		return nil, err
	}
	return &Made[SigningKey]{etag(k.Revision), "/api/v1/signing-keys/" + k.ID, newSigningKey(k, secret)}, nil
}

func (a *API) deleteSigningKey(ctx context.Context, in *struct {
	Object
	Condition
	Once
},
) (*Nothing, error) {
	objects, err := a.objects()
	if err != nil {
		return nil, err
	}
	k, ok := objects.SigningKey(in.ID)
	if !ok {
		return nil, &catalog.NotFoundError{Kind: catalog.KindSigningKey, ID: in.ID}
	}
	revision, err := matched(in.IfMatch, k.Revision)
	if err != nil {
		return nil, err
	}
	return nil, objects.DeleteSigningKey(in.once(ctx), whoAsks(ctx).actor, in.ID, revision)
}

func (a *API) createLink(ctx context.Context, in *struct {
	OneStream
	Body *NewLink
},
) (*Plain[Link], error) {
	e, err := a.entry(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	var wanted NewLink
	if in.Body != nil {
		wanted = *in.Body
	}
	signer, err := a.signer(ctx)
	if err != nil {
		return nil, err
	}
	length := defaultPermission
	if wanted.ExpiresIn != nil {
		length = time.Duration(*wanted.ExpiresIn)
	}
	if length <= 0 {
		return nil, &catalog.FaultError{Field: "expires_in", Reason: "it would be over at once"}
	}
	c := ticket.Claims{Subject: e.Path(), Expires: time.Now().Add(length), ID: wanted.JTI}
	if wanted.IP != "" {
		if c.IP, err = prefix("ip", wanted.IP); err != nil {
			return nil, err
		}
	}
	// An unlisted stream is not there by its name, whatever one has.
	address := (&subject{path: e.Path(), entry: e}).address()
	return a.link(whoAsks(ctx).request, signer, wanted.Type, address, c)
}

func (a *API) link(r *http.Request, signer *ticket.Signer, kind, address string, c ticket.Claims) (*Plain[Link], error) {
	answer := &Plain[Link]{Link{Type: kind, Stream: c.Subject, Expires: timestamp(c.Expires.Truncate(time.Second))}}
	var query url.Values
	var err error
	if kind == "token" {
		answer.Body.Token, err = signer.Issue(c)
		query = url.Values{"token": {answer.Body.Token}}
	} else {
		answer.Body.Type = "link"
		query, err = signer.Link(c)
	}
	if err != nil {
		return nil, &catalog.FaultError{Field: "type", Reason: err.Error()}
	}
	answer.Body.Query = query.Encode()
	answer.Body.Addresses = a.Site.Addresses(r, address).with(answer.Body.Query)
	return answer, nil
}

// signer signs with the first key. The first permission makes one, so that nobody
// has to know about keys to hand out a link.
func (a *API) signer(ctx context.Context) (*ticket.Signer, error) {
	signer, err := ticket.NewSigner(a.Catalog.SigningKeys())
	if err == nil {
		return signer, nil
	}
	if _, _, err := a.Catalog.CreateSigningKey(ctx, whoAsks(ctx).actor, catalog.SigningKey{Label: "first link"}); err != nil {
		return nil, err
	}
	return ticket.NewSigner(a.Catalog.SigningKeys())
}

// with returns the addresses with a query.
func (l Addresses) with(query string) Addresses {
	for _, address := range []*string{&l.Page, &l.Embed, &l.HLS, &l.DASH, &l.FLV, &l.TS, &l.RTMP, &l.RTMPS, &l.Poster} {
		if *address != "" && !strings.Contains(*address, "?") {
			*address += "?" + query
		}
	}
	return l
}
