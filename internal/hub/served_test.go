package hub

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

// A player that a packager serves counts as any other does, though its reader is
// never asked for frames.
func TestServed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		joined := 0
		r := New(Options{Access: Everyone{}, Joined: func(string, time.Duration) { joined++ }})
		p, err := r.Publish(t.Context(), PublishRequest{App: "live", Name: "cam"})
		if err != nil {
			t.Fatal(err)
		}
		play := PlayRequest{Stream: "live/cam", Session: "one", Protocol: "ts", Served: true}
		reader, err := r.Play(t.Context(), play)
		if err != nil {
			t.Fatal(err)
		}
		reader.Began()
		reader.Began()
		if joined != 1 {
			t.Errorf("it joined %d times", joined)
		}
		reader.Sent(1000)
		reader.Starved(2)
		reader.Starved(1)
		page, _ := r.Sessions(SessionQuery{Role: Player, Limit: 10})
		if len(page) != 1 || page[0].BytesOut != 1000 || page[0].Lag != 0 || page[0].LagBytes != 0 {
			t.Errorf("sessions: %+v", page)
		}
		for i, want := range []error{nil, nil, ErrSlowReader} {
			if err := reader.Skipped(10); !errors.Is(err, want) {
				t.Errorf("skip %d: %v, want %v", i, err, want)
			}
		}
		if out := r.Traffic().Out["ts"]; out.Viewers != 1 || out.Bytes != 1000 || out.Drops != 30 || out.Skips != 3 || out.Starvations != 3 {
			t.Errorf("traffic: %+v", out)
		}
		reader.Close()
		p.End(nil)
		if out := r.Traffic().Out["ts"]; out.Viewers != 0 || out.Drops != 30 {
			t.Errorf("traffic after the end: %+v", out)
		}
	})
}
