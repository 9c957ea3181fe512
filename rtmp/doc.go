// Package rtmp is the Real-Time Messaging Protocol in the shape of net/http: a
// [Server] that calls a [Handler] for each stream that a client wants to
// publish or play, and a [Dialer] for the other side.
//
//	srv := &rtmp.Server{Handler: rtmp.HandlerFunc(func(s *rtmp.Stream) error {
//		if !s.Publishing() {
//			return rtmp.ErrStreamNotFound
//		}
//		if err := s.Accept(); err != nil {
//			return err
//		}
//		return s.Each(func(m *message.Message) error { ... })
//	})}
//	err := srv.ListenAndServe()
//
// A [Session] is one connection (a NetConnection), a [Stream] is one
// publication or play on it (a NetStream). Sound, picture and data are messages
// ([message.Message]), as FLV has them in its tags; [Stream.ReadFrame] and
// [Stream.WriteFrame] give and take frames. Whoever writes the same messages to
// many players uses a [Batch].
//
// [Session.Capabilities] is what the peer announced of Enhanced RTMP, which
// WriteFrame honours. A [Publisher] or a [Player] is a stream that goes elsewhere
// when its server asks for that.
//
// A Dialer takes rtmp, rtmps (TLS), rtmpe (RTMPE, which is obfuscation and no
// security), and rtmpt, rtmpts and rtmpte, the same in a tunnel through HTTP. A
// Server speaks RTMP and RTMPE on any net.Listener: one of crypto/tls makes it
// RTMPS, and an rtmpt.Listener the tunnel's end.
//
// A [Challenge] asks encoders for a user and a password; a Dialer answers one with
// those of its address.
//
// Everything that a peer can send is bounded in size, number and time. Errors
// that are to be told to the peer are of type [StatusError].
//
// Clauses are those of "Adobe's Real Time Messaging Protocol" 1.0.
package rtmp
