package event

import (
	"errors"
	"strings"

	"github.com/millrace-live/millrace/internal/hub"
)

// Session takes the beginning or the end of a session; it fits
// [hub.Options].Sessions.
func (f *Feed) Session(c hub.SessionChange) {
	d := sessionData{
		Stream: f.stream(c.Stream), Broadcast: c.Broadcast, Started: Time{c.Since}, Rehearsal: c.Rehearsal,
		Client: &Client{
			Session: c.ID, Role: c.Role.String(), Protocol: c.Protocol, TLS: c.TLS, Software: c.Software,
			Address: address(c.Remote),
		},
	}
	if !c.Ended.IsZero() {
		code, reason := ending(c.Err)
		f.tell(SessionClosed, c.Stream, c.Ended, &closedData{
			sessionData: d, Seconds: seconds(max(c.Ended.Sub(c.Since), 0)),
			BytesIn: c.BytesIn, BytesOut: c.BytesOut, Frames: c.Frames, Drops: c.Drops, Code: code, Reason: reason,
		})
		return
	}
	f.tell(SessionOpened, c.Stream, c.Since, &d)
	if isKey(c.Owner) {
		f.tell(KeyUsed, c.Stream, c.Since, &usedData{
			Stream: d.Stream, Broadcast: c.Broadcast, Key: c.Owner, Client: d.Client, Rehearsal: c.Rehearsal,
		})
	}
}

// isKey reports whether the owner of a publication is a key or a credential of
// the catalogue. Under --open it is an address.
func isKey(owner string) bool {
	return strings.HasPrefix(owner, "ky_") || strings.HasPrefix(owner, "cr_")
}

// ending is why a session is over, in a word and in a sentence.
func ending(err error) (code, reason string) {
	if err == nil {
		return "left", "it left, or the stream was over"
	}
	if r, ok := errors.AsType[*hub.Refusal](err); ok {
		return r.Code.String(), r.Reason
	}
	for _, e := range []struct {
		err  error
		code string
	}{
		{hub.ErrTakenOver, "taken-over"}, {hub.ErrSilent, "silent"}, {hub.ErrShutdown, "shutdown"}, {hub.ErrSlowReader, "slow"},
	} {
		if errors.Is(err, e.err) {
			return e.code, strings.TrimPrefix(e.err.Error(), "hub: ")
		}
	}
	return "lost", "the connection was lost"
}
