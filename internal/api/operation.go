package api

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/millrace-live/millrace/internal/access"
	"github.com/millrace-live/millrace/internal/catalog"
	"github.com/millrace-live/millrace/internal/database"
	"github.com/millrace-live/millrace/internal/problem"
)

// operation is one method at one address.
type operation struct {
	id, method, path string // the path behind /api/v1
	tag, summary     string
	about            string // more of it, for who reads the description
	role             catalog.Role
	all              bool // the role must hold for all apps
	status           int  // of success, if it is neither 200 nor 204
	changes          bool // the catalogue
	more             func(*huma.Operation)
}

// register serves an operation, and writes it into the description.
func register[I, O any](a *API, op operation, handle func(context.Context, *I) (*O, error)) {
	h := huma.Operation{
		OperationID: op.id, Method: op.method, Path: "/api/v1" + op.path, Summary: op.summary, Description: op.about,
		Tags: []string{op.tag}, DefaultStatus: op.status, MaxBodyBytes: maxBody,
		Errors:     []int{http.StatusTooManyRequests},
		Extensions: map[string]any{},
	}
	if op.role != "" {
		h.Security = []map[string][]string{{"bearer": {}}}
		h.Errors = append(h.Errors, http.StatusUnauthorized, http.StatusForbidden)
		h.Extensions["x-role"] = string(op.role)
		h.Extensions["x-all-apps"] = op.all
	}
	if strings.Contains(op.path, "{") {
		h.Errors = append(h.Errors, http.StatusNotFound)
	}
	if op.changes {
		h.Errors = append(h.Errors, http.StatusConflict, http.StatusServiceUnavailable)
		if op.method == http.MethodPatch || op.method == http.MethodDelete {
			h.Errors = append(h.Errors, http.StatusPreconditionFailed)
		}
	}
	if op.more != nil {
		op.more(&h)
	}
	h.Middlewares = huma.Middlewares{func(ctx huma.Context, next func(huma.Context)) {
		who := whoAsks(ctx.Context())
		if d := authorize(who, op.role, op.all); d != nil {
			_, w := humago.Unwrap(ctx)
			if d.Status == http.StatusUnauthorized {
				w.Header().Set("WWW-Authenticate", challenge(who))
			}
			problem.Send(w, d)
			return
		}
		ctx.SetHeader("Cache-Control", "no-store")
		next(ctx)
	}}
	huma.Register(a.huma, h, func(ctx context.Context, in *I) (*O, error) {
		out, err := handle(ctx, in)
		if err != nil {
			return nil, a.failure(op.id, err)
		}
		return out, nil
	})
}

// authorize is the only place where a role is asked for: every operation says what
// it needs when it is registered. It returns nil for those who may.
func authorize(who *identity, role catalog.Role, all bool) *problem.Details {
	switch {
	case who.may(role) && (!all || who.everywhere()):
		return nil
	case who.may(role):
		return problem.New(http.StatusForbidden,
			fmt.Sprintf("this needs a token for all apps; yours is for %s", strings.Join(who.apps, ", ")))
	case who.role != "":
		return problem.New(http.StatusForbidden, fmt.Sprintf("this needs the role %s; your token has the role %s", role, who.role))
	case who.wrong:
		return problem.New(http.StatusUnauthorized, "nobody has this token: it is mistyped, expired or revoked; the admin token is in admin.token in the data folder")
	}
	return problem.New(http.StatusUnauthorized,
		"this needs a token as Authorization: Bearer TOKEN, such as the admin token (admin.token in the data folder)")
}

// within refuses what is in an app that the token is not for.
func within(who *identity, app string) error {
	if who.over(app) {
		return nil
	}
	return problem.New(http.StatusForbidden,
		fmt.Sprintf("your token is not for the app %s, but for %s", app, strings.Join(who.apps, ", ")))
}

// challenge is what RFC 6750, 3, answers.
func challenge(who *identity) string {
	if who.wrong {
		return `Bearer error="invalid_token"`
	}
	return "Bearer"
}

// failure is the answer for an error of a handler. What is none of the errors that
// it knows is for the log.
func (a *API) failure(operation string, err error) error {
	var (
		known       *problem.Details
		missing     *catalog.NotFoundError
		managed     *catalog.ManagedError
		fault       *catalog.FaultError
		exists      *catalog.ExistsError
		unsupported *catalog.UnsupportedError
		conflict    *database.ConflictError
	)
	coded := func(status int, code, detail string) error {
		d := problem.New(status, detail)
		d.Code = code
		return d
	}
	switch {
	case errors.As(err, &known) && known.Status == http.StatusUnauthorized:
		return huma.ErrorWithHeaders(err, http.Header{"Www-Authenticate": {"Bearer"}})
	case errors.As(err, &known):
		return err
	case errors.As(err, &missing) && access.Unspeakable(missing.ID):
		return coded(http.StatusNotFound, "not-found", "there is no such "+missing.Kind+": a key or token is the name of nothing")
	case errors.As(err, &missing):
		return coded(http.StatusNotFound, "not-found", missing.Error())
	case errors.As(err, &managed):
		return coded(http.StatusConflict, "managed", managed.Error())
	case errors.As(err, &exists):
		return coded(http.StatusConflict, "exists", exists.Error())
	case errors.As(err, &conflict):
		return coded(http.StatusPreconditionFailed, "changed", "somebody else changed it meanwhile: read it again")
	case errors.As(err, &fault):
		d := problem.New(http.StatusUnprocessableEntity, fault.Error(), problem.Fault{Location: "body." + fault.Field, Reason: fault.Reason})
		return d
	case errors.As(err, &unsupported):
		d := problem.New(http.StatusUnprocessableEntity, unsupported.Error(),
			problem.Fault{Location: "body." + unsupported.Field, Reason: unsupported.Reason})
		d.Code = "unsupported"
		return d
	case errors.Is(err, database.ErrUnsure):
		return away("the database went away, and whether it kept the change is not known: repeat it with the same Idempotency-Key")
	case errors.Is(err, database.ErrAway):
		return away("the database is away, so that nothing can be changed; streams go on")
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return away("the request ended before it was carried out")
	}
	a.logger().Error("the API cannot do that", "operation", operation, "error", err)
	return problem.New(http.StatusInternalServerError, "the server could not do that; its log says why")
}

func away(detail string) error {
	d := problem.New(http.StatusServiceUnavailable, detail)
	return huma.ErrorWithHeaders(d, http.Header{"Retry-After": {"5"}})
}

// notHere says that this server was built or started without what is asked for.
func notHere(detail string) error { return problem.New(http.StatusNotImplemented, detail) }

// init gives huma's own errors the form of all others. It knows no other way than a
// variable of its package.
func init() {
	huma.NewError = func(status int, detail string, errs ...error) huma.StatusError {
		d := problem.New(status, detail)
		for _, err := range errs {
			if err == nil {
				continue
			}
			f := problem.Fault{Reason: err.Error()}
			var at huma.ErrorDetailer
			if errors.As(err, &at) {
				// Without the value, which may be a secret.
				f = problem.Fault{Location: at.ErrorDetail().Location, Reason: at.ErrorDetail().Message}
			}
			d.Errors = append(d.Errors, f)
		}
		if len(d.Errors) > 0 {
			d.Detail = strings.TrimPrefix(d.Errors[0].Location+": "+d.Errors[0].Reason, ": ")
		}
		if more := len(d.Errors) - 1; more > 0 {
			d.Detail += fmt.Sprintf(" (and %d more)", more)
		}
		return d
	}
}

// format is JSON that is written whole, so that a client that has gone is no error.
// Addresses have an & in them as it is: people copy them out of it, too.
var format = huma.Format{
	Marshal: func(w io.Writer, v any) error {
		var b bytes.Buffer
		e := json.NewEncoder(&b)
		e.SetEscapeHTML(false)
		if err := e.Encode(v); err != nil {
			return fmt.Errorf("write an answer: %w", err)
		}
		_, _ = w.Write(b.Bytes())
		return nil
	},
	Unmarshal: json.Unmarshal,
}

func (a *API) newHuma(mux *http.ServeMux) huma.API {
	doc := &huma.OpenAPI{
		OpenAPI: "3.1.0",
		Info: &huma.Info{
			Title: "Millrace", Version: "1",
			Description: "Streams, the keys that publish them, who may watch, and what happens to them. " +
				"Names are in snake_case, times are RFC 3339 in UTC, durations texts such as 30s.",
		},
		Servers: []*huma.Server{{URL: "/"}},
		Components: &huma.Components{
			Schemas: huma.NewMapRegistry("#/components/schemas/", schemaName),
			SecuritySchemes: map[string]*huma.SecurityScheme{
				"bearer": {Type: "http", Scheme: "bearer", Description: "The admin token, or one made with POST /api/v1/tokens."},
			},
		},
	}
	return humago.New(mux, huma.Config{
		OpenAPI: doc, Formats: map[string]huma.Format{"application/json": format, "json": format},
		DefaultFormat: "application/json", RejectUnknownQueryParameters: true,
	})
}

// schemaName is what the description calls a type.
func schemaName(t reflect.Type, hint string) string {
	if name := huma.DefaultSchemaNamer(t, hint); name != "Details" {
		return name
	}
	return "Problem"
}
