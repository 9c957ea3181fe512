package database

import (
	"fmt"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"
)

func TestEvents(t *testing.T) {
	onBoth(t, func(t *testing.T, s *store) {
		at := time.Date(2026, 11, 21, 12, 0, 0, 123456789, time.UTC)
		must(t, s.Append(t.Context()))
		must(t, s.Append(t.Context(),
			Event{ID: "1", Subject: "a", Type: "live", Body: body(`{"n": 1}`), Time: at},
			Event{ID: "2", Subject: "b", Type: "idle", Body: body(`{"n":2}`)}))
		_, err := s.Apply(t.Context(), Batch{
			Actor: "test", Changes: []Change{{Kind: "k", ID: "1", Body: body(`1`)}},
			Events: []Event{{ID: "3", Subject: "a", Type: "changed", Body: body(`3`)}},
		})
		must(t, err)
		// An Append that failed may have happened: its events may come again.
		must(t, s.Append(t.Context(),
			Event{ID: "2", Subject: "b", Type: "idle", Body: body(`{"n":2}`), To: []string{"x"}},
			Event{ID: "4", Subject: "b", Type: "live", Body: body(`4`), To: []string{"x"}},
			Event{ID: "4", Subject: "b", Type: "live", Body: body(`4`), To: []string{"x"}}))

		events, err := s.Events(t.Context(), 0, 10)
		must(t, err)
		if got, want := ids(events), "1 2 3 4"; got != want {
			t.Errorf("the events are %s, not %s", got, want)
		}
		want := Event{ID: "1", Subject: "a", Type: "live", Body: body(`{"n": 1}`), Time: at, Sequence: 1}
		if !reflect.DeepEqual(events[0], want) {
			t.Errorf("it came back as %+v", events[0])
		}
		if d := time.Since(events[1].Time); d < 0 || d > time.Hour {
			t.Errorf("an event without a time is of %v", events[1].Time)
		}
		page, err := s.Events(t.Context(), events[1].Sequence, 1)
		must(t, err)
		if got := ids(page); got != "3" {
			t.Errorf("the page after 2 is %s", got)
		}
		due, err := s.Due(t.Context(), "x", time.Now(), time.Minute, 10)
		must(t, err)
		if len(due) != 1 || due[0].Event.ID != "4" {
			t.Errorf("due is %v, though 2 was there before and 4 came twice", due)
		}
	})
}

func ids(events []Event) string {
	var out []string
	for _, e := range events {
		out = append(out, e.ID)
	}
	return strings.Join(out, " ")
}

// A reader that goes by sequences must not meet one that was taken earlier and
// became visible later, whoever writes.
func TestReadersMissNothing(t *testing.T) {
	const writers, each = 4, 25
	for _, k := range kinds {
		t.Run(k.Name, func(t *testing.T) {
			url := k.URL(t)
			nodes := []*store{open(t, url)}
			if k.Name == "PostgreSQL" {
				nodes = append(nodes, open(t, url))
			}
			var group sync.WaitGroup
			for i := range writers {
				group.Go(func() {
					s := nodes[i%len(nodes)]
					for j := range each {
						id := fmt.Sprintf("%d-%d", i, j)
						_, err := s.Apply(t.Context(), Batch{
							Actor:   "test",
							Changes: []Change{{Kind: "k", ID: id, Body: body(`1`)}},
							Events:  []Event{{ID: id, Subject: "s", Type: "t", Body: body(`1`)}},
						})
						if err != nil {
							t.Error(err)
							return
						}
					}
				})
			}
			ended := make(chan struct{})
			go func() { group.Wait(); close(ended) }()
			seen, changed := map[string]bool{}, map[string]bool{}
			var event, change int64
			for last := false; !last; {
				select {
				case <-ended:
					last = true
				default:
				}
				events, err := nodes[0].Events(t.Context(), event, 10*each*writers)
				must(t, err)
				for _, e := range events {
					seen[e.ID], event = true, e.Sequence
				}
				past, err := nodes[0].Changes(t.Context(), change, 10*each*writers)
				must(t, err)
				for _, p := range past {
					changed[p.ID], change = true, p.Sequence
				}
			}
			if len(seen) != writers*each || len(changed) != writers*each {
				t.Errorf("the reader has %d events and %d changes of %d", len(seen), len(changed), writers*each)
			}
		})
	}
}

func TestWritersOfOneDocument(t *testing.T) {
	const writers, each = 4, 10
	for _, k := range kinds {
		t.Run(k.Name, func(t *testing.T) {
			s := open(t, k.URL(t))
			apply(t, s, Change{Kind: "k", ID: "counter", Body: body(`0`)})
			var group sync.WaitGroup
			for range writers {
				group.Go(func() {
					for done := 0; done < each; {
						d := load(t, s)["k/counter"]
						var n int
						fmt.Sscan(string(d.Body), &n)
						_, err := s.Apply(t.Context(), Batch{Actor: "test", Changes: []Change{
							{Kind: "k", ID: "counter", Revision: d.Revision, Body: body(`%d`, n+1)},
						}})
						if _, conflict := err.(*ConflictError); err == nil {
							done++
						} else if !conflict && !strings.Contains(err.Error(), "by now") {
							t.Error(err)
							return
						}
					}
				})
			}
			group.Wait()
			if d := load(t, s)["k/counter"]; string(d.Body) != fmt.Sprint(writers*each) || d.Revision != writers*each+1 {
				t.Errorf("it counted to %s at revision %d", d.Body, d.Revision)
			}
		})
	}
}
