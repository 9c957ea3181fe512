package hub

import (
	"context"
	"errors"
	"io"
	"net/netip"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/millrace-live/millrace/media"
)

var (
	pictureAndSound = &media.TrackSet{Tracks: []*media.Track{
		{Kind: media.Video, Codec: media.H264}, {Kind: media.Audio, Codec: media.AAC},
	}}
	errLost = errors.New("connection reset")
)

func ms(n int) int64 { return int64(n) * int64(time.Millisecond) }

func frame(k media.Kind, c media.Class, at int) *media.Frame {
	return &media.Frame{Kind: k, Class: c, DTS: ms(at), PTS: ms(at), Tracks: pictureAndSound, Payload: make([]byte, 100)}
}

func key(at int) *media.Frame   { return frame(media.Video, media.Key, at) }
func inter(at int) *media.Frame { return frame(media.Video, media.Inter, at) }
func sound(at int) *media.Frame { return frame(media.Audio, media.Key, at) }

func metadata(at int, text string) *media.Frame {
	f := frame(media.Data, media.Key, at)
	f.Payload = []byte(text)
	return f
}

// keyring grants by the owner that the test puts into the query.
type keyring struct{ grant Grant }

func (k keyring) Publish(_ context.Context, req *PublishRequest) (Grant, error) {
	g := k.grant
	g.Stream = join(req.App, req.Name)
	g.Owner = req.Query.Get("owner")
	if g.Owner == "" && !g.Open {
		return Grant{}, &Refusal{Code: BadKey, Reason: "no such key", Stream: g.Stream}
	}
	return g, nil
}

func (k keyring) Play(context.Context, *PlayRequest) error { return nil }

// house is a registry with its events.
type house struct {
	*Registry
	t       *testing.T
	senders sync.WaitGroup
	mu      sync.Mutex
	events  []Event
}

func open(t *testing.T, o Options) *house {
	h := &house{t: t}
	if o.Access == nil {
		o.Access = keyring{}
	}
	o.Events = func(e Event) {
		h.mu.Lock()
		defer h.mu.Unlock()
		h.events = append(h.events, e)
	}
	h.Registry = New(o)
	t.Cleanup(func() {
		at, cancel := context.WithCancel(context.Background())
		cancel()
		h.Shutdown(at)
		h.senders.Wait()
	})
	return h
}

// kinds returns the kinds of the events so far, and forgets them.
func (h *house) kinds() []EventKind {
	h.mu.Lock()
	defer h.mu.Unlock()
	var kinds []EventKind
	for _, e := range h.events {
		kinds = append(kinds, e.Kind)
	}
	h.events = nil
	return kinds
}

// session is a publisher of a test.
type session struct {
	*Publication
	h      *house
	t      *testing.T
	kicked chan error
}

func request(owner, host, encoder string) PublishRequest {
	return PublishRequest{
		App: "live", Name: "cam1", Query: url.Values{"owner": {owner}}, Session: owner + "@" + host, Protocol: "rtmp",
		Remote: netip.AddrPortFrom(netip.MustParseAddr(host), 4000), Software: encoder,
	}
}

func (h *house) try(req PublishRequest) (*session, error) {
	s := &session{h: h, t: h.t, kicked: make(chan error, 1)}
	req.Kick = func(err error) { s.kicked <- err }
	p, err := h.Publish(context.Background(), req)
	s.Publication = p
	return s, err
}

func (h *house) publish() *session { return h.publishAs("alice", "192.0.2.1", "obs") }

func (h *house) publishAs(owner, host, encoder string) *session {
	h.t.Helper()
	s, err := h.try(request(owner, host, encoder))
	if err != nil {
		h.t.Fatalf("Publish: %v", err)
	}
	return s
}

func (s *session) write(frames ...*media.Frame) {
	s.t.Helper()
	for _, f := range frames {
		if err := s.Write(f); err != nil {
			s.t.Fatalf("Write: %v", err)
		}
	}
}

// stream sends sound and picture in real time from source time from to to, with
// a key each second.
func (s *session) stream(from, to int) {
	s.t.Helper()
	for at := from; at < to; at += 40 {
		if at%1000 == 0 {
			s.write(key(at))
		} else {
			s.write(inter(at))
		}
		s.write(sound(at))
		time.Sleep(40 * time.Millisecond)
	}
}

func (h *house) play(req PlayRequest) *Reader {
	h.t.Helper()
	if req.Stream == "" {
		req.Stream = "live/cam1"
	}
	if req.Delivery == DefaultDelivery {
		req.Delivery = Realtime
	}
	r, err := h.Play(context.Background(), req)
	if err != nil {
		h.t.Fatalf("Play: %v", err)
	}
	return r
}

// drain returns all frames that may leave now.
func drain(t *testing.T, r *Reader) []*media.Frame {
	t.Helper()
	frames, err := all(r)
	if err != nil {
		t.Fatalf("Next: %v", err)
	}
	return frames
}

func all(r *Reader) ([]*media.Frame, error) {
	var frames []*media.Frame
	dst := make([]*media.Frame, 7)
	for {
		n, err := r.Next(dst)
		frames = append(frames, dst[:n]...)
		if n == 0 || err != nil {
			return frames, err
		}
	}
}

func finished(r *Reader) bool {
	_, err := all(r)
	return err == io.EOF
}

func refused(err error, code Code) bool {
	var r *Refusal
	return errors.As(err, &r) && r.Code == code
}
