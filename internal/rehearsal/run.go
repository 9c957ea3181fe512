package rehearsal

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/millrace-live/millrace/internal/hub"
	"github.com/millrace-live/millrace/internal/tool/probe"
	"github.com/millrace-live/millrace/media"
)

const (
	// A window is measured as a whole, from a key frame to the first one after
	// this long, or to whatever comes much later.
	window, longest = 30 * time.Second, 45 * time.Second
	// least is how much says something.
	least = 5 * time.Second
)

// run is one rehearsal.
type run struct {
	stream, session, protocol, encoder string
	began                              time.Time
	cancel                             context.CancelFunc

	mu       sync.Mutex
	analyzer *probe.Analyzer // of the window that is open
	opened   time.Time       // by the arrival of its first frame, zero before
	newest   time.Time       // arrival
	metadata *media.Frame    // the newest, which each window begins with
	epoch    uint32
	jumps    int           // in this window
	before   time.Duration // measured in earlier windows
	last     *probe.Report // of the window before
	found    map[string]*Finding
	ended    time.Time
	reason   string
}

func newRun(e hub.Event, cancel context.CancelFunc) *run {
	return &run{
		stream: e.Stream, session: e.Session, protocol: e.Protocol, encoder: e.Software, began: e.Time, cancel: cancel,
		analyzer: &probe.Analyzer{}, found: make(map[string]*Finding),
	}
}

// add takes the next frame.
func (r *run) add(f *media.Frame) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if f.Kind == media.Data {
		if f.Class == media.Key {
			r.metadata = f
		}
		r.analyzer.Add(f)
		return
	}
	if f.Arrival.Before(r.began) {
		return // of the session that this one took over from
	}
	if !r.opened.IsZero() {
		length := f.Arrival.Sub(r.opened)
		if length >= window && f.Kind == media.Video && f.IsKey() || length >= longest {
			r.turn()
		}
	}
	// The hub has mended what the encoder's clock did, and says how often.
	if r.newest.IsZero() {
		r.epoch = f.Epoch
	}
	if f.Epoch != r.epoch {
		r.epoch = f.Epoch
		r.jumps++
	}
	if r.opened.IsZero() {
		r.opened = f.Arrival
	}
	r.newest = f.Arrival
	r.analyzer.Add(f)
}

// turn closes the window and opens the next one. mu is held.
func (r *run) turn() {
	r.last = r.measure()
	r.note(r.last)
	r.before += r.newest.Sub(r.opened)
	r.analyzer, r.opened, r.jumps = &probe.Analyzer{}, time.Time{}, 0
	if r.metadata != nil {
		r.analyzer.Add(r.metadata)
	}
}

func (r *run) measure() *probe.Report {
	p := r.analyzer.Report()
	if r.jumps > 0 {
		p.Jumps += r.jumps
		p.Advice = probe.Advise(p)
	}
	return p
}

// note adds what a window shows to what was found.
func (r *run) note(p *probe.Report) {
	for _, a := range p.Advice {
		f := r.found[a.ID]
		if f == nil {
			f = &Finding{First: r.opened.UTC()}
			r.found[a.ID] = f
		}
		f.Advice, f.Last = a, r.newest.UTC()
	}
}

func (r *run) end(at time.Time, reason string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.ended, r.reason = at, reason
}

func (r *run) report() *Report {
	r.mu.Lock()
	defer r.mu.Unlock()
	p := &Report{
		Stream: r.stream, Session: r.session, Protocol: r.protocol, Encoder: r.encoder, Began: r.began.UTC(), Ended: r.ended.UTC(),
		Reason: r.reason, Checks: r.last, Found: []Finding{},
	}
	if r.ended.IsZero() {
		p.Ended = time.Time{}
	}
	open := r.newest.Sub(r.opened)
	if r.opened.IsZero() {
		open = 0
	}
	p.Seconds = (r.before + open).Truncate(time.Millisecond).Seconds()
	if open >= least {
		p.Checks = r.measure()
		r.note(p.Checks)
	}
	for _, f := range r.found {
		p.Found = append(p.Found, *f)
	}
	slices.SortFunc(p.Found, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(ranks[a.Severity], ranks[b.Severity]), strings.Compare(a.ID, b.ID))
	})
	switch {
	case p.Checks != nil:
		p.Verdict = verdict(p.Found)
	case r.ended.IsZero():
		p.Verdict = Measuring
	default:
		p.Verdict = TooShort
	}
	return p
}
