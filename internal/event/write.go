package event

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/millrace-live/millrace/internal/catalog"
	"github.com/millrace-live/millrace/internal/database"
)

const (
	maxWrite  = 500             // events at once
	lastAgain = 5 * time.Second // between tries while the database is away
)

// write moves events from the queue to the database until the feed is closed and
// the queue empty, or ctx ends.
func (f *Feed) write(ctx context.Context) {
	defer f.stop() // the tail and nobody else is left then
	over, err := f.killed(ctx)
	for wait := f.hold.again; err != nil; wait = min(2*wait, lastAgain) {
		f.log.Warn("events wait for the database", "error", err)
		if !sleep(ctx, wait) {
			return
		}
		over, err = f.killed(ctx)
	}
	f.store(ctx, over)
	for {
		select {
		case <-f.queue.filled:
			select {
			case <-time.After(f.hold.linger):
			case <-f.closing:
			}
		case <-f.closing:
			// What came last has no token of its own if it came with another.
			for ctx.Err() == nil {
				items := f.queue.take(maxWrite)
				if len(items) == 0 {
					return
				}
				f.store(ctx, items)
			}
			return
		case <-ctx.Done():
			return
		}
		for {
			items := f.queue.take(maxWrite)
			if len(items) == 0 {
				break
			}
			if f.store(ctx, items); ctx.Err() != nil {
				return
			}
		}
	}
}

func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// entry is an event as it goes into the database.
type entry struct {
	row     database.Event
	changes []database.Change // none or one
}

// store writes events, and tries again for as long as the database is away.
func (f *Feed) store(ctx context.Context, items []item) {
	var entries []entry
	for i := range items {
		e, err := f.entry(&items[i])
		if err != nil {
			f.lose(err)
			continue
		}
		entries = append(entries, e)
	}
	f.keep(ctx, entries)
}

func (f *Feed) keep(ctx context.Context, entries []entry) {
	wait, said := f.hold.again, false
	for len(entries) > 0 {
		err := f.put(ctx, entries)
		if err == nil {
			f.written.Add(uint64(len(entries)))
			f.stored(entries)
			return
		}
		var conflict *database.ConflictError
		switch {
		case errors.As(err, &conflict):
			// It was kept before, by a try of which that could not be told.
			entries = slices.DeleteFunc(entries, func(e entry) bool {
				return len(e.changes) > 0 && e.changes[0].ID == conflict.ID && e.changes[0].Revision == conflict.Want
			})
		case ctx.Err() != nil:
			f.unwritten.Add(int64(len(entries)))
			return
		case errors.Is(err, database.ErrAway):
			if !said {
				f.log.Warn("events wait for the database", "error", err)
				said = true
			}
			if !sleep(ctx, wait) {
				f.unwritten.Add(int64(len(entries)))
				return
			}
			wait = min(2*wait, lastAgain)
		case len(entries) > 1:
			// One of them is at fault, and the others are not to suffer for it.
			half := len(entries) / 2
			f.keep(ctx, entries[:half])
			entries = entries[half:]
		default:
			f.lose(err)
			return
		}
	}
}

func (f *Feed) lose(err error) {
	f.lost.Add(1)
	f.log.Error("an event is lost", "error", err)
}

func (f *Feed) entry(i *item) (entry, error) {
	ev := New(i.id, f.o.Source, i.t, i.subject, i.at, i.data)
	row, err := ev.row(f.to(i.t, i.subject))
	if err != nil {
		return entry{}, err
	}
	e := entry{row: row}
	if i.broadcast != nil {
		c, err := i.change()
		if err != nil {
			return entry{}, err
		}
		e.changes = []database.Change{c}
	}
	return e, nil
}

// put keeps all of the events, or none.
func (f *Feed) put(ctx context.Context, entries []entry) error {
	b := database.Batch{Actor: string(catalog.System)}
	for _, e := range entries {
		b.Changes = append(b.Changes, e.changes...)
		b.Events = append(b.Events, e.row)
	}
	if len(b.Changes) == 0 {
		return f.o.Store.Append(ctx, b.Events...)
	}
	_, err := f.o.Store.Apply(ctx, b)
	return err
}

func (f *Feed) stored(entries []entry) {
	f.tail.wake()
	if f.o.Stored == nil {
		return
	}
	var to []string
	for _, e := range entries {
		for _, id := range e.row.To {
			if !slices.Contains(to, id) {
				to = append(to, id)
			}
		}
	}
	if len(to) > 0 {
		f.o.Stored(to)
	}
}
