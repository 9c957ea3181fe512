package catalog

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"testing"
	"time"

	"github.com/millrace-live/millrace/internal/database"
	"github.com/millrace-live/millrace/internal/database/databasetest"
	"github.com/millrace-live/millrace/internal/store"
)

func TestMain(m *testing.M) {
	if url := os.Getenv("MILLRACE_TEST_CRASH"); url != "" {
		createUntilKilled(url, os.Getenv("MILLRACE_TEST_FOLDER"))
		return
	}
	code := m.Run()
	databasetest.Stop()
	os.Exit(code)
}

const me Actor = "token:tk_test"

// house is a catalogue with what it stands on.
type house struct {
	shared bool
	*Catalog
	t      testing.TB
	url    string
	folder string
	now    time.Time
	told   []Changed
	events func(Changed) []database.Event
	end    func()
}

// onBoth runs a test on both kinds of database.
func onBoth(t *testing.T, test func(t *testing.T, h *house)) {
	for _, k := range databasetest.Kinds {
		t.Run(k.Name, func(t *testing.T) {
			t.Parallel()
			test(t, newHouse(t, k.URL(t)))
		})
	}
}

func newHouse(t testing.TB, url string) *house {
	t.Helper()
	h := &house{t: t, url: url, folder: t.TempDir(), now: time.Now().UTC()}
	h.open()
	t.Cleanup(func() { h.end() })
	return h
}

// small is a house for tests in which the kind of database does not count.
func small(t testing.TB) *house { return newHouse(t, databasetest.Kinds[0].URL(t)) }

func (h *house) open() {
	h.t.Helper()
	must(h.t, h.tryOpen())
}

func (h *house) tryOpen() error {
	folder, err := store.Open(h.folder)
	if err != nil {
		return err
	}
	db, err := database.Open(context.Background(), h.url, database.Options{})
	if err != nil {
		return errors.Join(err, folder.Close())
	}
	h.end = func() {
		folder.Close()
		db.Close()
	}
	h.Catalog, err = Open(context.Background(), db, Options{
		Folder: folder, Log: slog.New(slog.NewTextHandler(h.t.Output(), nil)), Shared: h.shared,
		Now: func() time.Time { return h.now }, OnChange: func(ch Changed) { h.told = append(h.told, ch) },
		Events: h.events,
	})
	if err != nil {
		h.end()
		h.end = func() {}
	}
	return err
}

// reopen is a restart of the server.
func (h *house) reopen() {
	h.t.Helper()
	must(h.t, h.Close(h.t.Context()))
	h.end()
	h.open()
}

func (h *house) create(path string, more ...func(*Stream)) *Stream {
	h.t.Helper()
	var s Stream
	s.App, s.Name = split(path)
	for _, fn := range more {
		fn(&s)
	}
	made, _, _, err := h.CreateStream(h.t.Context(), me, s, CreateOptions{})
	must(h.t, err)
	return made
}

func (h *house) key(s *Stream, k Key) (*Key, string) {
	h.t.Helper()
	k.Stream = s.ID
	made, secret, err := h.CreateKey(h.t.Context(), me, k)
	must(h.t, err)
	return made, secret.Reveal()
}

func (h *house) paths() string {
	page, _, err := h.Streams(StreamQuery{})
	must(h.t, err)
	return pathsOf(page)
}

func pathsOf(page []*Stream) string {
	text := ""
	for _, s := range page {
		text += " " + s.Path()
	}
	return text
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// fails expects an error of a type.
func fails[E error](t testing.TB, err error) E {
	t.Helper()
	var want E
	if !errors.As(err, &want) {
		t.Errorf("the error is %v, want a %T", err, want)
	}
	return want
}

func equal(t testing.TB, what string, got, want any) {
	t.Helper()
	if g, w := fmt.Sprint(got), fmt.Sprint(want); g != w {
		t.Errorf("%s: got %s, want %s", what, g, w)
	}
}
