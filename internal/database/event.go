package database

import (
	"encoding/json"
	"fmt"
	"time"
)

// Event is one thing that happened.
type Event struct {
	ID       string // unique; whoever makes the event gives it
	Subject  string // what it happened to; the order holds within a subject
	Type     string
	Body     json.RawMessage
	Time     time.Time // zero: when it is stored
	Sequence int64     // given by the store: its place among all events
	To       []string  // endpoints it is to be delivered to; not kept with the event, and empty in what the store returns
}

// Delivery is an event that an endpoint has not had yet.
type Delivery struct {
	Endpoint string
	Event    Event
	Attempts int       // that failed
	Problem  string    // of the last one
	Due      time.Time // when it is due next if nobody says more; zero if it is dead
	Died     time.Time // when it became a dead letter; zero if it did not
}

// Backlog is how much an endpoint has not had yet.
type Backlog struct {
	Endpoint string
	Waiting  int
	Dead     int
	Oldest   time.Time // the time of the oldest event that waits; zero if none does
	Due      time.Time // when the next delivery is due; zero if none waits
}

func checkEvents(events []Event) error {
	for i := range events {
		if err := events[i].check(); err != nil {
			return err
		}
	}
	return nil
}

func (e *Event) check() error {
	for _, f := range []struct{ what, name string }{
		{"id of an event", e.ID}, {"subject of an event", e.Subject}, {"type of an event", e.Type},
	} {
		if err := checkName(f.what, f.name); err != nil {
			return err
		}
	}
	for _, to := range e.To {
		if err := checkName("endpoint of an event", to); err != nil {
			return err
		}
	}
	if err := checkBody(e.Body); err != nil {
		return fmt.Errorf("event %s: %w", e.ID, err)
	}
	return nil
}
