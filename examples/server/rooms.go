package main

import (
	"errors"
	"sync"

	"github.com/millrace-live/millrace/media"
	"github.com/millrace-live/millrace/rtmp"
)

// rooms are the streams that are on air, by path.
type rooms struct {
	mu   sync.Mutex
	open map[string]*room
}

// room is one publication and its players.
type room struct {
	mu       sync.Mutex
	metadata *media.Frame
	players  map[chan *media.Frame]bool
	closed   bool
}

// backlog is how many frames a player may be behind before it misses some.
const backlog = 256

func (r *rooms) publish(s *rtmp.Stream) error {
	path, here := s.Path(), &room{players: map[chan *media.Frame]bool{}}
	r.mu.Lock()
	if r.open == nil {
		r.open = map[string]*room{}
	}
	taken := r.open[path] != nil
	if !taken {
		r.open[path] = here
	}
	r.mu.Unlock()
	if taken {
		return rtmp.ErrBadName
	}
	defer func() {
		r.mu.Lock()
		delete(r.open, path)
		r.mu.Unlock()
		here.close()
	}()
	if err := s.Accept(); err != nil {
		return err
	}
	for {
		f, err := s.ReadFrame()
		if errors.Is(err, rtmp.ErrStreamClosed) {
			return nil
		}
		if err != nil {
			return err
		}
		here.write(f)
	}
}

func (r *rooms) play(s *rtmp.Stream) error {
	r.mu.Lock()
	here := r.open[s.Path()]
	r.mu.Unlock()
	if here == nil {
		return rtmp.ErrStreamNotFound
	}
	frames := here.join()
	defer here.leave(frames)
	if err := s.Accept(); err != nil {
		return err
	}
	for {
		select {
		case f, ok := <-frames:
			if !ok {
				return nil
			}
			if err := s.WriteFrame(f); err != nil {
				return err
			}
		case <-s.Context().Done():
			return nil
		}
	}
}

// write gives f to each player, once that player has had a frame to start at.
func (h *room) write(f *media.Frame) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if f.Kind == media.Data && f.Class == media.Key {
		h.metadata = f
	}
	for frames, started := range h.players {
		started = started || key(f)
		if !started && f.Kind != media.Data {
			continue
		}
		select {
		case frames <- f:
			h.players[frames] = started
		default:
			h.players[frames] = false // too slow: again from the next key frame
		}
	}
}

// key reports whether a player can start at f: at a key frame, or at any sound
// if there is no picture.
func key(f *media.Frame) bool {
	return f.IsKey() || f.Kind == media.Audio && f.Tracks.Default(media.Video) == nil
}

func (h *room) join() chan *media.Frame {
	h.mu.Lock()
	defer h.mu.Unlock()
	frames := make(chan *media.Frame, backlog)
	if h.closed {
		close(frames)
		return frames
	}
	if h.metadata != nil {
		frames <- h.metadata
	}
	h.players[frames] = false
	return frames
}

func (h *room) leave(frames chan *media.Frame) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.players, frames)
}

func (h *room) close() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.closed = true
	for frames := range h.players {
		close(frames)
	}
	clear(h.players)
}
