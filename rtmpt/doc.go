// Package rtmpt is RTMP's tunnel through HTTP as connections: a [Listener]
// whose sessions come out of Accept, and a [Dialer] for the other side. What
// is spoken inside does not matter to it.
//
//	l := rtmpt.NewListener(addr)
//	go http.ListenAndServe(":80", l)
//	err := rtmpServer.Serve(l)
//
// A client opens a session and gets its identifier. Each request after that is
// a POST that carries bytes to the server (/send) or none (/idle), and takes
// back a polling byte and what the server has to say. Requests are numbered, so
// that one which a proxy repeats is carried out once. RTMPTS is the same inside
// of TLS, and RTMPTE is RTMPE inside of it.
//
// Everything is bounded: bodies, replies, what waits for either side, and how
// long a session may last without a request.
package rtmpt
