package api

import (
	"context"
	"net/http"
	"time"

	"github.com/millrace-live/millrace/internal/catalog"
	"github.com/millrace-live/millrace/internal/config"
)

// Token lets somebody use the API.
type Token struct {
	Meta
	Label   string     `json:"label,omitempty"`
	Role    string     `json:"role" enum:"admin,operator,viewer"`
	Apps    []string   `json:"apps,omitempty" doc:"That it is for; none: all."`
	Expires *timestamp `json:"expires,omitempty"`
	LastUse *Use       `json:"last_use,omitempty"`
	Token   string     `json:"token,omitempty" doc:"The token, shown once."`
}

// TokenSettings are what can be set of a token.
type TokenSettings struct {
	Label   *string    `json:"label,omitempty" nullable:"true"`
	Role    string     `json:"role,omitempty" enum:"admin,operator,viewer" doc:"viewer reads; operator changes streams and keys and sends people away; admin does everything."`
	Apps    []string   `json:"apps,omitempty" nullable:"true" doc:"That it is for; none: all."`
	Expires *time.Time `json:"expires,omitempty" nullable:"true"`
}

func (s *TokenSettings) to(t *catalog.Token) {
	t.Label, t.Role, t.Apps, t.Expires = of(s.Label), catalog.Role(s.Role), s.Apps, of(s.Expires)
}

// TokenList are all tokens.
type TokenList struct {
	Tokens []Token `json:"tokens"`
}

func (a *API) serveTokens() {
	register(a, operation{
		id: "list-tokens", method: http.MethodGet, path: "/tokens", tag: "tokens", summary: "List the tokens of the API",
		role: catalog.Admin, all: true,
	}, func(context.Context, *Nothing) (*Plain[TokenList], error) {
		objects, err := a.objects()
		if err != nil {
			return nil, err
		}
		answer := &Plain[TokenList]{TokenList{[]Token{}}}
		for _, t := range objects.Tokens() {
			answer.Body.Tokens = append(answer.Body.Tokens, newToken(t, config.Secret{}))
		}
		return answer, nil
	})
	register(a, operation{
		id: "create-token", method: http.MethodPost, path: "/tokens", tag: "tokens", summary: "Create a token of the API",
		about: "The token is shown in this answer and never again.",
		role:  catalog.Admin, all: true, status: http.StatusCreated, changes: true,
	}, a.createToken)
	register(a, operation{
		id: "get-token", method: http.MethodGet, path: "/tokens/{id}", tag: "tokens", summary: "Read a token of the API",
		role: catalog.Admin, all: true,
	}, func(_ context.Context, in *Object) (*Tagged[Token], error) {
		t, err := a.token(in.ID)
		return taggedToken(t, err)
	})
	register(a, operation{
		id: "change-token", method: http.MethodPatch, path: "/tokens/{id}", tag: "tokens", summary: "Change a token of the API",
		role: catalog.Admin, all: true, changes: true,
	}, a.changeToken)
	register(a, operation{
		id: "revoke-token", method: http.MethodDelete, path: "/tokens/{id}", tag: "tokens", summary: "Revoke a token of the API",
		role: catalog.Admin, all: true, changes: true,
	}, a.revokeToken)
}

func newToken(t *catalog.Token, secret config.Secret) Token {
	return Token{
		Meta: newMeta(t.Meta), Label: t.Label, Role: string(t.Role), Apps: t.Apps, Expires: stamp(t.Expires), LastUse: newUse(t.LastUse),
		Token: secret.Reveal(),
	}
}

func taggedToken(t *catalog.Token, err error) (*Tagged[Token], error) {
	if err != nil {
		return nil, err
	}
	return &Tagged[Token]{etag(t.Revision), newToken(t, config.Secret{})}, nil
}

func (a *API) token(id string) (*catalog.Token, error) {
	objects, err := a.objects()
	if err != nil {
		return nil, err
	}
	t, ok := objects.Token(id)
	if !ok {
		return nil, &catalog.NotFoundError{Kind: catalog.KindToken, ID: id}
	}
	return t, nil
}

func (a *API) createToken(ctx context.Context, in *struct {
	Once
	Body Patch[TokenSettings]
},
) (*Made[Token], error) {
	objects, err := a.objects()
	if err != nil {
		return nil, err
	}
	wanted, err := in.Body.onto(TokenSettings{})
	if err != nil {
		return nil, err
	}
	var t catalog.Token
	wanted.to(&t)
	if t.Role == "" {
		return nil, &catalog.FaultError{Field: "role", Reason: "say what it may do: admin, operator or viewer"}
	}
	made, secret, err := objects.CreateToken(in.once(ctx), whoAsks(ctx).actor, t)
	if err != nil {
		return nil, err
	}
	return &Made[Token]{etag(made.Revision), "/api/v1/tokens/" + made.ID, newToken(made, secret)}, nil
}

func (a *API) changeToken(ctx context.Context, in *struct {
	Object
	Condition
	Once
	Body Patch[TokenSettings]
},
) (*Tagged[Token], error) {
	t, err := a.token(in.ID)
	if err != nil {
		return nil, err
	}
	revision, err := matched(in.IfMatch, t.Revision)
	if err != nil {
		return nil, err
	}
	return taggedToken(a.Catalog.ChangeToken(in.once(ctx), whoAsks(ctx).actor, t.ID, revision, func(t *catalog.Token) error {
		set, err := in.Body.onto(TokenSettings{some(t.Label), string(t.Role), t.Apps, pointer(t.Expires)})
		if err == nil {
			set.to(t)
		}
		return err
	}))
}

func (a *API) revokeToken(ctx context.Context, in *struct {
	Object
	Condition
	Once
},
) (*Nothing, error) {
	t, err := a.token(in.ID)
	if err != nil {
		return nil, err
	}
	revision, err := matched(in.IfMatch, t.Revision)
	if err != nil {
		return nil, err
	}
	return nil, a.Catalog.RevokeToken(in.once(ctx), whoAsks(ctx).actor, t.ID, revision)
}
