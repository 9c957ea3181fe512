package httpts

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/millrace-live/millrace/internal/hub"
	"github.com/millrace-live/millrace/internal/netx"
)

// lot is how many bytes a viewer takes at once, or a single burst that is longer.
const lot = 1 << 20

// viewer is one request at work.
type viewer struct {
	*Handler
	stream  string
	session string
	remote  netip.AddrPort
	reader  *hub.Reader // which counts
	run     *run
	began   time.Time
	riding  bool // the driver has it

	// Its place in the run, of whoever calls run.take.
	joined bool
	next   uint64 // burst
	frames uint64 // how many there were before next
	framed bool   // bursts go in chunks of HTTP
	head   []byte // what goes before the first, nil once it has gone

	gone  bool // guarded by run.mu
	ready chan struct{}
	seat  atomic.Pointer[netx.Seat]
}

// wake says that there is more in the run.
func (v *viewer) wake() {
	if s := v.seat.Load(); s != nil {
		s.Wake()
		return
	}
	select {
	case v.ready <- struct{}{}:
	default:
	}
}

// attend has the run wake the viewer.
func (v *viewer) attend() {
	v.run.mu.Lock()
	defer v.run.mu.Unlock()
	if !v.gone {
		v.run.viewers[v] = struct{}{}
	}
}

func (v *viewer) leave() {
	v.run.mu.Lock()
	v.gone = true
	delete(v.run.viewers, v)
	v.run.mu.Unlock()
	v.exit(v.run)
	v.reader.Close()
}

// play sends to the viewer, who waits for it, until the stream ends or he goes,
// between the two lines of the log.
func (v *viewer) play(ctx context.Context, software string, send func(pieces [][]byte) error) error {
	v.attend()
	v.started(software)
	err := v.carry(ctx, send)
	v.ended(err)
	return err
}

func (v *viewer) carry(ctx context.Context, send func(pieces [][]byte) error) error {
	var pieces [][]byte
	if v.head != nil {
		if err := send(append(pieces, v.head)); err != nil {
			return err
		}
		v.head = nil
	}
	for {
		var size int
		var err error
		pieces, size, err = v.run.take(v, pieces[:0])
		if size > 0 {
			if err := send(pieces); err != nil {
				return err
			}
			clear(pieces) // or they would be kept from the collector
			v.sent(size)
			continue
		}
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		}
		select {
		case <-v.ready:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

func (v *viewer) sent(size int) {
	v.reader.Began()
	v.reader.Sent(size)
}

func (v *viewer) log() *slog.Logger {
	return v.Logger.With("stream", v.stream, "broadcast", v.reader.Broadcast(), "session", v.session, "protocol", Protocol,
		"remote", v.remote.String())
}

func (v *viewer) started(software string) {
	v.began = time.Now()
	v.log().Info("play started", "player", software)
}

func (v *viewer) ended(err error) {
	word, text := ending(err)
	if v.Meter != nil {
		v.Meter.PlayEnded(Protocol, word)
	}
	v.log().Info("play ended", "reason", text, "after", time.Since(v.began).Round(time.Millisecond), "skipped", v.reader.Drops())
}

// ending is how a play ended: in a word for counters, and in a sentence for the
// log.
func ending(err error) (word, text string) {
	var timeout net.Error
	switch {
	case err == nil:
		return "ended", "the stream ended"
	case errors.Is(err, errGone), errors.Is(err, context.Canceled):
		return "left", "the viewer left"
	case errors.Is(err, hub.ErrSlowReader):
		return "too-slow", "the viewer was too slow for the stream"
	case errors.As(err, &timeout) && timeout.Timeout(), errors.Is(err, netx.ErrStuck):
		return "stuck", "the viewer accepted nothing for too long"
	case errors.Is(err, syscall.EPIPE), errors.Is(err, syscall.ECONNRESET):
		return "connection-lost", "the viewer's connection was lost"
	}
	if r, ok := errors.AsType[*hub.Refusal](err); ok {
		return r.Code.String(), r.Reason
	}
	return "other", err.Error()
}

// overHTTP writes to the connection itself: net/http would send each burst in
// pieces.
func (v *viewer) overHTTP(w http.ResponseWriter, r *http.Request) {
	c, buffered, err := http.NewResponseController(w).Hijack()
	if err != nil {
		// HTTP/2 has no connection to give: its own writer must do.
		v.overResponse(w, r)
		return
	}
	if n := buffered.Reader.Buffered(); n > 0 {
		_, _ = buffered.Discard(n)
	}
	c = netx.Raw(c)
	_ = c.SetDeadline(time.Time{})

	v.framed = r.ProtoAtLeast(1, 1)
	out := &writer{conn: c, timeout: v.writeTimeout()}
	v.head = responseHead(v.framed)
	if v.ride(out, r.UserAgent()) {
		return
	}
	defer c.Close()
	ctx, cancel := context.WithCancelCause(context.Background())
	defer cancel(nil)
	go func() { cancel(discard(c)) }()
	if err := v.play(ctx, r.UserAgent(), out.write); err == nil {
		_ = out.end(v.framed) // the log has its end already
	}
}

// responseHead renders the head of a response after which the connection ends.
func responseHead(framed bool) []byte {
	h := http.Header{}
	setHeader(h)
	h.Set("Connection", "close")
	h.Set("Date", time.Now().UTC().Format(http.TimeFormat))
	if framed {
		h.Set("Transfer-Encoding", "chunked")
	}
	var head bytes.Buffer
	head.WriteString("HTTP/1.1 200 OK\r\n")
	_ = h.Write(&head) // a buffer takes everything
	head.WriteString("\r\n")
	return head.Bytes()
}

// discard reads what a viewer has no reason to send, so that its going is noticed
// at once.
func discard(c net.Conn) error {
	var b [512]byte
	for {
		if _, err := c.Read(b[:]); err != nil {
			return errGone
		}
	}
}

func (v *viewer) overResponse(w http.ResponseWriter, r *http.Request) {
	setHeader(w.Header())
	control := http.NewResponseController(w)
	_ = control.Flush() // the head; a connection that is gone shows by what follows
	err := v.play(r.Context(), r.UserAgent(), func(pieces [][]byte) error {
		if err := control.SetWriteDeadline(time.Now().Add(v.writeTimeout())); err != nil {
			return err
		}
		for _, p := range pieces {
			if _, err := w.Write(p); err != nil {
				return err
			}
		}
		return control.Flush()
	})
	if err != nil {
		panic(http.ErrAbortHandler) // or it would look as if the stream had ended
	}
}
