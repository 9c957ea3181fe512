package database

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// queue appends events to endpoint x: "a1" is an event of subject a.
func queue(t *testing.T, s *store, names ...string) {
	t.Helper()
	for _, n := range names {
		must(t, s.Append(t.Context(), Event{ID: n, Subject: n[:1], Type: "t", Body: body(`1`), To: []string{"x"}}))
	}
}

// take is what is due at x, as the names of the events.
func take(t *testing.T, s *store, now time.Time, limit int) string {
	t.Helper()
	due, err := s.Due(t.Context(), "x", now, time.Minute, limit)
	must(t, err)
	var events []Event
	for _, d := range due {
		events = append(events, d.Event)
	}
	return ids(events)
}

func TestDeliveriesOfASubjectAreInOrder(t *testing.T) {
	onBoth(t, func(t *testing.T, s *store) {
		now := time.Now()
		s.now = func() time.Time { return now }
		expect := func(want string, limit int) {
			t.Helper()
			if got := take(t, s, now, limit); got != want {
				t.Errorf("due is %q, not %q", got, want)
			}
		}
		queue(t, s, "a1", "b2", "a3", "a4", "c5") // the number is the sequence
		expect("a1 b2", 2)
		expect("c5", 10)
		expect("", 10)
		must(t, s.Done(t.Context(), "x", 1, 5, 99))
		expect("a3", 10)

		// Another attempt of a's second holds up its third, and nothing else.
		must(t, s.Retry(t.Context(), "x", 3, now.Add(10*time.Second), "answered 500"))
		queue(t, s, "d6")
		expect("d6", 10)
		now = now.Add(10 * time.Second)
		due, err := s.Due(t.Context(), "x", now, time.Minute, 10)
		must(t, err)
		if len(due) != 1 || due[0].Event.ID != "a3" || due[0].Attempts != 1 || due[0].Problem != "answered 500" ||
			!due[0].Due.Equal(now.Add(time.Minute)) || due[0].Endpoint != "x" {
			t.Errorf("due is %+v", due)
		}

		// Whoever took b2 and d6 has gone; it is a minute after they were taken.
		now = now.Add(55 * time.Second)
		expect("b2 d6", 10)
		must(t, s.Done(t.Context(), "x", 2, 6))

		must(t, s.Bury(t.Context(), "x", 3, "gone"))
		expect("a4", 10)
		dead, err := s.Dead(t.Context(), "x", 0, 10)
		must(t, err)
		if len(dead) != 1 || dead[0].Event.ID != "a3" || dead[0].Attempts != 2 || dead[0].Problem != "gone" ||
			!dead[0].Died.Equal(now) || !dead[0].Due.IsZero() {
			t.Errorf("the dead are %+v", dead)
		}
		queue(t, s, "a7")
		logs, err := s.Backlogs(t.Context())
		must(t, err)
		if len(logs) != 1 || logs[0].Endpoint != "x" || logs[0].Waiting != 2 || logs[0].Dead != 1 ||
			logs[0].Oldest.IsZero() || !logs[0].Due.Equal(now.Add(time.Minute)) {
			t.Errorf("the backlog is %+v", logs)
		}

		// Replayed, a3 goes before a7, which waits already; a4 is out there.
		n, err := s.Replay(t.Context(), "x", 3, 4, 1, 99)
		must(t, err)
		if n != 2 { // a3 was dead, a1 done; a4 waits, 99 never was
			t.Errorf("%d are replayed", n)
		}
		expect("a1", 10)
		must(t, s.Retry(t.Context(), "x", 4, now, "late")) // whoever had it says so now
		expect("", 10)
		for _, step := range []struct {
			done int64
			next string
		}{{1, "a3"}, {3, "a4"}, {4, "a7"}, {7, ""}} {
			must(t, s.Done(t.Context(), "x", step.done))
			expect(step.next, 10)
		}
		if logs, err := s.Backlogs(t.Context()); err != nil || len(logs) > 0 {
			t.Errorf("in the end there is %+v, %v", logs, err)
		}
	})
}

func TestEndpointsAreApart(t *testing.T) {
	onBoth(t, func(t *testing.T, s *store) {
		for i := range 3 {
			must(t, s.Append(t.Context(), Event{
				ID: fmt.Sprint(i), Subject: "s", Type: "t", Body: body(`1`), To: []string{"dead", "x"},
			}))
		}
		now := time.Now()
		s.now = func() time.Time { return now }
		must(t, s.Retry(t.Context(), "dead", 1, now.Add(time.Hour), "no answer"))
		for i := int64(1); i <= 3; i++ {
			if got, want := take(t, s, now, 10), fmt.Sprint(i-1); got != want {
				t.Errorf("due is %q, not %q", got, want)
			}
			must(t, s.Done(t.Context(), "x", i))
		}
		must(t, s.Forget(t.Context(), "dead"))
		if logs, err := s.Backlogs(t.Context()); err != nil || len(logs) > 0 {
			t.Errorf("what is left is %+v, %v", logs, err)
		}
	})
}

// Two nodes take from one queue, and neither gets what the other has.
func TestNodesShareAQueue(t *testing.T) {
	for _, k := range kinds {
		t.Run(k.Name, func(t *testing.T) {
			url := k.URL(t)
			nodes := []*store{open(t, url), open(t, url)}
			const subjects, each = 10, 6
			for i := range subjects * each {
				must(t, nodes[0].Append(t.Context(), Event{
					ID: fmt.Sprint(i), Subject: fmt.Sprint(i % subjects), Type: "t", Body: body(`1`), To: []string{"x"},
				}))
			}
			var lock sync.Mutex
			had := map[string][]int64{}
			n := 0
			var group sync.WaitGroup
			for _, s := range append(nodes, nodes...) {
				group.Go(func() {
					for {
						lock.Lock()
						over := n == subjects*each
						lock.Unlock()
						if over || t.Failed() {
							return
						}
						due, err := s.Due(t.Context(), "x", time.Now(), time.Hour, 3)
						if err != nil {
							t.Error(err)
							return
						}
						for _, d := range due {
							lock.Lock()
							had[d.Event.Subject] = append(had[d.Event.Subject], d.Event.Sequence)
							n++
							lock.Unlock()
							if err := s.Done(t.Context(), "x", d.Event.Sequence); err != nil {
								t.Error(err)
								return
							}
						}
					}
				})
			}
			group.Wait()
			for subject, sequences := range had {
				if len(sequences) != each || !slices.IsSorted(sequences) {
					t.Errorf("subject %s had %v", subject, sequences)
				}
			}
		})
	}
}

// The queue does what a plain list would, whatever happens to it.
func TestQueueIsAList(t *testing.T) {
	type entry struct {
		sequence int64
		subject  string
		until    time.Time // taken until, or put off until
		dead     bool
	}
	onBoth(t, func(t *testing.T, s *store) {
		dice := rand.New(rand.NewPCG(1, 2))
		now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
		s.now = func() time.Time { return now }
		var model []*entry
		var said []string
		find := func() (int, *entry) {
			if len(model) == 0 {
				return -1, &entry{sequence: 1_000_000}
			}
			i := dice.IntN(len(model))
			return i, model[i]
		}
		// first is the living entry of a subject with the least sequence.
		first := func(subject string) *entry {
			for _, e := range model {
				if e.subject == subject && !e.dead {
					return e
				}
			}
			return nil
		}
		// settled is called after a change of a line: only its first has a time.
		settled := func(subject string) {
			head := first(subject)
			for _, e := range model {
				switch {
				case e.subject != subject:
				case e == head && e.until.IsZero():
					e.until = now
				case e != head:
					e.until = time.Time{}
				}
			}
		}
		sequence := int64(0)
		for range 300 {
			now = now.Add(time.Duration(dice.IntN(5)) * time.Second)
			switch roll := dice.IntN(10); {
			case roll < 3:
				sequence++
				subject := string(rune('a' + dice.IntN(3)))
				queue(t, s, fmt.Sprintf("%s%d", subject, sequence))
				model = append(model, &entry{sequence: sequence, subject: subject})
				settled(subject)
				said = append(said, fmt.Sprintf("+%s%d", subject, sequence))
			case roll < 6:
				due, err := s.Due(t.Context(), "x", now, 7*time.Second, 1+dice.IntN(3))
				must(t, err)
				for _, d := range due {
					e := first(d.Event.Subject)
					if e == nil || e.sequence != d.Event.Sequence || e.until.After(now) {
						t.Fatalf("%d is due, and the first is %+v, now %v, after %s", d.Event.Sequence, e, now, strings.Join(said, " "))
					}
					e.until = now.Add(7 * time.Second)
				}
				if len(due) == 0 {
					for _, subject := range []string{"a", "b", "c"} {
						if e := first(subject); e != nil && !e.until.After(now) {
							t.Fatalf("nothing is due, and %+v should be, after %s", e, strings.Join(said, " "))
						}
					}
				}
				said = append(said, fmt.Sprintf("take%d", len(due)))
			case roll < 7:
				i, e := find()
				must(t, s.Done(t.Context(), "x", e.sequence))
				if i >= 0 {
					model = slices.Delete(model, i, i+1)
					settled(e.subject)
				}
				said = append(said, fmt.Sprintf("done%d", e.sequence))
			case roll < 8:
				_, e := find()
				at := now.Add(3 * time.Second)
				must(t, s.Retry(t.Context(), "x", e.sequence, at, "p"))
				if !e.dead {
					e.until = at
				}
				settled(e.subject)
				said = append(said, fmt.Sprintf("retry%d", e.sequence))
			case roll < 9:
				_, e := find()
				must(t, s.Bury(t.Context(), "x", e.sequence, "p"))
				e.dead, e.until = true, time.Time{}
				settled(e.subject)
				said = append(said, fmt.Sprintf("bury%d", e.sequence))
			default:
				_, e := find()
				_, err := s.Replay(t.Context(), "x", e.sequence)
				must(t, err)
				e.dead = false
				settled(e.subject)
				said = append(said, fmt.Sprintf("replay%d", e.sequence))
			}
		}
	})
}
