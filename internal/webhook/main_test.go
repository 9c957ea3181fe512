package webhook

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/millrace-live/millrace/internal/config"
	"github.com/millrace-live/millrace/internal/database"
	"github.com/millrace-live/millrace/internal/database/databasetest"
)

func TestMain(m *testing.M) {
	code := m.Run()
	databasetest.Stop()
	os.Exit(code)
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); !ok(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("waited in vain: " + what)
		}
	}
}

func sqlite(t testing.TB) database.Store {
	t.Helper()
	return open(t, "sqlite:"+filepath.Join(t.TempDir(), "millrace.db"))
}

func open(t testing.TB, url string) database.Store {
	t.Helper()
	s, err := database.Open(t.Context(), url, database.Options{})
	must(t, err)
	t.Cleanup(func() { must(t, s.Close()) })
	return s
}

// onBoth runs a test on both kinds of database, with an empty one.
func onBoth(t *testing.T, test func(t *testing.T, s database.Store)) {
	t.Helper()
	for _, k := range databasetest.Kinds {
		t.Run(k.Name, func(t *testing.T) { test(t, open(t, k.URL(t))) })
	}
}

const secret = "whsec_0123456789"

// receiver is a web server of somebody who wants events. It checks what it gets
// and keeps it in order.
type receiver struct {
	t      testing.TB
	answer func(n int, r *http.Request) int // to the n-th request, from 0; 0: 200
	ahead  *atomic.Int64                    // of its clock, if not nil

	mu  sync.Mutex
	n   int
	had []string // ids of events that were accepted
	srv *httptest.Server
	at  string // address, "" when it is dead
}

func receive(t testing.TB, answer func(n int, r *http.Request) int) *receiver {
	r := &receiver{t: t, answer: answer}
	r.live()
	t.Cleanup(r.die)
	return r
}

func (r *receiver) live() {
	srv := httptest.NewServer(r)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.srv, r.at = srv, srv.Listener.Addr().String()
}

func (r *receiver) die() {
	r.mu.Lock()
	srv := r.srv
	r.srv, r.at = nil, ""
	r.mu.Unlock()
	if srv != nil {
		srv.CloseClientConnections()
		srv.Close()
	}
}

func (r *receiver) address() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.at
}

func (r *receiver) ServeHTTP(w http.ResponseWriter, q *http.Request) {
	body, err := io.ReadAll(q.Body)
	if err != nil {
		return // it was cut off
	}
	now := time.Now()
	tolerance := time.Minute
	if r.ahead != nil {
		// The clock may be set while the request is on the way.
		tolerance += giveUp
		now = now.Add(time.Duration(r.ahead.Load()))
	}
	if err := Verify(secret, q.Header.Get(SignatureHeader), body, now, tolerance); err != nil {
		r.t.Error(err)
	}
	if ct := q.Header.Get("Content-Type"); ct != "application/cloudevents+json" || q.Method != http.MethodPost {
		r.t.Errorf("it gets a %s of %s", q.Method, ct)
	}
	r.mu.Lock()
	n := r.n
	r.n++
	r.mu.Unlock()
	status := 0
	if r.answer != nil {
		status = r.answer(n, q)
	}
	if status == 0 {
		status = http.StatusOK
		r.mu.Lock()
		r.had = append(r.had, string(body))
		r.mu.Unlock()
	}
	w.WriteHeader(status)
}

func (r *receiver) accepted() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.had)
}

func (r *receiver) requests() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.n
}

// reach finds receivers by the names of hosts, so that one that died can come
// back at another port.
func reach(names map[string]*receiver) *http.Transport {
	var d net.Dialer
	return &http.Transport{DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
		name, _, _ := net.SplitHostPort(addr)
		at := names[name].address()
		if at == "" {
			return nil, fmt.Errorf("dial %s: connection refused", name)
		}
		return d.DialContext(ctx, network, at)
	}}
}

func at(name string) Endpoint {
	return Endpoint{ID: name, URL: "http://" + name + "/hook?k=hidden", Secret: config.NewSecret(secret)}
}

// deliver starts a Deliverer to receivers by their names.
func deliver(t testing.TB, s Store, names map[string]*receiver, change func(*Options)) *Deliverer {
	t.Helper()
	o := Options{
		Store: s, Transport: reach(names), Log: slog.New(slog.NewTextHandler(t.Output(), nil)),
		Backoff: func(failures int) time.Duration { return time.Duration(min(failures, 5)) * 4 * time.Millisecond },
		Look:    5 * time.Millisecond, Timeout: 500 * time.Millisecond, Lease: time.Second,
		Endpoints: func() (all []Endpoint) {
			for name := range names {
				all = append(all, at(name))
			}
			return all
		},
	}
	if change != nil {
		change(&o)
	}
	d := New(o)
	d.Start()
	t.Cleanup(d.stop)
	return d
}

func (d *Deliverer) end(t testing.TB) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	d.Close(ctx)
}

// keep puts events into the queue: "a1" is one of the subject a.
func keep(t testing.TB, s database.Store, to []string, names ...string) {
	t.Helper()
	var events []database.Event
	for _, n := range names {
		events = append(events, database.Event{
			ID: "ev_" + n, Subject: "live/" + n[:1], Type: "stream.live", Body: []byte(strconv.Quote(n)), To: to,
		})
	}
	must(t, s.Append(t.Context(), events...))
}

// lines are the accepted events by subject, in order and without those that came
// again.
func lines(had []string) map[string][]string {
	all := map[string][]string{}
	for _, q := range had {
		n, _ := strconv.Unquote(q)
		if s := n[:1]; !slices.Contains(all[s], n) {
			all[s] = append(all[s], n)
		}
	}
	return all
}

func idle(t testing.TB, s database.Store) func() bool {
	return func() bool {
		logs, err := s.Backlogs(t.Context())
		must(t, err)
		for _, l := range logs {
			if l.Waiting > 0 {
				return false
			}
		}
		return true
	}
}
