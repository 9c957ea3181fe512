package httpts

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"runtime/debug"
	"strings"
	"sync"
	"time"

	"github.com/millrace-live/millrace/internal/hub"
	"github.com/millrace-live/millrace/internal/packager/ts"
	"github.com/millrace-live/millrace/media"
)

// run makes the transport stream of one broadcast while it has viewers, or a show.
type run struct {
	h      *Handler
	stream string
	reader *hub.Reader
	ctx    context.Context
	stop   context.CancelFunc
	log    *slog.Logger

	pack    *ts.Packager // of the goroutine that reads
	missing string       // what was logged last of tracks that are left out

	users int // guarded by Handler.mu

	mu      sync.Mutex
	ring    ring
	tracks  []*media.Track // of the newest burst
	ready   chan struct{}  // closed when isReady is set
	isReady bool           // what the hub kept is packaged, or it is over
	refused []error        // why nothing is carried, nil if something is
	show    *show          // nil if nobody asks for segments
	over    bool
	viewers map[*viewer]struct{}
}

func newRun(h *Handler, reader *hub.Reader) *run {
	r := &run{
		h: h, stream: reader.Stream(), reader: reader, users: 1, ready: make(chan struct{}), viewers: make(map[*viewer]struct{}),
		log: h.Logger.With("stream", reader.Stream(), "broadcast", reader.Broadcast()),
	}
	r.pack = ts.NewPackager(r.put)
	r.ctx, r.stop = context.WithCancel(context.Background())
	return r
}

// of reports whether r is there and of the reader's broadcast.
func (r *run) of(reader *hub.Reader) bool {
	return r != nil && r.reader.Broadcast() == reader.Broadcast()
}

func (r *run) loop() {
	r.log.Debug("MPEG-TS packaging starts")
	err := r.guard()
	r.reader.Close()
	r.h.forget(r)
	r.mu.Lock()
	r.over = true
	if r.show != nil {
		r.show.end()
		r.show = nil
	}
	r.becomeReady()
	r.wake()
	r.mu.Unlock()
	r.stop()
	switch {
	case errors.Is(err, io.EOF), errors.Is(err, context.Canceled):
		r.log.Debug("MPEG-TS packaging stops", "reason", err)
	default: // the machine does not keep up, or has a fault
		r.log.Error("MPEG-TS packaging failed; its viewers are let go", "err", err)
	}
}

// guard runs the packager over bytes that came from strangers: a panic ends this
// stream's MPEG-TS and nothing else.
func (r *run) guard() (err error) {
	defer func() {
		if p := recover(); p != nil {
			r.h.panics.Add(1)
			r.log.Error("panic in MPEG-TS packaging", "panic", p, "stack", string(debug.Stack()))
			err = fmt.Errorf("httpts: panic: %v", p)
		}
	}()
	return r.read()
}

// read feeds the packager and returns why that ended.
func (r *run) read() error {
	var frames [256]*media.Frame
	for {
		n, err := r.reader.Next(frames[:])
		for _, f := range frames[:n] {
			r.pack.Write(f)
		}
		clear(frames[:n])
		if err != nil {
			r.pack.End()
			r.publish()
			return err
		}
		r.pack.Flush()
		if n > 0 {
			r.publish()
			continue
		}
		r.judge()
		select {
		case <-r.reader.Ready():
		case <-r.ctx.Done():
			return context.Canceled
		}
	}
}

// put receives each burst from the packager.
func (r *run) put(b ts.Burst) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.tracks = r.pack.Tracks()
	kept := r.ring.put(b)
	if r.show != nil {
		r.show.put(kept, r.tracks)
	}
}

// attach has a show get all bursts, from the oldest that is kept on.
func (r *run) attach(s *show) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for i := range r.ring.list {
		s.put(r.ring.list[i].Burst, r.tracks)
	}
	if r.over {
		s.end()
		return
	}
	r.show = s
}

// detach is the end of what attach began.
func (r *run) detach(s *show) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.show == s {
		r.show = nil
	}
}

// release forgets what nobody takes any more: a show that is over holds on to its run.
func (r *run) release() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.ring = ring{}
}

// publish tells the viewers of what was put, and keeps it within bounds.
func (r *run) publish() {
	r.mu.Lock()
	if r.isReady {
		r.wake()
	}
	shown, size := r.show != nil, r.ring.size
	if shown {
		size += r.show.cutter.Size()
	}
	r.mu.Unlock()
	if shown {
		r.h.shed(r.stream, size)
	}
}

// judge lets viewers in when what the hub kept is packaged and the tracks are
// known, and notes whether there is anything for them.
func (r *run) judge() {
	reasons := r.pack.Refused()
	r.mu.Lock()
	r.refused = nil
	if !r.pack.Carries() {
		r.refused = reasons
		r.conclude()
	}
	if !r.isReady && (r.pack.Carries() || len(reasons) > 0) {
		r.becomeReady()
		r.wake()
	}
	r.mu.Unlock()
	r.regret(reasons)
}

// conclude ends the show of a stream that went over to codecs of which it can get
// none: its players are not to wait for more. mu is held.
func (r *run) conclude() {
	if len(r.refused) > 0 && r.show != nil && r.show.size() > 0 {
		r.show.end()
		r.show = nil
	}
}

// becomeReady is called with mu held.
func (r *run) becomeReady() {
	if !r.isReady {
		r.isReady = true
		close(r.ready)
	}
}

// wake is called with mu held.
func (r *run) wake() {
	for v := range r.viewers {
		v.wake()
	}
}

// regret logs once which tracks viewers do without.
func (r *run) regret(reasons []error) {
	missing := sentence(reasons)
	if missing == r.missing {
		return
	}
	r.missing = missing
	if missing != "" {
		r.log.Warn("MPEG-TS cannot carry all tracks; RTMP and HTTP-FLV have them", "left_out", missing)
	}
}

func sentence(reasons []error) string {
	parts := make([]string, len(reasons))
	for i, reason := range reasons {
		parts[i] = plain(reason)
	}
	return strings.Join(parts, "; ")
}

// plain is an error without the name of the package that it comes from.
func plain(err error) string { return strings.TrimPrefix(err.Error(), "ts: ") }

// Refuses says in words for people why viewers of MPEG-TS cannot get the track; ""
// if they can.
func Refuses(t *media.Track) string {
	if err := ts.Check(t); err != nil {
		return plain(err)
	}
	return ""
}

// tracksWait is how long a viewer of a stream without any track yet waits for an
// answer: it would be the wrong one if none of them could be carried.
const tracksWait = 3 * time.Second

// unplayable waits until the run is under way, and says why nothing of the stream
// can be carried, "" if something can or nobody knows.
func (r *run) unplayable(ctx context.Context) (string, error) {
	limit := time.NewTimer(tracksWait)
	defer limit.Stop()
	select {
	case <-r.ready:
	case <-limit.C:
	case <-ctx.Done():
		return "", context.Cause(ctx)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return sentence(r.refused), nil
}

// take appends to dst the pieces that v gets now, with the framing of HTTP or
// without, of so many bytes of the stream. The error is io.EOF at the end.
func (r *run) take(v *viewer, dst [][]byte) (pieces [][]byte, size int, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := v.reader.Over(); err != nil { // he was sent away
		return dst, 0, err
	}
	if !r.isReady {
		return dst, 0, nil
	}
	g := &r.ring
	resume := false
	switch {
	case !v.joined:
		if g.joinable() {
			v.joined, v.next = true, g.start
		}
	case v.next < g.first:
		if !g.joinable() {
			break
		}
		if err := v.reader.Skipped(g.at(g.start).framesBefore - v.frames); err != nil {
			return dst, 0, err
		}
		v.next, resume = g.start, true
	}
	if v.joined && v.next >= g.first {
		for ; v.next < g.end() && size < lot; v.next++ {
			p := g.at(v.next)
			var n int
			dst, n = p.appendTo(dst, v.framed, resume)
			size += n
			resume = false
			v.frames = p.framesBefore + uint64(p.Frames)
		}
	}
	if size == 0 && r.over {
		err = io.EOF
	}
	return dst, size, err
}
