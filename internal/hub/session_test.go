package hub

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// sessions reads all pages of a query.
func (h *house) sessions(q SessionQuery) (all []SessionInfo) {
	for {
		page, more := h.Sessions(q)
		if len(page) > q.Limit || more && len(page) < q.Limit {
			h.t.Errorf("a page of %d, at most %d, more: %v", len(page), q.Limit, more)
		}
		all = append(all, page...)
		if !more {
			return all
		}
		q.After = page[len(page)-1].Number
	}
}

func TestSessions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := open(t, Options{})
		p := h.publish()
		p.write(key(0), sound(0))
		began := time.Now()
		rtt := func() time.Duration { return 40 * time.Millisecond }
		r := h.play(PlayRequest{Session: "p1", Protocol: "rtmp", Software: strings.Repeat("VLC ", 100), RTT: rtt})
		h.play(PlayRequest{Session: "p2", Protocol: "ws-flv"}).Close()
		h.play(PlayRequest{Protocol: "hls", FromOldest: true})
		drain(t, r)
		r.Sent(300)

		got := h.sessions(SessionQuery{Limit: 10})
		if len(got) != 2 {
			t.Fatalf("%d sessions: %+v", len(got), got)
		}
		want := SessionInfo{
			Number: 1, ID: "alice@192.0.2.1", Role: Publisher, Protocol: "rtmp", Stream: "live/cam1", Broadcast: p.Broadcast(),
			Software: "obs", Remote: p.id.remote, Since: began, BytesIn: 200, Frames: 2,
		}
		if got[0] != want {
			t.Errorf("got  %+v\nwant %+v", got[0], want)
		}
		want = SessionInfo{
			Number: 2, ID: "p1", Role: Player, Protocol: "rtmp", Stream: "live/cam1", Broadcast: p.Broadcast(),
			Software: strings.Repeat("VLC ", 32), Since: began, BytesOut: 300, RTT: 40 * time.Millisecond,
		}
		if got[1] != want {
			t.Errorf("got  %+v\nwant %+v", got[1], want)
		}

		// A player that takes nothing lags, one that waits does not.
		p.stream(40, 2000)
		got = h.sessions(SessionQuery{Role: Player, Limit: 10})
		if len(got) != 1 || got[0].Lag != 1920*time.Millisecond || got[0].LagBytes != 98*(100+frameOverhead) {
			t.Errorf("lags %+v", got)
		}
		drain(t, r)
		if got = h.sessions(SessionQuery{Role: Player, Limit: 10}); got[0].Lag != 0 || got[0].LagBytes != 0 {
			t.Errorf("lags still %+v", got)
		}

		other := h.publishAs("alice", "192.0.2.1", "obs")
		if got = h.sessions(SessionQuery{Role: Publisher, Limit: 10}); len(got) != 1 || got[0].Number != other.number {
			t.Errorf("after a take-over: %+v", got)
		}
		for _, q := range []SessionQuery{
			{Stream: "live/cam2", Limit: 10},
			{Protocol: "ws-flv", Limit: 10},
			{Role: Publisher, After: other.number, Limit: 10},
		} {
			if got := h.sessions(q); len(got) != 0 {
				t.Errorf("%+v gives %+v", q, got)
			}
		}
	})
}

// someone is a session of a test of the roster alone.
type someone struct {
	id   string
	even bool
}

func (s someone) matches(q *SessionQuery) bool { return q.Stream == "" || s.even }
func (s someone) session() SessionInfo         { return SessionInfo{ID: s.id} }
func (s someone) identity() string             { return s.id }
func (s someone) owner() string                { return "" }
func (s someone) permitted() Permit            { return nil }
func (s someone) expel(*Refusal) bool          { return false }

// Pages are whole and in order, whoever left.
func TestRosterPages(t *testing.T) {
	h := &house{t: t, Registry: &Registry{}}
	var want []string
	for i := range 30_000 {
		id := fmt.Sprint(i)
		n := h.roster.enter(someone{id, i%2 == 0})
		if rand.IntN(10) > 0 && i%1000 != 0 {
			h.roster.leave(n)
			h.roster.leave(n + 1) // is not there yet
			continue
		}
		if i%2 == 0 {
			want = append(want, id)
		}
	}
	if len(h.roster.list) > 15_000 {
		t.Errorf("%d places are kept", len(h.roster.list))
	}
	var got []string
	for _, s := range h.sessions(SessionQuery{Stream: "even", Limit: 7}) {
		got = append(got, s.ID)
	}
	if strings.Join(got, " ") != strings.Join(want, " ") {
		t.Errorf("%d sessions, want %d", len(got), len(want))
	}
}
