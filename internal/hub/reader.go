package hub

import (
	"fmt"
	"io"
	"sync/atomic"
	"time"

	"github.com/millrace-live/millrace/media"
)

// A reader may lag this far behind the newest frame, then it jumps to the
// newest key; this many jumps within jumpTime close it.
const (
	lagTime  = 10 * time.Second
	lagBytes = 16 << 20
	maxJumps = 3
	jumpTime = 30 * time.Second
)

// lot is how many bytes of payload Next gives at once, or a single frame that is
// longer: it bounds what a player holds that it has not sent yet.
const lot = 1 << 20

// Reader is a player's cursor in a stream.
//
// Next, and only Next, is for one goroutine; all other methods may be called
// from any. A Reader must be closed.
type Reader struct {
	// What every frame needs comes first, close together: with a thousand
	// readers, the cost of a wake is that of the memory it touches.
	stream           *stream
	gate             *gate
	over             atomic.Uint32 // a stage
	resync           atomic.Bool
	noVideo, noAudio atomic.Bool
	reached          atomic.Uint64 // cursor, as Next left it when it last gave something

	// Owned by the goroutine that calls Next.
	cursor     uint64
	burst      uint64 // frames below it belong to the first burst, which never waits
	pending    *entry // metadata to give before the next frame
	err        error
	generation uint32
	keyed      bool // it had its first key
	leader     uint8
	tracks     *media.TrackSet // of the newest picture, whose default track is leader

	// Guarded by gate.mu.
	parked     bool
	round      uint64
	prev, next *Reader
	waker      Waker // instead of ready

	started [4]uint64 // video tracks that had their key, by identifier
	state   uint64    // the number of the metadata given last
	jumps   [maxJumps - 1]time.Time

	ready    chan struct{}
	id       who
	since    time.Time
	number   uint64 // in the roster; 0 of a packager
	packager bool
	served   bool
	strict   bool
	permit   Permit
	sent     atomic.Pointer[Refusal] // away
	out      *outlet
	viewers  int // guarded by stream.mu
	drops    atomic.Uint64
	bytesOut atomic.Uint64
	slow     atomic.Bool // and so it ended
}

// Stream returns the name of the stream, "app/name".
func (r *Reader) Stream() string { return r.stream.name }

// Broadcast returns the identifier of the stream's broadcast.
func (r *Reader) Broadcast() string { return r.stream.broadcast }

// Strict reports whether the player is to get nothing that it did not announce to
// take, whatever it may be able to play.
func (r *Reader) Strict() bool { return r.strict }

// Ready gives a token when Next has more to say: frames, the end, or a change
// of State. It may give one in vain.
func (r *Reader) Ready() <-chan struct{} { return r.ready }

// Waker is told what Ready would give a token for. Wake may be called from any
// goroutine; it must not wait, nor call the Reader.
type Waker interface{ Wake() }

// OnReady has w told where Ready would give a token, for players that have no
// goroutine to wait; nil goes back to Ready. w is told at once, too.
func (r *Reader) OnReady(w Waker) {
	r.gate.mu.Lock()
	r.waker = w
	r.gate.mu.Unlock()
	r.notify()
}

// State returns the state of the stream: Live, Reconnecting or Ended.
func (r *Reader) State() State { return State(r.stream.state.Load()) }

// Drops returns how many frames the reader skipped because it was too slow.
func (r *Reader) Drops() uint64 { return r.drops.Load() }

// Sent counts n bytes that went out to the player (or players, of a packager).
func (r *Reader) Sent(n int) {
	r.bytesOut.Add(uint64(n))
	r.out.bytes.Add(uint64(n))
}

// BytesOut returns the sum of what Sent was told.
func (r *Reader) BytesOut() uint64 { return r.bytesOut.Load() }

// SetViewers says for how many viewers the reader stands. It is 1 at first, and
// 0 of a packager, which knows how many players ask it for segments.
func (r *Reader) SetViewers(n int) {
	s := r.stream
	s.mu.Lock()
	defer s.mu.Unlock()
	if stage(r.over.Load()) != hasLeft {
		r.out.viewers += n - r.viewers
		r.viewers = n
	}
}

// SetTracks says whether the player wants video and audio. Video that comes
// back begins at the next key.
func (r *Reader) SetTracks(video, audio bool) {
	r.noVideo.Store(!video)
	r.noAudio.Store(!audio)
}

// Resync makes the reader go on at the newest key, as after a pause. It counts
// no drops. With no key since the last frame that it got, it goes on from there.
func (r *Reader) Resync() {
	r.resync.Store(true)
	r.notify()
}

// Close ends the reader; Next then returns ErrClosed. Calls after the first do
// nothing.
func (r *Reader) Close() {
	if stage(r.over.Swap(uint32(hasLeft))) == hasLeft {
		return
	}
	r.gate.leave(r)
	r.stream.leave(r)
	r.notify()
}

// Next fills dst, which must have room for one frame at least, with frames that
// may leave now, of 1 MiB together or a single longer one, and returns how many
// there were. (0, nil) means none yet: wait for Ready, then call again. The
// frames are shared and immutable.
//
// The first frame is the stream's metadata when it has any (Data, class Key),
// then come frames from the newest key of the default video track on. Every
// video track is silent until a key of its own, at the start and wherever
// frames were left out, so a picture never has holes.
//
// The error is io.EOF after the last frame of a stream that ended, ErrSlowReader,
// a *Refusal that says why the player was sent away, or ErrClosed; it stays.
func (r *Reader) Next(dst []*media.Frame) (int, error) {
	if len(dst) == 0 {
		return 0, io.ErrShortBuffer
	}
	for {
		if r.over.Load() != 0 {
			return 0, r.Over()
		}
		if r.err != nil {
			return 0, r.err
		}
		if r.resync.Load() && r.resync.Swap(false) {
			r.follow()
		}
		// The order matters: after the end was seen, head does not rise.
		ended := r.stream.ended()
		limit := r.limit()
		n := r.fill(dst, limit)
		if n > 0 {
			r.reached.Store(r.cursor)
			return n, nil
		}
		if r.err == nil && ended && r.cursor >= limit {
			r.err = io.EOF
		}
		if r.err == nil && r.gate.park(r) {
			return 0, nil
		}
	}
}

// limit is the number of the first frame that may not leave yet.
func (r *Reader) limit() uint64 {
	if r.stream.ended() {
		return r.stream.ring.head.Load()
	}
	return max(r.burst, r.gate.open.Load())
}

// due reports whether Next has anything to do, for the gate.
func (r *Reader) due() bool {
	return r.cursor < r.limit() || r.stream.ended() || r.over.Load() != 0 || r.resync.Load()
}

func (r *Reader) notify() {
	r.gate.mu.Lock()
	w := r.waker
	r.gate.mu.Unlock()
	r.tell(w)
}

// tell tells w, which is the reader's waker, or whoever waits for Ready.
func (r *Reader) tell(w Waker) {
	if w != nil {
		w.Wake()
		return
	}
	select {
	case r.ready <- struct{}{}:
	default:
	}
}

func (r *Reader) fill(dst []*media.Frame, limit uint64) (n int) {
	if r.lags() {
		r.jump()
	}
	size := 0
	for n < len(dst) && size < lot && r.cursor < limit && r.err == nil {
		e := r.stream.ring.at(r.cursor)
		if e == nil {
			r.jump()
			continue
		}
		if p := r.pending; p != nil {
			dst[n], r.state, r.pending = restamp(p.frame, e.frame), p.seq, nil
			n++
			continue
		}
		if n > 0 && size+len(e.frame.Payload) > lot {
			break
		}
		r.cursor++
		if r.wants(e) {
			size += len(e.frame.Payload)
			dst[n] = e.frame
			n++
		}
	}
	return n
}

// lags reports whether there is a newer key and the reader should jump to it.
// The first burst is older than a lagging reader's frames when key frames are
// far apart, or when a packager starts: it does not count.
func (r *Reader) lags() bool {
	if r.cursor < r.burst {
		return false
	}
	g := &r.stream.ring
	newest := g.at(g.head.Load() - 1)
	e := g.at(r.cursor)
	if e == nil || newest == nil {
		return false
	}
	if newest.arrival-e.arrival <= int64(lagTime) && newest.before-e.before <= lagBytes {
		return false
	}
	return g.start(!r.noVideo.Load()) > r.cursor
}

// wants reports whether the reader gets e, and keeps track of which pictures it
// can decode.
func (r *Reader) wants(e *entry) bool {
	if e.generation != r.generation {
		// Another publisher: its first pictures may refer to some that we never had.
		r.generation, r.started = e.generation, [4]uint64{}
	}
	f := e.frame
	switch f.Kind {
	case media.Audio:
		return !r.noAudio.Load()
	case media.Video:
		if f.Tracks != r.tracks {
			r.lead(f.Tracks)
		}
		word, bit := &r.started[f.Track>>6], uint64(1)<<(f.Track&63)
		switch {
		case r.noVideo.Load():
			*word &^= bit
			return false
		case f.Class == media.Key:
			*word |= bit
			if !r.keyed {
				r.keyed = true
				r.stream.reg.joined(r)
			}
		}
		return *word&bit != 0
	case media.Data:
		if f.Class == media.Key {
			if e.seq <= r.state {
				return false // the newest was given out of turn
			}
			r.state = e.seq
		}
	}
	return true
}

// lead takes note of the tracks that pictures come with. Another default track
// waits for a key of its own: a player that is given that track alone has not had
// the pictures before.
func (r *Reader) lead(s *media.TrackSet) {
	first := r.tracks == nil
	r.tracks = s
	if t := s.Default(media.Video); t != nil && (first || t.ID != r.leader) {
		r.leader = t.ID
		r.started[t.ID>>6] &^= 1 << (t.ID & 63)
	}
}

// jump goes on where one who joins now begins.
func (r *Reader) jump() {
	from := r.cursor
	r.move(r.stream.ring.start(!r.noVideo.Load()))
	r.err = r.skipped(r.cursor - from)
}

// skipped counts a jump over so many frames, and says whether it was one too many.
func (r *Reader) skipped(frames uint64) error {
	r.drops.Add(frames)
	r.out.drops.Add(frames)
	r.out.skips.Add(1)

	now := time.Now()
	first := r.jumps[0]
	copy(r.jumps[:], r.jumps[1:])
	r.jumps[len(r.jumps)-1] = now
	if !first.IsZero() && now.Sub(first) <= jumpTime {
		r.slow.Store(true)
		r.event(ReaderSlow, fmt.Sprintf("skipped %d times in %v", maxJumps, now.Sub(first).Round(time.Second)), ErrSlowReader)
		return ErrSlowReader
	}
	r.event(ReaderSkipped, fmt.Sprintf("skipped %d frames", frames), nil)
	return nil
}

// follow goes on at the newest key, where the player asked for it.
func (r *Reader) follow() {
	g := &r.stream.ring
	if to := g.start(!r.noVideo.Load()); to > r.cursor || r.cursor < g.head.Load() && g.at(r.cursor) == nil {
		r.move(to)
	}
	r.burst = g.head.Load()
	r.jumps = [maxJumps - 1]time.Time{}
}

// move puts the cursor to seq, or to the next frame to come if seq does not lie
// ahead: a reader never goes back.
func (r *Reader) move(seq uint64) {
	g := &r.stream.ring
	if seq <= r.cursor {
		seq = g.head.Load()
	}
	r.cursor, r.started = seq, [4]uint64{}
	if st := g.state.Load(); st != nil && st.seq > r.state {
		r.pending = st
	}
}

func (r *Reader) event(k EventKind, reason string, err error) {
	e := r.id.event(k, r.stream.name, reason, err)
	e.Broadcast = r.stream.broadcast
	r.stream.reg.emit(e)
}

// restamp returns metadata at the time of the frame that follows it: a player
// that joins after an hour must not see a timestamp of the beginning.
func restamp(state, next *media.Frame) *media.Frame {
	f := *state
	f.DTS, f.PTS, f.Epoch = next.DTS, next.DTS, next.Epoch
	return &f
}
