package catalog

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// filled is a house with streams as a restart finds them.
func filled(t testing.TB, n int) *house {
	h := small(t)
	set := make([]Stream, n)
	for i := range set {
		set[i] = Stream{
			App: []string{"live", "event"}[i%2], Name: fmt.Sprintf("cam%05d", (i*7919)%n), Title: fmt.Sprint("Camera ", i),
			Visibility: []Visibility{Public, Unlisted, Private}[i%3], Labels: map[string]string{"n": fmt.Sprint(i % 10)},
		}
	}
	_, err := h.Apply(t.Context(), me, set, ApplyOptions{})
	must(t, err)
	return h
}

func TestPages(t *testing.T) {
	h := filled(t, 100)
	for sort := range sorts {
		var all []string
		q := StreamQuery{Sort: sort, Limit: 7}
		for {
			page, next, err := h.Streams(q)
			must(t, err)
			for _, s := range page {
				all = append(all, s.Path())
			}
			if q.Cursor = next; next == "" {
				break
			}
		}
		whole, _, err := h.Streams(StreamQuery{Sort: sort, Limit: 1000})
		must(t, err)
		equal(t, "pages by "+sort, " "+strings.Join(all, " "), pathsOf(whole))
		equal(t, "how many by "+sort, len(all), 101)
		if strings.HasPrefix(sort, "-") {
			slices.Reverse(whole)
			up, _, err := h.Streams(StreamQuery{Sort: sort[1:], Limit: 1000})
			must(t, err)
			equal(t, "the reverse of "+sort, pathsOf(whole), pathsOf(up))
		}
	}
	for want, q := range map[int]StreamQuery{
		51: {App: "live"},
		50: {Apps: []string{"event"}},
		35: {Visibility: Public},
		10: {Labels: map[string]string{"n": "3"}},
		// The value may be any.
		100: {Labels: map[string]string{"n": ""}},
		11:  {Search: "CAMERA 1"},
		1:   {Search: "live/main"},
		3: {Keep: func(s *Stream) bool {
			return strings.HasSuffix(s.Name, "cam00003") || s.Name == "main" || s.Name == "cam00004"
		}},
	} {
		page, next, err := h.Streams(q)
		if err != nil || next != "" || len(page) != want {
			t.Errorf("%+v: %d and %q, %v, want %d", q, len(page), next, err, want)
		}
	}
	for _, q := range []StreamQuery{{Sort: "size"}, {Limit: -1}, {Limit: 1001}, {Cursor: "x!"}, {Cursor: "e30", Sort: "-name"}} {
		_, _, err := h.Streams(q)
		fails[*FaultError](t, err)
	}
}

// Nothing that stays is shown twice or left out, whatever comes and goes between
// two pages.
func TestPagesWhileThingsChange(t *testing.T) {
	h := filled(t, 60)
	random := rand.New(rand.NewPCG(1, 2))
	for _, sort := range []string{"name", "-name", "created", "-created"} {
		before, _, err := h.Streams(StreamQuery{Sort: sort, Limit: 1000})
		must(t, err)
		stays := map[string]int{}
		for _, s := range before {
			stays[s.ID] = 0
		}
		q := StreamQuery{Sort: sort, Limit: 9}
		for {
			page, next, err := h.Streams(q)
			must(t, err)
			for _, s := range page {
				if _, ok := stays[s.ID]; ok {
					stays[s.ID]++
				}
			}
			if q.Cursor = next; next == "" {
				break
			}
			gone := page[len(page)-1] // where the cursor is
			delete(stays, gone.ID)
			must(t, h.DeleteStream(t.Context(), me, gone.ID, 0))
			h.create(fmt.Sprintf("new/%d", random.Int32()))
			other := page[0]
			_, err = h.ChangeStream(t.Context(), me, other.ID, 0, func(s *Stream) error { s.Title += "!"; return nil })
			must(t, err)
		}
		for id, n := range stays {
			if n != 1 {
				t.Errorf("by %s %s was shown %d times", sort, id, n)
			}
		}
	}
}

// The orders are what sorting would make, after any changes.
func TestOrders(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	x := newIndex(0)
	have := map[string]*Stream{}
	for range 300 {
		for range 1 + random.IntN(5) {
			path := fmt.Sprint(random.IntN(40))
			s := &Stream{Meta: Meta{ID: "st_" + path}, App: "live", Name: path}
			s.Updated = s.Updated.AddDate(0, 0, random.IntN(20))
			if random.IntN(3) == 0 {
				delete(have, s.ID)
				x.remove(ref{KindStream, s.ID})
				continue
			}
			have[s.ID] = s
			x.put(&item{ref: ref{KindStream, s.ID}, obj: s})
		}
		x.settle()
		for i, order := range orders {
			want := make([]*Stream, 0, len(have))
			for _, s := range have {
				want = append(want, s)
			}
			slices.SortFunc(want, order)
			if !slices.Equal(x.orders[i], want) {
				t.Fatalf("order %d is %s, not %s", i, pathsOf(x.orders[i]), pathsOf(want))
			}
		}
	}
}
