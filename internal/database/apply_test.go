package database

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"
)

func TestDocumentsLast(t *testing.T) {
	for _, k := range kinds {
		t.Run(k.Name, func(t *testing.T) {
			url := k.URL(t)
			s, err := Open(t.Context(), url, Options{})
			must(t, err)
			at := time.Now()
			made := apply(t, s,
				Change{Kind: "stream", ID: "a", Body: body(`{"name": "größer 🎥 \u0000"}`)},
				Change{Kind: "stream", ID: "b", Body: body(`{}`)},
				Change{Kind: "key", ID: "a", Body: body(`[1, 2.50, null]`)})
			changed := apply(t, s,
				Change{Kind: "stream", ID: "a", Revision: 1, Body: body(`{"name":"other"}`)},
				Change{Kind: "stream", ID: "b", Revision: 1})
			if d := changed[1]; d.Body != nil || d.Revision != 2 {
				t.Errorf("the deleted document is %+v", d)
			}
			if d := changed[0]; d.Revision != 2 || d.Sequence != 4 || !d.Created.Equal(made[0].Created) ||
				d.Created.Before(at.Add(-time.Second)) || d.Updated.Before(d.Created) {
				t.Errorf("the changed document is %+v", d)
			}
			want := map[string]Doc{"stream/a": changed[0], "key/a": made[2]}
			if got := load(t, s); !reflect.DeepEqual(got, want) {
				t.Errorf("before: %v, not %v", got, want)
			}
			must(t, s.Close())
			if got := load(t, open(t, url)); !reflect.DeepEqual(got, want) {
				t.Errorf("after: %v, not %v", got, want)
			}
		})
	}
}

func TestLoadEndsWithAnError(t *testing.T) {
	onBoth(t, func(t *testing.T, s *store) {
		apply(t, s, Change{Kind: "k", ID: "1", Body: body(`1`)}, Change{Kind: "k", ID: "2", Body: body(`2`)})
		enough, n := errors.New("enough"), 0
		err := s.Load(t.Context(), func(Doc) error { n++; return enough })
		if err != enough || n != 1 {
			t.Errorf("Load handed on %d documents and returned %v", n, err)
		}
	})
}

func TestConflict(t *testing.T) {
	onBoth(t, func(t *testing.T, s *store) {
		apply(t, s, Change{Kind: "k", ID: "there", Body: body(`1`)})
		apply(t, s, Change{Kind: "k", ID: "there", Revision: 1, Body: body(`2`)})
		apply(t, s, Change{Kind: "k", ID: "gone", Body: body(`1`)})
		apply(t, s, Change{Kind: "k", ID: "gone", Revision: 1})
		before := load(t, s)
		for _, c := range []struct {
			change Change
			have   int64
			says   string
		}{
			{Change{Kind: "k", ID: "there", Body: body(`3`)}, 2, "k there exists already"},
			{Change{Kind: "k", ID: "there", Revision: 1, Body: body(`3`)}, 2, "k there has revision 2 by now, not 1"},
			{Change{Kind: "k", ID: "there", Revision: 1}, 2, "k there has revision 2 by now, not 1"},
			{Change{Kind: "k", ID: "there", Revision: 3, Body: body(`3`)}, 2, "k there has revision 2 by now, not 3"},
			{Change{Kind: "k", ID: "gone", Revision: 2, Body: body(`3`)}, 0, "k gone does not exist"},
			{Change{Kind: "k", ID: "never", Revision: 1}, 0, "k never does not exist"},
			{Change{Kind: "other", ID: "there", Revision: 2, Body: body(`3`)}, 0, "other there does not exist"},
		} {
			// The change before it and the event fall with it.
			_, err := s.Apply(t.Context(), Batch{
				Actor: "test", Request: "request",
				Changes: []Change{{Kind: "k", ID: "new", Body: body(`1`)}, c.change},
				Events:  []Event{{ID: "e", Subject: "s", Type: "t", Body: body(`1`)}},
			})
			var conflict *ConflictError
			if !errors.As(err, &conflict) || conflict.Have != c.have || conflict.Want != c.change.Revision {
				t.Errorf("%+v: %v", c.change, err)
			} else if conflict.Error() != c.says {
				t.Errorf("it says %q, not %q", conflict.Error(), c.says)
			}
		}
		if after := load(t, s); !reflect.DeepEqual(after, before) {
			t.Errorf("refused changes made %v of %v", after, before)
		}
		if events, err := s.Events(t.Context(), 0, 10); err != nil || len(events) > 0 {
			t.Errorf("refused changes left events: %v, %v", events, err)
		}
		if d := apply(t, s, Change{Kind: "k", ID: "gone", Body: body(`1`)})[0]; d.Revision != 1 || d.Sequence != 5 {
			t.Errorf("made again it is %+v", d)
		}
	})
}

func TestOneBatchMayChangeADocumentMoreThanOnce(t *testing.T) {
	onBoth(t, func(t *testing.T, s *store) {
		docs := apply(t, s,
			Change{Kind: "k", ID: "1", Body: body(`"a"`)},
			Change{Kind: "k", ID: "1", Revision: 1, Body: body(`"b"`)},
			Change{Kind: "k", ID: "1", Revision: 2},
			Change{Kind: "k", ID: "1", Body: body(`"c"`)},
			Change{Kind: "k", ID: "2", Body: body(`"d"`)},
			Change{Kind: "k", ID: "2", Revision: 1})
		if got, want := load(t, s), map[string]Doc{"k/1": docs[3]}; !reflect.DeepEqual(got, want) {
			t.Errorf("%v, not %v", got, want)
		}
		past, err := s.History(t.Context(), "k", "1", 0, 10)
		must(t, err)
		var says []string
		for _, p := range past {
			says = append(says, fmt.Sprintf("%d:%s>%s", p.Revision, p.Before, p.After))
		}
		if got, want := strings.Join(says, " "), `1:>"c" 3:"b"> 2:"a">"b" 1:>"a"`; got != want {
			t.Errorf("the history is %s, not %s", got, want)
		}
	})
}

func TestRequestsAreCarriedOutOnce(t *testing.T) {
	onBoth(t, func(t *testing.T, s *store) {
		now := time.Now()
		s.now = func() time.Time { return now }
		create := func(actor, id string) ([]Doc, error) {
			return s.Apply(t.Context(), Batch{
				Actor: actor, Request: "r1",
				Changes: []Change{{Kind: "k", ID: id, Body: body(`"%s"`, id)}, {Kind: "k", ID: id + "+", Body: body(`2`)}},
				Events:  []Event{{ID: "e-" + id, Subject: "s", Type: "t", Body: body(`1`)}},
			})
		}
		first, err := create("ann", "1")
		must(t, err)
		apply(t, s, Change{Kind: "k", ID: "1", Revision: 1, Body: body(`"changed since"`)})

		again, err := create("ann", "other")
		if !errors.Is(err, ErrRepeated) || !reflect.DeepEqual(again, first) {
			t.Errorf("repeated, it returned %v and %v, not %v", again, err, first)
		}
		if _, err := create("bob", "2"); err != nil {
			t.Errorf("the same request of somebody else: %v", err)
		}
		now = now.Add(remembered - time.Minute)
		must(t, s.Prune(t.Context(), both(now))) // keeps what answers requests
		if again, err = create("ann", "other"); !errors.Is(err, ErrRepeated) || len(again) != 2 {
			t.Errorf("repeated after 23:59, it returned %v and %v", again, err)
		}
		now = now.Add(2 * time.Minute)
		if _, err := create("ann", "3"); err != nil {
			t.Errorf("repeated after 24:01: %v", err)
		}

		// What failed may be tried again.
		failing := Batch{Actor: "ann", Request: "r2", Changes: []Change{{Kind: "k", ID: "1", Body: body(`1`)}}}
		var conflict *ConflictError
		for range 2 {
			if _, err := s.Apply(t.Context(), failing); !errors.As(err, &conflict) {
				t.Errorf("a request that fails again: %v", err)
			}
		}
		docs, err := s.Apply(t.Context(), Batch{Actor: "ann", Request: "empty"})
		if err != nil || len(docs) != 0 {
			t.Errorf("an empty request: %v, %v", docs, err)
		}
		if _, err := s.Apply(t.Context(), Batch{Actor: "ann", Request: "empty"}); !errors.Is(err, ErrRepeated) {
			t.Errorf("an empty request again: %v", err)
		}
	})
}

func TestBothRefuseTheSame(t *testing.T) {
	good := Change{Kind: "k", ID: "1", Body: body(`1`)}
	with := func(fn func(*Batch)) Batch {
		b := Batch{
			Actor: "test", Changes: []Change{good},
			Events: []Event{{ID: "e", Subject: "s", Type: "t", Body: body(`1`), To: []string{"x"}}},
		}
		fn(&b)
		return b
	}
	onBoth(t, func(t *testing.T, s *store) {
		for name, b := range map[string]Batch{
			"no actor":             with(func(b *Batch) { b.Actor = "" }),
			"zero byte in actor":   with(func(b *Batch) { b.Actor = "a\x00b" }),
			"request not UTF-8":    with(func(b *Batch) { b.Request = "\xff" }),
			"no kind":              with(func(b *Batch) { b.Changes[0].Kind = "" }),
			"id too long":          with(func(b *Batch) { b.Changes[0].ID = strings.Repeat("x", 256) }),
			"id not UTF-8":         with(func(b *Batch) { b.Changes[0].ID = "\xc3" }),
			"body not JSON":        with(func(b *Batch) { b.Changes[0].Body = body(`{`) }),
			"empty body":           with(func(b *Batch) { b.Changes[0].Body = json.RawMessage{} }),
			"body not UTF-8":       with(func(b *Batch) { b.Changes[0].Body = json.RawMessage("\"\xff\"") }),
			"body too long":        with(func(b *Batch) { b.Changes[0].Body = body(`"%s"`, strings.Repeat("x", MaxBody)) }),
			"deletes nothing":      with(func(b *Batch) { b.Changes[0].Body = nil }),
			"negative revision":    with(func(b *Batch) { b.Changes[0].Revision = -1 }),
			"too many changes":     with(func(b *Batch) { b.Changes = make([]Change, MaxBatch+1) }),
			"event with no id":     with(func(b *Batch) { b.Events[0].ID = "" }),
			"event without JSON":   with(func(b *Batch) { b.Events[0].Body = nil }),
			"endpoint with a zero": with(func(b *Batch) { b.Events[0].To[0] = "\x00" }),
		} {
			if _, err := s.Apply(t.Context(), b); err == nil || errors.Is(err, ErrAway) {
				t.Errorf("%s: %v", name, err)
			}
			if b.Changes[0].Kind == "k" && reflect.DeepEqual(b.Changes[0], good) && b.Actor == "test" && b.Request == "" {
				if err := s.Append(t.Context(), b.Events...); err == nil {
					t.Errorf("%s: appended", name)
				}
			}
		}
		if docs := load(t, s); len(docs) > 0 {
			t.Errorf("refused batches left %v", docs)
		}
	})
}

func TestLongestBody(t *testing.T) {
	onBoth(t, func(t *testing.T, s *store) {
		long := body(`"%s"`, strings.Repeat("x", MaxBody-2))
		apply(t, s, Change{Kind: "k", ID: strings.Repeat("i", maxName), Body: long})
		for _, d := range load(t, s) {
			if !bytes.Equal(d.Body, long) {
				t.Errorf("it came back as %d bytes", len(d.Body))
			}
		}
	})
}

func TestLargeBatch(t *testing.T) {
	onBoth(t, func(t *testing.T, s *store) {
		var changes []Change
		for i := range 3*chunk + 1 {
			changes = append(changes, Change{Kind: "k", ID: fmt.Sprint(i), Body: body(`%d`, i)})
		}
		docs := apply(t, s, changes...)
		if got := load(t, s); len(got) != len(docs) {
			t.Errorf("%d of %d documents are there", len(got), len(docs))
		}
		for i := range changes {
			changes[i].Revision, changes[i].Body = 1, nil
		}
		apply(t, s, changes...)
		if got := load(t, s); len(got) != 0 {
			t.Errorf("%d documents are left", len(got))
		}
	})
}
