package httpts

import (
	"io"
	"testing"

	"github.com/millrace-live/millrace/internal/hub"
)

// A viewer whose permission was taken back is let go with the next picture, and
// others see on.
func TestViewerIsSentAway(t *testing.T) {
	h := newHouse(t)
	h.http.StartTLS()
	p := h.publish(t)
	broadcast(t, p, 0, 1, 1000)
	for name, open := range map[string]func(*testing.T, *house) io.Reader{"in the driver's hands": openTLS, "by HTTP/2": openHTTP2} {
		other := openHTTP2(t, h)
		h.viewers(t, 1)
		var known string
		h.registry.KickWhere(func(s hub.SessionInfo, _ string) bool {
			if s.Role == hub.Player {
				known = s.ID
			}
			return false
		}, "")
		body := open(t, h)
		h.viewers(t, 2)
		gone := h.registry.KickWhere(func(s hub.SessionInfo, _ string) bool { return s.Role == hub.Player && s.ID != known }, "your token was revoked")
		if gone != 1 {
			t.Fatalf("%s: %d were sent away", name, gone)
		}
		broadcast(t, p, 1, 1, 1000)
		if end, want := <-h.ends, "ts "+hub.Kicked.String(); end != want {
			t.Errorf("%s: the meter was told of %q, want %q", name, end, want)
		}
		if _, err := io.Copy(io.Discard, body); err == nil {
			t.Errorf("%s: the stream looks as if it had ended", name)
		}
		h.viewers(t, 1)
		h.registry.KickWhere(func(s hub.SessionInfo, _ string) bool { return s.Role == hub.Player }, "the test is over")
		broadcast(t, p, 2, 1, 1000)
		<-h.ends
		_, _ = io.Copy(io.Discard, other)
		h.viewers(t, 0)
	}
	p.End(nil)
}
