package poster

import (
	"context"
	"fmt"
	"runtime/debug"
	"sync"
	"time"

	"github.com/millrace-live/millrace/internal/hub"
	"github.com/millrace-live/millrace/media"
)

const (
	// every is how often a stream gets a new picture at most, and rare how often
	// one is tried of a stream whose pictures fail.
	every = 5 * time.Second
	rare  = time.Minute
	// glance is how long a viewer waits for a new picture who can have an older
	// one, and patience how long who cannot.
	glance   = 2 * time.Second
	patience = 6 * time.Second
	// keep is how long a picture stays that nobody asks for.
	keep = time.Minute
	// budget bounds all pictures, in bytes.
	budget = 64 << 20
)

// gallery has the last picture of each broadcast that somebody asked for.
type gallery struct {
	// paint makes a JPEG of a key frame; done is told how it went.
	paint func(context.Context, *media.Frame) ([]byte, error)
	done  func(stream string, err error)

	ctx   context.Context // of the makings
	stop  context.CancelFunc
	goers sync.WaitGroup

	mu     sync.Mutex
	closed bool // nothing is made any more
	frames map[string]*frame
	bytes  int
	sweeps *time.Timer // nil while there is nothing to sweep
}

// frame is where the picture of one broadcast hangs.
type frame struct {
	picture *picture
	asked   time.Time // last
	// of is the key frame of the last making, which began then.
	of    *media.Frame
	began time.Time
	fails int // in a row
	// busy is closed at the end of the making that goes on, nil without one.
	busy chan struct{}
}

func newGallery(paint func(context.Context, *media.Frame) ([]byte, error), done func(string, error)) *gallery {
	g := &gallery{paint: paint, done: done, frames: make(map[string]*frame)}
	g.ctx, g.stop = context.WithCancel(context.Background())
	return g
}

// close ends all makings and waits for them.
func (g *gallery) close() {
	g.mu.Lock()
	g.closed = true
	if g.sweeps != nil {
		g.sweeps.Stop()
	}
	g.mu.Unlock()
	g.stop()
	g.goers.Wait()
}

// picture returns a picture of the broadcast, made anew if it is time for that.
// It is nil when there is none.
func (g *gallery) picture(ctx context.Context, still hub.Still) *picture {
	g.mu.Lock()
	f := g.frame(still.Broadcast)
	if f == nil {
		g.mu.Unlock()
		return nil
	}
	f.asked = time.Now()
	if !g.closed && f.isDue(still.Frame, f.asked) {
		f.busy, f.of, f.began = make(chan struct{}), still.Frame, f.asked
		g.goers.Go(func() { g.make(f, still) })
	}
	busy, last := f.busy, f.picture
	g.mu.Unlock()
	if busy == nil {
		return last
	}
	most := patience
	if last != nil {
		most = glance
	}
	ctx, cancel := context.WithTimeout(ctx, most)
	defer cancel()
	select {
	case <-busy:
	case <-ctx.Done():
		return last
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	return f.picture
}

// isDue reports whether a picture of this key frame is to be made now.
func (f *frame) isDue(of *media.Frame, now time.Time) bool {
	if of == nil || f.busy != nil {
		return false
	}
	if f.fails == 0 && f.of == of {
		return false // it is the last one, made already
	}
	pause := every
	for range f.fails {
		pause = min(2*pause, rare)
	}
	return now.Sub(f.began) >= pause
}

func (g *gallery) make(f *frame, still hub.Still) {
	b, err := g.survive(still.Frame)
	ended := g.ctx.Err() != nil // whose end is nobody's failure
	g.mu.Lock()
	if err == nil {
		g.hang(f, newPicture(b, still.Frame.Arrival))
		f.fails = 0
	} else {
		f.fails = min(f.fails+1, 8)
	}
	close(f.busy)
	f.busy = nil
	g.mu.Unlock()
	if !ended {
		g.done(still.Stream, err)
	}
}

// panicError is a making that panicked, which is a bug and not the server's end.
type panicError struct {
	value any
	stack []byte
}

func (e *panicError) Error() string { return fmt.Sprintf("panic: %v", e.value) }

func (g *gallery) survive(of *media.Frame) (b []byte, err error) {
	defer func() {
		if v := recover(); v != nil {
			err = &panicError{v, debug.Stack()}
		}
	}()
	return g.paint(g.ctx, of)
}

// frame returns the broadcast's place; nil when there is none and nothing is to
// be made.
func (g *gallery) frame(broadcast string) *frame {
	f := g.frames[broadcast]
	if f == nil && !g.closed {
		f = &frame{}
		g.frames[broadcast] = f
		if g.sweeps == nil {
			g.sweeps = time.AfterFunc(keep, g.sweep)
		}
	}
	return f
}

// hang puts up a picture, and takes down those that were not asked for longest
// as there is no room for all.
func (g *gallery) hang(f *frame, p *picture) {
	g.bytes += len(p.jpeg) - f.size()
	f.picture = p
	for g.bytes > budget {
		var oldest *frame
		for _, o := range g.frames {
			if o != f && o.picture != nil && (oldest == nil || o.asked.Before(oldest.asked)) {
				oldest = o
			}
		}
		if oldest == nil {
			return
		}
		g.bytes -= oldest.size()
		oldest.picture, oldest.of = nil, nil
	}
}

func (f *frame) size() int {
	if f.picture == nil {
		return 0
	}
	return len(f.picture.jpeg)
}

// sweep forgets what nobody has asked for lately.
func (g *gallery) sweep() {
	g.mu.Lock()
	defer g.mu.Unlock()
	now := time.Now()
	for broadcast, f := range g.frames {
		if f.busy == nil && now.Sub(f.asked) >= keep {
			g.bytes -= f.size()
			delete(g.frames, broadcast)
		}
	}
	if len(g.frames) == 0 || g.closed {
		g.sweeps = nil
		return
	}
	g.sweeps.Reset(keep)
}
