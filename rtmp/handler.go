package rtmp

// Handler decides about the streams that clients ask for, and serves them.
type Handler interface {
	// ServeRTMP is called on a goroutine of its own for each publish and each
	// play command. It looks at what is asked for and either calls
	// [Stream.Accept], or returns an error, which refuses: a *StatusError is
	// sent as it is, any other error becomes a text that tells nothing.
	//
	// While a publication is not decided, nothing is read from its
	// connection; while a play is not decided, reading goes on.
	//
	// When ServeRTMP returns after Accept, the stream is closed: with nil in
	// order, with a *StatusError as the reason that the client is told. A
	// publisher that has no other stream is then disconnected, since encoders
	// go on sending otherwise. With ErrDetached nothing is closed.
	//
	// A panic ends the session, not the server.
	ServeRTMP(s *Stream) error
}

// HandlerFunc is a function that serves streams.
type HandlerFunc func(s *Stream) error

// ServeRTMP calls f.
func (f HandlerFunc) ServeRTMP(s *Stream) error { return f(s) }

// ConnectHandler is a [Handler] that has a say in connect too.
type ConnectHandler interface {
	Handler
	// ServeConnect is called when a client has sent connect, on the goroutine
	// that reads from it. An error refuses the connection; a *StatusError is
	// sent as it is. [Session.ConnectInfo] has what the client said.
	ServeConnect(s *Session) error
}
