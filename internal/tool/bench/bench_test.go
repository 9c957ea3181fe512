package bench

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/millrace-live/millrace/flv"
	"github.com/millrace-live/millrace/internal/tool"
	"github.com/millrace-live/millrace/rtmp"
	"github.com/millrace-live/millrace/rtmp/message"
)

// relay is a server that passes on what is published, with planted faults.
type relay struct {
	rtmp.Server
	delay time.Duration
	drop  func(*message.Message) bool
	shift uint32
	// stall is when, after the publication has begun, nothing is passed on for
	// stallFor.
	stall, stallFor time.Duration
	// keep lets players begin with the newest key frame, and all that came
	// since; of one stream.
	keep bool

	sessions sync.WaitGroup

	mu      sync.Mutex
	players map[chan delivery]string // the stream that each plays
	kept    []delivery
}

type delivery struct {
	message.Message
	due time.Time
}

func newRelay() *relay {
	r := &relay{players: make(map[chan delivery]string)}
	r.Handler = rtmp.HandlerFunc(r.serve)
	return r
}

func (r *relay) serve(st *rtmp.Stream) error {
	if err := st.Accept(); err != nil {
		return err
	}
	if st.Publishing() {
		start := time.Now()
		return st.Each(func(m *message.Message) error {
			r.pass(st.Path(), start, m)
			return nil
		})
	}
	q := make(chan delivery, 10_000)
	r.mu.Lock()
	r.players[q] = st.Path()
	for _, d := range r.kept {
		q <- d
	}
	r.mu.Unlock()
	defer func() {
		r.mu.Lock()
		delete(r.players, q)
		r.mu.Unlock()
	}()
	for {
		select {
		case d := <-q:
			select {
			case <-time.After(time.Until(d.due)):
			case <-st.Context().Done():
				return nil
			}
			if err := st.WriteMessage(&d.Message); err != nil {
				return err
			}
		case <-st.Context().Done():
			return nil
		}
	}
}

func (r *relay) pass(stream string, start time.Time, m *message.Message) {
	if r.drop != nil && r.drop(m) {
		return
	}
	d := delivery{*m, time.Now().Add(r.delay)}
	d.Timestamp += r.shift
	if on := time.Since(start); r.stallFor > 0 && on >= r.stall && on < r.stall+r.stallFor {
		d.due = start.Add(r.stall + r.stallFor)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.keep {
		const headers = 2
		if len(m.Payload) > 1 && m.Payload[0] == 0x17 && m.Payload[1] == 1 {
			r.kept = r.kept[:min(headers, len(r.kept))]
		}
		r.kept = append(r.kept, d)
	}
	for q, of := range r.players {
		if of == stream {
			q <- d
		}
	}
}

// dialer connects to the relay over pipes.
func (r *relay) dialer() rtmp.Dialer {
	return rtmp.Dialer{NetDial: func(context.Context, string, string) (net.Conn, error) {
		ours, theirs := net.Pipe()
		r.sessions.Go(func() { _ = r.ServeConn(context.Background(), theirs, nil) })
		return ours, nil
	}}
}

func options(t *testing.T, r *relay) Options {
	t.Cleanup(r.sessions.Wait)
	return Options{
		URL: "rtmp://server.test/live/bench?key=s3cr3t", Publishers: 1, Players: 3,
		Bitrate: 200_000, FPS: 25, Ramp: time.Second, Time: 10 * time.Second,
		JSON: true, Dialer: r.dialer(),
	}
}

// bubble runs a test on a clock of its own. One thread at a time: in Go 1.26
// two that run timers of one bubble at once share a context of the race
// detector, which then crashes now and then.
func bubble(t *testing.T, f func(*testing.T)) {
	t.Helper()
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	synctest.Test(t, f)
}

// report runs the bench.
func report(t *testing.T, o Options) (r Result, out string, err error) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	err = Run(context.Background(), o, &stdout, &stderr)
	if stderr.Len() > 0 {
		t.Errorf("on stderr: %s", &stderr)
	}
	out = stdout.String()
	lines := strings.Split(strings.TrimSpace(out), "\n")
	if err := json.Unmarshal([]byte(lines[len(lines)-1]), &r); err != nil || r.Event != "report" {
		t.Fatalf("no report: %v\n%s", err, out)
	}
	return r, out, err
}

func near(got, want float64) bool { return got >= want && got <= 1.05*want+1 }

func TestSoundServer(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r, out, err := report(t, options(t, newRelay()))
		if err != nil {
			t.Fatal(err)
		}
		if r.Players != (Group{3, 3, 3}) || r.Publishers != (Group{1, 1, 1}) {
			t.Errorf("players %+v, publishers %+v", r.Players, r.Publishers)
		}
		if r.Delay == nil || r.Delay.Max > 1 || r.Stalls != 0 || r.Lost != 0 || r.Unknown != 0 || r.NeverJoined != 0 {
			t.Errorf("delay %v, %+v", r.Delay, r)
		}
		// The players come at 0, 0.33 and 0.67 s, the second key frame at 2 s.
		if r.Join == nil || r.Join.Count != 3 || r.Join.Max < 1500 || r.Join.Max > 2000 {
			t.Errorf("join %v", r.Join)
		}
		if want := 3 * 200_000. / 8 * 10.5; float64(r.Bytes) < 0.9*want || float64(r.Bytes) > 1.2*want {
			t.Errorf("%d bytes, want about %.0f", r.Bytes, want)
		}
		if strings.Contains(out, "s3cr3t") {
			t.Errorf("a secret is shown: %s", out)
		}
		if !strings.Contains(out, `"event":"progress"`) {
			t.Errorf("no progress is shown: %s", out)
		}
	})
}

func TestDelay(t *testing.T) {
	for name, shift := range map[string]uint32{"same timestamps": 0, "moved timestamps": 1<<32 - 12_345} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				s := newRelay()
				s.delay, s.shift = 80*time.Millisecond, shift
				r, _, err := report(t, options(t, s))
				if err != nil {
					t.Fatal(err)
				}
				if r.Delay == nil || !near(r.Delay.P50, 80) || !near(r.Delay.P99, 80) || !near(r.Delay.Max, 80) {
					t.Errorf("delay %v, want 80 ms", r.Delay)
				}
				if r.Lost+r.Unknown != 0 || r.Stalls != 0 {
					t.Errorf("lost %d, unknown %d, stalls %d", r.Lost, r.Unknown, r.Stalls)
				}
			})
		})
	}
}

func TestLoss(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := newRelay()
		// Six of sound in a row, and every 50th picture from 5 s on.
		sounds, pictures := 0, 0
		s.drop = func(m *message.Message) bool {
			if m.Timestamp < 5000 || m.Timestamp > 8000 {
				return false
			}
			if m.Type == message.Audio {
				sounds++
				return sounds > 10 && sounds <= 16
			}
			pictures++
			return pictures%25 == 0
		}
		r, _, err := report(t, options(t, s))
		if err != nil {
			t.Fatal(err)
		}
		if want := uint64(3 * (6 + pictures/25)); pictures < 70 || r.Lost != want || r.LostPlayers != 3 {
			t.Errorf("%d lost with %d players, want %d", r.Lost, r.LostPlayers, want)
		}
		if r.Stalls != 0 {
			t.Errorf("%d stalls", r.Stalls)
		}
	})
}

func TestStall(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := newRelay()
		s.stall, s.stallFor = 5*time.Second, 1500*time.Millisecond
		r, _, err := report(t, options(t, s))
		if err != nil {
			t.Fatal(err)
		}
		if r.Stalls != 3 || r.StalledPlayers != 3 || r.Lost != 0 {
			t.Errorf("%d stalls with %d players, %d lost", r.Stalls, r.StalledPlayers, r.Lost)
		}
		if r.Delay == nil || !near(r.Delay.Max, 1500) || r.Delay.P50 > 1 {
			t.Errorf("delay %v", r.Delay)
		}
	})
}

// A server that has stopped when the run ends has stalled, too.
func TestStallAtTheEnd(t *testing.T) {
	bubble(t, func(t *testing.T) {
		s := newRelay()
		s.drop = func(m *message.Message) bool { return m.Timestamp > 6000 }
		if r, _, err := report(t, options(t, s)); err != nil || r.Stalls != 3 {
			t.Errorf("%d stalls, %v", r.Stalls, err)
		}
	})
}

func TestSoundAlone(t *testing.T) {
	bubble(t, func(t *testing.T) {
		o := options(t, newRelay())
		o.FPS, o.Bitrate = 0, 48_000
		r, _, err := report(t, o)
		if err != nil || r.Join == nil || r.Join.Count != 3 || r.Join.Max > 50 || r.NeverJoined != 0 {
			t.Errorf("join %v, %+v, %v", r.Join, r, err)
		}
	})
}

// Players are dealt out among the publishers.
func TestManyPublishers(t *testing.T) {
	bubble(t, func(t *testing.T) {
		var mu sync.Mutex
		names := make(map[string]int)
		r := newRelay()
		r.Handler = rtmp.HandlerFunc(func(st *rtmp.Stream) error {
			mu.Lock()
			if names[st.Path()]++; !st.Publishing() {
				names["plays"]++
			}
			mu.Unlock()
			return r.serve(st)
		})
		o := options(t, r)
		o.Publishers, o.Players = 2, 4
		if got, _, err := report(t, o); err != nil || got.Publishers.Kept != 2 || got.Lost+got.Unknown != 0 || got.Delay == nil {
			t.Errorf("%+v, %v", got, err)
		}
		if names["live/bench1"] != 3 || names["live/bench2"] != 3 || names["plays"] != 4 {
			t.Errorf("streams asked for: %v", names)
		}
	})
}

func TestRefusals(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := newRelay()
		n := 0
		r.Handler = rtmp.HandlerFunc(func(st *rtmp.Stream) error {
			if !st.Publishing() {
				if n++; n > 1 {
					return rtmp.ErrStreamNotFound
				}
			}
			return r.serve(st)
		})
		got, _, err := report(t, options(t, r))
		if tool.StatusOf(err) != tool.Refused {
			t.Errorf("status %d: %v", tool.StatusOf(err), err)
		}
		if got.Players != (Group{3, 1, 1}) || len(got.Ends) != 1 || got.Ends[0].Count != 2 ||
			!strings.Contains(got.Ends[0].Reason, "StreamNotFound") {
			t.Errorf("%+v", got)
		}
	})
}

// Stopped while the server keeps its publishers waiting, there is nothing to
// report.
func TestStoppedEarly(t *testing.T) {
	bubble(t, func(t *testing.T) {
		r := newRelay()
		r.Handler = rtmp.HandlerFunc(func(st *rtmp.Stream) error {
			select {
			case <-st.Context().Done():
			case <-time.After(time.Minute):
			}
			return rtmp.ErrBadName
		})
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		var out bytes.Buffer
		if err := Run(ctx, options(t, r), &out, &out); err != nil || out.Len() > 0 {
			t.Errorf("%v, %s", err, &out)
		}
	})
}

func TestUnreachable(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	o := options(t, newRelay())
	o.Dialer, o.URL, o.Ramp = rtmp.Dialer{}, "rtmp://"+l.Addr().String()+"/live/bench", 0
	var out bytes.Buffer
	if err := Run(context.Background(), o, &out, &out); tool.StatusOf(err) != tool.Unreachable {
		t.Errorf("publishers: %v", err)
	}
	o.Publishers = 0
	if err := Run(context.Background(), o, &out, &out); tool.StatusOf(err) != tool.Unreachable {
		t.Errorf("players: %v", err)
	}
	if !strings.Contains(out.String(), `"count":3`) {
		t.Errorf("the ends of the players are not told apart by their ports: %s", &out)
	}
}

func TestUsage(t *testing.T) {
	for name, change := range map[string]func(*Options){
		"address":          func(o *Options) { o.URL = "live/bench" },
		"nothing to do":    func(o *Options) { o.Players, o.Publishers = 0, 0 },
		"players":          func(o *Options) { o.Players = -1 },
		"time":             func(o *Options) { o.Time = 0 },
		"bit rate":         func(o *Options) { o.Bitrate = 1 },
		"pictures":         func(o *Options) { o.FPS = 1000 },
		"key frames":       func(o *Options) { o.Keys = time.Millisecond },
		"publish by HTTP":  func(o *Options) { o.URL = "http://server.test/live/bench.flv" },
		"file":             func(o *Options) { o.File = "no such file" },
		"neither FLV, MP4": func(o *Options) { o.File = "bench_test.go" },
		"process":          func(o *Options) { o.PID, o.proc = 1, t.TempDir() },
	} {
		o := options(t, newRelay())
		change(&o)
		var out bytes.Buffer
		err := Run(context.Background(), o, &out, &out)
		var e *tool.Error
		if !errors.As(err, &e) || e.Status != tool.Usage || out.Len() > 0 {
			t.Errorf("%s: %v, %s", name, err, &out)
		}
	}
}

// Over real sockets, where pipes would hide what the system does.
func TestLoopback(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r := newRelay()
	go func() { _ = r.Serve(l) }()
	defer r.Close()
	o := options(t, r)
	o.Dialer, o.URL = rtmp.Dialer{}, "rtmp://"+l.Addr().String()+"/live/bench"
	o.Ramp, o.Time, o.Players = 0, 1500*time.Millisecond, 20
	got, _, err := report(t, o)
	if err != nil || got.Players != (Group{20, 20, 20}) || got.Connect == nil || got.Connect.Count != 20 {
		t.Errorf("%+v, %v", got, err)
	}
	if got.Delay == nil || got.Lost+got.Unknown != 0 {
		t.Errorf("delay %v, lost %d, unknown %d", got.Delay, got.Lost, got.Unknown)
	}
}

func TestHTTP(t *testing.T) {
	c := synthesise(200_000, 25, keyDistance)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/live/bench.flv" {
			http.NotFound(w, r)
			return
		}
		out := flv.NewWriter(w, true, true)
		for i := range 100 {
			p := &c.packets[i]
			_ = out.WriteTag(&flv.Tag{
				Type: flv.TagType(p.typ), Timestamp: p.timestamp, Payload: append(bytes.Clone(p.head), p.body...),
			})
		}
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
	}))
	defer s.Close()
	o := options(t, newRelay())
	o.Dialer = rtmp.Dialer{}
	o.URL, o.Publishers, o.Ramp, o.Time = s.URL+"/live/bench.flv", 0, 0, time.Second
	r, _, err := report(t, o)
	if err != nil || r.Messages != 300 || r.Join == nil || r.Join.Count != 3 || r.Delay != nil {
		t.Errorf("%+v, %v", r, err)
	}
	o.URL = s.URL + "/live/other.flv"
	if r, _, err = report(t, o); tool.StatusOf(err) != tool.Refused || r.Players.Connected != 0 {
		t.Errorf("%+v, %v", r, err)
	}
}
