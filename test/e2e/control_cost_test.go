package e2e

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/millrace-live/millrace/rtmp"
)

// crowd makes many streams at once.
func (a *steward) crowd(t *testing.T, n int) {
	t.Helper()
	const each = 1000
	for from := 0; from < n; from += each {
		var set []object
		for i := from; i < min(n, from+each); i++ {
			set = append(set, object{
				"name": fmt.Sprintf("live/cam%05d", i), "title": fmt.Sprint("Camera ", i), "visibility": []string{"public", "unlisted", "private"}[i%3],
				"labels": object{"city": []string{"Bremen", "Kiel"}[i%2]},
			})
		}
		a.do(t, http.StatusOK, "PUT", "/apply", object{"streams": set})
	}
}

// With 10,000 streams in the database an encoder is let in as fast as with none, and
// a page of the list comes in no time.
func TestControlCost(t *testing.T) {
	t.Parallel()
	const tries = 31
	many, slow := 10_000, os.Getenv("MILLRACE_SLOW") != ""
	if slow {
		many = 1000 // the race detector makes a minute of what takes a second
	}
	type house struct {
		*steward
		key  string
		took []time.Duration
	}
	houses := map[string]*house{"none": {}, "many": {}}
	for name, h := range houses {
		h.steward = start(t, "--log-level", "info").admin(t)
		if name == "many" {
			h.crowd(t, many)
		}
		_, h.key = h.create(t, "live/timed", "public")
	}
	knock := func(h *house) time.Duration {
		t.Helper()
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		began := time.Now()
		stream, err := rtmp.Publish(ctx, h.rtmpURL("live/"+h.key))
		took := time.Since(began)
		if err != nil {
			t.Fatal(err)
		}
		stream.Close()
		return took
	}
	for range tries {
		for _, h := range houses {
			h.took = append(h.took, knock(h))
		}
	}
	middle := func(h *house) time.Duration { slices.Sort(h.took); return h.took[tries/4] }
	none, full := middle(houses["none"]), middle(houses["many"])
	t.Logf("from connect to Publish.Start: %v with no streams, %v with %d", none, full, many)
	if full-none > time.Millisecond && !slow {
		t.Errorf("%d streams make publishing %v slower", many, full-none)
	}

	const page = 50 * time.Millisecond
	all := houses["many"]
	for _, query := range []string{
		"limit=100", "limit=1000", "limit=1000&sort=-updated", "search=cam0999", "label=city=Kiel&visibility=private&limit=1000", "state=idle&limit=1000", "state=on-air",
	} {
		best := time.Hour
		for try := 0; try < 40 && (try < 3 || best > page); try++ { // other tests run beside it
			began := time.Now()
			got, err := all.call("GET", "/streams?"+query, nil)
			if err != nil || got.status != http.StatusOK {
				t.Fatalf("%s: %+v, %v", query, got, err)
			}
			best = min(best, time.Since(began))
		}
		t.Logf("a page of %s: %v", query, best)
		if best > page && !slow {
			t.Errorf("a page of %s takes %v", query, best)
		}
	}
	seen, cursor := 0, ""
	for pages := 0; pages == 0 || cursor != ""; pages++ {
		o := all.do(t, http.StatusOK, "GET", "/streams?limit=1000&cursor="+cursor, nil)
		seen, cursor = seen+len(objects(o["streams"])), o.text("next")
		if pages > many/1000+1 {
			t.Fatal("the pages have no end")
		}
	}
	if seen != many+2 { // the first one and ours
		t.Errorf("the pages hold %d streams", seen)
	}
}
