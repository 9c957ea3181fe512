package bench

import (
	"cmp"
	"context"
	"encoding/json"
	"io"
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
		if b.before, err = look(o.proc, o.PID); err != nil {
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
	return synthesise(o.Bitrate, o.FPS), nil
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
	totals   totals
	rate     tool.Rate

	publishers []*publisher
	players    []*player
	published  int
	ended      int // players
	before     process
	start      time.Time // of the first player
}

// run returns no report if ctx ended before all publishers were connected.
func (b *bench) run(ctx context.Context) (*Result, error) {
	playing, stopPlaying := context.WithCancel(ctx)
	defer stopPlaying()
	publishing, stopPublishing := context.WithCancel(ctx)
	defer stopPublishing()
	var publishers, players sync.WaitGroup

	if err := b.publish(publishing, &publishers); err != nil {
		stopPublishing()
		publishers.Wait()
		if ctx.Err() != nil {
			return nil, nil
		}
		return nil, err
	}
	if b.options.PID != 0 {
		var err error
		if b.before, err = look(b.options.proc, b.options.PID); err != nil {
			stopPublishing()
			publishers.Wait()
			return nil, err
		}
	}
	cpu := processTime()
	b.start = time.Now()
	ended := make(chan struct{}, b.options.Players)
	b.play(playing, &players, ended)
	b.watch(ctx, ended)

	r := &Result{
		Event: "report", Address: b.shown, Seconds: time.Since(b.start).Round(time.Millisecond).Seconds(),
		CPU: (processTime() - cpu).Seconds(),
	}
	var after process
	var gone error
	if b.options.PID != 0 {
		after, gone = look(b.options.proc, b.options.PID)
	}
	stopPlaying()
	players.Wait()
	stopPublishing()
	publishers.Wait()
	first := b.sum(r)
	if b.options.PID != 0 && gone == nil {
		r.Server = b.server(after, r)
	}
	return r, cmp.Or(first, gone)
}

// publish connects the publishers and starts them; an error if none can.
func (b *bench) publish(ctx context.Context, wg *sync.WaitGroup) error {
	const atOnce = 64
	slots := make(chan struct{}, atOnce)
	results := make(chan error, b.options.Publishers)
	for i := range b.options.Publishers {
		p := &publisher{address: b.streams[i].publish, clip: b.clip}
		if b.options.Players > i {
			p.ledger = newLedger(b.clip, time.Now())
		}
		b.publishers = append(b.publishers, p)
		wg.Go(func() {
			slots <- struct{}{}
			st, err := p.connect(ctx, &b.options.Dialer)
			<-slots
			if p.err, p.on = err, err == nil; p.on {
				results <- nil
				p.err = p.run(ctx, st)
				return
			}
			results <- err
		})
	}
	var first error
	for range b.options.Publishers {
		if err := <-results; err != nil {
			first = cmp.Or(first, err)
		} else {
			b.published++
		}
	}
	if b.published > 0 {
		return nil // the report has the others
	}
	return first
}

// play starts the players, spread over the ramp.
func (b *bench) play(ctx context.Context, wg *sync.WaitGroup, ended chan<- struct{}) {
	for i := range b.options.Players {
		n := i % len(b.streams)
		p := &player{address: b.streams[n].play}
		p.meter.totals = &b.totals
		if len(b.publishers) > 0 {
			p.meter.ledger = b.publishers[n].ledger
		}
		b.players = append(b.players, p)
		wait := b.options.Ramp * time.Duration(i) / time.Duration(b.options.Players)
		wg.Go(func() {
			timer := time.NewTimer(wait)
			defer timer.Stop()
			select {
			case <-timer.C:
			case <-ctx.Done():
				return
			}
			p.err = p.run(ctx, b.options)
			ended <- struct{}{}
		})
	}
}

// watch shows how the run goes until its time is over, or all players are gone.
func (b *bench) watch(ctx context.Context, ended <-chan struct{}) {
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
		Event: "progress", Publishers: b.published, Ended: b.ended,
		Seconds: now.Sub(b.start).Round(time.Millisecond).Seconds(),
	}
	for _, p := range b.players {
		s.Bytes += p.meter.bytes.Load()
		if p.on.Load() {
			s.Players++
		}
	}
	b.rate.Add(now.Sub(b.start), s.Bytes)
	s.Bitrate = 8 * b.rate.PerSecond()
	return s
}
