package rehearsal

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/millrace-live/millrace/internal/hub"
	"github.com/millrace-live/millrace/internal/hub/hubtest"
	"github.com/millrace-live/millrace/media"
)

// rehearsing lets everybody rehearse.
type rehearsing struct{ hub.Everyone }

func (r rehearsing) Publish(ctx context.Context, req *hub.PublishRequest) (hub.Grant, error) {
	g, err := r.Everyone.Publish(ctx, req)
	g.Rehearse = true
	return g, err
}

type house struct {
	t     *testing.T
	hub   *hub.Registry
	stage *Stage
}

func open(t *testing.T) *house {
	h := &house{t: t}
	h.hub = hub.New(hub.Options{Access: rehearsing{}, Events: func(e hub.Event) { h.stage.Event(e) }})
	h.stage = New(h.hub, slog.New(slog.DiscardHandler))
	t.Cleanup(func() {
		h.stage.Close()
		if err := h.hub.Shutdown(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return h
}

func (h *house) publish(session string) *encoder {
	h.t.Helper()
	p, err := h.hub.Publish(h.t.Context(), hub.PublishRequest{
		App: "live", Name: "cam", Protocol: "rtmp", Session: session, Software: "obs", Remote: netip.MustParseAddrPort("192.0.2.1:1"),
	})
	if err != nil {
		h.t.Fatal(err)
	}
	return &encoder{Publication: p, t: h.t, key: 2 * time.Second, tracks: hubtest.Tracks(hubtest.Video(0), hubtest.Audio())}
}

type encoder struct {
	*hub.Publication
	t      *testing.T
	key    time.Duration
	tracks *media.TrackSet
	at     time.Duration
	ahead  time.Duration // of its clock
}

// send publishes 25 pictures a second, and sound, in real time.
func (e *encoder) send(d time.Duration) {
	e.t.Helper()
	for end := e.at + d; e.at < end; e.at += 40 * time.Millisecond {
		for _, t := range e.tracks.Tracks {
			f := &media.Frame{Kind: t.Kind, Track: t.ID, Tracks: e.tracks, Class: media.Key, DTS: int64(e.at + e.ahead), Payload: make([]byte, 100)}
			if t.Kind == media.Video {
				f.Payload = make([]byte, 10_000)
				if e.at%e.key != 0 {
					f.Class = media.Inter
				}
			}
			f.PTS = f.DTS
			if err := e.Write(f); err != nil {
				e.t.Fatal(err)
			}
		}
		time.Sleep(40 * time.Millisecond)
	}
}

func (h *house) report() *Report {
	h.t.Helper()
	synctest.Wait()
	r, ok := h.stage.Report("live/cam")
	if !ok {
		h.t.Fatal("there is no report")
	}
	return r
}

func ids(r *Report) string {
	var all []string
	for _, f := range r.Found {
		all = append(all, f.ID)
	}
	return strings.Join(all, " ")
}

func TestARehearsalIsMeasuredWhileItIsOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := open(t)
		if _, ok := h.stage.Report("live/cam"); ok {
			t.Error("there is a report of nothing")
		}
		e := h.publish("one")
		e.send(2 * time.Second)
		if r := h.report(); r.Verdict != Measuring || r.Checks != nil || r.Session != "one" || r.Encoder != "obs" || r.Stream != "live/cam" {
			t.Errorf("%+v", r)
		}
		e.send(10 * time.Second)
		r := h.report()
		if r.Checks == nil || r.Checks.Video == nil || r.Checks.Audio == nil || r.Checks.Video.FrameRate < 24 || r.Checks.Video.Keys.Mean != 2 {
			t.Fatalf("%+v", r.Checks)
		}
		good := ids(r)
		if strings.Contains(good, "key-distance") || !r.Ended.IsZero() || r.Seconds < 11 || r.Seconds > 12 {
			t.Errorf("%s in %+v", good, r)
		}

		// What is wrong for a while stays found when it is right again.
		e.key = 10 * time.Second
		e.send(40 * time.Second)
		e.key = 2 * time.Second
		e.send(70 * time.Second)
		r = h.report()
		if len(r.Found) <= len(strings.Fields(good)) || r.Checks.Video.Keys.Longest != 2 || r.Seconds < 118 {
			t.Errorf("found %s, before %s; %+v", ids(r), good, r.Checks.Video.Keys)
		}
		for _, f := range r.Found {
			if f.First.After(f.Last) || f.Text == "" || f.First.IsZero() {
				t.Errorf("%+v", f)
			}
		}

		e.ahead = time.Hour
		e.send(10 * time.Second)
		if r := h.report(); !strings.Contains(ids(r), "clock") || r.Verdict == Good {
			t.Errorf("a jump of the clock is not found: %s, %s", r.Verdict, ids(r))
		}
		e.End(nil)
		r = h.report()
		if r.Ended.IsZero() || r.Reason != "the encoder stopped" || r.Checks == nil {
			t.Errorf("%+v", r)
		}
		b, err := json.Marshal(r)
		if err != nil || !strings.Contains(string(b), `"verdict":"`) || !strings.Contains(string(b), `"first":"2000-`) {
			t.Errorf("%s, %v", b, err)
		}
	})
}

func TestAShortRehearsal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := open(t)
		e := h.publish("one")
		e.send(time.Second)
		e.End(context.Canceled)
		if r := h.report(); r.Verdict != TooShort || r.Reason != "the connection was lost" {
			t.Errorf("%+v", r)
		}
	})
}

// A second session begins a report of its own, also while the first one is there.
func TestTheNextRehearsal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := open(t)
		first := h.publish("one")
		first.send(10 * time.Second)
		time.Sleep(5 * time.Second) // its connection hangs
		second := h.publish("two")
		second.send(6 * time.Second)
		r := h.report()
		if r.Session != "two" || r.Seconds < 5 || r.Seconds > 7 || r.Checks == nil || !r.Ended.IsZero() {
			t.Errorf("%+v", r)
		}
		second.End(nil)
		third := h.publish("three")
		third.send(time.Second)
		if r := h.report(); r.Session != "three" || r.Verdict != Measuring {
			t.Errorf("%+v", r)
		}
	})
}

func TestOldRehearsalsAreForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := open(t)
		for i := range maxKept + 1 {
			h.stage.Event(hub.Event{Kind: hub.RehearsalStarted, Stream: fmt.Sprint("live/", i), Time: time.Now().Add(time.Duration(i))})
		}
		synctest.Wait()
		if _, ok := h.stage.Report("live/0"); ok || len(h.stage.runs) != maxKept {
			t.Errorf("%d are kept", len(h.stage.runs))
		}
		if _, ok := h.stage.Report(fmt.Sprint("live/", maxKept)); !ok {
			t.Error("the newest is not kept")
		}
		h.stage.Close()
		h.stage.Event(hub.Event{Kind: hub.RehearsalStarted, Stream: "live/x", Time: time.Now()})
		if _, ok := h.stage.Report("live/x"); ok {
			t.Error("it goes on after its end")
		}
	})
}
