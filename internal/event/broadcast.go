package event

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/millrace-live/millrace/internal/database"
)

// kindBroadcast is the kind of the documents of broadcasts that are on air.
const kindBroadcast = "broadcast"

// broadcast is one that is on air, and the body of its document.
type broadcast struct {
	ID      string    `json:"id"`
	Node    string    `json:"node"`
	Stream  *Stream   `json:"stream"`
	Started time.Time `json:"started"`
}

// begin tells that a broadcast is live, f.mu held.
func (f *Feed) begin(b *broadcast, publisher *Client) {
	if old := f.onAir[b.Stream.Name]; old != nil {
		// Its end is on the way: it and this beginning are told by two goroutines.
		f.end(old, b.Started, "another broadcast of the stream began", false)
	}
	f.onAir[b.Stream.Name] = b
	f.queue.push(item{
		t: StreamLive, id: idOf(b.Started, b.ID, "on"), subject: subjectOf(b.Stream.Name), at: b.Started, broadcast: b,
		data: &liveData{Stream: b.Stream, Broadcast: b.ID, Publisher: publisher},
	})
}

// end tells that a broadcast is over, f.mu held.
func (f *Feed) end(b *broadcast, at time.Time, reason string, killed bool) {
	delete(f.onAir, b.Stream.Name)
	delete(f.watch.streams, b.Stream.Name)
	f.queue.push(b.idle(f.stream(b.Stream.Name), at, reason, killed))
}

func (b *broadcast) idle(s *Stream, at time.Time, reason string, killed bool) item {
	if s.ID == "" {
		s = b.Stream // it was deleted while it was on air
	}
	return item{
		t: StreamIdle, id: idOf(at, b.ID, "off"), subject: subjectOf(b.Stream.Name), at: at, broadcast: b,
		data: &idleData{
			Stream: s, Broadcast: b.ID, Started: Time{b.Started}, Seconds: seconds(max(at.Sub(b.Started), 0)), Reason: reason,
			Killed: killed,
		},
	}
}

// change is what an event does to the broadcast's document.
func (i *item) change() (database.Change, error) {
	c := database.Change{Kind: kindBroadcast, ID: i.broadcast.ID}
	if i.t == StreamIdle {
		c.Revision = 1
		return c, nil
	}
	body, err := json.Marshal(i.broadcast)
	if err != nil {
		return c, fmt.Errorf("write broadcast %s: %w", i.broadcast.ID, err)
	}
	c.Body = body
	return c, nil
}

// killed returns the idle events of broadcasts of this node that a server began
// which is no more. The database holds nothing of this one's yet.
func (f *Feed) killed(ctx context.Context) ([]item, error) {
	var over []item
	now := time.Now()
	err := f.o.Store.Load(ctx, func(d database.Doc) error {
		if d.Kind != kindBroadcast {
			return nil
		}
		var b broadcast
		// One that can't be read is of a newer version, which knows better what to do.
		if json.Unmarshal(d.Body, &b) == nil && b.ID == d.ID && b.Stream != nil && b.Node == f.o.Node {
			over = append(over, b.idle(f.stream(b.Stream.Name), now, "the server was killed, and has started again", true))
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("look for broadcasts that were on air: %w", err)
	}
	return over, nil
}
