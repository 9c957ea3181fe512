package event

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/millrace-live/millrace/internal/database"
	"github.com/millrace-live/millrace/internal/hub"
)

// follower reads a feed as a browser does.
type follower struct {
	t    testing.TB
	resp *http.Response
	in   *bufio.Reader
	last string // id
	stop context.CancelFunc
}

func follow(t testing.TB, url, last string) *follower {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	must(t, err)
	if last != "" {
		req.Header.Set("Last-Event-ID", last)
	}
	resp, err := http.DefaultClient.Do(req)
	must(t, err)
	t.Cleanup(func() { cancel(); resp.Body.Close() })
	if resp.StatusCode != http.StatusOK || resp.Header.Get("Content-Type") != "text/event-stream" {
		t.Fatalf("it answers %s %s", resp.Status, resp.Header.Get("Content-Type"))
	}
	return &follower{t: t, resp: resp, in: bufio.NewReader(resp.Body), stop: cancel}
}

// next returns the subject and type of the next event, "" at a heartbeat, "end"
// at the end.
func (f *follower) next(heartbeats bool) string {
	f.t.Helper()
	var event, data string
	for {
		line, err := f.in.ReadString('\n')
		if err != nil {
			return "end"
		}
		field, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), ": ")
		switch {
		case field == "id":
			f.last = value
		case field == "event":
			event = value
		case field == "data":
			data = value
		case line == "\n" && data != "":
			var v struct{ Subject, Type string }
			must(f.t, json.Unmarshal([]byte(data), &v))
			if v.Type != Prefix+event {
				f.t.Errorf("the event %s is a %s", event, v.Type)
			}
			return v.Subject + " " + event
		case strings.HasPrefix(line, ": ") && heartbeats:
			return ""
		}
	}
}

func (f *follower) expect(want ...string) {
	f.t.Helper()
	for _, w := range want {
		if got := f.next(false); got != w {
			f.t.Fatalf("the feed has %q, not %q", got, w)
		}
	}
}

func serve(t testing.TB, f *Feed, allowed func() (Filter, bool)) string {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { f.ServeSSE(w, r, allowed) }))
	t.Cleanup(srv.Close)
	return srv.URL
}

func TestFollow(t *testing.T) {
	onBoth(t, func(t *testing.T, s database.Store) {
		f := newFeed(t, Options{Store: s}, nil)
		url := serve(t, f, nil)
		f.Hub(start("live/before", "zero"))
		eventually(t, "it is kept", func() bool { return f.Stats().Written == 1 })

		all := follow(t, url, "")
		lives := follow(t, url+"?type=stream.live,key.*&app=live&app=other", "")
		one := follow(t, url+"?stream=other/cam2", "")
		f.Hub(start("live/cam1", "one"))
		f.Hub(start("other/cam2", "two"))
		f.Hub(start("third/cam3", "three"))
		f.Hub(end("live/cam1", "one"))
		all.expect("live/cam1 stream.live", "other/cam2 stream.live", "third/cam3 stream.live", "live/cam1 stream.idle")
		lives.expect("live/cam1 stream.live", "other/cam2 stream.live")
		one.expect("other/cam2 stream.live")

		// It comes back, and has missed nothing.
		all.stop()
		f.Hub(end("other/cam2", "two"))
		one.expect("other/cam2 stream.idle")
		all = follow(t, url, all.last)
		all.expect("other/cam2 stream.idle")
		f.Hub(end("third/cam3", "three"))
		all.expect("third/cam3 stream.idle")
		follow(t, url+"?type=stream.idle", "0").expect("live/cam1 stream.idle", "other/cam2 stream.idle", "third/cam3 stream.idle")
		if n, err := strconv.Atoi(all.last); err != nil || n != 7 {
			t.Errorf("the last id is %q", all.last)
		}

		// The server ends, in order: what came last is told.
		f.Hub(end("live/before", "zero"))
		f.flush(t)
		if got := f.Stats().Waiting; got != 0 {
			t.Errorf("%d wait", got)
		}
	})
}

func TestFollowIsToldOfTheEnd(t *testing.T) {
	f := newFeed(t, Options{Store: sqlite(t)}, nil)
	all := follow(t, serve(t, f, nil), "")
	if got := all.next(true); got != "" {
		t.Errorf("the feed has %q, not a heartbeat", got)
	}
	f.flush(t)
	all.expect("end")
	eventually(t, "nobody follows", func() bool { return f.Stats().Followers == 0 })
}

// Many events, from before and from now, by two ways, come once each.
func TestFollowFromTheDatabaseOn(t *testing.T) {
	s := sqlite(t)
	f := newFeed(t, Options{Store: s}, nil)
	url := serve(t, f, nil)
	const n = 3 * maxRecent
	go func() {
		for i := range n {
			f.Session(hub.SessionChange{SessionInfo: hub.SessionInfo{ID: fmt.Sprint(i), Stream: fmt.Sprint("live/", i)}})
			if i%500 == 0 {
				time.Sleep(time.Millisecond)
			}
		}
	}()
	eventually(t, "some are kept", func() bool { return f.Stats().Written > 100 })
	a, b := follow(t, url, "0"), follow(t, url, "")
	for i := range n {
		a.expect(fmt.Sprint("live/", i, " session.opened"))
	}
	if last := b.next(false); last == "end" {
		t.Error("the feed ended")
	}
	for id := b.last; id != fmt.Sprint(n); id = b.last {
		b.next(false)
		if was, _ := strconv.Atoi(id); b.last != fmt.Sprint(was+1) {
			t.Fatalf("after %s comes %s", id, b.last)
		}
	}
}

func TestFollowWithinLimits(t *testing.T) {
	f := newFeed(t, Options{Store: sqlite(t)}, nil)
	var good atomic.Bool
	good.Store(true)
	url := serve(t, f, func() (Filter, bool) { return Filter{Apps: []string{"live"}}, good.Load() })
	mine := follow(t, url, "")
	f.Hub(refusal(hub.BadKey, "", "192.0.2.1:1", time.Now())) // of the server
	f.Hub(start("other/cam", "one"))
	f.Hub(start("live/cam", "two"))
	mine.expect("live/cam stream.live")
	follow(t, url+"?app=other,live", "0").expect("live/cam stream.live")

	good.Store(false) // the token was taken back
	mine.expect("end")
	for query, status := range map[string]int{"": 403, "?type=stream.live": 403} {
		resp, err := http.Get(url + query)
		must(t, err)
		resp.Body.Close()
		if resp.StatusCode != status {
			t.Errorf("it answers %s", resp.Status)
		}
	}
	good.Store(true)
	for _, query := range []string{"?type=stream.alive", "?after=x", "?after=-1"} {
		resp, err := http.Get(url + query)
		must(t, err)
		resp.Body.Close()
		if resp.StatusCode != http.StatusUnprocessableEntity {
			t.Errorf("%s is answered %s", query, resp.Status)
		}
	}
}

func TestFindTheEnd(t *testing.T) {
	s := sqlite(t)
	var l tail
	l.init(s)
	n := int64(0)
	for _, more := range []int{0, 1, 1, 1, 5, 100, 1000} {
		var events []database.Event
		for range more {
			n++
			events = append(events, database.Event{ID: fmt.Sprint(n), Subject: "s", Type: "t", Body: []byte("1")})
		}
		must(t, s.Append(t.Context(), events...))
		for _, from := range []int64{0, 1, n / 2, n} {
			if from > n {
				continue
			}
			got, err := l.end(t.Context(), from)
			if must(t, err); got != n {
				t.Errorf("from %d the end is %d, not %d", from, got, n)
			}
		}
	}
}

func TestPatterns(t *testing.T) {
	for pattern, ok := range map[string]bool{
		"stream.live": true, "stream.*": true, "*": true, "viewers": true, "stream.liv": false, "keys.*": false, "": false,
	} {
		if err := CheckPattern(pattern); (err == nil) != ok {
			t.Errorf("%q: %v", pattern, err)
		}
	}
	if !Type("stream.live").Fits("stream.*") || Type("session.opened").Fits("stream.*") {
		t.Error("stream.* stands for the wrong types")
	}
}
