package metrics

import (
	"context"
	"maps"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/millrace-live/millrace/internal/callback"
	"github.com/millrace-live/millrace/internal/catalog"
	"github.com/millrace-live/millrace/internal/database"
	"github.com/millrace-live/millrace/internal/event"
	"github.com/millrace-live/millrace/internal/guard"
	"github.com/millrace-live/millrace/internal/webhook"
)

// Control is what decides who may do what, keeps what people said about that, and
// tells others what happens.
type Control struct {
	Catalog interface{ Stats() catalog.Stats }
	Guard   interface{ Stats() guard.Stats }
	Events  interface{ Stats() event.Stats }
	Hooks   interface {
		Stats() webhook.Stats
		Hooks
	}
	Gate     interface{ Stats() []callback.Stats }
	Observer interface{ Lost() uint64 }
}

// Hooks is what knows the deliveries that wait.
type Hooks interface {
	Backlogs(ctx context.Context) ([]database.Backlog, error)
}

// WatchControl has all of it read whenever somebody asks.
func (m *Metrics) WatchControl(of Control) {
	c := &control{
		Control: of,
		objects: m.describe("millrace_catalog_objects", "gauge",
			"What the API and the config file have made, by kind: stream, key, credential, token, webhook, ban, signing-key, revocation.",
			"kind"),
		away: m.describe("millrace_database_away", "gauge",
			"1 while the database does not answer: streams go on, changes are refused, events wait in memory."),
		connections: m.describe("millrace_connections", "gauge", "Connections that count against max-connections."),
		limits: m.describe("millrace_limit_refusals_total", "counter",
			"Connections, publishers, viewers and tries that were refused because of a limit or a ban.", "limit"),
		wrong: m.describe("millrace_wrong_keys_total", "counter",
			"Wrong keys and passwords of publishers, and wrong tokens for the API.", "kind"),
		written: m.describe("millrace_events_total", "counter", "Events of streams, sessions and viewers that were stored; those of changes are stored with the change, and not counted."),
		waiting: m.describe("millrace_events_waiting", "gauge", "Events that wait in memory for the database."),
		lostEvents: m.describe("millrace_events_lost_total", "counter",
			"Events that nobody will see: full (too many waited for the database; never those of a broadcast's beginning and end), "+
				"rejected (the database would not take them; the log has the reason).", "reason"),
		followers: m.describe("millrace_event_followers", "gauge", "Connections that follow the events (server-sent events)."),
		attempts: m.describe("millrace_webhook_attempts_total", "counter",
			"Attempts to deliver an event to a webhook, by how they ended: delivered, failed (it is tried again).", "result"),
		buried: m.describe("millrace_webhook_given_up_total", "counter",
			"Deliveries that were given up; they can be replayed."),
		underway: m.describe("millrace_webhook_attempts_underway", "gauge", "Attempts that wait for an answer."),
		backlog: m.describe("millrace_webhook_backlog", "gauge",
			"Deliveries in the database, by state: waiting, dead (given up). Counted every 10 seconds at most; missing while the "+
				"database does not answer within a second.", "state"),
		oldest: m.describe("millrace_webhook_oldest_seconds", "gauge",
			"Age of the oldest event that waits for its delivery, 0 if none does; missing as millrace_webhook_backlog."),
		asked: m.describe("millrace_authorizer_requests_total", "counter",
			"Questions for back ends, by how that ended: answered, failed (no answer, or none that is one), not-asked (it did not "+
				"answer before, or too many wait for it).", "host", "result"),
		silent: m.describe("millrace_authorizer_away", "gauge",
			"1 while a back end does not answer and is not asked.", "host"),
		untold: m.describe("millrace_authorizer_notices_lost_total", "counter",
			"Notices for back ends that were not told because too many waited."),
	}
	m.registry.MustRegister(c)
}

type control struct {
	Control
	backlogs backlogs

	objects, away, connections, limits, wrong   *prometheus.Desc
	written, waiting, lostEvents, followers     *prometheus.Desc
	attempts, buried, underway, backlog, oldest *prometheus.Desc
	asked, silent, untold                       *prometheus.Desc
}

// What people get wrong, and the limits that always show.
var (
	guessed = []string{"key", guard.Password, "token"}
	limits  = []string{"banned address", "wrong keys or tokens from one address"}
)

// Describe implements [prometheus.Collector].
func (c *control) Describe(to chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{
		c.objects, c.away, c.connections, c.limits, c.wrong, c.written, c.waiting, c.lostEvents, c.followers, c.attempts,
		c.buried, c.underway, c.backlog, c.oldest, c.asked, c.silent, c.untold,
	} {
		to <- d
	}
}

// Collect implements [prometheus.Collector].
func (c *control) Collect(to chan<- prometheus.Metric) {
	gauge := func(d *prometheus.Desc, v float64, labels ...string) {
		to <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	counter := func(d *prometheus.Desc, v uint64, labels ...string) {
		to <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, float64(v), labels...)
	}
	kept := c.Catalog.Stats()
	for kind, n := range kept.Objects {
		gauge(c.objects, float64(n), kind)
	}
	gauge(c.away, number(kept.Away))

	guarded := c.Guard.Stats()
	gauge(c.connections, float64(guarded.Connections))
	for limit, n := range withZero(guarded.Refused, limits) {
		counter(c.limits, n, strings.ReplaceAll(limit, " ", "-"))
	}
	for kind, n := range withZero(guarded.Failed, guessed) {
		counter(c.wrong, n, kind)
	}

	events := c.Events.Stats()
	counter(c.written, events.Written)
	gauge(c.waiting, float64(events.Waiting))
	counter(c.lostEvents, events.Dropped, "full")
	counter(c.lostEvents, events.Lost, "rejected")
	gauge(c.followers, float64(events.Followers))

	hooks := c.Hooks.Stats()
	counter(c.attempts, hooks.Delivered, "delivered")
	counter(c.attempts, hooks.Failed, "failed")
	counter(c.buried, hooks.Buried)
	gauge(c.underway, float64(hooks.Underway))
	if !kept.Away {
		if b, ok := c.backlogs.of(c.Hooks); ok {
			gauge(c.backlog, float64(b.waiting), "waiting")
			gauge(c.backlog, float64(b.dead), "dead")
			gauge(c.oldest, b.age(time.Now()).Seconds())
		}
	}

	for host, s := range byHost(c.Gate.Stats()) {
		counter(c.asked, s.Asked-min(s.Asked, s.Failures), host, "answered")
		counter(c.asked, s.Failures, host, "failed")
		counter(c.asked, s.NotAsked, host, "not-asked")
		gauge(c.silent, number(s.Away), host)
	}
	counter(c.untold, c.Observer.Lost())
}

func number(yes bool) float64 {
	if yes {
		return 1
	}
	return 0
}

// withZero has those that always show among the counted ones.
func withZero(counted map[string]uint64, always []string) map[string]uint64 {
	all := make(map[string]uint64)
	for _, name := range always {
		all[name] = 0
	}
	maps.Copy(all, counted)
	return all
}

// byHost adds up the back ends that one host has.
func byHost(all []callback.Stats) map[string]callback.Stats {
	hosts := make(map[string]callback.Stats)
	for _, s := range all {
		h := hosts[s.Host]
		hosts[s.Host] = callback.Stats{
			Away: h.Away || s.Away, Asked: h.Asked + s.Asked, Failures: h.Failures + s.Failures, NotAsked: h.NotAsked + s.NotAsked,
		}
	}
	return hosts
}

// What counting the backlog may cost whoever asks, and the database, however many
// ask.
const (
	backlogPatience = time.Second
	backlogEvery    = 10 * time.Second
)

// backlogs keeps what the database said of all that waits to be delivered.
type backlogs struct {
	mu    sync.Mutex
	asked time.Time
	sum   backlogSum
	known bool
}

type backlogSum struct {
	waiting, dead int
	oldest        time.Time
}

func (b backlogSum) age(now time.Time) time.Duration {
	if b.oldest.IsZero() {
		return 0
	}
	return max(0, now.Sub(b.oldest))
}

func (b *backlogs) of(hooks Hooks) (backlogSum, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if now := time.Now(); b.asked.IsZero() || now.Sub(b.asked) >= backlogEvery {
		ctx, cancel := context.WithTimeout(context.Background(), backlogPatience)
		defer cancel()
		logs, err := hooks.Backlogs(ctx)
		b.asked, b.known, b.sum = time.Now(), err == nil, backlogSum{}
		for _, l := range logs {
			b.sum.waiting += l.Waiting
			b.sum.dead += l.Dead
			if !l.Oldest.IsZero() && (b.sum.oldest.IsZero() || l.Oldest.Before(b.sum.oldest)) {
				b.sum.oldest = l.Oldest
			}
		}
	}
	return b.sum, b.known
}
