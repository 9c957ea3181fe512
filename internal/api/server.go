package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/millrace-live/millrace/internal/catalog"
	"github.com/millrace-live/millrace/internal/event"
	"github.com/millrace-live/millrace/internal/problem"
)

// Raw is an answer that a handler writes by itself.
type Raw struct{ Body func(huma.Context) }

// raw is the answer that serve writes.
func raw(serve http.HandlerFunc) *Raw {
	return &Raw{func(ctx huma.Context) {
		r, w := humago.Unwrap(ctx)
		serve(w, r)
	}}
}

// answers describes an answer that no type does.
func answers(op *huma.Operation, kind, about string) {
	op.Responses = map[string]*huma.Response{
		"200": {Description: about, Content: map[string]*huma.MediaType{kind: {Schema: &huma.Schema{Type: huma.TypeString}}}},
	}
}

func (a *API) serveServer() {
	register(a, operation{
		id: "follow-events", method: http.MethodGet, path: "/events", tag: "events", summary: "Follow the events as they come",
		about: "Server-sent events, each a CloudEvent. With Last-Event-ID nothing is missed.",
		role:  catalog.Viewer,
		more: func(op *huma.Operation) {
			answers(op, "text/event-stream", "The events.")
			op.SkipValidateParams = true
			text := &huma.Schema{Type: huma.TypeString}
			op.Parameters = []*huma.Param{
				{Name: "type", In: "query", Schema: text, Description: "Types, with commas between: stream.live,key.* is all that begin so, too."},
				{Name: "app", In: "query", Schema: text, Description: "Apps, with commas between."},
				{Name: "stream", In: "query", Schema: text, Description: "The name of one stream."},
				{Name: "after", In: "query", Schema: text, Description: "The id of the last event that was seen."},
				{Name: "Last-Event-ID", In: "header", Schema: text, Description: "The same; browsers send it."},
			}
		},
	}, a.events)
	register(a, operation{
		id: "list-audit", method: http.MethodGet, path: "/audit", tag: "server", summary: "Who changed what",
		role: catalog.Admin, all: true,
	}, func(ctx context.Context, in *Paging) (*Plain[Versions], error) {
		objects, err := a.objects()
		if err != nil {
			return nil, err
		}
		list, err := objects.Audit(ctx, in.Before, in.Limit)
		if err != nil {
			return nil, err
		}
		return &Plain[Versions]{versions(list, in.Limit)}, nil
	})
	register(a, operation{
		id: "reload", method: http.MethodPost, path: "/reload", tag: "server", summary: "Read the config file again",
		role: catalog.Admin, all: true,
	}, a.reloadSettings)
	register(a, operation{
		id: "back-up", method: http.MethodPost, path: "/backup", tag: "server", summary: "Make a backup of all that is kept",
		about: "The answer is the file for millrace restore. It holds secrets.", role: catalog.Admin, all: true,
		more: func(op *huma.Operation) { answers(op, "application/octet-stream", "The file.") },
	}, a.backUp)
}

// events serves the feed, as long as who follows it has a token that is good.
func (a *API) events(ctx context.Context, _ *Nothing) (*Raw, error) {
	if a.Events == nil {
		return nil, notHere("this server tells no events")
	}
	who := whoAsks(ctx)
	return raw(func(w http.ResponseWriter, r *http.Request) {
		a.Events.ServeSSE(w, r, func() (event.Filter, bool) { return a.follows(who) })
	}), nil
}

// follows says which events who may see, now.
func (a *API) follows(who *identity) (event.Filter, bool) {
	if who.bearer == "" {
		return event.Filter{Apps: who.apps}, true
	}
	t, ok := a.Catalog.FindToken(who.bearer)
	if !ok || !t.Good(time.Now()) {
		return event.Filter{}, false
	}
	return event.Filter{Apps: t.Apps}, true
}

func (a *API) backUp(context.Context, *Nothing) (*Raw, error) {
	if a.Backup == nil {
		return nil, notHere("this server has nothing to back up")
	}
	return raw(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/octet-stream")
		w.Header().Set("Content-Disposition", `attachment; filename="millrace.backup"`)
		counted := &counter{ResponseWriter: w}
		err := a.Backup(r.Context(), counted)
		switch {
		case err == nil:
		case counted.n == 0:
			w.Header().Del("Content-Disposition")
			d := problem.Of(a.failure("back-up", err))
			problem.Send(w, d)
		default:
			// The client must not take half a file for a whole one.
			a.logger().Error("the backup broke off", "error", err)
			panic(http.ErrAbortHandler)
		}
	}), nil
}

// counter counts what was written.
type counter struct {
	http.ResponseWriter
	n int64
}

func (c *counter) Write(b []byte) (int, error) {
	n, err := c.ResponseWriter.Write(b)
	c.n += int64(n)
	return n, err
}
