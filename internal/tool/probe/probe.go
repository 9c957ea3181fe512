package probe

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/millrace-live/millrace/internal/tool"
	"github.com/millrace-live/millrace/media"
)

// Options say what is probed.
type Options struct {
	// URL is an RTMP address of any dialect, or one of FLV over HTTP.
	URL string
	// Seconds is how long is measured; 0 is five, and up to ten where key
	// frames are far apart.
	Seconds float64
	// JSON writes the report as one object in place of text.
	JSON bool
	// Terminal shows on stderr that something goes on.
	Terminal bool
	// Clients connect; the zero ones will do.
	Clients tool.Clients
}

const (
	shortTime = 5 * time.Second
	longTime  = 10 * time.Second
	// enoughKeys make two distances.
	enoughKeys = 3
	// firstFrame is how long is waited for a first frame.
	firstFrame = 30 * time.Second
	// longestProbe bounds --seconds.
	longestProbe = time.Hour
)

// Run measures a stream and writes the report to stdout. Errors are of type
// [*tool.Error], whose Status is the exit status: 6 if the report was written
// and names a problem, 2 for an address that cannot be used, 3 for a server
// that refuses, 4 for one that does not answer, 5 for a stream of which nothing
// came.
func Run(ctx context.Context, o Options, stdout, stderr io.Writer) error {
	address, err := tool.PlayAddress(o.URL)
	if err != nil {
		return err
	}
	if !(o.Seconds >= 0 && o.Seconds <= longestProbe.Seconds()) {
		return &tool.Error{Status: tool.Usage, Text: "seconds: must be from 0 to 3600"}
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	source, err := o.Clients.Open(ctx, address)
	if err != nil {
		return err
	}
	p := &prober{options: o, source: source}
	if o.Terminal {
		p.progress = tool.NewProgress(stderr, tool.Live, time.Now())
	}
	r, err := p.measure(ctx)
	if err != nil {
		return err
	}
	if r == nil {
		return &tool.Error{Status: tool.Lost, Text: fmt.Sprintf("probe %s: nothing of the stream came", address)}
	}
	r.URL = address.String()
	if err := write(r, o.JSON, stdout); err != nil {
		return &tool.Error{Status: tool.Failed, Text: "write the report: " + err.Error(), Err: err}
	}
	switch n := r.Count(Problem); n {
	case 0:
		return nil
	case 1:
		return &tool.Error{Status: tool.Troubled, Text: "probe: the stream has a problem"}
	default:
		return &tool.Error{Status: tool.Troubled, Text: fmt.Sprintf("probe: the stream has %d problems", n)}
	}
}

func write(r *Report, asJSON bool, w io.Writer) error {
	if !asJSON {
		return r.WriteText(w)
	}
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(r)
}

// prober is one run.
type prober struct {
	options  Options
	source   *tool.Source
	progress *tool.Progress // nil when nothing is shown
	analyzer Analyzer
	begun    time.Time // zero before the first frame
}

// measure plays for as long as it takes. The report is nil if nothing came.
func (p *prober) measure(ctx context.Context) (*Report, error) {
	frames, stop := p.source.Frames()
	ended, err := p.receive(ctx, frames)
	stop()
	if p.progress != nil {
		p.progress.Done()
	}
	// What came before a connection broke is worth a report.
	if p.analyzer.Frames() == 0 {
		return nil, err
	}
	r := p.analyzer.Report()
	r.Damaged, r.Ended = p.source.Damaged(), ended
	r.Advice = Advise(r)
	return r, nil
}

// receive takes frames until enough is known. It reports whether the stream
// ended before that.
func (p *prober) receive(ctx context.Context, frames <-chan tool.Received) (ended bool, err error) {
	const tick = 100 * time.Millisecond
	ticker := time.NewTicker(tick)
	defer ticker.Stop()
	start := time.Now()
	for {
		select {
		case <-ctx.Done():
			return true, nil
		case now := <-ticker.C:
			if p.enough(now) || p.begun.IsZero() && now.Sub(start) >= firstFrame {
				return false, nil
			}
			if p.progress != nil && p.progress.Due(now) {
				p.progress.Show(p.state(now))
			}
		case r := <-frames:
			if r.Err != nil {
				if errors.Is(r.Err, tool.ErrEnd) {
					return true, nil
				}
				return true, r.Err
			}
			if r.Frame.Kind != media.Data && p.begun.IsZero() {
				p.begun = r.Frame.Arrival
			}
			p.analyzer.Add(r.Frame)
			if p.analyzer.Full() {
				return false, nil
			}
		}
	}
}

func (p *prober) enough(now time.Time) bool {
	if p.begun.IsZero() {
		return false
	}
	took := now.Sub(p.begun)
	if p.options.Seconds > 0 {
		return took.Seconds() >= p.options.Seconds
	}
	return took >= longTime || took >= shortTime && (p.analyzer.Keys() >= enoughKeys || len(p.analyzer.video.all) == 0)
}

// listening is what is shown meanwhile.
type listening string

func (l listening) String() string { return string(l) }

func (p *prober) state(now time.Time) listening {
	if p.begun.IsZero() {
		return "waiting for the stream"
	}
	return listening(fmt.Sprintf("measuring: %.0f s, %d frames", now.Sub(p.begun).Seconds(), p.analyzer.Frames()))
}
