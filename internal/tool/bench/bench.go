package bench

import (
	"cmp"
	"context"
	"encoding/json"
	"io"
	"runtime"
	"sync"
	"time"

	"github.com/millrace-live/millrace/internal/tool"
)

// Run loads a server and writes the report to stdout, also when ctx ends the
// run early. Errors are of type [*tool.Error], whose Status is the exit status:
// 2 for an address, a file or a number that cannot be used, else that of the
// first connection which failed or ended before the run did. Stalls and losses
// are for the report.
func Run(ctx context.Context, o Options, stdout, stderr io.Writer) error {
	if err := o.check(); err != nil {
		return err
	}
	streams, shown, err := o.streams()
	if err != nil {
		return err
	}
	b := &bench{options: &o, streams: streams, shown: shown}
	if o.Publishers > 0 {
		if b.clip, err = o.clip(); err != nil {
			return err
		}
	}
	if o.PID != 0 {
		if _, err = look(o.proc, o.PID); err != nil {
			return err
		}
	}
	lines := stderr
	if o.JSON {
		lines = stdout
	}
	b.progress = tool.NewProgress(lines, tool.ModeOf(o.JSON, o.Terminal), time.Now())
	r, err := b.run(ctx)
	b.progress.Done()
	if r == nil {
		return err
	}
	if writing := write(r, o.JSON, stdout); writing != nil {
		return writing
	}
	return err
}

func (o *Options) clip() (*clip, error) {
	if o.File != "" {
		return readClip(o.File)
	}
	return synthesise(o.Bitrate, o.FPS, o.Keys), nil
}

func write(r *Result, asJSON bool, w io.Writer) error {
	text := []byte(r.String())
	if asJSON {
		var err error
		if text, err = json.Marshal(r); err != nil {
			return err
		}
		text = append(text, '\n')
	}
	if _, err := w.Write(text); err != nil {
		return &tool.Error{Status: tool.Failed, Text: "write the report: " + err.Error(), Err: err}
	}
	return nil
}

// bench is one run.
type bench struct {
	options  *Options
	streams  []addresses
	shown    string
	clip     *clip
	progress *tool.Progress
	totals   totals    // of the players that stay
	late     histogram // of the publishers
	rate     tool.Rate
	drainer  *drainer

	publishers []*publisher
	players    []*player
	churn      churn
	published  int
	ended      int // players
	start      mark
	steady     *mark
}

// mark is how things stood at some time.
type mark struct {
	at          time.Time
	bytes, sent uint64
	requests    uint64
	players     int // connected by then
	cpu         time.Duration
	server      process
}

// settling is how long after the ramp the steady part begins, if there is time.
const settling = time.Second

// run returns no report if ctx ended before all publishers were connected.
func (b *bench) run(ctx context.Context) (*Result, error) {
	playing, stopPlaying := context.WithCancel(ctx)
	defer stopPlaying()
	publishing, stopPublishing := context.WithCancel(ctx)
	defer stopPublishing()
	var publishers, players sync.WaitGroup
	stop := func() {
		stopPublishing()
		publishers.Wait()
	}

	b.enlist()
	if err := b.publish(publishing, &publishers); err != nil {
		stop()
		if ctx.Err() != nil {
			return nil, nil
		}
		return nil, err
	}
	var err error
	if b.start, err = b.mark(); err != nil {
		stop()
		return nil, err
	}
	b.drainer = newDrainer()
	ended := make(chan struct{}, b.options.Players)
	b.play(playing, &players, ended)
	b.watch(ctx, playing, ended)

	over, gone := b.mark()
	b.drainer.release()
	stopPlaying()
	players.Wait()
	b.churn.wait()
	b.drainer.stop()
	stop()
	r := &Result{Event: "report", Address: b.shown}
	return r, cmp.Or(b.sum(r, over, gone == nil), gone)
}

// mark fails only if the server's process is gone.
func (b *bench) mark() (mark, error) {
	m := mark{
		at: time.Now(), cpu: processTime(), bytes: b.churn.bytes(),
		requests: b.totals.requests.Load() + b.churn.totals.requests.Load(),
	}
	for _, p := range b.players {
		m.bytes += p.bytes()
		if p.on.Load() {
			m.players++
		}
	}
	for _, p := range b.publishers {
		m.sent += p.sent.Load()
	}
	var err error
	if b.options.PID != 0 {
		m.server, err = look(b.options.proc, b.options.PID)
	}
	return m, err
}

// enlist makes the publishers and the players.
func (b *bench) enlist() {
	o := b.options
	duties := duties(o, len(b.streams))
	observed := make(map[int]bool)
	for i, duty := range duties {
		observed[i%len(b.streams)] = observed[i%len(b.streams)] || duty == observe
	}
	for i := range o.Publishers {
		p := &publisher{address: b.streams[i].publish, clip: b.clip, late: &b.late}
		if observed[i] {
			p.ledger = newLedger(b.clip, time.Now())
		}
		b.publishers = append(b.publishers, p)
	}
	for i, duty := range duties {
		n := i % len(b.streams)
		p := &player{address: b.streams[n].play, duty: duty, hinted: o.Hinted}
		p.meter.totals = &b.totals
		if len(b.publishers) > 0 && duty == observe {
			p.meter.ledger = b.publishers[n].ledger
		}
		b.players = append(b.players, p)
	}
}

// duties deals out what players do: observers are spread evenly over the order
// in which they come, and over the streams; so are those that get stuck.
func duties(o *Options, streams int) []duty {
	all := make([]duty, o.Players)
	usual := observe
	if draining && !isHLS(o.URL) {
		usual = drain
		for i := range all {
			all[i] = usual
		}
		choose(all, usual, observe, o.observers(), streams)
	}
	choose(all, usual, stick, o.Stuck, streams)
	return all
}

// choose gives n players another duty: one in each n-th part of those that have
// the usual one, of the stream that has the fewest so far.
func choose(all []duty, usual, other duty, n, streams int) {
	var free []int
	for i, d := range all {
		if d == usual {
			free = append(free, i)
		}
	}
	had := make([]int, streams)
	for k := range n {
		part := free[k*len(free)/n : (k+1)*len(free)/n]
		best := part[0]
		for _, i := range part {
			if had[i%streams] < had[best%streams] {
				best = i
			}
		}
		had[best%streams]++
		all[best] = other
	}
}

// publish connects the publishers and starts them; an error if none can.
func (b *bench) publish(ctx context.Context, wg *sync.WaitGroup) error {
	if len(b.publishers) == 0 {
		return nil
	}
	const atOnce = 64
	slots := make(chan struct{}, atOnce)
	results := make(chan error, len(b.publishers))
	shared := make([]*pacer, min(runtime.GOMAXPROCS(0), len(b.publishers)))
	for i := range shared {
		shared[i] = newPacer()
		wg.Go(func() { shared[i].run(ctx) })
	}
	begin := time.Now()
	frame := b.clip.frame()
	for i, p := range b.publishers {
		p.begin, p.grid = begin.Add(phase(i, len(b.publishers), frame, b.options.Keys)), frame
		pace := func(p *publisher) {
			if p.feed != nil {
				shared[i%len(shared)].add(p)
				return
			}
			own := newPacer() // which may wait
			own.add(p)
			wg.Go(func() { own.run(ctx) })
		}
		wg.Go(func() {
			slots <- struct{}{}
			st, err := p.connect(ctx, &b.options.Dialer)
			<-slots
			if p.err, p.on = err, err == nil; p.on {
				results <- nil
				p.err = p.run(ctx, st, pace)
				return
			}
			results <- err
		})
	}
	var first error
	for range b.publishers {
		if err := <-results; err != nil {
			first = cmp.Or(first, err)
		} else {
			b.published++
		}
	}
	if b.published == 0 {
		return first
	}
	// Players find all streams begun; the report has the publishers that failed.
	last := b.publishers[len(b.publishers)-1].begin
	timer := time.NewTimer(time.Until(last))
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
	return nil
}

// play starts the players, spread over the ramp.
func (b *bench) play(ctx context.Context, wg *sync.WaitGroup, ended chan<- struct{}) {
	for i, p := range b.players {
		p.drainer = b.drainer
		wait := b.options.Ramp * time.Duration(i) / time.Duration(len(b.players))
		wg.Go(func() {
			timer := time.NewTimer(wait)
			defer timer.Stop()
			select {
			case <-timer.C:
			case <-ctx.Done():
				return
			}
			p.err = p.run(ctx, &b.options.Dialer)
			ended <- struct{}{}
		})
	}
}

// watch shows how the run goes until its time is over, or all players are gone.
func (b *bench) watch(ctx, playing context.Context, ended <-chan struct{}) {
	settled := time.NewTimer(b.options.Ramp + min(settling, b.options.Time/2))
	defer settled.Stop()
	over := time.NewTimer(b.options.Ramp + b.options.Time)
	defer over.Stop()
	ticker := time.NewTicker(250 * time.Millisecond)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-over.C:
			return
		case <-settled.C:
			if m, err := b.mark(); err == nil {
				b.steady = &m
			}
			if b.options.Churn > 0 {
				b.churn.begin(playing, b)
			}
		case <-ended:
			if b.ended++; b.ended == b.options.Players {
				return
			}
		case now := <-ticker.C:
			s := b.state(now)
			if b.progress.Due(now) {
				b.progress.Show(s)
			}
		}
	}
}

func (b *bench) state(now time.Time) State {
	s := State{
		Event: "progress", Publishers: b.published, Ended: b.ended, Bytes: b.churn.bytes(),
		Seconds: now.Sub(b.start.at).Round(time.Millisecond).Seconds(),
	}
	for _, p := range b.players {
		s.Bytes += p.bytes()
		if p.on.Load() {
			s.Players++
		}
	}
	b.rate.Add(now.Sub(b.start.at), s.Bytes)
	s.Bitrate = 8 * b.rate.PerSecond()
	return s
}
