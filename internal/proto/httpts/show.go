package httpts

import (
	"compress/gzip"
	"context"
	"crypto/rand"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/millrace-live/millrace/internal/deliver"
	"github.com/millrace-live/millrace/internal/hub"
	"github.com/millrace-live/millrace/internal/packager/ts"
	"github.com/millrace-live/millrace/internal/window"
	"github.com/millrace-live/millrace/media"
)

// hlsProtocol is what the hub calls those who watch by HLS, with whichever segments.
const hlsProtocol = "hls"

const (
	// startWait is how long a request for ts.m3u8 waits for the first segment of a
	// stream that has just begun.
	startWait = 6 * time.Second
	// restAfter is how long segments are made without a request.
	restAfter = time.Minute
	// endedFor is how long what is over stays.
	endedFor = time.Minute
	// mostOver is how many shows of a stream that are over are kept.
	mostOver = 8
	// pollEvery is how often viewers are counted and idleness is looked at.
	pollEvery = time.Second
	// budget bounds what is kept of a stream: the segments of all its shows, and the
	// bursts for viewers of HTTP, which have their own bounds besides.
	budget = 64 << 20
)

// show is one broadcast as HLS: what a player holds from its first playlist to the
// end. Its files carry an identifier that no other has, so that numbers never go
// back where a broadcast follows another, or nobody asked for a while.
type show struct {
	h        *Handler
	id       string
	run      *run
	reader   *hub.Reader // counts the viewers
	audience window.Audience
	reported uint64       // what of audience the hub has been told; of the goroutine
	asked    atomic.Int64 // when somebody asked last, Unix nanoseconds
	timer    *time.Timer  // that forgets it when it is over; guarded by Handler.mu

	// Guarded by run.mu.
	cutter *ts.Cutter
	begun  bool // the cutter had a start

	first chan struct{} // closed when there is a segment, or never will be
	done  chan struct{} // closed when it is over

	mu      sync.Mutex
	shelf   shelf
	tracks  []*media.Track
	changes int
	texts   [2]*deliver.Text // of the playlists as they are, nil when they are to be written
}

func newShow(h *Handler, r *run, reader *hub.Reader) *show {
	s := &show{
		h: h, id: strings.ToLower(rand.Text()[:window.IDLength]), run: r, reader: reader,
		first: make(chan struct{}), done: make(chan struct{}),
	}
	if h.Admit != nil {
		s.audience.Admit(func(from netip.Addr) (func(), error) { return h.Admit(r.stream, from) })
	}
	length := ts.DefaultTarget
	if h.Segment != nil {
		length = h.Segment(r.stream)
	}
	s.shelf.target = max(window.WholeSeconds(length), time.Second)
	s.cutter = ts.NewCutter(length, s.add)
	s.touch()
	return s
}

// put takes the next burst, which has these tracks. It is called with run.mu held, as
// are add and end.
func (s *show) put(b ts.Burst, tracks []*media.Track) {
	if s.begun = s.begun || b.Start; !s.begun {
		return
	}
	s.mu.Lock()
	s.tracks = tracks
	s.mu.Unlock()
	s.cutter.Put(b)
}

// add receives each segment from the cutter.
func (s *show) add(cut *ts.Segment) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.shelf.add(cut, time.Now())
	s.change()
	if s.shelf.next == 1 {
		close(s.first)
	}
}

// end says that no more segments will come.
func (s *show) end() {
	s.cutter.End()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.shelf.ended = true
	s.audience.Close()
	s.change()
	if s.shelf.next == 0 {
		close(s.first)
	}
	close(s.done)
}

// change is called with mu held.
func (s *show) change() {
	s.changes++
	s.texts = [len(s.texts)]*deliver.Text{}
}

// text returns a playlist as it is now, nil if it lists nothing. All who ask between
// two changes share it.
func (s *show) text(which resource) *deliver.Text {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.texts[which] == nil {
		list := s.shelf.playlist(s.id)
		if which == index {
			list = s.shelf.index(s.id, s.tracks)
		}
		if list == "" {
			return nil
		}
		s.texts[which] = deliver.NewText([]byte(list), fmt.Sprintf("%s-%d", s.id, s.changes), gzip.BestSpeed)
	}
	return s.texts[which]
}

// segment returns the bytes of a segment, nil if it is not there.
func (s *show) segment(number uint64) []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	if c := s.shelf.find(number); c != nil {
		return c.Bytes
	}
	return nil
}

func (s *show) size() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.shelf.bytes
}

func (s *show) shed(n int) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	freed := s.shelf.shed(n)
	if freed > 0 {
		s.change()
	}
	return freed
}

// touch tells that somebody is interested.
func (s *show) touch() { s.asked.Store(time.Now().UnixNano()) }

// over reports whether no more segments will come.
func (s *show) over() bool {
	select {
	case <-s.done:
		return true
	default:
		return false
	}
}

// playable waits until there is something to play. It says why nothing can be
// carried, if nothing can.
func (s *show) playable(ctx context.Context) (reason string, err error) {
	ctx, cancel := context.WithTimeoutCause(ctx, startWait, window.ErrTooYoung)
	defer cancel()
	select {
	case <-s.first:
		return "", nil
	default:
	}
	if reason, err = s.run.unplayable(ctx); reason != "" || err != nil {
		return reason, err
	}
	select {
	case <-s.first:
		return "", nil
	case <-ctx.Done():
		return "", context.Cause(ctx)
	}
}

// attend counts the viewers, until the show is over or nobody has asked for a while.
func (s *show) attend() {
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	for {
		select {
		case <-s.done:
			s.report()
			s.h.retire(s)
			return
		case <-tick.C:
		}
		s.report()
		if time.Since(time.Unix(0, s.asked.Load())) >= restAfter {
			s.h.rest(s)
			return
		}
	}
}

// report tells the hub.
func (s *show) report() {
	s.reader.SetViewers(s.audience.Viewers())
	sent := s.audience.BytesSent()
	s.reader.Sent(int(sent - s.reported))
	s.reported = sent
}

// open returns the show of what is on air, and begins one if nobody asked before.
func (h *Handler) open(ctx context.Context, req hub.PlayRequest) (*show, error) {
	h.mu.Lock()
	s := h.onAir(req.Stream)
	h.mu.Unlock()
	if s != nil {
		return s, nil
	}
	req.FromOldest = true
	reader, err := h.Hub.Play(ctx, req)
	if err != nil {
		return nil, err
	}
	r, err := h.enter(ctx, req, reader)
	if err != nil {
		reader.Close()
		return nil, err
	}
	s, err = h.begin(r, reader)
	if s == nil || s.reader != reader {
		reader.Close()
		return s, err
	}
	r.attach(s)
	return s, nil
}

// begin returns a show of a run that was entered for it, or the one of a request
// that was quicker.
func (h *Handler) begin(r *run, reader *hub.Reader) (*show, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		h.leave(r)
		return nil, errClosed
	}
	if s := h.onAir(reader.Stream()); s != nil {
		h.leave(r)
		return s, nil
	}
	s := newShow(h, r, reader)
	if h.shows == nil {
		h.shows = make(map[string][]*show)
	}
	h.shows[r.stream] = append(h.shows[r.stream], s)
	h.goers.Go(s.attend)
	return s, nil
}

// onAir returns the show of what is on air, nil if there is none. mu is held.
func (h *Handler) onAir(stream string) *show {
	if s := h.newest(stream); s != nil && !s.over() {
		s.touch()
		return s
	}
	return nil
}

// newest is called with mu held.
func (h *Handler) newest(stream string) *show {
	shows := h.shows[stream]
	if len(shows) == 0 {
		return nil
	}
	return shows[len(shows)-1]
}

// past returns the newest show, nil if there is none.
func (h *Handler) past(stream string) *show {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.newest(stream)
}

// find returns a show by its identifier, nil if it is gone.
func (h *Handler) find(stream, id string) *show {
	h.mu.Lock()
	defer h.mu.Unlock()
	i := slices.IndexFunc(h.shows[stream], func(s *show) bool { return s.id == id })
	if i < 0 {
		return nil
	}
	return h.shows[stream][i]
}

// rest ends a show that nobody asks for.
func (h *Handler) rest(s *show) {
	s.run.detach(s)
	s.reader.Close()
	h.mu.Lock()
	defer h.mu.Unlock()
	h.leave(s.run)
	h.remove(s)
}

// retire keeps a show that is over for a minute.
func (h *Handler) retire(s *show) {
	s.reader.Close()
	h.mu.Lock()
	defer h.mu.Unlock()
	h.leave(s.run)
	if h.closed || s.size() == 0 {
		h.remove(s)
		return
	}
	s.timer = time.AfterFunc(endedFor, func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		h.remove(s)
	})
	if shows := h.shows[s.run.stream]; len(shows) > mostOver {
		h.remove(shows[0])
	}
}

// remove is called with mu held.
func (h *Handler) remove(s *show) {
	if s.timer != nil {
		s.timer.Stop()
	}
	stream := s.run.stream
	h.shows[stream] = slices.DeleteFunc(h.shows[stream], func(other *show) bool { return other == s })
	if len(h.shows[stream]) == 0 {
		delete(h.shows, stream)
	}
}

// shed keeps the segments of a stream within the budget, of which so much is taken:
// first goes the oldest.
func (h *Handler) shed(stream string, taken int) {
	h.mu.Lock()
	shows := slices.Clone(h.shows[stream])
	h.mu.Unlock()
	for _, s := range shows {
		taken += s.size()
	}
	for _, s := range shows {
		if taken <= budget {
			return
		}
		taken -= s.shed(taken - budget)
	}
}
