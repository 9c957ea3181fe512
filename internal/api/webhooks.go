package api

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"github.com/millrace-live/millrace/internal/catalog"
	"github.com/millrace-live/millrace/internal/config"
	"github.com/millrace-live/millrace/internal/database"
	"github.com/millrace-live/millrace/internal/event"
	"github.com/millrace-live/millrace/internal/problem"
	"github.com/millrace-live/millrace/internal/webhook"
)

// Webhook is an address that events are delivered to.
type Webhook struct {
	Meta
	URL      string   `json:"url"`
	Label    string   `json:"label,omitempty"`
	Types    []string `json:"types,omitempty" doc:"Of events; none: all."`
	Apps     []string `json:"apps,omitempty" doc:"Of streams; none: all."`
	Disabled bool     `json:"disabled"`
	Secret   string   `json:"secret,omitempty" doc:"Signs deliveries; shown once."`
}

// WebhookSettings are what can be set of a webhook.
type WebhookSettings struct {
	URL      string   `json:"url,omitempty" format:"uri" example:"https://ops.example.com/millrace"`
	Label    *string  `json:"label,omitempty" nullable:"true"`
	Types    []string `json:"types,omitempty" nullable:"true" doc:"Of events; none: all. stream.* is all that begin so."`
	Apps     []string `json:"apps,omitempty" nullable:"true" doc:"Of streams; none: all."`
	Disabled *bool    `json:"disabled,omitempty" nullable:"true"`
}

func (s *WebhookSettings) to(w *catalog.Webhook) error {
	for _, t := range s.Types {
		if err := event.CheckPattern(t); err != nil {
			return &catalog.FaultError{Field: "types", Reason: err.Error()}
		}
	}
	w.URL, w.Label, w.Types, w.Apps, w.Disabled = s.URL, of(s.Label), s.Types, s.Apps, of(s.Disabled)
	return nil
}

// WebhookList are all webhooks.
type WebhookList struct {
	Webhooks []Webhook `json:"webhooks"`
}

// Tried is what came of a test.
type Tried struct {
	Delivered bool    `json:"delivered"`
	Status    int     `json:"status,omitempty" doc:"Of the answer, if there was one."`
	Problem   string  `json:"problem,omitempty" doc:"A sentence."`
	Seconds   float64 `json:"seconds" doc:"How long it took."`
	Event     string  `json:"event" doc:"The id of the event that was sent."`
}

// DeadLetter is an event that could not be delivered.
type DeadLetter struct {
	Sequence int64           `json:"sequence" doc:"By which it is replayed."`
	Attempts int             `json:"attempts"`
	Problem  string          `json:"problem" doc:"Of the last attempt."`
	Died     *timestamp      `json:"died,omitempty"`
	Event    json.RawMessage `json:"event"`
}

// DeadLetters are a page of them.
type DeadLetters struct {
	Dead []DeadLetter `json:"dead"`
	Next int64        `json:"next,omitempty" doc:"The after of the next page."`
}

// Replay is which events are to be delivered once more.
type Replay struct {
	Sequences []int64    `json:"sequences,omitempty" maxItems:"1000" doc:"These."`
	Dead      bool       `json:"dead,omitempty" doc:"All dead letters."`
	Since     *time.Time `json:"since,omitempty" doc:"All of this time and later, delivered or not."`
}

// Replayed says how many.
type Replayed struct {
	Replayed int `json:"replayed"`
}

func (a *API) serveWebhooks() {
	register(a, operation{
		id: "list-webhooks", method: http.MethodGet, path: "/webhooks", tag: "webhooks", summary: "List the webhooks",
		role: catalog.Admin, all: true,
	}, func(context.Context, *Nothing) (*Plain[WebhookList], error) {
		objects, err := a.objects()
		if err != nil {
			return nil, err
		}
		answer := &Plain[WebhookList]{WebhookList{[]Webhook{}}}
		for _, w := range objects.Webhooks() {
			answer.Body.Webhooks = append(answer.Body.Webhooks, newWebhook(w, config.Secret{}))
		}
		return answer, nil
	})
	register(a, operation{
		id: "create-webhook", method: http.MethodPost, path: "/webhooks", tag: "webhooks", summary: "Create a webhook",
		about: "The secret that signs deliveries is shown in this answer and never again.",
		role:  catalog.Admin, all: true, status: http.StatusCreated, changes: true,
	}, a.createWebhook)
	register(a, operation{
		id: "get-webhook", method: http.MethodGet, path: "/webhooks/{id}", tag: "webhooks", summary: "Read a webhook",
		role: catalog.Admin, all: true,
	}, func(_ context.Context, in *Object) (*Tagged[Webhook], error) {
		w, err := a.webhook(in.ID)
		return taggedWebhook(w, config.Secret{}, err)
	})
	register(a, operation{
		id: "change-webhook", method: http.MethodPatch, path: "/webhooks/{id}", tag: "webhooks", summary: "Change a webhook",
		role: catalog.Admin, all: true, changes: true,
	}, a.changeWebhook)
	register(a, operation{
		id: "delete-webhook", method: http.MethodDelete, path: "/webhooks/{id}", tag: "webhooks", summary: "Delete a webhook",
		about: "What waits for it is dropped.", role: catalog.Admin, all: true, changes: true,
	}, a.deleteWebhook)
	register(a, operation{
		id: "rotate-webhook-secret", method: http.MethodPost, path: "/webhooks/{id}/rotate", tag: "webhooks",
		summary: "Replace the secret that signs deliveries", role: catalog.Admin, all: true, changes: true,
	}, a.rotateWebhook)
	register(a, operation{
		id: "test-webhook", method: http.MethodPost, path: "/webhooks/{id}/test", tag: "webhooks",
		summary: "Send an event for trying out, now", role: catalog.Admin, all: true,
	}, a.testWebhook)
	register(a, operation{
		id: "list-dead-letters", method: http.MethodGet, path: "/webhooks/{id}/dead", tag: "webhooks",
		summary: "List what could not be delivered", role: catalog.Admin, all: true,
	}, a.deadLetters)
	register(a, operation{
		id: "replay-webhook", method: http.MethodPost, path: "/webhooks/{id}/replay", tag: "webhooks",
		summary: "Deliver events once more", role: catalog.Admin, all: true,
	}, a.replay)
}

func newWebhook(w *catalog.Webhook, secret config.Secret) Webhook {
	return Webhook{newMeta(w.Meta), w.URL, w.Label, w.Types, w.Apps, w.Disabled, secret.Reveal()}
}

func taggedWebhook(w *catalog.Webhook, secret config.Secret, err error) (*Tagged[Webhook], error) {
	if err != nil {
		return nil, err
	}
	return &Tagged[Webhook]{etag(w.Revision), newWebhook(w, secret)}, nil
}

func (a *API) webhook(id string) (*catalog.Webhook, error) {
	objects, err := a.objects()
	if err != nil {
		return nil, err
	}
	w, ok := objects.Webhook(id)
	if !ok {
		return nil, &catalog.NotFoundError{Kind: catalog.KindWebhook, ID: id}
	}
	return w, nil
}

func (a *API) createWebhook(ctx context.Context, in *struct {
	Once
	Body Patch[WebhookSettings]
},
) (*Made[Webhook], error) {
	objects, err := a.objects()
	if err != nil {
		return nil, err
	}
	wanted, err := in.Body.onto(WebhookSettings{})
	if err != nil {
		return nil, err
	}
	var w catalog.Webhook
	if err := wanted.to(&w); err != nil {
		return nil, err
	}
	made, secret, err := objects.CreateWebhook(in.once(ctx), whoAsks(ctx).actor, w)
	if err != nil {
		return nil, err
	}
	return &Made[Webhook]{etag(made.Revision), "/api/v1/webhooks/" + made.ID, newWebhook(made, secret)}, nil
}

func (a *API) changeWebhook(ctx context.Context, in *struct {
	Object
	Condition
	Once
	Body Patch[WebhookSettings]
},
) (*Tagged[Webhook], error) {
	w, err := a.webhook(in.ID)
	if err != nil {
		return nil, err
	}
	revision, err := matched(in.IfMatch, w.Revision)
	if err != nil {
		return nil, err
	}
	w, err = a.Catalog.ChangeWebhook(in.once(ctx), whoAsks(ctx).actor, w.ID, revision, func(w *catalog.Webhook) error {
		was := WebhookSettings{URL: w.URL, Label: some(w.Label), Types: w.Types, Apps: w.Apps}
		if w.Disabled {
			was.Disabled = &w.Disabled
		}
		set, err := in.Body.onto(was)
		if err != nil {
			return err
		}
		return set.to(w)
	})
	return taggedWebhook(w, config.Secret{}, err)
}

func (a *API) deleteWebhook(ctx context.Context, in *struct {
	Object
	Condition
	Once
},
) (*Nothing, error) {
	w, err := a.webhook(in.ID)
	if err != nil {
		return nil, err
	}
	revision, err := matched(in.IfMatch, w.Revision)
	if err != nil {
		return nil, err
	}
	return nil, a.Catalog.DeleteWebhook(in.once(ctx), whoAsks(ctx).actor, w.ID, revision)
}

func (a *API) rotateWebhook(ctx context.Context, in *struct {
	Object
	Condition
	Once
},
) (*Tagged[Webhook], error) {
	w, err := a.webhook(in.ID)
	if err != nil {
		return nil, err
	}
	revision, err := matched(in.IfMatch, w.Revision)
	if err != nil {
		return nil, err
	}
	return taggedWebhook(a.Catalog.RotateWebhookSecret(in.once(ctx), whoAsks(ctx).actor, w.ID, revision))
}

// deliveries are those of the webhook that an operation is about.
func (a *API) deliveries(id string) (Webhooks, *catalog.Webhook, error) {
	if a.Webhooks == nil {
		return nil, nil, notHere("this server delivers no events")
	}
	w, err := a.webhook(id)
	return a.Webhooks, w, err
}

func (a *API) testWebhook(ctx context.Context, in *Object) (*Plain[Tried], error) {
	deliveries, w, err := a.deliveries(in.ID)
	if err != nil {
		return nil, err
	}
	secret, _ := a.Catalog.WebhookSecret(w.ID)
	o, err := deliveries.Test(ctx, webhook.Endpoint{ID: w.ID, URL: w.URL, Secret: secret})
	if err != nil {
		return nil, err
	}
	return &Plain[Tried]{Tried{o.Delivered, o.Status, o.Problem, round(o.Took.Seconds(), 3), o.Event}}, nil
}

func (a *API) deadLetters(ctx context.Context, in *struct {
	Object
	After int64 `query:"after" minimum:"0" doc:"The next of the page before."`
	Limit int   `query:"limit" minimum:"1" maximum:"1000" default:"100"`
},
) (*Plain[DeadLetters], error) {
	deliveries, w, err := a.deliveries(in.ID)
	if err != nil {
		return nil, err
	}
	list, err := deliveries.Dead(ctx, w.ID, in.After, in.Limit)
	if err != nil {
		return nil, err
	}
	answer := &Plain[DeadLetters]{DeadLetters{Dead: []DeadLetter{}}}
	for _, d := range list {
		answer.Body.Dead = append(answer.Body.Dead, newDeadLetter(&d))
	}
	if len(list) == in.Limit {
		answer.Body.Next = list[in.Limit-1].Event.Sequence
	}
	return answer, nil
}

func newDeadLetter(d *database.Delivery) DeadLetter {
	return DeadLetter{d.Event.Sequence, d.Attempts, d.Problem, stamp(d.Died), d.Event.Body}
}

func (a *API) replay(ctx context.Context, in *struct {
	Object
	Body Replay
},
) (*Plain[Replayed], error) {
	deliveries, w, err := a.deliveries(in.ID)
	if err != nil {
		return nil, err
	}
	if len(in.Body.Sequences) == 0 && !in.Body.Dead && in.Body.Since == nil {
		return nil, problem.New(http.StatusUnprocessableEntity, "say which: sequences, dead or since")
	}
	n, err := deliveries.Replay(ctx, w.ID, webhook.Selection{
		Sequences: in.Body.Sequences, Dead: in.Body.Dead, Since: of(in.Body.Since),
		Filter: event.Filter{Types: w.Types, Apps: w.Apps},
	})
	if err != nil {
		return nil, err
	}
	return &Plain[Replayed]{Replayed{n}}, nil
}
