package window

import (
	"net/http"
	"net/netip"
	"sync/atomic"

	"github.com/millrace-live/millrace/internal/hub"
)

// Audience is those who watch a stream through one door.
type Audience struct {
	viewers           viewers
	sent, starvations atomic.Uint64

	// reader counts them in the hub while the stream is packaged. The first
	// door's is also the one that the packager reads. Guarded by Stream.mu.
	reader *hub.Reader
	// reported and starved are what of sent and starvations the hub knows; for the
	// run's goroutine.
	reported, starved uint64
}

// Note counts the viewer who asks as there until the answer is given, and for 20 s
// more, and reads what the player tells about itself by CMCD. The error, for the
// viewer, is that of Admit.
func (a *Audience) Note(r *http.Request) error {
	c := readCMCD(r)
	if c.starved {
		a.starvations.Add(1)
	}
	return a.viewers.note(r, &c)
}

// Admit has everybody who comes new asked about, with its lock held: an error
// keeps them out, release is called when they have gone. It comes before the first
// Note.
func (a *Audience) Admit(admit func(from netip.Addr) (release func(), err error)) {
	a.viewers.admit = admit
}

// Close takes all viewers for gone.
func (a *Audience) Close() { a.viewers.close() }

// Sent counts bytes that went to viewers.
func (a *Audience) Sent(n int) { a.sent.Add(uint64(n)) }

// Viewers returns how many are there.
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
	if n := a.starvations.Load(); n != a.starved {
		reader.Starved(n - a.starved)
		a.starved = n
	}
}
