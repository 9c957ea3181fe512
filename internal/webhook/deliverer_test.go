package webhook

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/millrace-live/millrace/internal/catalog"
	"github.com/millrace-live/millrace/internal/config"
	"github.com/millrace-live/millrace/internal/database"
	"github.com/millrace-live/millrace/internal/event"
)

const subjects = "abcdefghij"

// An endpoint that hangs, one that answers 500, and one that dies and returns
// get every event in the order of its subject, and one that is well does not
// wait for them.
func TestBadReceivers(t *testing.T) {
	onBoth(t, func(t *testing.T, s database.Store) {
		var cured atomic.Bool
		hung := make(chan struct{})
		names := map[string]*receiver{
			"well": receive(t, nil),
			"hangs": receive(t, func(_ int, r *http.Request) int {
				if !cured.Load() {
					select {
					case <-hung:
					case <-r.Context().Done():
					}
					return 599
				}
				return 0
			}),
			"fails": receive(t, func(int, *http.Request) int {
				if rand.IntN(3) == 0 {
					return http.StatusInternalServerError
				}
				return 0
			}),
			"dies": receive(t, nil),
		}
		defer close(hung)
		to := []string{"well", "hangs", "fails", "dies"}
		d := deliver(t, s, names, nil)
		const each = 6
		want := map[string][]string{}
		begun := time.Now()
		for i := range each {
			var all []string
			for _, c := range subjects {
				n := fmt.Sprintf("%c%02d", c, i)
				all = append(all, n)
				want[string(c)] = append(want[string(c)], n)
			}
			keep(t, s, to, all...)
			d.Wake(to)
			if i == each/3 {
				names["dies"].die()
			}
		}
		// A machine that is busy may make it late for one, which then comes again.
		eventually(t, "the one that is well has all", func() bool { return fmt.Sprint(lines(names["well"].accepted())) == fmt.Sprint(want) })
		t.Logf("the one that is well had all after %v", time.Since(begun))
		if n := len(names["hangs"].accepted()); n != 0 {
			t.Errorf("the one that hangs has %d", n)
		}
		names["dies"].live()
		cured.Store(true)
		eventually(t, "all have all", idle(t, s))
		for name, r := range names {
			if got := lines(r.accepted()); fmt.Sprint(got) != fmt.Sprint(want) {
				t.Errorf("the one that %s has\n%v", name, got)
			}
		}
		d.end(t)
		if st := d.Stats(); st.Delivered != uint64(len(to)*each*len(subjects)) || st.Failed == 0 || st.Buried != 0 || st.Underway != 0 {
			t.Errorf("the counters are %+v", st)
		}
	})
}

// Within one endpoint, a subject whose event is not taken holds up no other.
func TestSubjectsAreApart(t *testing.T) {
	s := sqlite(t)
	var cured atomic.Bool
	r := receive(t, nil)
	r.answer = func(_ int, q *http.Request) int {
		if strings.HasSuffix(q.Header.Get("Millrace-Delivery"), ".ev_a1") && !cured.Load() {
			return http.StatusBadRequest
		}
		return 0
	}
	keep(t, s, []string{"x"}, "a1", "b1", "a2", "b2", "c1", "b3")
	d := deliver(t, s, map[string]*receiver{"x": r}, nil)
	eventually(t, "the others are there", func() bool { return len(r.accepted()) == 4 })
	if got := fmt.Sprint(lines(r.accepted())); got != "map[b:[b1 b2 b3] c:[c1]]" {
		t.Errorf("it has %s", got)
	}
	cured.Store(true)
	eventually(t, "all are there", idle(t, s))
	if got := fmt.Sprint(lines(r.accepted())); got != "map[a:[a1 a2] b:[b1 b2 b3] c:[c1]]" {
		t.Errorf("it has %s", got)
	}
	d.end(t)
}

// What a server had taken and not delivered when it was killed, the next one
// delivers.
func TestServerIsKilled(t *testing.T) {
	onBoth(t, func(t *testing.T, s database.Store) {
		stuck := make(chan struct{})
		var once sync.Once
		free := func() { once.Do(func() { close(stuck) }) }
		defer free()
		r := receive(t, func(n int, q *http.Request) int {
			if n < 3 {
				select {
				case <-stuck:
				case <-q.Context().Done():
				}
				return 599
			}
			return 0
		})
		names := map[string]*receiver{"x": r}
		keep(t, s, []string{"x"}, "a1", "b1", "c1", "a2", "b2")
		shortly := func(o *Options) { o.Timeout, o.Lease = 200*time.Millisecond, 100*time.Millisecond }
		first := deliver(t, s, names, shortly)
		eventually(t, "three are on the way", func() bool { return r.requests() == 3 })
		first.stop()
		first.group.Wait()
		d := deliver(t, s, names, shortly)
		eventually(t, "all are there", idle(t, s))
		if got := fmt.Sprint(lines(r.accepted())); got != "map[a:[a1 a2] b:[b1 b2] c:[c1]]" {
			t.Errorf("it has %s", got)
		}
		d.end(t)
	})
}

// Close waits for what is on the way, and writes down what came of it.
func TestCloseWaits(t *testing.T) {
	s := sqlite(t)
	there := make(chan struct{})
	r := receive(t, func(int, *http.Request) int {
		close(there)
		time.Sleep(20 * time.Millisecond)
		return 0
	})
	keep(t, s, []string{"x"}, "a1")
	d := deliver(t, s, map[string]*receiver{"x": r}, nil)
	<-there
	d.end(t)
	if !idle(t, s)() || len(r.accepted()) != 1 {
		t.Error("the delivery is due still")
	}
}

// forgetful is a database that is away when it is to be told what came of
// deliveries.
type forgetful struct {
	database.Store
	calls atomic.Int64
}

func (f *forgetful) Done(ctx context.Context, endpoint string, sequences ...int64) error {
	if f.calls.Add(1)%3 != 0 {
		return database.ErrAway
	}
	return f.Store.Done(ctx, endpoint, sequences...)
}

// A database that goes away between a delivery and its end costs no order, and
// within the lease no second delivery.
func TestDatabaseGoesAway(t *testing.T) {
	f := &forgetful{Store: sqlite(t)}
	r := receive(t, nil)
	keep(t, f, []string{"x"}, "a1", "a2", "b1", "a3", "b2", "c1")
	d := deliver(t, f, map[string]*receiver{"x": r}, nil)
	eventually(t, "all are there", idle(t, f))
	if got := fmt.Sprint(lines(r.accepted())); got != "map[a:[a1 a2 a3] b:[b1 b2] c:[c1]]" || r.requests() != 6 {
		t.Errorf("it has %s after %d requests", got, r.requests())
	}
	d.end(t)
}

func TestDeadLettersAndReplay(t *testing.T) {
	onBoth(t, func(t *testing.T, s database.Store) {
		var well atomic.Bool
		r := receive(t, func(int, *http.Request) int {
			if well.Load() {
				return 0
			}
			return http.StatusInternalServerError
		})
		keep(t, s, []string{"x"}, "a1", "a2", "b1")
		var ahead atomic.Int64 // of the clock
		d := deliver(t, s, map[string]*receiver{"x": r}, func(o *Options) {
			o.Now = func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) }
			r.ahead = &ahead
		})
		eventually(t, "it was tried", func() bool { return r.requests() > 6 })
		ahead.Store(int64(giveUp))
		letters := func() []database.Delivery {
			dead, err := d.Dead(t.Context(), "x", 0, 10)
			must(t, err)
			return dead
		}
		eventually(t, "all are dead", func() bool { return len(letters()) == 3 })
		for _, l := range letters() {
			if l.Problem != "it answered 500 Internal Server Error" || l.Died.IsZero() || l.Attempts < 1 {
				t.Errorf("a dead letter is %+v", l)
			}
		}
		well.Store(true)
		n, err := d.Replay(t.Context(), "x", Selection{Dead: true})
		if must(t, err); n != 3 {
			t.Errorf("%d are replayed", n)
		}
		eventually(t, "they are there", func() bool { return len(r.accepted()) == 3 && idle(t, s)() })
		if got := fmt.Sprint(lines(r.accepted())); got != "map[a:[a1 a2] b:[b1]]" || len(letters()) != 0 {
			t.Errorf("it has %s, and %d are dead", got, len(letters()))
		}

		// What was delivered can be replayed, too: by number, and by time and type.
		n, err = d.Replay(t.Context(), "x", Selection{Sequences: []int64{2}})
		if must(t, err); n != 1 {
			t.Errorf("%d are replayed", n)
		}
		eventually(t, "it is there again", func() bool { return len(r.accepted()) == 4 && idle(t, s)() })
		for _, c := range []struct {
			s Selection
			n int
		}{
			{Selection{Since: time.Now().Add(time.Hour)}, 0},
			{Selection{Since: time.Now().Add(-time.Hour), Filter: event.Filter{Types: []string{"viewers"}}}, 0},
			{Selection{Since: time.Now().Add(-time.Hour), Filter: event.Filter{Types: []string{"stream.*"}, Stream: "live/b"}}, 1},
			{Selection{}, 0},
		} {
			n, err := d.Replay(t.Context(), "x", c.s)
			if must(t, err); n != c.n {
				t.Errorf("%d are replayed of %+v", n, c.s)
			}
			eventually(t, "they are there", idle(t, s))
		}
		d.end(t)
	})
}

func TestGone(t *testing.T) {
	for _, stays := range []bool{false, true} { // it can't be disabled
		t.Run(fmt.Sprint(stays), func(t *testing.T) {
			s := sqlite(t)
			gone := receive(t, func(int, *http.Request) int { return http.StatusGone })
			other := receive(t, nil)
			var disabled atomic.Int64
			d := deliver(t, s, map[string]*receiver{"gone": gone, "other": other}, func(o *Options) {
				all := o.Endpoints
				o.Endpoints = func() []Endpoint {
					if stays || disabled.Load() == 0 {
						return all()
					}
					return []Endpoint{at("other")}
				}
				o.Disable = func(_ context.Context, id, reason string) error {
					disabled.Add(1)
					if id != "gone" || reason != "it answered 410 Gone" {
						t.Errorf("%s is disabled: %s", id, reason)
					}
					if stays {
						return errors.New("the config file declares it")
					}
					return nil
				}
			})
			keep(t, s, []string{"gone", "other"}, "a1", "a2", "a3")
			d.Wake(nil)
			eventually(t, "it is disabled", func() bool { return disabled.Load() == 1 && len(other.accepted()) == 3 })
			keep(t, s, []string{"gone", "other"}, "a4")
			d.Wake(nil)
			eventually(t, "the other has it", func() bool { return len(other.accepted()) == 4 })
			d.end(t)
			if gone.requests() != 1 || disabled.Load() != 1 {
				t.Errorf("it had %d requests, and was disabled %d times", gone.requests(), disabled.Load())
			}
			logs, err := s.Backlogs(t.Context())
			must(t, err)
			if len(logs) != 1 || logs[0].Waiting != 4 {
				t.Errorf("what waits is %+v", logs)
			}
		})
	}
}

// What an answer says of the next attempt.
func TestAnswers(t *testing.T) {
	elsewhere := receive(t, nil)
	for _, c := range []struct {
		name    string
		answer  http.HandlerFunc
		problem string
		wait    time.Duration
	}{
		{"accepted", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusAccepted) }, "", 0},
		{"redirected", func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http://"+elsewhere.address(), http.StatusTemporaryRedirect)
		}, "it answered 307: redirects are not followed", 0},
		{"busy", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", "120")
			w.WriteHeader(http.StatusServiceUnavailable)
		}, "it answered 503 Service Unavailable", 2 * time.Minute},
		{"busy for ever", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", "99999999999")
			w.WriteHeader(http.StatusTooManyRequests)
		}, "it answered 429 Too Many Requests", 0},
		{"busy for a month", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", time.Now().Add(700*time.Hour).UTC().Format(http.TimeFormat))
			w.WriteHeader(http.StatusTooManyRequests)
		}, "it answered 429 Too Many Requests", time.Hour},
		{"silent", func(_ http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body) // or the end of the connection is not noticed
			<-r.Context().Done()
		}, "it did not answer within 300ms", 0},
		{"endless", func(w http.ResponseWriter, _ *http.Request) {
			for {
				if _, err := w.Write(make([]byte, 4096)); err != nil {
					return
				}
			}
		}, "", 0},
		{"cut off", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, "EOF", 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			srv := httptest.NewServer(c.answer)
			defer srv.Close()
			d := New(Options{Timeout: 300 * time.Millisecond})
			defer d.client.CloseIdleConnections()
			e := Endpoint{ID: "x", URL: srv.URL, Secret: config.NewSecret(secret)}
			var none failure
			_, failure := d.post(t.Context(), &letter{endpoint: e, event: "ev_1", attempt: 1, body: []byte("{}")})
			if failure == nil {
				failure = &none
			}
			if failure.reason != c.problem || c.wait > 0 && failure.wait != c.wait || failure.wait > time.Hour {
				t.Errorf("it is %q, and waits %v", failure.reason, failure.wait)
			}
		})
	}
	t.Cleanup(func() {
		if n := elsewhere.requests(); n != 0 {
			t.Errorf("a redirect was followed %d times", n)
		}
	})
}

// A certificate that nobody vouches for is not good enough, and an address with a
// secret in it stands in no problem.
func TestCertificatesAreChecked(t *testing.T) {
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("it was asked") }))
	srv.Config.ErrorLog = log.New(io.Discard, "", 0)
	srv.StartTLS()
	defer srv.Close()
	d := New(Options{Source: "https://tv.example"})
	o, err := d.Test(t.Context(), Endpoint{ID: "x", URL: srv.URL + "/?token=tttttt", Secret: config.NewSecret(secret)})
	must(t, err)
	if o.Delivered || o.Problem == "" || strings.Contains(o.Problem, "tttttt") {
		t.Errorf("it is %+v", o)
	}
	o, err = d.Test(t.Context(), Endpoint{ID: "x", URL: "http://127.0.0.1:1/?token=tttttt"})
	must(t, err)
	if o.Delivered || !strings.Contains(o.Problem, "refused") || strings.Contains(o.Problem, "tttttt") {
		t.Errorf("it is %+v", o)
	}
}

func TestTest(t *testing.T) {
	r := receive(t, nil)
	d := New(Options{Source: "https://tv.example"})
	o, err := d.Test(t.Context(), Endpoint{ID: "wh_1", URL: "http://" + r.address(), Secret: config.NewSecret(secret)})
	must(t, err)
	if !o.Delivered || o.Status != 200 || o.Problem != "" || !strings.HasPrefix(o.Event, "ev_") {
		t.Errorf("it is %+v", o)
	}
	if had := r.accepted(); len(had) != 1 || !strings.Contains(had[0], `"type":"live.millrace.webhook.test"`) {
		t.Errorf("it gets %v", had)
	}
}

func TestBackoff(t *testing.T) {
	low, high := time.Duration(0), time.Duration(0)
	for failures := 1; failures <= 100; failures++ {
		want := time.Hour
		if failures < 13 {
			want = time.Second << (failures - 1)
		}
		for range 20 {
			got := backoff(failures)
			if got < want*4/5 || got > want*6/5 {
				t.Fatalf("after %d failures it waits %v", failures, got)
			}
			if failures == 100 {
				low, high = min(low, got-want), max(high, got-want)
			}
		}
	}
	if low > -time.Minute || high < time.Minute {
		t.Errorf("the waits are from %v to %v off", low, high)
	}
}

// ledger is a catalogue of webhooks.
type ledger struct {
	mu    sync.Mutex
	hooks []*catalog.Webhook
}

func (l *ledger) Webhooks() []*catalog.Webhook {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.hooks)
}

func (l *ledger) Webhook(id string) (*catalog.Webhook, bool) {
	for _, h := range l.Webhooks() {
		if h.ID == id {
			return h, true
		}
	}
	return nil, false
}

func (l *ledger) WebhookSecret(string) (config.Secret, bool) { return config.NewSecret(secret), true }

func (l *ledger) ChangeWebhook(_ context.Context, _ catalog.Actor, id string, _ int64, change func(*catalog.Webhook) error) (*catalog.Webhook, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for i, h := range l.hooks {
		if h.ID == id {
			next := *h
			err := change(&next)
			l.hooks[i] = &next
			return &next, err
		}
	}
	return nil, &catalog.NotFoundError{Kind: catalog.KindWebhook, ID: id}
}

func TestEndpointsOfTheCatalogue(t *testing.T) {
	s := sqlite(t)
	r := receive(t, func(_ int, q *http.Request) int {
		if q.URL.Path == "/gone" {
			return http.StatusGone
		}
		return 0
	})
	l := &ledger{hooks: []*catalog.Webhook{
		{Meta: catalog.Meta{ID: "wh_good"}, URL: "http://r/good"},
		{Meta: catalog.Meta{ID: "wh_gone"}, URL: "http://r/gone"},
		{Meta: catalog.Meta{ID: "wh_off"}, URL: "http://r/off", Disabled: true},
	}}
	d := deliver(t, s, map[string]*receiver{"r": r}, func(o *Options) { *o = o.Of(l) })
	keep(t, s, []string{"wh_good", "wh_gone", "wh_off", "wh_other"}, "a1", "a2")
	d.Wake([]string{"wh_good", "wh_gone"})
	eventually(t, "one is disabled", func() bool {
		h, _ := l.Webhook("wh_gone")
		return h.Disabled && len(r.accepted()) == 2
	})
	_, err := l.ChangeWebhook(t.Context(), "admin", "wh_off", 0, func(h *catalog.Webhook) error { h.Disabled = false; return nil })
	must(t, err)
	d.Changed(catalog.Changed{Kind: catalog.KindWebhook, ID: "wh_off", After: &catalog.Webhook{}})
	eventually(t, "what waited is there", func() bool { return len(r.accepted()) == 4 })

	l.mu.Lock()
	l.hooks = l.hooks[:1]
	l.mu.Unlock()
	d.Changed(catalog.Changed{Kind: catalog.KindWebhook, ID: "wh_gone", Before: &catalog.Webhook{}})
	eventually(t, "its queue is gone", func() bool {
		logs, err := s.Backlogs(t.Context())
		must(t, err)
		return len(logs) == 1 && logs[0].Endpoint == "wh_other"
	})
	d.end(t)

	now := time.Now()
	d.sweep(t.Context(), now)
	d.sweep(t.Context(), now.Add(strangeTime-time.Minute)) // it was first seen a moment before now
	if idle(t, s)() {
		t.Error("what another node may know is removed too early")
	}
	d.sweep(t.Context(), now.Add(strangeTime))
	if !idle(t, s)() {
		t.Error("what nobody knows stays for ever")
	}
}
