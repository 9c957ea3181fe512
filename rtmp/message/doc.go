// Package message holds what RTMP says once the wire is taken away: whole
// messages, the commands of NetConnection and NetStream, user control events,
// and the two command engines, [Server] and [Client], that answer them.
//
// The engines do no I/O and own no clock. A message goes in by Handle, at most
// one [Event] comes out, and what is to be sent leaves through the function
// that the engine was made with. Package rtmp runs them on connections; tests
// join two of them by a queue.
//
// Clauses are those of "Adobe's Real Time Messaging Protocol" 1.0.
package message
