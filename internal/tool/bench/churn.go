package bench

import (
	"cmp"
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/millrace-live/millrace/rtmp"
)

// churn is the players that come and go while the others play.
type churn struct {
	totals  totals
	running sync.WaitGroup

	mu      sync.Mutex
	players []*player
}

const (
	// longestWait is how long one of them waits for its first frame.
	longestWait = 10 * time.Second
	// shortVisit is how long one stays after it, longVisit at most.
	shortVisit, longVisit = time.Second, 2 * time.Second
)

// begin has players come, evenly, until ctx is done.
func (c *churn) begin(ctx context.Context, b *bench) {
	c.running.Go(func() {
		interval := time.Second / time.Duration(b.options.Churn)
		start := time.Now()
		timer := time.NewTimer(0)
		defer timer.Stop()
		for n := 0; ; n++ {
			timer.Reset(time.Until(start.Add(time.Duration(n) * interval)))
			select {
			case <-timer.C:
			case <-ctx.Done():
				return
			}
			p := &player{address: b.streams[n%len(b.streams)].play, duty: drain, drainer: b.drainer, hinted: b.options.Hinted}
			p.meter.totals = &c.totals
			c.mu.Lock()
			c.players = append(c.players, p)
			c.mu.Unlock()
			c.running.Go(func() { p.visit(ctx, &b.options.Dialer) })
		}
	})
}

// visit plays until a second or two after the first frame.
func (p *player) visit(ctx context.Context, d *rtmp.Dialer) {
	ctx, leave := context.WithTimeout(ctx, longestWait)
	defer leave()
	p.meter.onJoin = func() {
		time.AfterFunc(shortVisit+rand.N(longVisit-shortVisit), leave)
	}
	p.err = p.run(ctx, d)
	p.waited = !p.meter.joined && errors.Is(ctx.Err(), context.DeadlineExceeded)
}

// bytes is how many have come to all of them.
func (c *churn) bytes() (n uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, p := range c.players {
		n += p.bytes()
	}
	return n
}

func (c *churn) wait() { c.running.Wait() }

// sum adds up, when all have gone.
func (c *churn) sum(asked int, ends map[string]int) (r *Churn, first error) {
	t := &c.totals
	r = &Churn{
		PerSecond: asked, Joins: len(c.players),
		Connect: t.connect.spread(), Start: t.start.spread(), Join: t.join.spread(),
	}
	for _, p := range c.players {
		switch {
		case p.err != nil:
			r.Failed++
			ends[anonymous(p.err.Error())]++
			first = cmp.Or(first, p.err)
		case p.waited:
			r.NeverJoined++
		}
	}
	return r, first
}
