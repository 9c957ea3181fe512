package catalog

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/millrace-live/millrace/internal/database"
)

// fragile is a database whose connection breaks when a test says so.
type fragile struct {
	database.Store
	unsure  bool // the next commit loses its answer
	changes int  // so many calls of Changes fail
}

func (f *fragile) Apply(ctx context.Context, b database.Batch) ([]database.Doc, error) {
	docs, err := f.Store.Apply(ctx, b)
	if f.unsure && err == nil {
		f.unsure = false
		return nil, fmt.Errorf("cut: %w", database.ErrUnsure)
	}
	return docs, err
}

func (f *fragile) Changes(ctx context.Context, after int64, limit int) ([]database.Past, error) {
	if f.changes > 0 {
		f.changes--
		return nil, fmt.Errorf("cut: %w", database.ErrAway)
	}
	return f.Store.Changes(ctx, after, limit)
}

// A change whose answer got lost is there as soon as the database is asked.
func TestAChangeThatMayHaveHappened(t *testing.T) {
	onBoth(t, func(t *testing.T, h *house) {
		ctx := t.Context()
		db := &fragile{Store: h.db}
		h.db = db
		s := h.create("live/a")
		db.unsure = true
		_, err := h.ChangeStream(ctx, me, s.ID, 1, func(s *Stream) error { s.Title = "new"; return nil })
		if !errors.Is(err, database.ErrUnsure) {
			t.Fatalf("the error is %v", err)
		}
		_, err = h.ChangeStream(ctx, me, s.ID, 1, func(s *Stream) error { s.Title = "newer"; return nil })
		fails[*database.ConflictError](t, err)
		if now, _ := h.Stream(s.ID); now.Title != "new" || now.Revision != 2 {
			t.Errorf("it is %+v", now)
		}
	})
}

// What another node did before a change of this one may become known after it.
func TestAChangeThatIsKnownTooEarly(t *testing.T) {
	onBoth(t, func(t *testing.T, a *house) {
		ctx := t.Context()
		b := a.second()
		db := &fragile{Store: a.db}
		a.db = db
		other := b.create("live/other")
		db.changes = 1
		s := a.create("live/mine")
		if _, ok := a.Stream(s.ID); !ok {
			t.Fatal("its own change is not there")
		}
		told := len(a.told)
		must(t, a.DeleteStream(ctx, me, s.ID, 0)) // and now it follows
		if _, ok := a.Stream(other.ID); !ok {
			t.Error("the other node's change is lost")
		}
		equal(t, "told: the other stream, the deletion", len(a.told), told+2)
		must(t, a.catchUp(ctx))
		equal(t, "streams", a.paths(), " live/main live/other")
		if len(a.ahead) > 0 {
			t.Errorf("it still waits for %v", a.ahead)
		}
	})
}

func TestRun(t *testing.T) {
	t.Parallel()
	a := small(t)
	b := a.second()
	seen := make(chan Changed, 10)
	b.news.tell = func(ch Changed) { seen <- ch }
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		b.Run(ctx)
	}()
	s := a.create("live/a")
	select {
	case ch := <-seen:
		if ch.ID != s.ID || !ch.Elsewhere {
			t.Errorf("told of %+v", ch)
		}
	case <-time.After(30 * time.Second):
		t.Error("it does not follow")
	}
	cancel()
	<-done
	must(t, b.prune(t.Context()))
	equal(t, "history after it", len(must2(a.Audit(t.Context(), 0, 10))), 3)
}

func must2[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func FuzzCursor(f *testing.F) {
	h := small(f)
	h.create("live/a")
	_, next, err := h.Streams(StreamQuery{Limit: 1})
	must(f, err)
	f.Add(next, "")
	f.Add("e30", "name")
	f.Fuzz(func(t *testing.T, cursor, sort string) {
		if page, _, err := h.Streams(StreamQuery{Cursor: cursor, Sort: sort}); err == nil && len(page) > 2 {
			t.Errorf("%q: %s", cursor, pathsOf(page))
		}
	})
}
