//go:build unix

package catalog

import (
	"errors"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/millrace-live/millrace/internal/database"
	"github.com/millrace-live/millrace/internal/database/databasetest"
)

func TestTheDatabaseIsAway(t *testing.T) {
	t.Parallel()
	p := databasetest.OwnPostgres(t)
	h := newHouse(t, p.Create(t))
	ctx := t.Context()
	s := h.create("live/a")
	k, secret := h.key(s, Key{Once: true})

	p.Signal(syscall.SIGSTOP) // there, and silent: the worst
	start := time.Now()
	var group sync.WaitGroup
	for range 20 {
		group.Go(func() {
			_, err := h.ChangeStream(ctx, me, s.ID, 0, func(s *Stream) error { s.Title += "x"; return nil })
			if !errors.Is(err, database.ErrAway) {
				t.Errorf("a change while it is away: %v", err)
			}
		})
	}
	group.Go(func() { h.Spent(ctx, k.ID) })
	group.Go(func() { must(t, h.Declare(Declared{Streams: []Stream{{App: "live", Name: "declared"}}})) })
	// Reading goes on meanwhile.
	for time.Since(start) < 100*time.Millisecond {
		if _, _, ok := h.FindKey(secret); !ok {
			t.Fatal("the key is not found while the database is away")
		}
	}
	group.Wait()
	// They waited together, and not one after another.
	if took := time.Since(start); took > 3*database.Patience {
		t.Errorf("20 changes gave up after %v", took)
	}
	if err := h.catchUp(ctx); !errors.Is(err, database.ErrAway) || !h.Stats().Away {
		t.Errorf("it is not known that the database is away: %v", err)
	}
	if found, _, _ := h.FindKey(secret); found.Good(h.now) {
		t.Error("the key is not spent while the database is away")
	}
	equal(t, "streams", h.paths(), " live/a live/declared live/main")
	if now, _ := h.Stream(s.ID); now.Title != "" {
		t.Errorf("a change that failed is there: %+v", now)
	}

	p.Signal(syscall.SIGCONT)
	deadline := time.Now().Add(time.Minute)
	for {
		_, err := h.ChangeStream(ctx, me, s.ID, 0, func(s *Stream) error { s.Title = "back"; return nil })
		if err == nil {
			break
		}
		if !errors.Is(err, database.ErrAway) || time.Now().After(deadline) {
			t.Fatal(err)
		}
	}
	must(t, h.flush(ctx))
	must(t, h.catchUp(ctx))
	if h.Stats().Away {
		t.Error("the database is said to be away when it is back")
	}
	h.reopen()
	if found, _, _ := h.FindKey(secret); found.Good(h.now) {
		t.Error("the key is not spent after a restart")
	}
}
