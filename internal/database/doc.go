// Package database keeps what must outlive the server: documents with their
// history, and a queue of events with the deliveries that are due of them. It
// does so in SQLite, which needs nothing, or in PostgreSQL, for many nodes; the
// two behave alike, and the same tests run on both.
//
// Everything that writes is one transaction, durable when the call returns.
// Writers of all nodes go one after another (by the row of heads that each
// begins with), which is what makes sequences rise in the order in which
// transactions become visible: a reader that has seen 7 will never see a 6
// appear. With sequences of PostgreSQL's own, that happens.
//
// A database that is away makes calls fail with [ErrAway] within [Patience] of
// its last sign of life, and costs nothing but those calls. Nothing has to be
// done when it is back.
package database
