package api

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/millrace-live/millrace/internal/access"
	"github.com/millrace-live/millrace/internal/catalog"
)

// many is a control with 10,000 streams in its database.
func many(t testing.TB) *control {
	t.Helper()
	c := newControl(t)
	var set []catalog.Stream
	for i := range 10_000 {
		set = append(set, catalog.Stream{
			App: fmt.Sprint("app", i%10), Name: fmt.Sprintf("camera%05d", i), Title: fmt.Sprint("Camera ", i),
			Visibility: catalog.Private, Labels: map[string]string{"hall": fmt.Sprint(i % 100)},
		})
	}
	if _, err := c.Catalog.Apply(t.Context(), "admin", set, catalog.ApplyOptions{}); err != nil {
		t.Fatal(err)
	}
	return c
}

var pages = []string{
	"?limit=100", "?limit=1000", "?limit=1000&sort=-updated", "?limit=1000&search=camera09", "?label=hall=99", "?state=idle&limit=1000",
}

// A page of 10,000 streams takes less than 50 ms: here the best of some, since
// others use the machine, too.
func TestPagesAreQuick(t *testing.T) {
	if testing.Short() || raced {
		t.Skip("10,000 streams")
	}
	c := many(t)
	for _, query := range pages {
		var took []time.Duration
		for range 5 {
			begun := time.Now()
			c.must(200, "GET", "/streams"+query, "")
			took = append(took, time.Since(begun))
		}
		if slices.Min(took) > 50*time.Millisecond {
			t.Errorf("%s takes %v", query, slices.Min(took))
		}
	}
}

func BenchmarkPages(b *testing.B) {
	c := many(b)
	for _, query := range pages {
		b.Run(query, func(b *testing.B) {
			for b.Loop() {
				c.rates = rates{}
				c.must(200, "GET", "/streams"+query, "")
			}
		})
	}
}

func BenchmarkNew(b *testing.B) {
	for b.Loop() {
		New(onAir{}, Site{}, access.Token{})
	}
}
