// Package webhook delivers events to the addresses that want them: at least
// once, and in order for each subject.
//
// What is to be delivered stands in the database, where [event.Feed] and the
// catalogue put it together with the event. A [Deliverer] has a goroutine for
// each endpoint, which asks the database what is due, sends it, and writes down
// what came of it. The database never gives the next event of a subject before
// the one in front of it is delivered or given up, so the order does not depend
// on anything here. An endpoint that hangs holds its own connections up and no
// other's.
package webhook
