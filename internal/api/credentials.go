package api

import (
	"context"
	"net/http"
	"regexp"
	"strings"
	"time"

	"github.com/millrace-live/millrace/internal/catalog"
	"github.com/millrace-live/millrace/internal/config"
)

// Credential is a user and password that publish a stream from old encoders.
type Credential struct {
	Meta
	Stream   string     `json:"stream" doc:"The name of its stream."`
	StreamID string     `json:"stream_id"`
	User     string     `json:"user"`
	Label    string     `json:"label,omitempty"`
	Expires  *timestamp `json:"expires,omitempty"`
	LastUse  *Use       `json:"last_use,omitempty"`
	Password string     `json:"password,omitempty" doc:"The password, shown once."`
	// The name is left out: an address with a query behind the app and slashes in
	// the name is split by each encoder in its own way.
	IngestURL    string `json:"ingest_url" doc:"What to type into an encoder as its server. The stream key is the name of the stream, or empty."`
	IngestRTMPS  string `json:"ingest_url_rtmps,omitempty" doc:"The same inside TLS."`
	Address      string `json:"address,omitempty" doc:"The server with the user and the password in it, for programs that take one address. Shown once, and only if the password has letters, digits and -._~ alone."`
	AddressRTMPS string `json:"address_rtmps,omitempty" doc:"The same inside TLS."`
}

// CredentialSettings are what can be set of a credential.
type CredentialSettings struct {
	Label   *string    `json:"label,omitempty" nullable:"true"`
	Expires *time.Time `json:"expires,omitempty" nullable:"true"`
}

// NewCredential is a credential to be made.
type NewCredential struct {
	CredentialSettings
	User     string  `json:"user"`
	Password *string `json:"password,omitempty" nullable:"true" doc:"Without one it is made, which is safer."`
}

// CredentialList are the credentials of a stream.
type CredentialList struct {
	Credentials []Credential `json:"credentials"`
}

func (a *API) serveCredentials() {
	register(a, operation{
		id: "list-credentials", method: http.MethodGet, path: "/streams/{id}/credentials", tag: "credentials",
		summary: "List the users of a stream", role: catalog.Viewer,
	}, func(ctx context.Context, in *OneStream) (*Plain[CredentialList], error) {
		e, err := a.entry(ctx, in.ID)
		if err != nil {
			return nil, err
		}
		answer := &Plain[CredentialList]{CredentialList{[]Credential{}}}
		for _, c := range a.Catalog.Credentials(e.ID) {
			answer.Body.Credentials = append(answer.Body.Credentials, a.newCredential(ctx, c, config.Secret{}))
		}
		return answer, nil
	})
	register(a, operation{
		id: "create-credential", method: http.MethodPost, path: "/streams/{id}/credentials", tag: "credentials",
		summary: "Create a user and password for old encoders",
		about: "For the challenges of Adobe and Limelight, which are weak: who listens can try passwords at home. " +
			"Use a key wherever the encoder takes one. The password is shown in this answer and never again.",
		role: catalog.Operator, status: http.StatusCreated, changes: true,
	}, a.createCredential)
	register(a, operation{
		id: "get-credential", method: http.MethodGet, path: "/credentials/{id}", tag: "credentials", summary: "Read a user",
		role: catalog.Viewer,
	}, func(ctx context.Context, in *Object) (*Tagged[Credential], error) {
		c, err := a.credential(ctx, in.ID)
		if err != nil {
			return nil, err
		}
		return &Tagged[Credential]{etag(c.Revision), a.newCredential(ctx, c, config.Secret{})}, nil
	})
	register(a, operation{
		id: "change-credential", method: http.MethodPatch, path: "/credentials/{id}", tag: "credentials", summary: "Change a user",
		role: catalog.Operator, changes: true,
	}, a.changeCredential)
	register(a, operation{
		id: "delete-credential", method: http.MethodDelete, path: "/credentials/{id}", tag: "credentials", summary: "Delete a user",
		role: catalog.Operator, changes: true,
	}, a.deleteCredential)
}

// asking makes an encoder ask to be challenged.
const asking = "?auth=adobe"

func (a *API) newCredential(ctx context.Context, c *catalog.Credential, password config.Secret) Credential {
	v := Credential{
		Meta: newMeta(c.Meta), Stream: c.Path, StreamID: c.Stream, User: c.User, Label: c.Label, Expires: stamp(c.Expires),
		LastUse: newUse(c.LastUse), Password: password.Reveal(),
	}
	v.IngestURL, v.IngestRTMPS = a.Site.Servers(whoAsks(ctx).request, app(c.Path))
	for _, to := range []struct{ server, address *string }{{&v.IngestURL, &v.Address}, {&v.IngestRTMPS, &v.AddressRTMPS}} {
		if *to.server == "" {
			continue
		}
		*to.server += asking
		if typeable.MatchString(v.Password) {
			*to.address = strings.Replace(*to.server, "://", "://"+v.User+":"+v.Password+"@", 1)
		}
	}
	return v
}

// typeable are passwords that need no escape in an address, as not all encoders
// know one.
var typeable = regexp.MustCompile(`^[A-Za-z0-9._~-]+$`)

// credential is the one that an operation of who asks is about.
func (a *API) credential(ctx context.Context, id string) (*catalog.Credential, error) {
	objects, err := a.objects()
	if err != nil {
		return nil, err
	}
	c, ok := objects.Credential(id)
	if !ok {
		return nil, &catalog.NotFoundError{Kind: catalog.KindCredential, ID: id}
	}
	return c, within(whoAsks(ctx), app(c.Path))
}

func (a *API) createCredential(ctx context.Context, in *struct {
	OneStream
	Once
	Body Patch[NewCredential]
},
) (*Made[Credential], error) {
	e, err := a.entry(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	wanted, err := in.Body.onto(NewCredential{})
	if err != nil {
		return nil, err
	}
	made, password, err := a.Catalog.CreateCredential(in.once(ctx), whoAsks(ctx).actor, catalog.Credential{
		Stream: e.ID, Path: e.Path(), User: wanted.User, Label: of(wanted.Label), Expires: of(wanted.Expires),
	}, config.NewSecret(of(wanted.Password)))
	if err != nil {
		return nil, err
	}
	return &Made[Credential]{etag(made.Revision), "/api/v1/credentials/" + made.ID, a.newCredential(ctx, made, password)}, nil
}

func (a *API) changeCredential(ctx context.Context, in *struct {
	Object
	Condition
	Once
	Body Patch[CredentialSettings]
},
) (*Tagged[Credential], error) {
	c, err := a.credential(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	revision, err := matched(in.IfMatch, c.Revision)
	if err != nil {
		return nil, err
	}
	c, err = a.Catalog.ChangeCredential(in.once(ctx), whoAsks(ctx).actor, c.ID, revision, func(c *catalog.Credential) error {
		set, err := in.Body.onto(CredentialSettings{some(c.Label), pointer(c.Expires)})
		c.Label, c.Expires = of(set.Label), of(set.Expires)
		return err
	})
	if err != nil {
		return nil, err
	}
	return &Tagged[Credential]{etag(c.Revision), a.newCredential(ctx, c, config.Secret{})}, nil
}

func (a *API) deleteCredential(ctx context.Context, in *struct {
	Object
	Condition
	Once
},
) (*Nothing, error) {
	c, err := a.credential(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	revision, err := matched(in.IfMatch, c.Revision)
	if err != nil {
		return nil, err
	}
	return nil, a.Catalog.DeleteCredential(in.once(ctx), whoAsks(ctx).actor, c.ID, revision)
}
