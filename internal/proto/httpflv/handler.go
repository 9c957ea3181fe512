package httpflv

import (
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/coder/websocket"

	"github.com/millrace-live/millrace/flv"
	"github.com/millrace-live/millrace/internal/access"
	"github.com/millrace-live/millrace/internal/deliver"
	"github.com/millrace-live/millrace/internal/hub"
	"github.com/millrace-live/millrace/internal/netx"
	"github.com/millrace-live/millrace/internal/problem"
)

// Hub is where streams are played from.
type Hub interface {
	Play(ctx context.Context, req hub.PlayRequest) (*hub.Reader, error)
}

// Meter is told what happens seldom.
type Meter interface {
	// PlayEnded is told of every play that was let in. The reason is one of a
	// few words.
	PlayEnded(protocol, reason string)
}

// Handler serves streams as FLV.
type Handler struct {
	Hub    Hub
	Logger *slog.Logger
	Meter  Meter // may be nil
	// WriteTimeout is how long a viewer may accept no byte at all; 10 s when
	// zero. A driver has one of its own.
	WriteTimeout time.Duration
	// Driver carries viewers over TCP; each has goroutines of its own if it is
	// nil.
	Driver *netx.Driver

	once   sync.Once
	shared []shared // one for each lane of Driver
}

func (h *Handler) writeTimeout() time.Duration { return cmp.Or(h.WriteTimeout, 10*time.Second) }

// errGone ends the player of a viewer that has closed its connection.
var errGone = errors.New("httpflv: the viewer has gone")

// ServeStream serves the stream to one viewer, until either ends. A request to
// upgrade gets WebSocket, with a binary message a batch.
func (h *Handler) ServeStream(w http.ResponseWriter, r *http.Request, stream string) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		problem.Write(w, http.StatusMethodNotAllowed, "a stream is watched with GET")
		return
	}
	v := viewer{Handler: h, session: rand.Text()[:12], protocol: "http-flv", remote: deliver.Remote(r)}
	if r.Header.Get("Upgrade") != "" {
		v.protocol = "ws-flv"
	}
	reader, err := h.Hub.Play(r.Context(), hub.PlayRequest{
		Stream: stream, Query: r.URL.Query(), Bearer: access.Bearer(r), Session: v.session, Protocol: v.protocol,
		TLS: netx.TLSVersion(r.TLS), Remote: v.remote,
		Software: r.UserAgent(),
	})
	if err != nil {
		problem.WriteError(w, err)
		return
	}
	v.player = player{reader: reader, mux: flv.Muxer{Accept: acceptOf(r, reader.Strict())}, met: v.tellRefused}
	defer func() {
		if !v.riding {
			reader.Close()
		}
	}()
	switch {
	case r.Method == http.MethodHead:
		setHeader(w.Header())
	case v.protocol == "ws-flv":
		v.overWebSocket(w, r)
	default:
		v.overHTTP(w, r)
	}
}

func setHeader(h http.Header) {
	h.Set("Content-Type", "video/x-flv")
	h.Set("Cache-Control", "no-store")
	h.Set("Access-Control-Allow-Origin", "*")
	h.Set("X-Content-Type-Options", "nosniff")
}

// viewer is one request at work.
type viewer struct {
	*Handler
	player   player
	session  string
	protocol string
	remote   netip.AddrPort
	began    time.Time
	riding   bool // the driver has it
}

// play runs the player between the connection's two log lines.
func (v *viewer) play(ctx context.Context, software string) error {
	v.started(software)
	err := v.player.run(ctx)
	v.ended(err)
	return err
}

func (v *viewer) log() *slog.Logger {
	return v.Logger.With("stream", v.player.reader.Stream(), "broadcast", v.player.reader.Broadcast(), "session", v.session,
		"protocol", v.protocol, "remote", v.remote.String())
}

func (v *viewer) started(software string) {
	v.began = time.Now()
	v.log().Info("play started", "player", software)
}

func (v *viewer) ended(err error) {
	word, text := ending(err)
	if v.Meter != nil {
		v.Meter.PlayEnded(v.protocol, word)
	}
	v.log().Info("play ended", "reason", text, "after", time.Since(v.began).Round(time.Millisecond),
		"skipped", v.player.reader.Drops())
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

// overHTTP writes to the connection itself: net/http would copy each frame
// into its buffer and send it in pieces.
func (v *viewer) overHTTP(w http.ResponseWriter, r *http.Request) {
	hijacker := http.NewResponseController(w)
	c, buffered, err := hijacker.Hijack()
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

	out := &writer{conn: c, timeout: v.writeTimeout(), plain: !r.ProtoAtLeast(1, 1)}
	out.head = responseHead(out.plain)
	if v.ride(out, r.UserAgent()) {
		return
	}
	defer c.Close()
	ctx, cancel := context.WithCancelCause(context.Background())
	defer cancel(nil)
	go func() { cancel(discard(c)) }()
	v.player.send = out.send
	if err := v.play(ctx, r.UserAgent()); err == nil {
		_ = out.end() // the log has its end already
	}
}

// responseHead renders the head of a response after which the connection ends.
func responseHead(plain bool) []byte {
	h := http.Header{}
	setHeader(h)
	h.Set("Connection", "close")
	h.Set("Date", time.Now().UTC().Format(http.TimeFormat))
	if !plain {
		h.Set("Transfer-Encoding", "chunked")
	}
	var head bytes.Buffer
	head.WriteString("HTTP/1.1 200 OK\r\n")
	_ = h.Write(&head) // a buffer takes everything
	head.WriteString("\r\n")
	return head.Bytes()
}

// discard reads what a viewer has no reason to send, so that its going is
// noticed at once.
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
	var buffer []byte
	v.player.send = func(b *batch) error {
		buffer = b.appendTo(buffer[:0])
		if err := control.SetWriteDeadline(time.Now().Add(v.writeTimeout())); err != nil {
			return err
		}
		if _, err := w.Write(buffer); err != nil {
			return err
		}
		return control.Flush()
	}
	_ = v.play(r.Context(), r.UserAgent())
}

func (v *viewer) overWebSocket(w http.ResponseWriter, r *http.Request) {
	// Whoever may fetch the stream may fetch it from any page, as with CORS.
	c, err := websocket.Accept(w, r, &websocket.AcceptOptions{InsecureSkipVerify: true})
	if err != nil {
		return // Accept has answered
	}
	defer c.CloseNow()
	c.SetReadLimit(1 << 10)
	ctx := c.CloseRead(context.Background())
	var buffer []byte
	v.player.send = func(b *batch) error {
		buffer = b.appendTo(buffer[:0])
		limit, cancel := context.WithTimeout(ctx, v.writeTimeout())
		defer cancel()
		return c.Write(limit, websocket.MessageBinary, buffer)
	}
	err = v.play(ctx, r.UserAgent())
	if refusal, ok := errors.AsType[*hub.Refusal](err); ok {
		_ = c.Close(websocket.StatusPolicyViolation, clip(refusal.Reason))
	} else if err == nil {
		_ = c.Close(websocket.StatusNormalClosure, "the stream ended")
	}
}

// clip makes a reason fit into a close frame (RFC 6455, 5.5.1).
func clip(reason string) string {
	const most = 123
	if len(reason) > most {
		reason = strings.ToValidUTF8(reason[:most], "")
	}
	return reason
}
