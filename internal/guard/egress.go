package guard

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"
)

// egress measures what leaves to viewers.
type egress struct {
	sent func() map[string]uint64
	mu   sync.Mutex // of samples
	// samples are the last measurements, the newest last.
	samples []sample
	rates   atomic.Pointer[map[string]*flow] // of the last measurement, by app; "" is the server
}

type sample struct {
	at   time.Time
	sent map[string]uint64
}

// flow is what leaves of one app, or of the server.
type flow struct {
	bits  int64        // bit/s of the last seconds
	fresh atomic.Int64 // viewers that came since this was measured
}

const (
	measureEvery = time.Second
	// measured is over how long: key frames and segments leave in bursts, and a shorter time would make peaks of them.
	measured = 5 * time.Second
)

func (e *egress) run(ctx context.Context) {
	if e.sent == nil {
		<-ctx.Done()
		return
	}
	tick := time.NewTicker(measureEvery)
	defer tick.Stop()
	e.measure(time.Now())
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-tick.C:
			e.measure(now)
		}
	}
}

// measure takes a sample and makes the rates of it.
func (e *egress) measure(now time.Time) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.samples = append(e.samples, sample{now, e.sent()})
	for len(e.samples) > 2 && now.Sub(e.samples[0].at) > measured {
		e.samples = append(e.samples[:0], e.samples[1:]...)
	}
	from, to := e.samples[0], e.samples[len(e.samples)-1]
	rates := map[string]*flow{"": {}}
	if took := to.at.Sub(from.at).Seconds(); took > 0 {
		for app, n := range to.sent {
			rate := int64(float64(n-min(from.sent[app], n)) * 8 / took)
			rates[""].bits += rate
			if app != "" {
				rates[app] = &flow{bits: rate}
			}
		}
	}
	e.rates.Store(&rates)
}

func (e *egress) flow(app string) *flow {
	rates := e.rates.Load()
	if rates == nil {
		return nil
	}
	return (*rates)[app]
}

// joined counts a viewer of whom nothing is measured yet.
func (e *egress) joined(app string) {
	for _, name := range [...]string{"", app} {
		if f := e.flow(name); f != nil {
			f.fresh.Add(1)
		}
		if app == "" {
			break
		}
	}
}

// roomFor says whether one more viewer of app may add to what leaves.
func (g *Guard) roomFor(app string) error {
	l := g.limits.Load()
	if err := g.room("", scope{kind: server}, l.Server.Egress); err != nil {
		return err
	}
	return g.room(app, scope{kind: byApp, name: app}, l.Apps[app].Egress)
}

func (g *Guard) room(app string, s scope, most int64) error {
	if most == 0 {
		return nil
	}
	f := g.egress.flow(app)
	if f == nil {
		return nil
	}
	bits := f.bits
	// A thousand who come in the same second are measured when it is too late: they are taken for as many of those who
	// are here.
	if fresh := f.fresh.Load(); fresh > 0 {
		if known := int64(g.open(viewers, s)) - fresh; known > 0 {
			bits += fresh * (f.bits / known)
		}
	}
	if bits < most {
		return nil
	}
	limit, setting, who := "outgoing rate of the server", "max-egress", "The server"
	if s.kind == byApp {
		limit, setting, who = "outgoing rate of one app", "apps."+s.name+".max-egress", "The app "+s.name
	}
	const text = "%s sends as much as it may, and takes no more viewers for now: at most %s (%s)."
	return g.exceeded(&Exceeded{
		Limit: limit, Setting: setting, Most: most, Retry: measured, text: fmt.Sprintf(text, who, bitrate(most), setting),
	})
}
