package catalog

import (
	"testing"

	"github.com/millrace-live/millrace/internal/database"
)

func TestApply(t *testing.T) {
	onBoth(t, func(t *testing.T, h *house) {
		ctx := t.Context()
		set := []Stream{
			{App: "live", Name: "a", Title: "A", Labels: map[string]string{"by": "terraform"}},
			{App: "live", Name: "b", Labels: map[string]string{"by": "terraform"}},
		}
		diff := func(o ApplyOptions) string {
			t.Helper()
			all, err := h.Apply(ctx, me, set, o)
			must(t, err)
			text := ""
			for _, d := range all {
				text += " " + d.Action + ":" + d.Stream
				if d.Action == Altered {
					for _, c := range d.Changes {
						text += ":" + c.Field
					}
				}
			}
			return text
		}
		equal(t, "a dry run", diff(ApplyOptions{DryRun: true}), " created:live/a created:live/b")
		equal(t, "after it", h.paths(), " live/main")
		equal(t, "applied", diff(ApplyOptions{}), " created:live/a created:live/b")
		equal(t, "applied again", diff(ApplyOptions{}), "")
		a, _ := h.StreamByPath("live/a")
		_, secret := h.key(a, Key{})
		set[0].Title, set[0].Labels = "AA", map[string]string{"by": "terraform", "x": "y"}
		set = set[:1]
		prune := ApplyOptions{Prune: true, Labels: map[string]string{"by": "terraform"}, DryRun: true}
		want := " changed:live/a:labels.x:title deleted:live/b"
		equal(t, "a dry run with prune", diff(prune), want)
		equal(t, "after it", h.paths(), " live/a live/b live/main")
		prune.DryRun = false
		equal(t, "with prune", diff(prune), want)
		equal(t, "after it", h.paths(), " live/a live/main")
		if now, of, ok := h.FindKey(secret); !ok || of.ID != a.ID || of.PlaybackIDs[0] != a.PlaybackIDs[0] || now.Stream != a.ID {
			t.Errorf("a changed stream is %+v", of)
		}
		h.reopen()
		equal(t, "after a restart", h.paths(), " live/a live/main")

		for _, bad := range []struct {
			set []Stream
			o   ApplyOptions
		}{
			{[]Stream{{App: "live", Name: "x"}, {App: "live", Name: "x"}}, ApplyOptions{}},
			{[]Stream{{App: "live", Name: "x"}, {App: "live", Name: "y", Title: "\n"}}, ApplyOptions{}},
			{[]Stream{{App: "live", Name: "x"}}, ApplyOptions{App: "event"}},
			{[]Stream{{App: "live", Name: "x"}}, ApplyOptions{Apps: []string{"event"}}},
			{[]Stream{{App: "live", Name: "x", PlaybackIDs: a.PlaybackIDs}}, ApplyOptions{}},
		} {
			_, err := h.Apply(ctx, me, bad.set, bad.o)
			fails[*FaultError](t, err)
		}
		must(t, h.Declare(Declared{Streams: []Stream{{App: "live", Name: "file"}}}))
		_, err := h.Apply(ctx, me, []Stream{{App: "live", Name: "file", Title: "x"}}, ApplyOptions{})
		fails[*ManagedError](t, err)
		all, err := h.Apply(ctx, me, nil, ApplyOptions{Prune: true, App: "event"})
		if err != nil || len(all) != 0 {
			t.Errorf("pruned another app: %v, %v", all, err)
		}
	})
}

func TestHistory(t *testing.T) {
	onBoth(t, func(t *testing.T, h *house) {
		ctx := t.Context()
		s := h.create("live/a", func(s *Stream) { s.Title, s.Labels = "one", map[string]string{"city": "Bonn"} })
		change := func(by Actor, fn func(*Stream)) {
			t.Helper()
			_, err := h.ChangeStream(ctx, by, s.ID, 0, func(s *Stream) error { fn(s); return nil })
			must(t, err)
		}
		change("token:tk_b", func(s *Stream) { s.Title, s.Labels["city"] = "two", "Berlin" })
		change(me, func(s *Stream) { s.Labels = nil })
		versions, err := h.History(ctx, s.ID, 0, 0)
		must(t, err)
		equal(t, "versions", len(versions), 3)
		v := versions[1]
		if v.Action != Altered || v.By != "token:tk_b" || v.Revision != 2 || v.Stream != "live/a" || v.Time.IsZero() {
			t.Errorf("the second is %+v", v)
		}
		equal(t, "its changes", v.Changes, "[{labels.city Bonn Berlin} {title one two}]")
		equal(t, "the first", versions[2].Action, Created)
		older, err := h.History(ctx, s.ID, versions[1].Sequence, 1)
		if err != nil || len(older) != 1 || older[0].Revision != 1 {
			t.Errorf("before it: %+v, %v", older, err)
		}

		_, err = h.RollBack(ctx, me, s.ID, 1, 2)
		fails[*database.ConflictError](t, err)
		_, err = h.RollBack(ctx, me, s.ID, 9, 0)
		fails[*NotFoundError](t, err)
		now, err := h.RollBack(ctx, me, s.ID, 1, 3)
		if err != nil || now.Title != "one" || now.Labels["city"] != "Bonn" || now.Revision != 4 || now.ID != s.ID {
			t.Errorf("rolled back to %+v, %v", now, err)
		}

		must(t, h.DeleteStream(ctx, me, s.ID, 0))
		versions, err = h.History(ctx, s.ID, 0, 0)
		if err != nil || len(versions) != 5 || versions[0].Action != Deleted {
			t.Errorf("the history of a deleted one: %+v, %v", versions, err)
		}
		for _, id := range []string{"st_none", "", "x", "live/a"} {
			_, err = h.History(ctx, id, 0, 0)
			fails[*NotFoundError](t, err)
		}
		audit, err := h.Audit(ctx, 0, 2)
		must(t, err)
		if len(audit) != 2 || audit[0].ID != s.ID || audit[0].Action != Deleted || audit[1].Revision != 4 {
			t.Errorf("the audit: %+v", audit)
		}
		audit, err = h.Audit(ctx, audit[1].Sequence, 0)
		must(t, err)
		equal(t, "the rest of the audit", len(audit), 3+2) // and the first stream with its key
	})
}
