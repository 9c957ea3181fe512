package database

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestPrune(t *testing.T) {
	onBoth(t, func(t *testing.T, s *store) {
		day := 24 * time.Hour
		now := time.Now()
		s.now = func() time.Time { return now }
		event := func(id string, to ...string) Event {
			return Event{ID: id, Subject: id, Type: "t", Body: body(`1`), To: to}
		}
		apply(t, s, Change{Kind: "k", ID: "old", Body: body(`1`)})
		must(t, s.Append(t.Context(), event("old"), event("waits", "x"), event("dies", "y")))
		must(t, s.Bury(t.Context(), "y", 3, "gone"))
		now = now.Add(10 * day)
		apply(t, s, Change{Kind: "k", ID: "new", Body: body(`1`)})
		must(t, s.Append(t.Context(), event("new")))

		must(t, s.Prune(t.Context(), both(now.Add(-11*day))))
		if events, err := s.Events(t.Context(), 0, 10); err != nil || len(events) != 4 {
			t.Errorf("it removed what is younger: %s is left, %v", ids(events), err)
		}
		must(t, s.Prune(t.Context(), Kept{History: now.Add(-9 * day), Events: now.Add(-11 * day)}))
		if events, err := s.Events(t.Context(), 0, 10); err != nil || len(events) != 4 {
			t.Errorf("it removed events with the history: %s is left, %v", ids(events), err)
		}
		must(t, s.Prune(t.Context(), both(now.Add(-9*day))))
		events, err := s.Events(t.Context(), 0, 10)
		must(t, err)
		if got := ids(events); got != "waits new" {
			t.Errorf("the events left are %s", got)
		}
		past, err := s.Audit(t.Context(), 0, 10)
		must(t, err)
		if len(past) != 1 || past[0].ID != "new" {
			t.Errorf("the history left is %+v", past)
		}
		if docs := load(t, s); len(docs) != 2 {
			t.Errorf("the documents left are %v", docs)
		}
		if dead, err := s.Dead(t.Context(), "y", 0, 10); err != nil || len(dead) > 0 {
			t.Errorf("the dead left are %v, %v", dead, err)
		}
		must(t, s.Done(t.Context(), "x", 2))
		must(t, s.Prune(t.Context(), both(now.Add(-9*day))))
		if events, err := s.Events(t.Context(), 0, 10); err != nil || ids(events) != "new" {
			t.Errorf("the events left are %s, %v", ids(events), err)
		}
	})
}

// Files that never shrink are what people complain about with SQLite.
func TestPruneGivesSpaceBack(t *testing.T) {
	path := filepath.Join(t.TempDir(), "millrace.db")
	s := open(t, "sqlite:"+path)
	now := time.Now().Add(-72 * time.Hour)
	s.now = func() time.Time { return now }
	for i := range 12 {
		var events []Event
		for j := range 200 {
			id := fmt.Sprintf("%d-%d", i, j)
			events = append(events, Event{ID: id, Subject: "s", Type: "t", Body: body(`"%s"`, strings.Repeat("x", 10_000))})
		}
		must(t, s.Append(t.Context(), events...))
	}
	size := func() (n int64) {
		for _, name := range []string{path, path + "-wal"} {
			if info, err := os.Stat(name); err == nil {
				n += info.Size()
			}
		}
		return n
	}
	before := size()
	now = time.Now()
	must(t, s.Prune(t.Context(), both(now)))
	apply(t, s, Change{Kind: "k", ID: "1", Body: body(`1`)}) // starts the log anew, which cuts it
	if after := size(); after > 24<<20 || before < 24<<20 {
		t.Errorf("it had %d bytes, and has %d", before, after)
	}
}

// both is Kept from one time on.
func both(t time.Time) Kept { return Kept{History: t, Events: t} }
