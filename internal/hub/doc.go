// Package hub is the heart: it carries frames from one publisher to any number
// of readers.
//
// [Registry.Publish], [Registry.Play] and, for one picture, [Registry.Still] are
// the only ways in, so that keys, limits, events and counters cannot be gone
// around. A stream holds one ring; its publication writes, each [Reader] has a
// cursor. A stream outlives its publishers by the grace time: each of them is a
// generation, and the end of an old one can never end the new one.
//
//	Publication.Write -> timeline -> ring -> gates -> Reader.Next
//
// A frame is stored once and shared by every reader. Readers never lock
// anything that the writer holds while it stores, and nobody waits for a
// reader: one that lags jumps to a later key frame, and one that lags again and
// again is closed.
//
// # Lock order
//
// A goroutine that holds one of these may take only those after it:
//
//	stream.delivering  one goroutine hands a stream's events out, in order
//	stream.mu          state, publication, timeline, the writing side of the ring
//	gate.mu            who is parked
//	roster.mu          the sessions in their order
//	permits.mu         whether there are any
//
// Registry.mu guards the names and the count of players, refusals.mu the tries
// that were not let in; both are taken alone. Registry.checking is taken before
// any other, by whoever looks at the permits.
// Everything foreign (Options.Events and Sessions, PublishRequest.Kick, Grant.Over,
// Permit, Access) is called with none of them held but stream.delivering, and
// Permit with checking. No foreign bytes are parsed
// under any of them: frames arrive parsed.
package hub
