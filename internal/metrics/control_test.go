package metrics

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/millrace-live/millrace/internal/database"
)

func TestAnAwayDatabaseIsNotAsked(t *testing.T) {
	m := New("v1.2.3")
	m.WatchControl(governed{away: true}.control())
	text := scrape(t, m)
	if !strings.Contains(text, "millrace_database_away 1\n") {
		t.Errorf("it is not said to be away:\n%s", text)
	}
	if strings.Contains(text, "millrace_webhook_backlog{") || strings.Contains(text, "millrace_webhook_oldest_seconds ") {
		t.Errorf("what nobody knows has a number:\n%s", text)
	}
}

// slow is a database that takes its time, or for ever.
type slow struct {
	takes time.Duration
	calls int
}

func (s *slow) Backlogs(ctx context.Context) ([]database.Backlog, error) {
	s.calls++
	select {
	case <-time.After(s.takes):
		return []database.Backlog{{Waiting: 2, Oldest: time.Now().Add(-time.Minute)}, {Waiting: 1, Oldest: time.Now().Add(-time.Hour)}}, nil
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// Whoever asks in a loop costs the database no more than who asks now and then.
func TestTheBacklogIsCountedSeldom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		db, b := &slow{takes: 900 * time.Millisecond}, &backlogs{}
		for range 50 {
			sum, ok := b.of(db)
			if !ok || sum.waiting != 3 || sum.age(time.Now()).Round(time.Minute) != time.Hour {
				t.Fatalf("%+v, %v", sum, ok)
			}
			time.Sleep(time.Second)
		}
		if db.calls < 4 || db.calls > 6 {
			t.Errorf("the database was asked %d times in 50 s", db.calls)
		}
	})
}

func TestTheBacklogIsWaitedForOneSecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		db, b := &slow{takes: time.Hour}, &backlogs{}
		start := time.Now()
		for range 5 {
			if sum, ok := b.of(db); ok {
				t.Errorf("it knows %+v", sum)
			}
		}
		if took := time.Since(start); took != time.Second || db.calls != 1 {
			t.Errorf("five scrapes took %v and asked %d times", took, db.calls)
		}
	})
}
