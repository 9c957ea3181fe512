package rtmp

import (
	"context"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/millrace-live/millrace/media"
	"github.com/millrace-live/millrace/rtmp/message"
)

// Stream is one publication or play: the NetStream of Adobe's documents. A
// server's handler gets it before it is decided; a client gets it from
// [Session.Publish] and [Session.Play], accepted by the server.
//
// Whoever receives, the server of a publication and the client of a play, uses
// ReadMessage, ReadFrame or Each; whoever sends uses WriteMessage, WriteFrame
// or Send. One goroutine may read while another writes and a third closes.
type Stream struct {
	session *Session
	id      uint32
	publish bool
	client  bool // this side is the client
	owned   bool // the session ends with the stream
	name    string
	raw     string // the name's query as it was sent
	query   url.Values
	kind    string
	play    message.Play
	request *message.Request

	ctx     context.Context
	cancel  context.CancelCauseFunc
	ended   atomic.Bool
	local   atomic.Bool   // this side ended it
	decided chan struct{} // closed when a server's handler has decided

	inbox
	decide   sync.Once
	accepted atomic.Bool
	control  atomic.Pointer[func(Control) error]

	write  sync.Mutex // of batch and frames
	batch  *Batch
	frames frameWriter
	reader FrameReader
	read   []*media.Frame // of the newest message, not returned yet
}

// Control is a player's wish; see [Stream.OnControl].
type Control = message.Control

func newStream(s *Session, id uint32, publish bool, fullName string) *Stream {
	st := &Stream{session: s, id: id, publish: publish, decided: make(chan struct{})}
	st.name, st.query = splitQuery(fullName)
	_, st.raw, _ = strings.Cut(fullName, "?")
	st.ctx, st.cancel = context.WithCancelCause(s.ctx)
	st.inbox.init()
	st.frames.muxer.Accept = s.peer.Accept()
	return st
}

// Session is the connection that the stream is on.
func (st *Stream) Session() *Session { return st.session }

// ID is the number of the message stream.
func (st *Stream) ID() uint32 { return st.id }

// Publishing reports whether the client publishes; else it plays.
func (st *Stream) Publishing() bool { return st.publish }

// App is the application that the client connected to, as it was sent, without
// its query.
func (st *Stream) App() string {
	info := st.session.ConnectInfo()
	if info == nil {
		return ""
	}
	app, _ := splitQuery(info.App)
	return app
}

// Name is the stream's name as it was sent, without its query. Encoders whose
// stream key was left empty send "".
func (st *Stream) Name() string { return st.name }

// Path is what App and Name name together, however the client split it:
// "app/name" with single slashes, without the instance _definst_ and the
// prefixes that choose a container (flv:, mp4: and so on).
func (st *Stream) Path() string { return joinPath(st.App(), st.name) }

// Query is the union of the queries of the stream's name, the application and
// the address that the client connected to.
func (st *Stream) Query() url.Values {
	union := url.Values{}
	add := func(q url.Values) {
		for k, values := range q {
			if _, ok := union[k]; !ok {
				union[k] = values
			}
		}
	}
	add(st.query)
	if info := st.session.ConnectInfo(); info != nil {
		_, q := splitQuery(info.App)
		add(q)
		_, q = splitQuery(info.TCURL)
		add(q)
	}
	return union
}

// RawQuery is the query of the stream's name as it was sent: what stands behind
// the first question mark, "" if there is none.
func (st *Stream) RawQuery() string { return st.raw }

// PublishType is live, record or append.
func (st *Stream) PublishType() string { return st.kind }

// PlayRequest is what the client asked for in play. Its Name has the query
// still.
func (st *Stream) PlayRequest() message.Play { return st.play }

// Context is done when the stream has ended. Its cause tells why:
// ErrStreamClosed if it was closed in order, ErrConnectionLost and the other
// ends of a session if not.
func (st *Stream) Context() context.Context { return st.ctx }

// Err is why the stream ended, nil while it has not.
func (st *Stream) Err() error {
	return context.Cause(st.ctx) // nil while ctx is not done
}

// sending reports whether media leaves by this stream.
func (st *Stream) sending() bool { return st.publish == st.client }

// end ends the stream on this side; what is to be told was told.
func (st *Stream) end(reason error) {
	if reason == nil {
		reason = ErrStreamClosed
	}
	st.cancel(reason)
	st.ended.Store(true)
	st.close(context.Cause(st.ctx))
	st.decide.Do(func() { close(st.decided) })
}

// Accept lets the client begin: it sends NetStream.Publish.Start, or the
// sequence of NetStream.Play.Reset and Start. It is for handlers; a second call
// does nothing. The error is why the stream ended meanwhile.
func (st *Stream) Accept() error {
	if st.client || st.accepted.Load() {
		return st.Err()
	}
	s := st.session
	s.mu.Lock()
	server, ok := s.role.(*serverRole)
	if ok = ok && !st.ended.Load() && s.streams[st.id] == st && server.engine.Accept(st.id); ok {
		st.accepted.Store(true)
		s.used = true
	}
	s.mu.Unlock()
	if !ok {
		if err := st.Err(); err != nil {
			return err
		}
		return ErrStreamClosed
	}
	st.decide.Do(func() { close(st.decided) })
	if err := s.flush(); err != nil && st.sending() {
		return lostError(err)
	}
	return nil
}

// OnControl sets the function that is asked when the player wants a pause, a
// seek, sound or picture switched, another stream, or tells its buffer; see
// [message.Control]. It is called on the goroutine that reads the connection
// and must not wait. An error refuses, with its text or as the *StatusError
// that it is. Without a function, or with nil, pauses and switches are granted,
// and the rest is refused politely.
func (st *Stream) OnControl(fn func(Control) error) {
	if fn == nil {
		st.control.Store(nil)
		return
	}
	st.control.Store(&fn)
}

// Control asks the server for a change of a stream that plays; for clients.
// What the server says to it is not waited for.
func (st *Stream) Control(k Control) error {
	if err := st.Err(); err != nil {
		return err
	}
	s := st.session
	s.mu.Lock()
	if c, ok := s.role.(*clientRole); ok {
		c.engine.Control(st.id, k)
	}
	s.mu.Unlock()
	if err := s.flush(); err != nil {
		return lostError(err)
	}
	return nil
}

// SendStatus sends an onStatus of level status on the stream.
func (st *Stream) SendStatus(code, description string) error {
	if err := st.Err(); err != nil {
		return err
	}
	s := st.session
	s.mu.Lock()
	if server, ok := s.role.(*serverRole); ok {
		server.engine.Status(st.id, message.Status{
			Level: message.LevelStatus, Code: code, Description: description, Details: st.name,
		})
	}
	s.mu.Unlock()
	if err := s.flush(); err != nil {
		return lostError(err)
	}
	return nil
}

// Close ends the stream in order and tells the peer. A stream that was made by
// [Publish], [Play] or a [Dialer]'s methods closes its session with it.
func (st *Stream) Close() error {
	st.CloseWith(nil)
	return nil
}

// CloseWith ends the stream as a handler does that returns reason: the client
// is told, and the handler that still serves the stream finds reason as its
// cause. It may be called from any goroutine.
func (st *Stream) CloseWith(reason error) {
	st.finish(reason)
	if st.owned {
		st.session.closePolitely(ErrSessionClosed)
	}
}

// finish ends the stream from this side, with reason for the peer, unless it
// has ended.
func (st *Stream) finish(reason error) {
	s := st.session
	s.mu.Lock()
	mine := s.streams[st.id] == st && !st.ended.Load()
	if mine {
		s.role.endStream(st, reason)
		s.dropStream(st)
		st.local.Store(true)
	}
	s.mu.Unlock()
	st.end(reason)
	if mine {
		_ = s.flush()
	}
}

// splitQuery takes the query off a name. Names are not URLs: a query that does
// not parse is kept as far as it does.
func splitQuery(name string) (string, url.Values) {
	name, query, _ := strings.Cut(name, "?")
	values, _ := url.ParseQuery(query)
	return name, values
}

// joinPath makes app/name of what the client sent.
func joinPath(app, name string) string {
	for _, prefix := range [...]string{"flv:", "mp4:", "mp3:", "raw:", "id3:"} {
		if rest, ok := strings.CutPrefix(name, prefix); ok {
			name = rest
			break
		}
	}
	parts := strings.FieldsFunc(app+"/"+name, func(r rune) bool { return r == '/' })
	kept := parts[:0]
	for _, p := range parts {
		if p != "_definst_" {
			kept = append(kept, p)
		}
	}
	return strings.Join(kept, "/")
}
