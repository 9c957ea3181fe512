package window

import (
	"context"
	"encoding/hex"
	"testing"
	"testing/synctest"
	"time"

	"github.com/millrace-live/millrace/internal/hub"
	"github.com/millrace-live/millrace/media"
)

// house is a hub with a store in front.
type house struct {
	t     *testing.T
	hub   *hub.Registry
	store *Store
}

// bubble runs a test on a clock of its own.
func bubble(t *testing.T, o Options, test func(t *testing.T, h *house)) {
	synctest.Test(t, func(t *testing.T) {
		h := &house{t: t, hub: hub.New(hub.Options{Access: hub.Everyone{}})}
		h.store = New(h.hub, o)
		defer func() {
			h.store.Close()
			ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
			defer cancel()
			if err := h.hub.Shutdown(ctx); err != nil {
				t.Error(err)
			}
		}()
		test(t, h)
	})
}

// open returns the stream as a door sees it.
func (h *house) open(protocol string) (*Stream, *Presentation) {
	h.t.Helper()
	s, err := h.store.Open(context.Background(), hub.PlayRequest{Stream: "live/cam", Protocol: protocol})
	if err != nil {
		h.t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 6*time.Second)
	defer cancel()
	p, err := s.Live(ctx)
	if err != nil {
		h.t.Fatal(err)
	}
	return s, p
}

func mustDecode(s string) []byte {
	b, err := hex.DecodeString(s)
	if err != nil {
		panic(err)
	}
	return b
}

// 160x90 H.264 High and mono AAC-LC at 44.1 kHz, as FFmpeg makes them.
var (
	avcC = mustDecode("0164000bffe100196764000bacd9428df93011000003000100000300320f14299601000468efbcb0fdf8f800")
	asc  = mustDecode("1208")
)

func videoTrack(id uint8) *media.Track {
	c, err := media.ParseAVCConfig(avcC)
	if err != nil {
		panic(err)
	}
	c.Width, c.Height = c.Width>>id, c.Height>>id
	return &media.Track{Kind: media.Video, ID: id, Codec: media.H264, Config: avcC, Format: c}
}

func audioTrack() *media.Track {
	c, err := media.ParseAACConfig(asc)
	if err != nil {
		panic(err)
	}
	return &media.Track{Kind: media.Audio, Codec: media.AAC, Config: asc, Format: c}
}

func tracks(ts ...*media.Track) *media.TrackSet {
	var s *media.TrackSet
	for _, t := range ts {
		s = s.With(t)
	}
	return s
}

// publisher sends 25 pictures a second, a key frame every second, and sound.
type publisher struct {
	*hub.Publication
	t         *testing.T
	tracks    *media.TrackSet
	at, sound time.Duration
	size      int
}

const (
	picture     = 40 * time.Millisecond
	soundLength = 1024 * time.Second / 44100
)

func (h *house) publish(set *media.TrackSet) *publisher {
	h.t.Helper()
	p, err := h.hub.Publish(context.Background(), hub.PublishRequest{App: "live", Name: "cam", Protocol: "test"})
	if err != nil {
		h.t.Fatal(err)
	}
	return &publisher{Publication: p, t: h.t, tracks: set, size: 1000}
}

// send publishes for d, in as much time.
func (p *publisher) send(d time.Duration) {
	p.t.Helper()
	for end := p.at + d; p.at < end; p.at += picture {
		for _, t := range p.tracks.Tracks {
			if t.Kind == media.Video {
				class := media.Inter
				if p.at%time.Second == 0 {
					class = media.Key
				}
				p.write(t, class, p.at, p.size)
			}
		}
		for ; p.tracks.Default(media.Audio) != nil && p.sound < p.at+picture; p.sound += soundLength {
			p.write(p.tracks.Default(media.Audio), media.Key, p.sound.Truncate(time.Millisecond), 100)
		}
		p.sound = max(p.sound, p.at)
		time.Sleep(picture)
	}
}

func (p *publisher) write(t *media.Track, c media.Class, at time.Duration, size int) {
	p.t.Helper()
	f := &media.Frame{
		Kind: t.Kind, Class: c, Track: t.ID, DTS: int64(at), PTS: int64(at), Tracks: p.tracks, Payload: make([]byte, size),
	}
	if err := p.Write(f); err != nil {
		p.t.Fatal(err)
	}
}
