package window

import (
	"net/http"
	"sync/atomic"

	"github.com/millrace-live/millrace/internal/hub"
)

// Audience is those who watch a stream through one door.
type Audience struct {
	viewers viewers
	sent    atomic.Uint64

	// reader counts them in the hub while the stream is packaged. The first
	// door's is also the one that the packager reads. Guarded by Stream.mu.
	reader *hub.Reader
	// reported is what of sent the hub has been told; for the run's goroutine.
	reported uint64
}

// Note counts the viewer who asks as there, for the next 20 s.
func (a *Audience) Note(r *http.Request) { a.viewers.note(r) }

// Sent counts bytes that went to viewers.
func (a *Audience) Sent(n int) { a.sent.Add(uint64(n)) }

// Viewers returns how many were noted in the last 20 s.
func (a *Audience) Viewers() int { return a.viewers.count() }

// BytesSent returns the sum of what Sent was told since the stream is packaged.
func (a *Audience) BytesSent() uint64 { return a.sent.Load() }

// report tells the hub.
func (a *Audience) report(reader *hub.Reader) {
	reader.SetViewers(a.viewers.count())
	if sent := a.sent.Load(); sent != a.reported {
		reader.Sent(int(sent - a.reported))
		a.reported = sent
	}
}
