package webhook

import (
	"context"
	"time"

	"github.com/millrace-live/millrace/internal/database"
	"github.com/millrace-live/millrace/internal/event"
)

const page = 1000

// Selection says which events an endpoint is to get once more.
type Selection struct {
	Sequences []int64      // these
	Dead      bool         // its dead letters
	Since     time.Time    // those of this time and later, if not zero
	Filter    event.Filter // of Since: what the endpoint wants
}

// Replay makes events due at an endpoint anew and says how many. Those of a
// stream come in their order, before those that wait already, if they are older.
func (d *Deliverer) Replay(ctx context.Context, endpoint string, s Selection) (int, error) {
	n, err := d.o.Store.Replay(ctx, endpoint, s.Sequences...)
	if err == nil && s.Dead {
		err = d.pages(ctx, &n, endpoint, func(after int64) ([]int64, int64, error) {
			dead, err := d.o.Store.Dead(ctx, endpoint, after, page)
			var all []int64
			for _, l := range dead {
				after = l.Event.Sequence
				all = append(all, after)
			}
			return all, after, err
		})
	}
	if err == nil && !s.Since.IsZero() {
		err = d.pages(ctx, &n, endpoint, func(after int64) ([]int64, int64, error) {
			events, err := d.o.Store.Events(ctx, after, page)
			var all []int64
			for i := range events {
				e := &events[i]
				after = e.Sequence
				if !e.Time.Before(s.Since) && s.Filter.Match(event.Type(e.Type), e.Subject) {
					all = append(all, after)
				}
			}
			return all, after, err
		})
	}
	if n > 0 {
		d.Wake([]string{endpoint})
	}
	return n, err
}

// pages replays what next gives until it gets no further.
func (d *Deliverer) pages(ctx context.Context, n *int, endpoint string, next func(after int64) ([]int64, int64, error)) error {
	for after := int64(0); ; {
		sequences, last, err := next(after)
		if err != nil || last == after {
			return err
		}
		k, err := d.o.Store.Replay(ctx, endpoint, sequences...)
		*n += k
		if err != nil {
			return err
		}
		after = last
	}
}

// Dead lists at most limit dead letters of an endpoint, after one's sequence.
func (d *Deliverer) Dead(ctx context.Context, endpoint string, after int64, limit int) ([]database.Delivery, error) {
	return d.o.Store.Dead(ctx, endpoint, after, limit)
}

// Backlogs says for each endpoint what is waiting or dead.
func (d *Deliverer) Backlogs(ctx context.Context) ([]database.Backlog, error) {
	return d.o.Store.Backlogs(ctx)
}
