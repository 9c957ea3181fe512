package api

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"

	"github.com/millrace-live/millrace/internal/access"
	"github.com/millrace-live/millrace/internal/catalog"
	"github.com/millrace-live/millrace/internal/database"
	"github.com/millrace-live/millrace/internal/event"
	"github.com/millrace-live/millrace/internal/hub"
	"github.com/millrace-live/millrace/internal/store"
	"github.com/millrace-live/millrace/internal/webhook"
)

// control is an API over a real catalogue in a real database.
type control struct {
	*API
	t     testing.TB
	db    *fragile
	admin string
	live  onAir
}

// fragile is a database that may go away.
type fragile struct {
	database.Store
	err error
}

func (f *fragile) Apply(ctx context.Context, b database.Batch) ([]database.Doc, error) {
	if f.err != nil {
		return nil, f.err
	}
	return f.Store.Apply(ctx, b)
}

func newControl(t testing.TB) *control {
	t.Helper()
	dir := t.TempDir()
	folder, err := store.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { folder.Close() })
	db, err := database.Open(t.Context(), "sqlite:"+filepath.Join(dir, "millrace.db"), database.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	c := &control{t: t, db: &fragile{Store: db}}
	objects, err := catalog.Open(t.Context(), c.db, catalog.Options{Folder: folder, CheckName: access.CheckName})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = objects.Close(context.Background()) })
	token, err := access.LoadToken(folder)
	if err != nil {
		t.Fatal(err)
	}
	text, err := folder.Read(access.TokenFile)
	if err != nil {
		t.Fatal(err)
	}
	c.admin = strings.TrimSpace(string(text))
	c.API = New(c, Site{RTMPPort: 1935}, token)
	c.Catalog = objects
	c.Kicker, c.Events, c.Webhooks = c, feed{}, hooks{}
	c.Backup = func(_ context.Context, w io.Writer) error {
		_, err := io.WriteString(w, "all of it")
		return err
	}
	c.HandleReload(func() (Reloaded, error) { return Reloaded{[]string{}, []string{}}, nil })
	c.Rehearsal = func(string) (any, bool) { return map[string]string{"verdict": "good"}, true }
	return c
}

// The hub of a control.
func (c *control) Streams() []hub.StreamInfo                 { return c.live.Streams() }
func (c *control) Stream(name string) (hub.StreamInfo, bool) { return c.live.Stream(name) }
func (c *control) PlainPublishers() []hub.PlainPublisher     { return nil }
func (c *control) Kick(session, _ string) bool               { return session == "one" }
func (c *control) Sessions(q hub.SessionQuery) ([]hub.SessionInfo, bool) {
	if q.After > 0 {
		return nil, false
	}
	return []hub.SessionInfo{{Number: 1, ID: "one", Role: hub.Publisher, Stream: "live/cam1", Protocol: "rtmp"}}, false
}

func (c *control) KickWhere(which func(hub.SessionInfo, string) bool, _ string) (n int) {
	page, _ := c.Sessions(hub.SessionQuery{})
	for _, s := range page {
		if which(s, "") {
			n++
		}
	}
	return n
}

type feed struct{}

func (feed) ServeSSE(w http.ResponseWriter, _ *http.Request, allowed func() (event.Filter, bool)) {
	filter, ok := allowed()
	_ = json.NewEncoder(w).Encode(map[string]any{"apps": filter.Apps, "ok": ok})
}

func (feed) Problems(string) ([]event.Problem, bool) {
	return []event.Problem{{Code: "silent", Detail: "it sends nothing"}}, true
}

type hooks struct{}

func (hooks) Test(context.Context, webhook.Endpoint) (webhook.Outcome, error) {
	return webhook.Outcome{Delivered: true, Status: 204, Event: "ev_1"}, nil
}

func (hooks) Dead(context.Context, string, int64, int) ([]database.Delivery, error) {
	return []database.Delivery{{Event: database.Event{Sequence: 7, Body: json.RawMessage(`{"id":"ev_7"}`)}, Attempts: 3}}, nil
}

func (hooks) Replay(_ context.Context, _ string, s webhook.Selection) (int, error) {
	return len(s.Sequences), nil
}

// answer is what came back.
type answer struct {
	*httptest.ResponseRecorder
	t testing.TB
}

// ask sends a request with a token ("": none) and a body ("": none); headers are
// names and values.
func (c *control) ask(token, method, path, body string, headers ...string) answer {
	c.t.Helper()
	r := httptest.NewRequest(method, "http://example.com:8080/api/v1"+path, bytes.NewReader([]byte(body)))
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	c.ServeHTTP(w, r)
	return answer{w, c.t}
}

// must is ask by the admin, which has to succeed.
func (c *control) must(status int, method, path, body string, headers ...string) answer {
	c.t.Helper()
	a := c.ask(c.admin, method, path, body, headers...)
	if a.Code != status {
		c.t.Fatalf("%s %s: %d, want %d: %s", method, path, a.Code, status, a.Body)
	}
	return a
}

// json reads the answer.
func (a answer) json() map[string]any {
	a.t.Helper()
	var v map[string]any
	if err := json.Unmarshal(a.Body.Bytes(), &v); err != nil {
		a.t.Fatalf("%v: %s", err, a.Body)
	}
	return v
}

// text is a field of the answer.
func (a answer) text(field string) string {
	a.t.Helper()
	s, ok := a.json()[field].(string)
	if !ok {
		a.t.Fatalf("no %s in %s", field, a.Body)
	}
	return s
}

// token makes one.
func (c *control) token(role catalog.Role, apps ...string) string {
	c.t.Helper()
	_, secret, err := c.Catalog.CreateToken(c.t.Context(), "admin", catalog.Token{Role: role, Apps: apps})
	if err != nil {
		c.t.Fatal(err)
	}
	return secret.Reveal()
}
