//go:build linux && !portable

package bench

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/millrace-live/millrace/flv"
	"github.com/millrace-live/millrace/internal/tool"
	"github.com/millrace-live/millrace/rtmp"
	"github.com/millrace-live/millrace/rtmp/message"
)

// loopback serves the relay on a real socket, since pipes are not drained.
func loopback(t *testing.T, r *relay) Options {
	t.Helper()
	r.keep = true
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r.sessions.Go(func() { _ = r.Serve(l) })
	o := options(t, r)
	t.Cleanup(func() { r.Close() })
	o.Dialer, o.URL = rtmp.Dialer{}, "rtmp://"+l.Addr().String()+"/live/bench"
	o.Ramp, o.Time, o.Players, o.Observers = 0, 2*time.Second, 24, 3
	return o
}

func TestDrain(t *testing.T) {
	got, _, err := report(t, loopback(t, newRelay()))
	if err != nil || got.Players != (Group{24, 24, 24}) || got.Observers != 3 {
		t.Errorf("%+v, %v", got, err)
	}
	for name, s := range map[string]*Spread{"connect": got.Connect, "start": got.Start, "join": got.Join} {
		if s == nil || s.Count != 24 {
			t.Errorf("%s: %v", name, s)
		}
	}
	if got.Delay == nil || got.Lost+got.Unknown != 0 {
		t.Errorf("delay %v, lost %d, unknown %d", got.Delay, got.Lost, got.Unknown)
	}
	// What is drained counts: three alone do not get as much.
	if s := got.Steady; s == nil || s.Players != 24 || s.Bytes < 12*s.BytesSent {
		t.Errorf("steady: %+v", s)
	}
}

// What is drained is seen to stall, also at the end of the run.
func TestDrainStall(t *testing.T) {
	r := newRelay()
	r.drop = func(m *message.Message) bool { return m.Timestamp > 500 }
	o := loopback(t, r)
	o.Time = 4 * time.Second
	if got, _, err := report(t, o); err != nil || got.StalledPlayers != 24 || got.Observers != 3 {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestDrainLost(t *testing.T) {
	r := newRelay()
	r.Handler = rtmp.HandlerFunc(func(st *rtmp.Stream) error {
		if !st.Publishing() {
			c := st.Session().Conn()
			time.AfterFunc(time.Second, func() { c.Close() })
		}
		return r.serve(st)
	})
	o := loopback(t, r)
	o.Time = time.Minute // it ends when nobody is left
	got, _, err := report(t, o)
	if tool.StatusOf(err) != tool.Lost || got.Players != (Group{24, 24, 0}) || got.Seconds > 30 || len(got.Ends) == 0 {
		t.Errorf("%+v, %v", got, err)
	}
}

// A drained player acknowledges what it discards, as a session does, and the
// server finds its messages well-formed.
func TestDrainAcknowledges(t *testing.T) {
	r := newRelay()
	var mu sync.Mutex
	var sessions []*rtmp.Session
	r.Handler = rtmp.HandlerFunc(func(st *rtmp.Stream) error {
		if !st.Publishing() {
			mu.Lock()
			sessions = append(sessions, st.Session())
			mu.Unlock()
		}
		return r.serve(st)
	})
	o := loopback(t, r)
	o.Players, o.Observers, o.Bitrate = 3, 1, 20_000_000
	if got, _, err := report(t, o); err != nil || got.Players.Kept != 3 {
		t.Fatalf("%+v, %v", got, err)
	}
	mu.Lock()
	defer mu.Unlock()
	for _, s := range sessions {
		if st := s.Stats(); uint64(st.Acknowledged) < st.BytesOut/2 || uint64(st.Acknowledged) > st.BytesOut {
			t.Errorf("%d of %d bytes were acknowledged", st.Acknowledged, st.BytesOut)
		}
	}
}

func TestDrainHTTP(t *testing.T) {
	c := synthesise(200_000, 25, keyDistance)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		out := flv.NewWriter(w, true, true)
		start := time.Now()
		for i := range 100 {
			p := &c.packets[i]
			select {
			case <-time.After(time.Until(start.Add(time.Duration(p.timestamp) * time.Millisecond))):
			case <-r.Context().Done():
				return
			}
			_ = out.WriteTag(&flv.Tag{
				Type: flv.TagType(p.typ), Timestamp: p.timestamp, Payload: slices.Concat(p.head, p.body),
			})
			_ = http.NewResponseController(w).Flush()
		}
	}))
	defer s.Close()
	o := options(t, newRelay())
	o.Dialer, o.URL, o.Publishers, o.Players, o.Observers = rtmp.Dialer{}, s.URL+"/live/bench.flv", 0, 25, 1
	o.Ramp, o.Time = 0, time.Second
	got, _, err := report(t, o)
	if err != nil || got.Players != (Group{25, 25, 25}) || got.Join.Count != 25 || got.Bytes < 25*got.Steady.Bytes/26 {
		t.Errorf("%+v, %v", got, err)
	}
	// The server ends the stream after 100 packets.
	o.Time = 10 * time.Second
	got, _, err = report(t, o)
	if tool.StatusOf(err) != tool.Lost || got.Players != (Group{25, 25, 0}) || len(got.Ends) != 1 ||
		!strings.Contains(got.Ends[0].Reason, "the stream ended") {
		t.Errorf("%+v, %v", got, err)
	}
}

// Of those that stop reading the server closes some, which is no failure; the
// others are none either.
func TestStuck(t *testing.T) {
	for name, flood := range map[string]int{"strict server": 400, "patient server": 0} {
		t.Run(name, func(t *testing.T) {
			c := synthesise(200_000, 25, keyDistance)
			r := newRelay()
			r.WriteTimeout = 300 * time.Millisecond
			r.Handler = rtmp.HandlerFunc(func(st *rtmp.Stream) error {
				if err := st.Accept(); err != nil {
					return err
				}
				for i := range 10 {
					p := &c.packets[i]
					m := message.Message{Type: p.typ, Timestamp: p.timestamp, Payload: slices.Concat(p.head, p.body)}
					if err := st.WriteMessage(&m); err != nil {
						return err
					}
				}
				// More than the system keeps for one that does not read.
				for range flood {
					m := message.Message{Type: message.Data, Payload: make([]byte, 64<<10)}
					if err := st.WriteMessage(&m); err != nil {
						return err
					}
				}
				<-st.Context().Done()
				return nil
			})
			o := loopback(t, r)
			o.Publishers, o.Players, o.Observers, o.Stuck, o.Time = 0, 6, 1, 3, 2*time.Second
			if flood > 0 {
				o.Time = 5 * time.Second
			}
			got, _, err := report(t, o)
			if err != nil || got.Players != (Group{3, 3, 3}) || got.Stuck == nil {
				t.Fatalf("%+v, %v", got, err)
			}
			s := got.Stuck
			if s.Asked != 3 || s.Connected != 3 || flood == 0 && s.Closed != 0 {
				t.Errorf("%+v", s)
			}
			if flood > 0 && (s.Closed != 3 || s.After == nil || s.After.Count != 3 || s.After.Max > 5000) {
				t.Errorf("%+v", s)
			}
		})
	}
}

func TestChurn(t *testing.T) {
	o := loopback(t, newRelay())
	o.Players, o.Observers, o.Churn, o.Time = 2, 0, 20, 5*time.Second
	got, _, err := report(t, o)
	if err != nil || got.Players != (Group{2, 2, 2}) || got.Join == nil || got.Join.Count != 2 {
		t.Errorf("%+v, %v", got, err)
	}
	c := got.Churn
	if c == nil || c.Joins < 60 || c.Joins > 82 || c.Failed+c.NeverJoined != 0 || c.Join == nil || c.Join.Count < 30 ||
		c.Connect == nil || c.Start == nil {
		t.Errorf("churn: %+v", c)
	}
}

// Publishers that share a goroutine keep their pace beside one whose server
// reads nothing.
func TestFullSocket(t *testing.T) {
	r := newRelay()
	release := make(chan struct{})
	var once sync.Once
	free := func() { once.Do(func() { close(release) }) }
	r.Handler = rtmp.HandlerFunc(func(st *rtmp.Stream) error {
		if st.Publishing() && strings.HasSuffix(st.Path(), "1") {
			if err := st.Accept(); err != nil {
				return err
			}
			return st.Each(func(*message.Message) error {
				<-release
				return nil
			})
		}
		return r.serve(st)
	})
	o := loopback(t, r)
	o.Publishers, o.Players, o.Observers, o.Bitrate, o.Time = 6, 0, 0, 20_000_000, 4*time.Second
	time.AfterFunc(7*time.Second, free)
	got, _, err := report(t, o)
	free()
	if err != nil || got.Publishers != (Group{6, 6, 6}) {
		t.Errorf("%+v, %v", got, err)
	}
	const second = 20_000_000 / 8
	if s := got.Steady; s == nil || float64(s.BytesSent) < 4.5*second*s.Seconds || float64(s.BytesSent) > 5.7*second*s.Seconds {
		t.Errorf("steady: %+v", s)
	}
}

func TestHalfClosed(t *testing.T) {
	const table = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:078F 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1 1 0 100 0 0 10 0
   1: 0100007F:078F 0100007F:D431 04 00027A00:00000000 01:00000014 00000000     0        0 0 3 0 20 4 1 10 -1
   2: 0100007F:D431 0100007F:078F 01 00000000:00027A00 00:00000000 00000000     0        0 9 1 0 20 4 1 10 -1
   3: 0100007F:078F 0100007F:D432 01 00027A00:00000000 01:00000014 00000000     0        0 0 3 0 20 4 1 10 -1
broken
`
	var got []ports
	halfClosed(strings.NewReader(table), func(p ports) { got = append(got, p) })
	if want := []ports{{1935, 0xd431}}; !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}

// A line that is closed while it is taken keeps no descriptor open.
func TestSeizeClosed(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	d := newDrainer()
	defer d.stop()
	for range 200 {
		var p line
		if _, err := p.dial(nil)(context.Background(), "tcp", l.Addr().String()); err != nil {
			t.Fatal(err)
		}
		theirs, err := l.Accept()
		if err != nil {
			t.Fatal(err)
		}
		var wg sync.WaitGroup
		var m meter
		wg.Go(func() { d.take(&p, &m, true) })
		wg.Go(func() { p.Close() })
		wg.Wait()
		theirs.SetReadDeadline(time.Now().Add(10 * time.Second))
		if _, err := theirs.Read(make([]byte, 1)); err != io.EOF {
			t.Fatalf("the other side finds %v", err)
		}
		theirs.Close()
	}
}
