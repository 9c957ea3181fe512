package rtmp

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/millrace-live/millrace/flv"
	"github.com/millrace-live/millrace/internal/hub"
	"github.com/millrace-live/millrace/internal/netx"
	"github.com/millrace-live/millrace/rtmp"
	"github.com/millrace-live/millrace/rtmp/message"
)

// house is a hub with a door to it on loopback.
type house struct {
	registry *hub.Registry
	door     *Door
	addr     string
	url      string
	log      *lines
	met      met
}

// met is what the door told its meter.
type met struct {
	mu   sync.Mutex
	told []string
}

func (m *met) note(words ...string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.told = append(m.told, strings.Join(words, " "))
}

func (m *met) ConnectionEnded(protocol, reason string) { m.note(protocol, "connection", reason) }
func (m *met) PlayEnded(protocol, reason string)       { m.note(protocol, "play", reason) }
func (m *met) Unreadable(protocol string)              { m.note(protocol, "unreadable") }

// wait until just that was told, in any order, and forgets it.
func (m *met) wait(t *testing.T, want ...string) {
	t.Helper()
	slices.Sort(want)
	for deadline := time.Now().Add(5 * time.Second); ; time.Sleep(time.Millisecond) {
		m.mu.Lock()
		slices.Sort(m.told)
		got := slices.Clone(m.told)
		if slices.Equal(got, want) {
			m.told = nil
		}
		m.mu.Unlock()
		if slices.Equal(got, want) {
			return
		} else if time.Now().After(deadline) {
			t.Fatalf("the meter was told %q, want %q", got, want)
		}
	}
}

// count waits until something was told n times.
func (m *met) count(t *testing.T, what string, n int) {
	t.Helper()
	for deadline := time.Now().Add(5 * time.Second); ; time.Sleep(time.Millisecond) {
		got := 0
		m.mu.Lock()
		for _, told := range m.told {
			if told == what {
				got++
			}
		}
		m.mu.Unlock()
		if got == n {
			return
		} else if time.Now().After(deadline) {
			t.Fatalf("the meter was told %q %d times, want %d", what, got, n)
		}
	}
}

func newHouse(t *testing.T, o hub.Options, change ...func(*Options)) *house {
	t.Helper()
	if o.Access == nil {
		o.Access = hub.Everyone{}
	}
	h := &house{registry: hub.New(o), log: &lines{}}
	options := Options{Logger: slog.New(slog.NewTextHandler(h.log, nil)), Meter: &h.met, Players: driver, Encoders: driver}
	for _, f := range change {
		f(&options)
	}
	door := New(h.registry, options)
	h.door = door
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	h.addr = l.Addr().String()
	h.url = "rtmp://" + h.addr + "/live/"
	var serving sync.WaitGroup
	serving.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			serving.Go(func() {
				door.Serve(&netx.Arrival{Conn: c, Remote: c.RemoteAddr().(*net.TCPAddr).AddrPort()})
			})
		}
	})
	t.Cleanup(func() {
		l.Close()
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		if err := h.registry.Shutdown(ctx); err != nil {
			t.Errorf("shut the hub down: %v", err)
		}
		if err := door.Shutdown(ctx); err != nil {
			t.Errorf("shut the door: %v", err)
		}
		serving.Wait()
	})
	return h
}

// lines is a log that tests read while it is written.
type lines struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// count waits until the log has n lines with the text.
func (l *lines) count(t *testing.T, text string, n int) {
	t.Helper()
	for deadline := time.Now().Add(5 * time.Second); strings.Count(l.String(), text) != n; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("the log has %d lines with %q, want %d:\n%s", strings.Count(l.String(), text), text, n, l)
		}
	}
}

func dial(t *testing.T, f func(context.Context, string) (*rtmp.Stream, error), url string) (*rtmp.Stream, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	s, err := f(ctx, url)
	if err == nil {
		t.Cleanup(func() { s.Close() })
	}
	return s, err
}

func mustDial(t *testing.T, f func(context.Context, string) (*rtmp.Stream, error), url string) *rtmp.Stream {
	t.Helper()
	s, err := dial(t, f, url)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// clip returns the messages of a file with H.264, B-frames and AAC.
func clip(t *testing.T) []message.Message {
	t.Helper()
	b, err := os.ReadFile("../../../flv/testdata/h264-bframes-aac.flv")
	if err != nil {
		t.Fatal(err)
	}
	var all []message.Message
	for file := flv.NewReader(bytes.NewReader(b)); ; {
		kind, ms, body, err := file.Next()
		if errors.Is(err, io.EOF) {
			return all
		} else if err != nil {
			t.Fatal(err)
		}
		all = append(all, message.Message{Type: message.Type(kind), Timestamp: ms, Payload: body})
	}
}

func isKey(m *message.Message) bool {
	return m.Type == message.Video && m.Payload[0] == 0x17 && m.Payload[1] == 1
}

// play reads all messages of a stream.
func play(s *rtmp.Stream) (got []message.Message, err error) {
	for {
		m, err := s.ReadMessage()
		if err != nil {
			return got, err
		}
		got = append(got, *m)
	}
}

func TestEveryMessageComesOut(t *testing.T) {
	h := newHouse(t, hub.Options{})
	type played struct {
		got []message.Message
		err error
	}
	done := make(chan played, 1)
	go func() {
		// This one comes before the publisher.
		s, err := rtmp.Play(t.Context(), h.url+"cam")
		if err != nil {
			done <- played{nil, err}
			return
		}
		defer s.Close()
		got, err := play(s)
		done <- played{got, err}
	}()
	for deadline := time.Now().Add(5 * time.Second); ; time.Sleep(time.Millisecond) {
		if s, ok := h.registry.Stream("live/cam"); ok && s.WaitingTotal == 1 {
			break
		} else if time.Now().After(deadline) {
			t.Fatal("the player did not come to wait")
		}
	}
	p := mustDial(t, rtmp.Publish, h.url+"cam")
	h.log.count(t, "play started", 1)
	want := clip(t)
	for i := range want {
		if err := p.WriteMessage(&want[i]); err != nil {
			t.Fatal(err)
		}
	}
	p.Close()
	out := <-done
	if !errors.Is(out.err, rtmp.ErrStreamClosed) {
		t.Errorf("the play ended with %v", out.err)
	}
	if len(out.got) != len(want) {
		t.Fatalf("%d messages came out of %d", len(out.got), len(want))
	}
	for i, m := range out.got {
		if w := want[i]; m.Type != w.Type || m.Timestamp != w.Timestamp || !bytes.Equal(m.Payload, w.Payload) {
			t.Errorf("message %d: %v at %d, %d bytes; want %v at %d, %d bytes",
				i, m.Type, m.Timestamp, len(m.Payload), w.Type, w.Timestamp, len(w.Payload))
		}
	}
	h.log.count(t, "play ended", 1)
}

// A player holds its first key frame at once, though the publisher is silent.
func TestJoin(t *testing.T) {
	h := newHouse(t, hub.Options{Delivery: hub.Economy})
	p := mustDial(t, rtmp.Publish, h.url+"cam")
	for _, m := range clip(t) {
		if err := p.WriteMessage(&m); err != nil {
			t.Fatal(err)
		}
		if isKey(&m) {
			break
		}
	}
	var joins []time.Duration
	for range 11 {
		d := rtmp.Dialer{}
		session, err := d.Dial(t.Context(), h.url)
		if err != nil {
			t.Fatal(err)
		}
		asked := time.Now()
		s, err := session.Play(t.Context(), "cam", rtmp.PlayOptions{})
		if err != nil {
			t.Fatal(err)
		}
		for {
			m, err := s.ReadMessage()
			if err != nil {
				t.Fatal(err)
			}
			if isKey(m) {
				break
			}
		}
		joins = append(joins, time.Since(asked))
		session.Close()
	}
	// The median: a machine that is busy with other tests is late now and then.
	slices.Sort(joins)
	t.Logf("the first key frame came %v after play, at worst %v", joins[5], joins[10])
	if joins[5] > 20*time.Millisecond*slow {
		t.Errorf("the first key frame came after %v", joins[5])
	}
}

func TestRefusals(t *testing.T) {
	h := newHouse(t, hub.Options{PlayWait: -1, Access: refusing{}})
	_, err := dial(t, rtmp.Publish, h.url+"cam")
	var status *rtmp.StatusError
	if !errors.As(err, &status) || status.Code != message.CodePublishBadName || status.Description != "a key is needed" {
		t.Errorf("publish: %v", err)
	}
	_, err = dial(t, rtmp.Play, h.url+"cam")
	if !errors.As(err, &status) || status.Code != message.CodePlayStreamNotFound {
		t.Errorf("play: %v", err)
	}
}

type refusing struct{ hub.Everyone }

func (refusing) Publish(context.Context, *hub.PublishRequest) (hub.Grant, error) {
	return hub.Grant{}, &hub.Refusal{Code: hub.Forbidden, Reason: "a key is needed"}
}

// Each end is counted by a word, and every line of a session has its session.
func TestEnds(t *testing.T) {
	h := newHouse(t, hub.Options{})
	c, err := net.Dial("tcp", h.addr)
	if err != nil {
		t.Fatal(err)
	}
	c.Write([]byte{3, 1, 2})
	c.Close()
	h.met.wait(t, "rtmp connection handshake")

	p := mustDial(t, rtmp.Publish, h.url+"cam")
	leaver, stayer := mustDial(t, rtmp.Play, h.url+"cam"), mustDial(t, rtmp.Play, h.url+"cam")
	h.log.count(t, "play started", 2)
	sessions, _ := h.registry.Sessions(hub.SessionQuery{Limit: 10})
	if len(sessions) != 3 || sessions[0].Role != hub.Publisher || sessions[1].Software == "" {
		t.Errorf("the sessions are %+v", sessions)
	}
	leaver.Close()
	h.met.wait(t, "rtmp play left", "rtmp connection ended")
	broken := message.Message{Type: message.Video, Payload: []byte{0x17}}
	if err := p.WriteMessage(&broken); err != nil {
		t.Fatal(err)
	}
	p.Close()
	if _, err := play(stayer); !errors.Is(err, rtmp.ErrStreamClosed) {
		t.Errorf("the play ended with %v", err)
	}
	stayer.Close()
	h.met.wait(t, "rtmp unreadable", "rtmp connection ended", "rtmp play ended", "rtmp connection ended")
	for line := range strings.Lines(h.log.String()) {
		if !strings.Contains(line, "session=") {
			t.Errorf("a line without its session: %s", line)
		}
		if !strings.Contains(line, "connection closed") && !strings.Contains(line, "broadcast="+sessions[0].Broadcast) {
			t.Errorf("a line without its broadcast: %s", line)
		}
	}
}

// A publisher that the hub ends is told why.
func TestTakenOver(t *testing.T) {
	h := newHouse(t, hub.Options{})
	first := mustDial(t, rtmp.Publish, h.url+"cam")
	mustDial(t, rtmp.Publish, h.url+"cam")
	<-first.Context().Done()
	var status *rtmp.StatusError
	if err := first.Err(); !errors.As(err, &status) || !strings.Contains(status.Description, "took this stream over") {
		t.Errorf("the first publisher ended with %v", err)
	}
}

// Pause stops sending, unpause goes on, seek fails politely.
func TestControls(t *testing.T) {
	h := newHouse(t, hub.Options{Delivery: hub.Realtime})
	p := mustDial(t, rtmp.Publish, h.url+"cam")
	messages := clip(t)
	sent := 0
	send := func(until int) {
		t.Helper()
		for ; sent < until; sent++ {
			if err := p.WriteMessage(&messages[sent]); err != nil {
				t.Fatal(err)
			}
		}
	}
	send(10)
	s := mustDial(t, rtmp.Play, h.url+"cam")
	if err := s.Control(message.Seek{Position: 1000}); err != nil {
		t.Fatal(err)
	}
	if err := s.Control(message.Pause{On: true}); err != nil {
		t.Fatal(err)
	}
	if err := s.Control(message.Pause{On: false}); err != nil {
		t.Fatal(err)
	}
	send(len(messages))
	p.Close()
	got, err := play(s)
	if !errors.Is(err, rtmp.ErrStreamClosed) {
		t.Errorf("the play ended with %v", err)
	}
	last := got[len(got)-1]
	if want := messages[len(messages)-1]; !bytes.Equal(last.Payload, want.Payload) {
		t.Errorf("the last message is %v at %d, want %v at %d", last.Type, last.Timestamp, want.Type, want.Timestamp)
	}
}
