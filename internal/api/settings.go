package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/millrace-live/millrace/internal/access"
	"github.com/millrace-live/millrace/internal/catalog"
	"github.com/millrace-live/millrace/internal/hub"
	"github.com/millrace-live/millrace/internal/problem"
)

// StreamSettings are what can be set of a stream. Null and what is left out is the
// app's or the server's.
type StreamSettings struct {
	Title           *string           `json:"title,omitempty" nullable:"true" doc:"For people."`
	Labels          Labels            `json:"labels,omitempty" nullable:"true" doc:"By which streams are found. Null removes one."`
	Passthrough     *string           `json:"passthrough,omitempty" nullable:"true" doc:"A text of your own, which events bring back as it is."`
	Visibility      *string           `json:"visibility,omitempty" nullable:"true" enum:"public,unlisted,private" doc:"unlisted, unless you say otherwise: who knows a playback id may watch."`
	PlaybackIDs     []string          `json:"playback_ids,omitempty" nullable:"true" doc:"Addresses to watch by, instead of the name. An empty one becomes a new one."`
	SecondPublisher *string           `json:"second_publisher,omitempty" nullable:"true" enum:"take-over,refuse"`
	Grace           *catalog.Duration `json:"grace,omitempty" nullable:"true" doc:"How long viewers wait for a publisher that vanished." example:"30s"`
	Delivery        *string           `json:"delivery,omitempty" nullable:"true" enum:"realtime,balanced,economy"`
	Disabled        *bool             `json:"disabled,omitempty" nullable:"true" doc:"Nobody publishes it."`
	Rotate          *catalog.Duration `json:"rotate,omitempty" nullable:"true" doc:"The age at which its keys are made anew." example:"720h"`
	Overlap         *catalog.Duration `json:"overlap,omitempty" nullable:"true" doc:"How long the old keys are good then." example:"24h"`
}

// StreamNamed are the settings of a stream with its name.
type StreamNamed struct {
	Name string  `json:"name" doc:"The name, with the app or, if that is given, without." example:"live/cam1"`
	App  *string `json:"app,omitempty" nullable:"true"`
	StreamSettings
}

// NewStream is a stream to be made.
type NewStream struct {
	StreamNamed
	WithoutKey *bool   `json:"without_key,omitempty" nullable:"true" doc:"Make no key."`
	KeyLabel   *string `json:"key_label,omitempty" nullable:"true" doc:"The label of the key."`
}

// settingsOf are those of a stream as it is.
func settingsOf(e *catalog.Stream) StreamSettings {
	s := StreamSettings{
		Title: some(e.Title), Labels: e.Labels, Passthrough: some(e.Passthrough), Visibility: some(string(e.Visibility)),
		PlaybackIDs: e.PlaybackIDs, SecondPublisher: some(e.SecondPublisher), Grace: e.Grace, Delivery: some(e.Delivery),
		Rotate: e.Rotate, Overlap: e.Overlap,
	}
	if e.Disabled {
		s.Disabled = &e.Disabled
	}
	return s
}

// to sets them.
func (s *StreamSettings) to(e *catalog.Stream) {
	e.Title, e.Labels, e.Passthrough, e.Visibility = of(s.Title), s.Labels, of(s.Passthrough), catalog.Visibility(of(s.Visibility))
	e.PlaybackIDs, e.SecondPublisher, e.Grace, e.Delivery = s.PlaybackIDs, of(s.SecondPublisher), s.Grace, of(s.Delivery)
	e.Disabled, e.Rotate, e.Overlap = of(s.Disabled), s.Rotate, s.Overlap
}

// stream is the stream of that name with these settings.
func (n *StreamNamed) stream() (catalog.Stream, error) {
	path, err := access.StreamName(of(n.App), n.Name)
	if err != nil {
		return catalog.Stream{}, &catalog.FaultError{Field: "name", Reason: err.Error() + "; choose another name"}
	}
	first := app(path)
	e := catalog.Stream{App: first, Name: path[len(first)+1:]}
	n.to(&e)
	return e, nil
}

// some is a text, nil if it is empty.
func some(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}

// of is what p points to, if to anything.
func of[T any](p *T) (v T) {
	if p != nil {
		v = *p
	}
	return v
}

// once is a context in which a change is made once.
func (o Once) once(ctx context.Context) context.Context {
	if o.IdempotencyKey == "" {
		return ctx
	}
	return catalog.WithRequest(ctx, o.IdempotencyKey)
}

// Created is a new stream, and what an encoder and viewers need.
type Created struct {
	Stream
	Key         string    `json:"key,omitempty" doc:"The key, shown once."`
	KeyID       string    `json:"key_id,omitempty"`
	StreamKey   string    `json:"stream_key,omitempty" doc:"The key under the name that encoders have for it."`
	IngestURL   string    `json:"ingest_url" doc:"What to type into an encoder as its server."`
	IngestRTMPS string    `json:"ingest_url_rtmps,omitempty" doc:"The same inside TLS."`
	Playback    Addresses `json:"playback" doc:"The addresses."`
}

func (a *API) create(ctx context.Context, in *struct {
	Once
	Body Patch[NewStream]
},
) (*Made[Created], error) {
	objects, err := a.objects()
	if err != nil {
		return nil, err
	}
	wanted, err := in.Body.onto(NewStream{})
	if err != nil {
		return nil, err
	}
	s, err := wanted.stream()
	if err != nil {
		return nil, err
	}
	who := whoAsks(ctx)
	if err := within(who, s.App); err != nil {
		return nil, err
	}
	e, key, secret, err := objects.CreateStream(in.once(ctx), who.actor, s, catalog.CreateOptions{
		Key: !of(wanted.WithoutKey), KeyLabel: of(wanted.KeyLabel),
	})
	if err != nil {
		return nil, err
	}
	answer := &Made[Created]{ETag: etag(e.Revision), Location: streamsPath + e.ID}
	b := &answer.Body
	b.Stream = a.stream(who.request, who, a.lookUp(e.ID))
	b.IngestURL, b.IngestRTMPS = a.Site.Servers(who.request, e.App)
	b.Playback = b.Addresses
	if key != nil {
		b.Key, b.KeyID = secret.Reveal(), key.ID
		b.StreamKey = b.Key
	}
	return answer, nil
}

func (a *API) change(ctx context.Context, in *struct {
	OneStream
	Condition
	Once
	Body Patch[StreamSettings]
},
) (*Tagged[OneStreamNow], error) {
	e, err := a.entry(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	revision, err := matched(in.IfMatch, e.Revision)
	if err != nil {
		return nil, err
	}
	who := whoAsks(ctx)
	changed, err := a.Catalog.ChangeStream(in.once(ctx), who.actor, e.ID, revision, func(s *catalog.Stream) error {
		set, err := in.Body.onto(settingsOf(s))
		if err == nil {
			set.to(s)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return a.streamNow(who, changed), nil
}

// streamNow is the answer of a change.
func (a *API) streamNow(who *identity, e *catalog.Stream) *Tagged[OneStreamNow] {
	sub := &subject{path: e.Path(), entry: e}
	if info, ok := a.Hub.Stream(sub.path); ok {
		sub.info = &info
	}
	return &Tagged[OneStreamNow]{etag(e.Revision), OneStreamNow{timestamp(time.Now()), a.stream(who.request, who, sub)}}
}

func (a *API) remove(ctx context.Context, in *struct {
	OneStream
	Condition
	Once
},
) (*Nothing, error) {
	e, err := a.entry(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	revision, err := matched(in.IfMatch, e.Revision)
	if err != nil {
		return nil, err
	}
	return nil, a.Catalog.DeleteStream(in.once(ctx), whoAsks(ctx).actor, e.ID, revision)
}

// KickReason is why somebody is sent away.
type KickReason struct {
	Reason string `json:"reason,omitempty" maxLength:"200" doc:"What the encoder is told."`
}

func (a *API) kickStream(ctx context.Context, in *struct {
	OneStream
	Body *KickReason
},
) (*Nothing, error) {
	if a.Kicker == nil {
		return nil, notHere("this server ends no sessions")
	}
	who := whoAsks(ctx)
	sub := a.lookUp(in.ID)
	if err := within(who, app(sub.path)); err != nil {
		return nil, err
	}
	reason := "ended by " + string(who.actor)
	if in.Body != nil && in.Body.Reason != "" {
		reason = in.Body.Reason
	}
	ended := a.Kicker.KickWhere(func(s hub.SessionInfo, _ string) bool {
		return s.Stream == sub.path && s.Role == hub.Publisher
	}, reason)
	if ended == 0 {
		return nil, absent(in.ID)
	}
	return nil, nil
}

func (a *API) rehearsal(ctx context.Context, in *OneStream) (*Plain[any], error) {
	if a.Rehearsal == nil {
		return nil, notHere("this server has no rehearsals")
	}
	e, err := a.entry(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	report, ok := a.Rehearsal(e.Path())
	if !ok {
		return nil, problem.New(http.StatusNotFound, "nobody rehearses this stream, and nobody has since the server started")
	}
	return &Plain[any]{report}, nil
}

// Declared is a set of streams as they shall be.
type Declared struct {
	Streams []StreamNamed     `json:"streams" maxItems:"20000"`
	App     string            `json:"app,omitempty" doc:"Prune only in this app."`
	Labels  map[string]string `json:"labels,omitempty" doc:"Prune only streams with these labels."`
	Prune   bool              `json:"prune,omitempty" doc:"Delete streams that are not in the set."`
}

// Difference is what becomes of one stream.
type Difference struct {
	Stream  string        `json:"stream"`
	ID      string        `json:"id,omitempty"`
	Action  string        `json:"action" enum:"created,changed,deleted"`
	Changes []FieldChange `json:"changes,omitempty"`
}

// FieldChange is what becomes of one field.
type FieldChange struct {
	Field  string `json:"field" example:"labels.city"`
	Before any    `json:"before"`
	After  any    `json:"after"`
}

func newChanges(list []catalog.FieldChange) []FieldChange {
	changes := make([]FieldChange, 0, len(list))
	for _, c := range list {
		changes = append(changes, FieldChange(c))
	}
	return changes
}

// Applied is what a set did, or would do.
type Applied struct {
	DryRun      bool         `json:"dry_run"`
	Differences []Difference `json:"differences"`
}

func (a *API) apply(ctx context.Context, in *struct {
	Once
	DryRun bool `query:"dry_run" doc:"Only say what would be done."`
	Body   Declared
},
) (*Plain[Applied], error) {
	objects, err := a.objects()
	if err != nil {
		return nil, err
	}
	who := whoAsks(ctx)
	var set []catalog.Stream
	for i := range in.Body.Streams {
		s, err := in.Body.Streams[i].stream()
		if fault := new(catalog.FaultError); errors.As(err, &fault) {
			return nil, &catalog.FaultError{Field: fmt.Sprintf("streams[%d].%s", i, fault.Field), Reason: fault.Reason}
		}
		if err := within(who, s.App); err != nil {
			return nil, err
		}
		set = append(set, s)
	}
	if in.Body.App != "" {
		if err := within(who, in.Body.App); err != nil {
			return nil, err
		}
	}
	list, err := objects.Apply(in.once(ctx), who.actor, set, catalog.ApplyOptions{
		DryRun: in.DryRun, Prune: in.Body.Prune, App: in.Body.App, Apps: who.apps, Labels: in.Body.Labels,
	})
	if err != nil {
		return nil, err
	}
	answer := &Plain[Applied]{Applied{DryRun: in.DryRun, Differences: []Difference{}}}
	for _, d := range list {
		answer.Body.Differences = append(answer.Body.Differences, Difference{d.Stream, d.ID, d.Action, newChanges(d.Changes)})
	}
	return answer, nil
}

// Version is one change of an object.
type Version struct {
	Sequence int64         `json:"sequence"`
	Kind     string        `json:"kind"`
	ID       string        `json:"id"`
	Stream   string        `json:"stream,omitempty"`
	Revision int64         `json:"revision"`
	Action   string        `json:"action" enum:"created,changed,deleted"`
	By       string        `json:"by" doc:"admin, loopback, config, system, or token: and its id."`
	Time     timestamp     `json:"time"`
	Changes  []FieldChange `json:"changes" doc:"Of secrets no more than that they are others."`
}

// Versions is a page of changes, the newest first.
type Versions struct {
	History []Version `json:"history"`
	Next    int64     `json:"next,omitempty" doc:"The before of the next page."`
}

func versions(list []catalog.Version, limit int) Versions {
	answer := Versions{History: []Version{}}
	for _, v := range list {
		answer.History = append(answer.History, Version{
			v.Sequence, v.Kind, v.ID, v.Stream, v.Revision, v.Action, string(v.By), timestamp(v.Time), newChanges(v.Changes),
		})
	}
	if len(list) == limit {
		answer.Next = list[limit-1].Sequence
	}
	return answer
}

func (a *API) history(ctx context.Context, in *struct {
	OneStream
	Paging
},
) (*Plain[Versions], error) {
	e, err := a.entry(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	list, err := a.Catalog.History(ctx, e.ID, in.Before, in.Limit)
	if err != nil {
		return nil, err
	}
	return &Plain[Versions]{versions(list, in.Limit)}, nil
}

func (a *API) rollBack(ctx context.Context, in *struct {
	OneStream
	Condition
	Once
	Body struct {
		Revision int64 `json:"revision" minimum:"1"`
	} `nameHint:"RollBack"`
},
) (*Tagged[OneStreamNow], error) {
	e, err := a.entry(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	revision, err := matched(in.IfMatch, e.Revision)
	if err != nil {
		return nil, err
	}
	who := whoAsks(ctx)
	changed, err := a.Catalog.RollBack(in.once(ctx), who.actor, e.ID, in.Body.Revision, revision)
	if err != nil {
		return nil, err
	}
	return a.streamNow(who, changed), nil
}
