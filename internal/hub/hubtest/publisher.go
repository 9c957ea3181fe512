package hubtest

import (
	"context"
	"testing"
	"time"

	"github.com/millrace-live/millrace/internal/hub"
	"github.com/millrace-live/millrace/media"
)

// Picture is how long a picture of a publisher is shown.
const Picture = 40 * time.Millisecond

const sound = 1024 * time.Second / 44100 // a frame of AAC

// Publisher sends 25 pictures a second, and sound. The payloads are zeros: good for all
// that does not decode.
type Publisher struct {
	*hub.Publication
	Tracks *media.TrackSet // of the next frames
	At     time.Duration   // of the next picture
	Sound  time.Duration   // of the next frame of sound
	Key    time.Duration   // from one key frame to the next; none comes if it is 0
	Size   int             // of a picture, in bytes; up to six more come on top

	t      *testing.T
	frames int
}

// Publish begins a broadcast of the tracks, with a key frame a second and pictures of
// 1,000 bytes.
func (h *Hub) Publish(tracks *media.TrackSet) *Publisher {
	h.T.Helper()
	p, err := h.Registry.Publish(context.Background(), hub.PublishRequest{App: "live", Name: "cam", Protocol: "test"})
	if err != nil {
		h.T.Fatal(err)
	}
	return &Publisher{Publication: p, Tracks: tracks, Key: time.Second, Size: 1000, t: h.T}
}

// Send publishes for d, in as much time.
func (p *Publisher) Send(d time.Duration) {
	p.t.Helper()
	p.send(d, func() { time.Sleep(Picture) })
}

// SendAtOnce publishes what lasts d, in no time.
func (p *Publisher) SendAtOnce(d time.Duration) {
	p.t.Helper()
	p.send(d, func() {})
}

func (p *Publisher) send(d time.Duration, wait func()) {
	p.t.Helper()
	for end := p.At + d; p.At < end; p.At += Picture {
		class := media.Inter
		if p.Key > 0 && p.At%p.Key == 0 {
			class = media.Key
		}
		p.sendAll(media.Video, class, p.At, p.Size)
		for ; p.Tracks.Default(media.Audio) != nil && p.Sound < p.At+Picture; p.Sound += sound {
			p.sendAll(media.Audio, media.Key, p.Sound.Truncate(time.Millisecond), 100)
		}
		p.Sound = max(p.Sound, p.At)
		wait()
	}
}

// sendAll sends a frame of each track of a kind. No two in a row have the same size.
func (p *Publisher) sendAll(k media.Kind, c media.Class, at time.Duration, size int) {
	p.t.Helper()
	for _, t := range p.Tracks.Tracks {
		if t.Kind == k {
			p.frames++
			p.WriteFrame(t, c, at, size+p.frames%7)
		}
	}
}

// WriteFrame sends one frame, of so many bytes.
func (p *Publisher) WriteFrame(t *media.Track, c media.Class, at time.Duration, size int) {
	p.t.Helper()
	err := p.Write(&media.Frame{
		Kind: t.Kind, Class: c, Track: t.ID, DTS: int64(at), PTS: int64(at), Tracks: p.Tracks, Payload: make([]byte, size),
	})
	if err != nil {
		p.t.Fatal(err)
	}
}
