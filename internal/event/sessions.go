package event

import (
	"time"

	"github.com/millrace-live/millrace/internal/hub"
)

// Opened takes a publisher or player that was let in.
func (f *Feed) Opened(s hub.SessionInfo) {
	f.tell(SessionOpened, s.Stream, s.Since, f.session(&s))
}

// Closed takes one that is gone, with its totals. The reason is a sentence.
func (f *Feed) Closed(s hub.SessionInfo, reason string) {
	now := time.Now()
	f.tell(SessionClosed, s.Stream, now, &closedData{
		sessionData: *f.session(&s), Seconds: seconds(max(now.Sub(s.Since), 0)),
		BytesIn: s.BytesIn, BytesOut: s.BytesOut, Frames: s.Frames, Drops: s.Drops, Reason: reason,
	})
}

func (f *Feed) session(s *hub.SessionInfo) *sessionData {
	return &sessionData{
		Stream: f.stream(s.Stream), Broadcast: s.Broadcast, Started: Time{s.Since},
		Client: &Client{
			Session: s.ID, Role: s.Role.String(), Protocol: s.Protocol, TLS: s.TLS, Software: s.Software,
			Address: address(s.Remote),
		},
	}
}

// KeyUsed takes the id of the key by which a publisher was let in.
func (f *Feed) KeyUsed(key string, s hub.SessionInfo) {
	d := f.session(&s)
	f.tell(KeyUsed, s.Stream, s.Since, &usedData{Stream: d.Stream, Broadcast: s.Broadcast, Key: key, Client: d.Client})
}
