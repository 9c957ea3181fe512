package database

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

func TestHistory(t *testing.T) {
	onBoth(t, func(t *testing.T, s *store) {
		for i, actor := range []string{"ann", "bob", "ann"} {
			_, err := s.Apply(t.Context(), Batch{Actor: actor, Changes: []Change{
				{Kind: "k", ID: "a", Revision: int64(i), Body: body(`%d`, i)},
				{Kind: "k", ID: fmt.Sprintf("b%d", i), Body: body(`"b"`)},
			}})
			must(t, err)
		}
		short := func(past []Past, err error) string {
			must(t, err)
			var out []string
			for _, p := range past {
				out = append(out, fmt.Sprintf("%d:%s@%d/%s:%s>%s", p.Sequence, p.ID, p.Revision, p.Actor, p.Before, p.After))
			}
			return strings.Join(out, " ")
		}
		for _, c := range []struct{ name, got, want string }{
			{"of one", short(s.History(t.Context(), "k", "a", 0, 10)), "5:a@3/ann:1>2 3:a@2/bob:0>1 1:a@1/ann:>0"},
			{"first page", short(s.History(t.Context(), "k", "a", 0, 2)), "5:a@3/ann:1>2 3:a@2/bob:0>1"},
			{"second page", short(s.History(t.Context(), "k", "a", 3, 2)), "1:a@1/ann:>0"},
			{"of none", short(s.History(t.Context(), "k", "c", 0, 2)), ""},
			{"of all", short(s.Audit(t.Context(), 0, 2)), `6:b2@1/ann:>"b" 5:a@3/ann:1>2`},
			{"of all, next", short(s.Audit(t.Context(), 5, 2)), `4:b1@1/bob:>"b" 3:a@2/bob:0>1`},
			{"changes", short(s.Changes(t.Context(), 0, 2)), `1:a@1/ann:>0 2:b0@1/ann:>"b"`},
			{"changes, next", short(s.Changes(t.Context(), 4, 10)), `5:a@3/ann:1>2 6:b2@1/ann:>"b"`},
		} {
			if c.got != c.want {
				t.Errorf("%s: %s, not %s", c.name, c.got, c.want)
			}
		}
	})
}

// Whoever loads and follows the changes from the highest sequence of what was
// loaded ends up with what is there.
func TestFollow(t *testing.T) {
	onBoth(t, func(t *testing.T, s *store) {
		apply(t, s, Change{Kind: "k", ID: "a", Body: body(`1`)}, Change{Kind: "k", ID: "b", Body: body(`1`)})
		apply(t, s, Change{Kind: "k", ID: "b", Revision: 1})
		seen := load(t, s)
		at := int64(0)
		for _, d := range seen {
			at = max(at, d.Sequence)
		}
		for i := range 20 {
			apply(t, s, Change{Kind: "k", ID: fmt.Sprint(i), Body: body(`1`)})
			if i%3 == 0 {
				apply(t, s, Change{Kind: "k", ID: fmt.Sprint(i), Revision: 1})
			}
		}
		for {
			past, err := s.Changes(t.Context(), at, 7)
			must(t, err)
			if len(past) == 0 {
				break
			}
			for _, p := range past {
				at = p.Sequence
				if p.After == nil {
					delete(seen, p.Kind+"/"+p.ID)
					continue
				}
				seen[p.Kind+"/"+p.ID] = Doc{
					Kind: p.Kind, ID: p.ID, Revision: p.Revision, Body: p.After,
					Created: p.Created, Updated: p.Time, Sequence: p.Sequence,
				}
			}
		}
		if want := load(t, s); fmt.Sprint(seen) != fmt.Sprint(want) {
			t.Errorf("the follower has %v, not %v", seen, want)
		}
	})
}

func TestAViewSeesOneMoment(t *testing.T) {
	onBoth(t, func(t *testing.T, s *store) {
		must(t, s.view(t.Context(), "look twice", func(w *work) error {
			for i := range 3 {
				var n int
				must(t, w.row("SELECT COUNT(*) FROM documents", nil, &n))
				if n != 0 {
					t.Errorf("at look %d there are %d documents", i, n)
				}
				apply(t, s, Change{Kind: "k", ID: fmt.Sprint(i), Body: body(`1`)})
			}
			return nil
		}))
	})
}

func TestTheCallersContextCounts(t *testing.T) {
	onBoth(t, func(t *testing.T, s *store) {
		ctx, cancel := canceled(t)
		defer cancel()
		_, err := s.Audit(ctx, 0, 1)
		if !errors.Is(err, errGaveUp) || errors.Is(err, ErrAway) {
			t.Errorf("reading: %v", err)
		}
		_, err = s.Apply(ctx, Batch{Actor: "test", Changes: []Change{{Kind: "k", ID: "1", Body: body(`1`)}}})
		if !errors.Is(err, errGaveUp) || errors.Is(err, ErrAway) {
			t.Errorf("writing: %v", err)
		}
		if docs := load(t, s); len(docs) > 0 {
			t.Errorf("it wrote all the same: %v", docs)
		}
	})
}
