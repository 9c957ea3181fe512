package publish

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/millrace-live/millrace/internal/tool"
	"github.com/millrace-live/millrace/media"
	"github.com/millrace-live/millrace/rtmp"
)

// Options say what is published.
type Options struct {
	// File is an FLV or MP4 file; its content decides which.
	File string
	// URL is the address to publish to, key and all.
	URL string
	// Loop begins anew at the file's end, on one line of time.
	Loop bool
	// JSON writes progress to stdout, an object a line, for programs. Else it
	// is text on stderr: one live line if Terminal says that this is a
	// terminal, a line each 10 s if not.
	JSON, Terminal bool
	// Dialer connects; the zero one will do.
	Dialer rtmp.Dialer
}

// Run publishes until the file ends, which is a success, as is the end of ctx.
// It does not connect a second time. Errors are of type [*tool.Error], whose
// Status is the exit status: 2 for a file or an address that cannot be used, 3
// for a server that refuses, 4 for one that does not answer, 5 for a connection
// that broke. No output holds the stream's name or query.
func Run(ctx context.Context, o Options, stdout, stderr io.Writer) error {
	address, err := tool.PublishAddress(o.URL)
	if err != nil {
		return err
	}
	if address.HTTP() {
		return &tool.Error{Status: tool.Usage, Text: "address: publishing goes to an rtmp:// address"}
	}
	s, err := openFile(o.File)
	if err != nil {
		return err
	}
	defer s.file.Close()
	p := &publisher{options: o, address: address, source: s}
	out := stderr
	if o.JSON {
		out = stdout
	}
	p.progress = tool.NewProgress(out, tool.ModeOf(o.JSON, o.Terminal), time.Now())
	defer p.progress.Done()
	return p.run(ctx)
}

// publisher is one run.
type publisher struct {
	options  Options
	address  *tool.Address
	source   *source
	progress *tool.Progress

	stream   *rtmp.Publisher
	at       *rtmp.Stream // that of stream which was told of
	start    time.Time
	pace     pace
	joiner   tool.Joiner
	metadata metadata
	rate     tool.Rate

	pass     int
	first    int64         // time of the first frame of this pass, in the file
	position time.Duration // in the file
	line     time.Duration // on the line of time
}

func (p *publisher) run(ctx context.Context) error {
	c, err := p.source.begin()
	if err != nil {
		return p.fileError(err)
	}
	ahead, err := look(c)
	if err != nil {
		return p.fileError(err)
	}
	doing := "publish to " + p.address.String()
	p.stream, err = p.options.Dialer.Publisher(ctx, p.address.Raw())
	if err != nil {
		if ctx.Err() != nil {
			return nil
		}
		return p.address.Fail(doing, err)
	}
	defer p.close()
	p.start, p.at = time.Now(), p.stream.Stream()
	p.progress.Say("publishing %s to %s: %s", tool.Printable(p.options.File), p.address, tool.Describe(ahead.tracks))
	for _, note := range append(p.source.notes, refused(p.at, ahead.tracks)...) {
		p.progress.Say("%s", note)
	}
	for p.pass = 1; ; p.pass++ {
		err := p.playOut(ctx, ahead, c)
		var file *tool.Error
		switch {
		case errors.Is(err, errStopped):
			p.end("stopped")
			return nil
		case errors.As(err, &file):
			p.end("error")
			return err
		case err != nil:
			p.end("connection lost")
			return p.address.Fail(doing, err)
		case !p.options.Loop:
			p.end("end of file")
			return nil
		}
		if c, err = p.source.begin(); err != nil {
			return p.fileError(err)
		}
		ahead = nil
		p.joiner.Restart()
	}
}

// refused says which tracks the server does not take.
func refused(st *rtmp.Stream, s *media.TrackSet) []string {
	said := st.Session().Capabilities()
	accept := said.Accept()
	var notes []string
	for _, t := range s.Tracks {
		switch {
		case accept.Refused(t):
			notes = append(notes, fmt.Sprintf("not sent: %s %d (%s), a codec that the server does not take", t.Kind, t.ID, t.Codec))
		case !accept.Tracks && t != s.Default(t.Kind):
			notes = append(notes, fmt.Sprintf("not sent: %s %d (%s): the server does not say that it takes more than one track of a kind",
				t.Kind, t.ID, t.Codec))
		}
	}
	return notes
}

func (p *publisher) fileError(err error) error {
	return &tool.Error{
		Status: tool.Usage, Text: fmt.Sprintf("%s: %v", tool.Printable(p.options.File), err), Err: err,
	}
}

// errStopped is the end by the caller's context.
var errStopped = errors.New("stopped")

// playOut sends one pass over the file, nil at its end.
func (p *publisher) playOut(ctx context.Context, ahead *beginning, c clip) error {
	begun := false
	for {
		f, err := ahead.next(c)
		switch {
		case errors.Is(err, io.ErrUnexpectedEOF):
			if p.pass == 1 {
				p.progress.Say("%s was cut short; what there is of it is sent", tool.Printable(p.options.File))
			}
			return p.passed(begun)
		case errors.Is(err, io.EOF):
			return p.passed(begun)
		case err != nil:
			return p.fileError(err)
		}
		if !begun && f.Kind != media.Data {
			begun, p.first = true, f.DTS
		}
		if err := p.send(ctx, f, begun); err != nil {
			return err
		}
	}
}

// passed makes an error of a pass that would be repeated for ever without a
// frame.
func (p *publisher) passed(begun bool) error {
	if !begun {
		return p.fileError(errors.New("it holds neither picture nor sound"))
	}
	return nil
}

func (p *publisher) send(ctx context.Context, f *media.Frame, begun bool) error {
	if begun {
		p.position = time.Duration(f.DTS - p.first)
	}
	if f.Kind == media.Data && f.Class == media.Key {
		// It stands for the time from here on, and moves no clock.
		if m := p.metadata.frame(f); m != nil {
			m.DTS = int64(p.line)
			return p.write(m)
		}
		return nil
	}
	f = p.joiner.Join(f)
	if err := p.wait(ctx, time.Duration(f.DTS)); err != nil {
		return err
	}
	p.line = max(p.line, time.Duration(f.DTS))
	if m := p.metadata.frame(f); m != nil {
		if err := p.write(m); err != nil {
			return err
		}
	}
	return p.write(f)
}

func (p *publisher) write(f *media.Frame) error {
	if err := p.stream.WriteFrame(f); err != nil {
		// Why the publication ended says more than that this write failed.
		if why := p.stream.Err(); why != nil {
			return why
		}
		return err
	}
	return nil
}

// wait waits until the frame at that place on the line is due, and shows how
// far the stream is meanwhile.
func (p *publisher) wait(ctx context.Context, at time.Duration) error {
	for {
		now := time.Now()
		p.rate.Add(now.Sub(p.start), p.stream.Stats().BytesOut)
		p.tellMove()
		if p.progress.Due(now) {
			p.progress.Show(p.state("progress"))
		}
		left := p.pace.wait(now, at)
		if ctx.Err() != nil {
			return errStopped
		}
		if left <= 0 {
			return p.stream.Err()
		}
		timer := time.NewTimer(min(left, p.progress.Interval()))
		select {
		case <-timer.C:
		case <-ctx.Done():
		case <-p.stream.Context().Done():
			timer.Stop()
			return context.Cause(p.stream.Context())
		}
		timer.Stop()
	}
}

// tellMove says where the server has sent the publication.
func (p *publisher) tellMove() {
	if at := p.stream.Stream(); at != p.at {
		p.at = at
		to := at.Session().ConnectInfo().TCURL
		p.progress.Say("the server asked to go on elsewhere: now publishing to %s", tool.Printable(p.address.Scrub(to)))
	}
}

func (p *publisher) state(event string) State {
	stats := p.stream.Stats()
	s := State{
		Event: event, Pass: p.pass, loop: p.options.Loop,
		Position: seconds(p.position), Bitrate: 8 * p.rate.PerSecond(), Sent: stats.BytesOut,
		RTT: float64(stats.RTT.Microseconds()) / 1000, Late: seconds(p.pace.late),
	}
	if length := p.source.length - time.Duration(max(p.first, 0)); length > 0 {
		s.Length = seconds(max(length, p.position))
		s.Left = seconds(max(length-p.position, 0))
	}
	if stats.Acknowledged > 0 {
		// The number on the wire has 32 bits and lags behind what was sent.
		s.Acknowledged = stats.BytesOut - uint64(uint32(stats.BytesOut)-stats.Acknowledged)
	}
	return s
}

// end shows the last state.
func (p *publisher) end(reason string) {
	p.progress.Done()
	s := p.state("end")
	s.Reason = reason
	s.Left = 0
	// The average of all of it.
	if took := time.Since(p.start).Seconds(); took > 0 {
		s.Bitrate = 8 * float64(s.Sent) / took
	}
	if p.options.JSON {
		p.progress.Show(s)
		return
	}
	p.progress.Say("%s: sent %s in %s, %s on average", reason,
		tool.Bytes(s.Sent), tool.Clock(time.Since(p.start)), tool.Bits(s.Bitrate))
}

// close ends the stream in order and gives the server some time to take it in:
// a process that ends with bytes unread resets the connection.
func (p *publisher) close() {
	const patience = 3 * time.Second
	session := p.stream.Stream().Session()
	_ = p.stream.Close()
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case <-session.Context().Done():
	case <-timer.C:
	}
}
