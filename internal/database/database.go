package database

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"time"
)

// Patience is how long a call waits for a sign of life of the database: a
// connection, the end of a statement, the next row.
const Patience = 3 * time.Second

// Store is a database of documents and events. Its methods may be called at
// the same time. They return [ErrAway] while the database is out of reach, and
// the caller's own context's error when that ends first.
type Store interface {
	// Load hands every document to fn, in no order, as all were at one moment.
	// They are read before the first is handed on, so fn may take its time; an
	// error of fn ends Load and is returned.
	Load(ctx context.Context, fn func(Doc) error) error

	// Apply carries out a batch, all of it or nothing, and returns the documents
	// as they are now, in the order of the changes (of a deleted one the body is
	// nil). It returns a *[ConflictError] if a document has another revision than
	// the change says; [ErrRepeated], with what was returned the first time, if
	// the actor's request was carried out before; and [ErrUnsure] if the database
	// went away during the commit.
	Apply(ctx context.Context, b Batch) ([]Doc, error)

	// History returns what became of one document, newest first: at most limit
	// changes whose sequence is less than before (0: from the newest on).
	History(ctx context.Context, kind, id string, before int64, limit int) ([]Past, error)

	// Audit is History of all documents.
	Audit(ctx context.Context, before int64, limit int) ([]Past, error)

	// Changes returns at most limit changes of all documents whose sequence is
	// more than after, oldest first. Nodes that share a database follow one
	// another by it: from the highest Doc.Sequence that Load gave on, nothing is
	// missed. What Prune removed is missing.
	Changes(ctx context.Context, after int64, limit int) ([]Past, error)

	// Append adds events to the queue, in their order and durably. An event whose
	// ID is there already is left out, so an Append that failed may be repeated.
	Append(ctx context.Context, events ...Event) error

	// Events returns at most limit events whose sequence is more than after, in
	// their order.
	Events(ctx context.Context, after int64, limit int) ([]Event, error)

	// Due takes at most limit deliveries to an endpoint that are due at now, the
	// longest due first, and never two of one subject: a subject's next event is
	// due when the one before it is done or buried. What is taken is due again
	// after lease, should nobody say what came of it, so lease is longer than a
	// delivery can take; two nodes never hold the same one within it.
	Due(ctx context.Context, endpoint string, now time.Time, lease time.Duration, limit int) ([]Delivery, error)

	// Done removes deliveries, by their events' sequences. One that is not there
	// is left out, here and in the methods that follow.
	Done(ctx context.Context, endpoint string, sequences ...int64) error

	// Retry counts a failed attempt and says when the next one is due.
	Retry(ctx context.Context, endpoint string, sequence int64, at time.Time, problem string) error

	// Bury counts a failed attempt and makes it the last: the delivery becomes a
	// dead letter, and the subject's next event is due.
	Bury(ctx context.Context, endpoint string, sequence int64, problem string) error

	// Dead lists at most limit dead letters of an endpoint whose sequence is more
	// than after, in the order of their events.
	Dead(ctx context.Context, endpoint string, after int64, limit int) ([]Delivery, error)

	// Replay makes events due at an endpoint anew, whether they are dead letters
	// or were delivered before, and says how many: those that are still waiting,
	// and those that Prune removed, are not.
	Replay(ctx context.Context, endpoint string, sequences ...int64) (int, error)

	// Forget removes all deliveries to an endpoint that is no more.
	Forget(ctx context.Context, endpoint string) error

	// Backlogs says for each endpoint that has any what is waiting or dead.
	Backlogs(ctx context.Context) ([]Backlog, error)

	// Prune removes history, and events and dead letters, from before their times,
	// and gives the space back. An event that is still to be delivered stays, and so does
	// the history of the last 24 hours, which answers repeated requests. It works
	// in small steps, and others write in between.
	Prune(ctx context.Context, before Kept) error

	// Backup writes everything but the memory of requests to a file that either
	// kind of database can be restored from, as it was at one moment, while others
	// read and write. The file is there when it is whole, and only then; one that
	// was there before is replaced.
	Backup(ctx context.Context, path string) error

	// Restore reads what Backup wrote into a database that has nothing in it. It
	// writes nothing unless the file is whole.
	Restore(ctx context.Context, path string) error

	// Ping asks for a sign of life.
	Ping(ctx context.Context) error

	// Close ends all use. Calls that are under way come to their end first.
	Close() error
}

// Options are what Open leaves to its caller. The zero value is of use.
type Options struct {
	// Log is told that the database is away at the start, and that it is there at
	// last. Nil is silence.
	Log *slog.Logger
}

// Open opens the database at a URL, "sqlite:PATH" or "postgres://…", makes what
// is missing and brings an older one up to date. It waits for a database that is
// away until ctx ends. What waiting cannot mend (a wrong password, a folder that
// is not there, a database of a newer Millrace) is returned at once. No error
// holds the password of the URL.
func Open(ctx context.Context, url string, o Options) (Store, error) {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	scheme, rest, ok := strings.Cut(url, ":")
	switch {
	case ok && scheme == "sqlite":
		return openSQLite(ctx, rest, o)
	case ok && (scheme == "postgres" || scheme == "postgresql"):
		return openPostgres(ctx, url, o)
	case ok:
		return nil, fmt.Errorf("open the database: %q is no kind of database: use sqlite:PATH or postgres://…", scheme)
	}
	return nil, fmt.Errorf("open the database: its URL has no kind: use sqlite:PATH or postgres://…")
}
