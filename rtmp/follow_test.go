package rtmp

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/millrace-live/millrace/media"
	"github.com/millrace-live/millrace/rtmp/message"
)

// network is some servers by their hosts, in a bubble of synctest.
type network struct {
	mu      sync.Mutex
	servers map[string]*Server
}

func (n *network) dialer() *Dialer {
	return &Dialer{NetDial: func(_ context.Context, _, address string) (net.Conn, error) {
		host, _, _ := net.SplitHostPort(address)
		n.mu.Lock()
		srv := n.servers[host]
		n.mu.Unlock()
		if srv == nil {
			return nil, errors.New("nothing listens there")
		}
		near, far := net.Pipe()
		go func() { _ = srv.ServeConn(context.Background(), far, nil) }()
		return near, nil
	}}
}

func (n *network) add(t *testing.T, host string, h Handler) *Server {
	srv := &Server{Handler: h}
	t.Cleanup(func() { srv.Close() })
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.servers == nil {
		n.servers = make(map[string]*Server)
	}
	n.servers[host] = srv
	return srv
}

// intake takes what is published.
type intake struct {
	mu     sync.Mutex
	frames []*media.Frame
	heads  int // sequence headers
	ends   []error
	refuse int // so many times
}

func (k *intake) ServeRTMP(s *Stream) error {
	k.mu.Lock()
	refuse := k.refuse > 0
	k.refuse--
	k.mu.Unlock()
	if refuse {
		return ErrBadName
	}
	if err := s.Accept(); err != nil {
		return err
	}
	var r FrameReader
	err := s.Each(func(m *message.Message) error {
		k.mu.Lock()
		defer k.mu.Unlock()
		frames, err := r.Demux(m)
		if len(frames) == 0 && err == nil {
			k.heads++
		}
		k.frames = append(k.frames, frames...)
		return err
	})
	k.mu.Lock()
	defer k.mu.Unlock()
	k.ends = append(k.ends, err)
	return err
}

// clip makes the frames of an endless stream: picture each 40 ms, a key each
// second, and sound in between.
type clip struct{ tracks *media.TrackSet }

func newClip(t testing.TB) clip {
	const avcC = "0164000bffe1001c6764000bacd9434fe59fff000200031000003e90000bb800f1429960010006" + "68ebe3cb22c0" + "fdf8f800"
	record, err := hex.DecodeString(avcC)
	if err != nil {
		t.Fatal(err)
	}
	picture, err := media.ParseConfig(media.H264, record)
	if err != nil {
		t.Fatal(err)
	}
	asc := []byte{0x12, 0x10}
	sound, err := media.ParseConfig(media.AAC, asc)
	if err != nil {
		t.Fatal(err)
	}
	return clip{(*media.TrackSet)(nil).
		With(&media.Track{Kind: media.Video, Codec: media.H264, Config: record, Format: picture}).
		With(&media.Track{Kind: media.Audio, Codec: media.AAC, Config: asc, Format: sound})}
}

const tick = 20 * time.Millisecond

func (c clip) frame(i int) *media.Frame {
	at := int64(i) * int64(tick)
	f := &media.Frame{Kind: media.Audio, Class: media.Key, DTS: at, PTS: at, Tracks: c.tracks}
	if i%2 == 0 {
		f.Kind, f.Class = media.Video, media.Inter
		if i%50 == 0 {
			f.Class = media.Key
		}
	}
	f.Payload = fmt.Appendf([]byte{0, 0, 0, 8, 0x41}, "%07d", i)
	return f
}

func (c clip) metadata(t *testing.T) *media.Frame {
	return &media.Frame{Kind: media.Data, Class: media.Key, Payload: dataMessage(t, "onMetaData", nil).Payload, Tracks: c.tracks}
}

// publish writes the frames from i on at their times, up to n.
func (c clip) publish(t *testing.T, p *Publisher, i, n int) {
	t.Helper()
	for ; i < n; i++ {
		time.Sleep(tick)
		if err := p.WriteFrame(c.frame(i)); err != nil {
			t.Fatalf("frame %d: %v", i, err)
		}
	}
}

// media gives the numbers of the frames that came.
func (c clip) media(t *testing.T, frames []*media.Frame) []int {
	t.Helper()
	var numbers []int
	for _, f := range frames {
		if f.Kind == media.Data {
			continue
		}
		i := int(f.DTS / int64(tick))
		if want := c.frame(i); f.Kind != want.Kind || f.Class != want.Class || !bytes.Equal(f.Payload, want.Payload) {
			t.Fatalf("frame %d came as %+v", i, f)
		}
		numbers = append(numbers, i)
	}
	return numbers
}

func consecutive(t *testing.T, numbers []int, from, to int) {
	t.Helper()
	for k, i := range numbers {
		if i != from+k {
			t.Fatalf("frame %d came in the place of %d: %v", i, from+k, numbers)
		}
	}
	if from+len(numbers) != to {
		t.Fatalf("the last frame is %d, want %d", from+len(numbers)-1, to-1)
	}
}

func TestPublisherMoves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var n network
		var a, b intake
		first := n.add(t, "a", &a)
		n.add(t, "b", &b)
		b.refuse = 1 // it is asked again, at a later key
		c := newClip(t)
		p, err := n.dialer().Publisher(t.Context(), "rtmp://a/live/cam")
		if err != nil {
			t.Fatal(err)
		}
		if err := p.WriteFrame(c.metadata(t)); err != nil {
			t.Fatal(err)
		}
		c.publish(t, p, 0, 60)
		left := make(chan error, 1)
		go func() { left <- first.Reconnect(t.Context(), "//b/live", "go") }()
		c.publish(t, p, 60, 130)
		synctest.Wait()
		if len(a.ends) != 0 {
			t.Fatal("it left before the other server took it")
		}
		c.publish(t, p, 130, 300)
		synctest.Wait()
		if err := <-left; err != nil {
			t.Errorf("Reconnect: %v", err)
		}
		if u := p.Stream().Session().ConnectInfo().TCURL; u != "rtmp://b/live" {
			t.Errorf("it is at %s", u)
		}
		out := p.Stats().BytesOut
		p.Close()
		synctest.Wait()
		was, is := c.media(t, a.frames), c.media(t, b.frames)
		cut := len(was)
		consecutive(t, was, 0, cut)
		consecutive(t, is, cut, 300)
		if cut%50 != 0 || cut < 150 {
			t.Errorf("it moved at frame %d", cut)
		}
		if b.heads != 2 || len(b.frames) == 0 || b.frames[0].Kind != media.Data || b.frames[1].Class != media.Key {
			t.Errorf("%d headers came first", b.heads)
		}
		if at := b.frames[0].DTS; at != c.frame(cut).DTS {
			t.Errorf("the metadata came with the time %v", time.Duration(at))
		}
		for _, end := range [][]error{a.ends, b.ends} {
			if len(end) != 1 || !errors.Is(end[0], ErrStreamClosed) {
				t.Errorf("ended by %v", end)
			}
		}
		if p.Lost() != 0 || out < uint64(300*12) {
			t.Errorf("%d frames lost, %d bytes sent", p.Lost(), out)
		}
	})
}

// A server that does not wait takes the frames up to the next key with it. The
// next server may take a while to be there.
func TestPublisherOutlivesItsServer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var n network
		var a, b intake
		first := n.add(t, "a", &a)
		c := newClip(t)
		p, err := n.dialer().Publisher(t.Context(), "rtmp://a/live/cam")
		if err != nil {
			t.Fatal(err)
		}
		c.publish(t, p, 0, 60)
		gone, cancel := context.WithCancel(t.Context())
		cancel()
		if err := first.Reconnect(gone, "", ""); !errors.Is(err, context.Canceled) {
			t.Errorf("Reconnect: %v", err)
		}
		synctest.Wait()
		first.Close()
		n.mu.Lock()
		delete(n.servers, "a")
		n.mu.Unlock()
		c.publish(t, p, 60, 260)
		n.add(t, "a", &b)
		c.publish(t, p, 260, 400)
		p.Close()
		synctest.Wait()
		is := c.media(t, b.frames)
		consecutive(t, is, 300, 400)
		if p.Lost() == 0 {
			t.Error("nothing was lost")
		}
	})
}

func TestPublisherGivesUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var n network
		var a intake
		first := n.add(t, "a", &a)
		c := newClip(t)
		p, err := n.dialer().Publisher(t.Context(), "rtmp://a/live/cam")
		if err != nil {
			t.Fatal(err)
		}
		defer p.Close()
		go func() { _ = first.Reconnect(t.Context(), "rtmp://nowhere/live", "") }()
		c.publish(t, p, 0, int(2*followTime/tick)) // it stays where it is
		if p.Err() != nil || p.Lost() > 0 {
			t.Errorf("over by %v, lost %d", p.Err(), p.Lost())
		}
		go func() { _ = first.Reconnect(t.Context(), "rtmp://nowhere/live", "") }()
		time.Sleep(time.Second)
		first.Close()
		begun := time.Now()
		for i := 0; ; i++ {
			if err = p.WriteFrame(c.frame(i)); err != nil {
				break
			}
			time.Sleep(tick)
		}
		if took := time.Since(begun); !errors.Is(err, ErrConnectionLost) || took < lostTime-time.Second || took > lostTime+time.Second {
			t.Errorf("over after %v by %v", took, err)
		}
	})
}

// live plays the clip in real time to everybody, from the newest key on.
type live struct {
	clip  clip
	begun time.Time
	meta  *media.Frame
	shift int64 // of the timeline
	stop  int   // the frame before which the stream stops
}

func (l *live) ServeRTMP(s *Stream) error {
	if err := s.Accept(); err != nil {
		return err
	}
	if err := s.WriteFrame(l.meta); err != nil {
		return err
	}
	i := int(time.Since(l.begun)/tick) / 50 * 50
	for ; l.stop == 0 || i < l.stop; i++ {
		time.Sleep(time.Until(l.begun.Add(time.Duration(i) * tick)))
		f := *l.clip.frame(i)
		f.DTS, f.PTS = f.DTS+l.shift, f.PTS+l.shift
		if err := s.WriteFrame(&f); err != nil {
			return err
		}
	}
	return nil
}

func TestPlayerMoves(t *testing.T) {
	for name, test := range map[string]struct {
		shift int64
		stop  int           // of the first server
		late  time.Duration // the second server
	}{
		"both have the same stream":      {},
		"the second is later":            {late: 900 * time.Millisecond},
		"the second is earlier":          {late: -900 * time.Millisecond},
		"the first ends before":          {stop: 150},
		"the timelines are others":       {shift: int64(time.Hour)},
		"the first has nothing any more": {stop: 120},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var n network
				c := newClip(t)
				begun := time.Now()
				first := n.add(t, "a", &live{clip: c, begun: begun, meta: c.metadata(t), stop: test.stop})
				n.add(t, "b", &live{clip: c, begun: begun.Add(test.late), meta: c.metadata(t), shift: test.shift})
				p, err := n.dialer().Player(t.Context(), "rtmp://a/live/cam")
				if err != nil {
					t.Fatal(err)
				}
				time.AfterFunc(2*time.Second+tick/2, func() { // at frame 100
					go func() { _ = first.Reconnect(t.Context(), "rtmp://b/other", "") }()
				})
				var frames []*media.Frame
				state := 0
				for len(frames) < 400 {
					f, err := p.ReadFrame()
					if err != nil {
						t.Fatalf("after %d frames: %v", len(frames), err)
					}
					if f.Kind == media.Data {
						state++
						continue
					}
					frames = append(frames, f)
				}
				if p.Stream().App() != "other" {
					t.Errorf("it is at %s", p.Stream().Path())
				}
				if state != 1 {
					t.Errorf("the metadata came %d times", state)
				}
				cut := len(frames)
				for i, f := range frames {
					if i > 0 && f.DTS-frames[i-1].DTS != int64(tick) {
						cut = i
						break
					}
				}
				switch {
				case test.shift != 0 || test.stop == 120:
					if cut == len(frames) || !begins(frames[cut]) {
						t.Errorf("the second server's stream comes in at %d", cut)
					}
				case cut != len(frames):
					t.Errorf("%d: from %v to %v", cut, time.Duration(frames[cut-1].DTS), time.Duration(frames[cut].DTS))
				}
				if err := p.Close(); err != nil {
					t.Error(err)
				}
				if _, err := p.ReadFrame(); !errors.Is(err, ErrStreamClosed) {
					t.Errorf("after Close: %v", err)
				}
				first.Close()
			})
		})
	}
}

// A client that did not say that it follows is not asked.
func TestReconnectRequestIsForThoseWhoFollow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var n network
		var a intake
		srv := n.add(t, "a", &a)
		got := make(chan ReconnectRequest, 1)
		d := n.dialer()
		st, err := d.Publish(t.Context(), "rtmp://a/live/cam")
		if err != nil {
			t.Fatal(err)
		}
		if err := srv.Reconnect(t.Context(), "/x", "y"); err != nil {
			t.Errorf("Reconnect without anyone who follows: %v", err)
		}
		for s := range srv.sessions {
			if err := s.RequestReconnect("/x", "y"); !errors.Is(err, ErrNoReconnect) {
				t.Errorf("asked: %v", err)
			}
		}
		st.Close()
		synctest.Wait()
		d.Reconnect = func(_ *Session, r ReconnectRequest) { got <- r }
		if st, err = d.Publish(t.Context(), "rtmp://a/live/cam"); err != nil {
			t.Fatal(err)
		}
		go func() { _ = srv.Reconnect(t.Context(), "/x", "y") }()
		if r := <-got; r != (ReconnectRequest{"/x", "y"}) {
			t.Errorf("got %+v", r)
		}
		st.Close()
	})
}
