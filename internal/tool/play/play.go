package play

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/millrace-live/millrace/internal/tool"
	"github.com/millrace-live/millrace/media"
)

// Options say what is played.
type Options struct {
	// URL is an RTMP address of any dialect, or one of FLV over HTTP.
	URL string
	// Output is the file to write, FLV or fragmented MP4 by its ending; "-" is
	// FLV on stdout, "" nothing. Files are not written over. An MP4 goes on in
	// NAME-2.mp4 when the tracks change.
	Output string
	// Duration ends the play when so much has come; 0 means at the stream's
	// end.
	Duration time.Duration
	// JSON writes progress as an object a line, for programs: to stdout, or to
	// stderr when the stream goes to stdout. Else it is text on stderr: one live
	// line if Terminal says that this is a terminal, a line each 10 s if not.
	JSON, Terminal bool
	// Clients connect; the zero ones will do.
	Clients tool.Clients
}

// Run plays until the stream ends in order, the duration is over or ctx is
// done, which all are successes. Errors are of type [*tool.Error], whose Status
// is the exit status: 2 for an address or a file that cannot be used, 3 for a
// server that refuses, 4 for one that does not answer, 5 for a connection that
// broke or a stream of which nothing came, 1 for a file that cannot be written.
func Run(ctx context.Context, o Options, stdout, stderr io.Writer) error {
	address, err := tool.PlayAddress(o.URL)
	if err != nil {
		return err
	}
	out, err := newSink(o.Output, stdout)
	if err != nil {
		return err
	}
	lines := stderr
	if o.JSON && o.Output != "-" {
		lines = stdout
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	source, err := o.Clients.Open(ctx, address)
	if err != nil {
		if ctx.Err() != nil {
			return nil
		}
		return err
	}
	p := &player{
		options: o, address: address, source: source, sink: out,
		progress: tool.NewProgress(lines, tool.ModeOf(o.JSON, o.Terminal), time.Now()),
	}
	defer p.progress.Done()
	return p.run(ctx)
}

// player is one run.
type player struct {
	options  Options
	address  *tool.Address
	source   *tool.Source
	sink     sink
	progress *tool.Progress

	meter  meter
	joiner tool.Joiner
	start  *media.Frame // on the joined line
	line   int64        // the newest time on it
	begun  time.Time
	tracks *media.TrackSet
	told   string // what was said of the tracks
}

func (p *player) run(ctx context.Context) error {
	frames, stop := p.source.Frames()
	reason, err := p.receive(ctx, frames)
	stop()
	return p.finish(reason, err)
}

// receive takes frames until there is a reason to stop.
func (p *player) receive(ctx context.Context, frames <-chan tool.Received) (reason string, err error) {
	const tick = 250 * time.Millisecond
	ticker := time.NewTicker(tick)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return "stopped", nil
		case now := <-ticker.C:
			if p.over(now) {
				return "duration is over", nil
			}
			p.tell()
			if p.progress.Due(now) {
				p.progress.Show(p.state("progress", now))
			}
		case r := <-frames:
			switch {
			case ctx.Err() != nil:
				return "stopped", nil
			case errors.Is(r.Err, tool.ErrEnd) && p.start == nil:
				return "", &tool.Error{
					Status: tool.Lost, Text: fmt.Sprintf("play %s: the stream ended before anything came", p.address),
				}
			case errors.Is(r.Err, tool.ErrEnd):
				return "the stream ended", nil
			case r.Err != nil:
				return "connection lost", r.Err
			}
			if p.over(time.Time{}) {
				return "duration is over", nil
			}
			if err := p.take(r.Frame); err != nil {
				return "", err
			}
		}
	}
}

// over reports whether the duration is, by the stream's clock or by this one.
func (p *player) over(now time.Time) bool {
	d := p.options.Duration
	return d > 0 && p.start != nil && (p.meter.length >= d || now.Sub(p.begun) >= d)
}

func (p *player) take(f *media.Frame) error {
	p.meter.add(f)
	switch f.Kind {
	case media.Video, media.Audio:
		f = p.joiner.Join(f)
		p.line = max(p.line, f.DTS)
		if p.tracks = f.Tracks; p.start == nil {
			p.start, p.begun, p.line = f, f.Arrival, f.DTS
		}
	case media.Data:
		// Data come with any time, 0 often. They stand where they came.
		c := *f
		c.DTS, c.PTS = p.line, p.line
		f = &c
	default:
		return nil
	}
	if err := p.sink.write(f); err != nil {
		return outputError(err)
	}
	return nil
}

func outputError(err error) error {
	return &tool.Error{Status: tool.Failed, Text: "write the output: " + tool.Printable(err.Error()), Err: err}
}

// tell says what the tracks are when that has changed.
func (p *player) tell() {
	if p.tracks == nil {
		return
	}
	if now := tool.Describe(p.tracks); now != p.told {
		if p.told == "" {
			p.progress.Say("playing %s: %s", p.address, now)
		} else {
			p.progress.Say("the stream is now %s", now)
		}
		p.told = now
	}
}

func (p *player) state(event string, now time.Time) State {
	s := p.meter.state(now)
	s.Event, s.Bytes, s.Damaged = event, p.source.Bytes(), p.source.Damaged()
	return s
}

// finish completes the output and shows the last state.
func (p *player) finish(reason string, err error) error {
	names, closing := p.sink.close()
	if err == nil && closing != nil {
		err = outputError(closing)
	}
	p.tell()
	p.progress.Done()
	s := p.state("end", p.meter.newest)
	s.Reason, s.Files = reason, names
	if err != nil {
		s.Reason = err.Error()
	}
	if p.options.JSON {
		p.progress.Show(s)
		return err
	}
	if p.start == nil {
		return err
	}
	p.progress.Say("%s", s)
	if len(names) > 0 {
		p.progress.Say("written: %s", tool.Printable(strings.Join(names, ", ")))
	}
	if err == nil {
		p.progress.Say("%s", reason)
	}
	return err
}
