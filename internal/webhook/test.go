package webhook

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/millrace-live/millrace/internal/event"
)

// Outcome is what came of a test.
type Outcome struct {
	Delivered bool          `json:"delivered"`
	Status    int           `json:"status,omitempty"`  // of the answer, if there was one
	Problem   string        `json:"problem,omitempty"` // a sentence
	Took      time.Duration `json:"-"`
	Event     string        `json:"event"` // its id
}

// Test sends an event of the type webhook.test to an endpoint, once and now,
// whether or not anything waits for it, and says what came of it.
func (d *Deliverer) Test(ctx context.Context, e Endpoint) (Outcome, error) {
	now := d.o.Now()
	ev := event.New("", d.o.Source, event.WebhookTest, event.Server, now, map[string]string{
		"webhook": e.ID, "message": "This is a test. Whoever reads it gets events.",
	})
	body, err := json.Marshal(ev)
	if err != nil {
		return Outcome{}, fmt.Errorf("write a test for webhook %s: %w", e.ID, err)
	}
	begun := time.Now()
	status, failure := d.post(ctx, &letter{endpoint: e, event: ev.ID, attempt: 1, body: body})
	o := Outcome{Delivered: failure == nil, Status: status, Took: time.Since(begun), Event: ev.ID}
	if failure != nil {
		o.Status, o.Problem = failure.status, failure.reason
	}
	return o, nil
}
