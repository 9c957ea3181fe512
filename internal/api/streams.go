package api

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/millrace-live/millrace/internal/access"
	"github.com/millrace-live/millrace/internal/catalog"
	"github.com/millrace-live/millrace/internal/hub"
	"github.com/millrace-live/millrace/internal/problem"
)

// serveStreams serves the streams themselves.
func (a *API) serveStreams() {
	register(a, operation{
		id: "list-streams", method: http.MethodGet, path: "/streams", tag: "streams", summary: "List streams",
		about: "Without a token: the public streams that are on air; no parameters count. With one: all streams of its apps, " +
			"page by page; those on air that nobody set up are on the first page.",
	}, a.list)
	register(a, operation{
		id: "create-stream", method: http.MethodPost, path: "/streams", tag: "streams", summary: "Create a stream, with a key",
		about: "The key is shown in this answer and never again.",
		role:  catalog.Operator, status: http.StatusCreated, changes: true,
	}, a.create)
	register(a, operation{
		id: "get-stream", method: http.MethodGet, path: "/streams/{id}", tag: "streams", summary: "Read a stream",
		about: "By its identifier, its name (slashes may stay as they are: /streams/live/cam1) or a playback id. " +
			"Without a token: a stream that is on air and may be watched.",
	}, a.one)
	register(a, operation{
		id: "change-stream", method: http.MethodPatch, path: "/streams/{id}", tag: "streams", summary: "Change a stream",
		about: "What is not named stays; null goes back to what the app or the server says.",
		role:  catalog.Operator, changes: true,
	}, a.change)
	register(a, operation{
		id: "delete-stream", method: http.MethodDelete, path: "/streams/{id}", tag: "streams", summary: "Delete a stream",
		about: "Its keys and credentials go with it, and who publishes it is sent away.",
		role:  catalog.Operator, changes: true,
	}, a.remove)
	register(a, operation{
		id: "kick-stream", method: http.MethodPost, path: "/streams/{id}/kick", tag: "streams", summary: "End a broadcast",
		about: "An encoder whose key is still good may come back: revoke the key or disable the stream to keep it away.",
		role:  catalog.Operator,
	}, a.kickStream)
	register(a, operation{
		id: "list-stream-history", method: http.MethodGet, path: "/streams/{id}/history", tag: "streams",
		summary: "What was changed of a stream, and by whom", role: catalog.Viewer,
	}, a.history)
	register(a, operation{
		id: "roll-back-stream", method: http.MethodPost, path: "/streams/{id}/rollback", tag: "streams",
		summary: "Set a stream back to what it was at a revision", role: catalog.Operator, changes: true,
	}, a.rollBack)
	register(a, operation{
		id: "get-rehearsal", method: http.MethodGet, path: "/streams/{id}/rehearsal", tag: "streams",
		summary: "What the checks say of a rehearsal", role: catalog.Viewer,
	}, a.rehearsal)
	register(a, operation{
		id: "apply-streams", method: http.MethodPut, path: "/apply", tag: "streams", summary: "Create and change a set of streams at once",
		about: "Streams that differ are changed, those that are missing are made (without keys); with prune those that are not in the set are deleted.",
		role:  catalog.Operator, changes: true,
	}, a.apply)
}

// StreamsAsked is which streams are asked for.
type StreamsAsked struct {
	App        string `query:"app"`
	State      string `query:"state" enum:"idle,live,reconnecting,on-air" doc:"on-air is live or reconnecting."`
	Visibility string `query:"visibility" enum:"public,unlisted,private"`
	Label      string `query:"label" doc:"Labels that a stream has, all of them: city=Bremen,camera"`
	Search     string `query:"search" doc:"A part of the name or title."`
	Managed    string `query:"managed" enum:"api,config"`
	Sort       string `query:"sort" enum:"name,-name,created,-created,updated,-updated" default:"name"`
	Cursor     string `query:"cursor" doc:"The next of the page before."`
	Limit      int    `query:"limit" minimum:"1" maximum:"1000" default:"100"`
}

// StreamList is a page of streams.
type StreamList struct {
	Time    timestamp `json:"time"`
	Ingest  string    `json:"ingest" doc:"What to type into an encoder as its server."`
	Streams []Stream  `json:"streams"`
	Next    string    `json:"next,omitempty" doc:"The cursor of the next page."`
}

// OneStreamNow is a stream at a time.
type OneStreamNow struct {
	Time timestamp `json:"time"`
	Stream
}

func (a *API) list(ctx context.Context, q *StreamsAsked) (*Plain[StreamList], error) {
	who := whoAsks(ctx)
	r := who.request
	answer := &Plain[StreamList]{Body: StreamList{
		Time: timestamp(time.Now()), Ingest: a.Site.Ingest(r), Streams: []Stream{},
	}}
	var subjects []*subject
	// Who asks as clients did before there was a catalogue is answered as then.
	if _, bears := bearerOf(r); a.Catalog == nil || who.role == "" || !bears && r.URL.RawQuery == "" {
		for _, sub := range a.onAir() {
			if who.over(app(sub.path)) || who.role == "" && sub.public() {
				subjects = append(subjects, sub)
			}
		}
		slices.SortFunc(subjects, func(a, b *subject) int { return cmp.Compare(a.path, b.path) })
	} else {
		var err error
		if subjects, answer.Body.Next, err = a.page(who, q); err != nil {
			return nil, err
		}
	}
	for _, sub := range subjects {
		answer.Body.Streams = append(answer.Body.Streams, a.stream(r, who, sub))
	}
	return answer, nil
}

// onAir are the streams that somebody sends.
func (a *API) onAir() []*subject {
	var list []*subject
	infos := a.Hub.Streams()
	for i := range infos {
		if infos[i].State != hub.Ended {
			list = append(list, &subject{path: infos[i].Name, info: &infos[i], entry: a.byPath(infos[i].Name)})
		}
	}
	return list
}

func (a *API) byPath(path string) *catalog.Stream {
	if a.Catalog == nil {
		return nil
	}
	s, _ := a.Catalog.StreamByPath(path)
	return s
}

// page is a page of the catalogue; on the first one stands what is on air without
// being in there, too.
func (a *API) page(who *identity, q *StreamsAsked) (subjects []*subject, next string, err error) {
	live := make(map[string]*subject)
	var strays []*subject
	if q.Cursor == "" || q.State != "" {
		for _, sub := range a.onAir() {
			live[sub.path] = sub
			if sub.entry == nil && q.Cursor == "" && who.over(app(sub.path)) && q.fits(sub) {
				strays = append(strays, sub)
			}
		}
	}
	query := catalog.StreamQuery{
		App: q.App, Apps: who.apps, Visibility: catalog.Visibility(q.Visibility), Labels: labelQuery(q.Label), Search: q.Search,
		Managed: q.Managed, Sort: q.Sort, Cursor: q.Cursor, Limit: q.Limit,
	}
	if q.State != "" {
		query.Keep = func(e *catalog.Stream) bool { return q.inState(live[e.Path()]) }
	}
	entries, next, err := a.Catalog.Streams(query)
	if fault := new(catalog.FaultError); errors.As(err, &fault) {
		return nil, "", problem.New(http.StatusUnprocessableEntity, fault.Error(), problem.Fault{Location: "query." + fault.Field, Reason: fault.Reason})
	} else if err != nil {
		return nil, "", err
	}
	for _, e := range entries {
		sub := &subject{path: e.Path(), entry: e}
		if info, ok := a.Hub.Stream(sub.path); ok {
			sub.info = &info
		}
		subjects = append(subjects, sub)
	}
	subjects = append(strays, subjects...)
	switch q.Sort {
	case "name":
		slices.SortFunc(subjects, func(a, b *subject) int { return cmp.Compare(a.path, b.path) })
	case "-name":
		slices.SortFunc(subjects, func(a, b *subject) int { return cmp.Compare(b.path, a.path) })
	}
	return subjects, next, nil
}

// fits reports whether a stream that nobody set up is asked for.
func (q *StreamsAsked) fits(sub *subject) bool {
	return (q.App == "" || q.App == app(sub.path)) && (q.Visibility == "" || q.Visibility == string(catalog.Public)) &&
		q.Label == "" && q.Managed == "" && strings.Contains(strings.ToLower(sub.path), strings.ToLower(q.Search)) &&
		(q.State == "" || q.inState(sub))
}

func (q *StreamsAsked) inState(sub *subject) bool {
	switch {
	case sub == nil || !sub.onAir():
		return q.State == "idle"
	case q.State == "on-air":
		return true
	}
	return q.State == sub.info.State.String()
}

// Permission is what a stranger shows to watch a private stream.
type Permission struct {
	Token string `query:"token" doc:"A permission to watch; without a token of the API."`
	Exp   string `query:"exp" doc:"Of a link, as the next two."`
	Sig   string `query:"sig"`
	IP    string `query:"ip"`
}

func (a *API) one(ctx context.Context, in *struct {
	OneStream
	Permission // Viewer reads it
},
) (*Tagged[OneStreamNow], error) {
	who := whoAsks(ctx)
	sub, err := a.find(who, in.ID)
	if err != nil {
		return nil, err
	}
	answer := &Tagged[OneStreamNow]{Body: OneStreamNow{timestamp(time.Now()), a.stream(who.request, who, sub)}}
	if who.over(app(sub.path)) && who.may(catalog.Operator) {
		answer.Body.Refused = a.refusedOf(sub.path)
	}
	if revision := answer.Body.Configured; revision != nil && revision.Revision != 0 {
		answer.ETag = etag(revision.Revision)
	}
	return answer, nil
}

// find is the stream that who asks for and may know of. To a stranger one that is
// kept from him is as if it were not there.
func (a *API) find(who *identity, id string) (*subject, error) {
	sub := a.lookUp(id)
	if who.over(app(sub.path)) {
		if sub.entry == nil && !sub.onAir() {
			return nil, absent(id)
		}
		return sub, nil
	}
	if a.Viewer != nil && !strings.HasPrefix(id, "st_") {
		path, _, err := a.Viewer(who.request, id)
		if err != nil {
			return nil, problem.Of(err)
		}
		if path != sub.path {
			sub = a.lookUp(path)
		}
	} else if !sub.public() && (sub.shown == "" || sub.entry.Visibility == catalog.Private) {
		return nil, absent(id)
	}
	if !sub.onAir() {
		return nil, absent(id)
	}
	return sub, nil
}

func absent(id string) error {
	detail := fmt.Sprintf("the stream %q is not on air", id) + slashHint(id)
	if access.Unspeakable(id) {
		detail = "this is no stream: a key or token is the name of nothing"
	}
	d := problem.New(http.StatusNotFound, detail)
	d.Code = "not-on-air"
	return d
}

// hangs is what hangs at a stream.
var hangs = []string{"keys", "credentials", "history", "rehearsal", "kick", "rollback", "links"}

// slashHint helps those who wrote /streams/live/cam1/keys, which is a name.
func slashHint(path string) string {
	if !slices.Contains(hangs, last(path)) || strings.Count(path, "/") < 2 {
		return ""
	}
	stream := path[:strings.LastIndexByte(path, '/')]
	return fmt.Sprintf("; if you mean the %s of %s, write %s%s/%s", last(path), stream, streamsPath, url.PathEscape(stream), last(path))
}

// lookUp is the stream with an identifier, a name or a playback id.
func (a *API) lookUp(id string) *subject {
	sub := &subject{path: id}
	if a.Catalog != nil {
		sub.entry = a.known(id)
	}
	if sub.entry != nil {
		if sub.path = sub.entry.Path(); sub.path != id && !identifier.MatchString(id) {
			sub.shown = sub.entry.App + "/" + last(id)
		}
	}
	if info, ok := a.Hub.Stream(sub.path); ok {
		sub.info = &info
	}
	return sub
}

// known is the stream of the catalogue with an identifier, a name or a playback id.
func (a *API) known(id string) *catalog.Stream {
	if identifier.MatchString(id) {
		e, _ := a.Catalog.Stream(id)
		return e
	}
	if e, ok := a.Catalog.StreamByPath(id); ok {
		return e
	}
	if e, ok := a.Catalog.StreamByPlayback(last(id)); ok {
		return e
	}
	return nil
}

// entry is the stream of the catalogue that an operation of who is about.
func (a *API) entry(ctx context.Context, id string) (*catalog.Stream, error) {
	if _, err := a.objects(); err != nil {
		return nil, err
	}
	e := a.known(id)
	if e == nil {
		// Whether there is one in another app is not told.
		if !identifier.MatchString(id) {
			if err := within(whoAsks(ctx), app(id)); err != nil {
				return nil, err
			}
		}
		return nil, &catalog.NotFoundError{Kind: catalog.KindStream, ID: id}
	}
	return e, within(whoAsks(ctx), e.App)
}

// app is the first part of a stream's name.
func app(path string) string {
	first, _, ok := strings.Cut(path, "/")
	if !ok {
		return access.DefaultApp
	}
	return first
}

// last is the last part of a stream's name.
func last(path string) string { return path[strings.LastIndexByte(path, '/')+1:] }
