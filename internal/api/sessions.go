package api

import (
	"fmt"
	"math"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/millrace-live/millrace/internal/access"
	"github.com/millrace-live/millrace/internal/hub"
	"github.com/millrace-live/millrace/internal/problem"
	"github.com/millrace-live/millrace/internal/window"
)

// Pages of sessions.
const (
	defaultPage = 100
	largestPage = 1000
)

// session is a publisher or a player as programs see it. Times are seconds.
type session struct {
	ID        string    `json:"id"`
	Role      string    `json:"role"`
	Protocol  string    `json:"protocol"`
	TLS       string    `json:"tls,omitempty"` // the version; not there in plain
	Stream    string    `json:"stream"`
	Broadcast string    `json:"broadcast"`
	Software  string    `json:"software,omitempty"`
	Since     timestamp `json:"since"`
	*received           // of a publisher
	*sent               // of a player
	*watched            // of a viewer without a connection of its own
	RTT       float64   `json:"rtt,omitempty"`
	// Remote is for those who run the server only.
	Remote string `json:"remote,omitempty"`
}

type received struct {
	BytesIn uint64 `json:"bytes_in"`
	Frames  uint64 `json:"frames"`
}

type sent struct {
	BytesOut uint64  `json:"bytes_out"`
	Drops    uint64  `json:"drops"`
	Lag      float64 `json:"lag"`
	LagBytes uint64  `json:"lag_bytes"`
}

// watched is what is known of a viewer of HLS or DASH: what its player tells, if it
// tells anything.
type watched struct {
	CMCD *cmcd `json:"cmcd,omitempty"`
	// Playback is the player's name for its session, for those who run the server
	// only: with it a viewer can be found elsewhere, too.
	Playback string `json:"playback_session,omitempty"`
}

// cmcd is what a player told by CMCD, as of At.
type cmcd struct {
	At           timestamp `json:"at"`
	Buffer       *float64  `json:"buffer,omitempty"`
	Throughput   int64     `json:"throughput,omitempty"`
	VideoBitrate int64     `json:"video_bitrate,omitempty"`
	AudioBitrate int64     `json:"audio_bitrate,omitempty"`
	Latency      float64   `json:"latency,omitempty"`
	Starvations  uint64    `json:"starvations"`
}

// sessions answers with a page of those who are connected, in the order in
// which they came, and then of those who watch without a connection of their own.
func (a *API) sessions(w http.ResponseWriter, r *http.Request) {
	q, viewers, err := sessionQuery(r.URL.RawQuery)
	if err != nil {
		problem.Write(w, http.StatusBadRequest, err.Error())
		return
	}
	answer := struct {
		Time     timestamp `json:"time"`
		Sessions []session `json:"sessions"`
		// Next is the cursor of the next page.
		Next string `json:"next,omitempty"`
		// PlainPublishers are there when plain sessions are asked for.
		PlainPublishers *[]plainPublisher `json:"plain_publishers,omitempty"`
	}{Time: timestamp(time.Now())}
	admin := a.Token.Admits(r)
	answer.Sessions = []session{}
	if !viewers {
		page, more := a.Hub.Sessions(q)
		for i := range page {
			answer.Sessions = append(answer.Sessions, newSession(&page[i], admin))
		}
		if q.Plain && q.Role != hub.Player && q.After == 0 {
			answer.PlainPublishers = a.plainPublishers(q, admin)
		}
		if more {
			answer.Next = strconv.FormatUint(page[len(page)-1].Number, 10)
		}
		q.After = 0
	}
	if answer.Next == "" && a.Viewers != nil {
		q.Limit -= len(answer.Sessions)
		page, more := a.Viewers.Sessions(q)
		for i := range page {
			answer.Sessions = append(answer.Sessions, newViewer(&page[i], admin))
		}
		if more {
			last := q.After
			if len(page) > 0 {
				last = page[len(page)-1].Number
			}
			answer.Next = viewersCursor + strconv.FormatUint(last, 10)
		}
	}
	reply(w, answer)
}

// viewersCursor is what cursors among viewers without connections begin with.
const viewersCursor = "v"

func newViewer(info *window.Session, admin bool) session {
	s := newSession(&info.SessionInfo, admin)
	s.sent = nil // nothing of that is known of a single one
	s.watched = &watched{}
	if admin {
		s.Playback = info.Playback
	}
	if told := info.Report; told != nil {
		s.CMCD = &cmcd{
			At: timestamp(told.At), Throughput: told.Throughput,
			VideoBitrate: told.Picture, AudioBitrate: told.Sound, Latency: round(told.Latency.Seconds(), 3),
			Starvations: told.Starvations,
		}
		if told.Buffer >= 0 {
			buffer := round(told.Buffer.Seconds(), 3)
			s.CMCD.Buffer = &buffer
		}
	}
	return s
}

func newSession(info *hub.SessionInfo, admin bool) session {
	s := session{
		ID: info.ID, Role: info.Role.String(), Protocol: info.Protocol, TLS: info.TLS, Stream: info.Stream, Broadcast: info.Broadcast,
		Software: info.Software, Since: timestamp(info.Since), RTT: round(info.RTT.Seconds(), 3),
	}
	if info.Role == hub.Publisher {
		s.received = &received{info.BytesIn, info.Frames}
	} else {
		s.sent = &sent{info.BytesOut, info.Drops, round(info.Lag.Seconds(), 3), info.LagBytes}
	}
	if admin && info.Remote.IsValid() {
		s.Remote = info.Remote.String()
	}
	return s
}

// sessionQuery reads the query of an address, and whether its page is one of those
// with viewers alone. Its errors are sentences.
func sessionQuery(raw string) (q hub.SessionQuery, viewers bool, err error) {
	q.Limit = defaultPage
	values, err := url.ParseQuery(raw)
	if err != nil {
		return q, false, fmt.Errorf("the query cannot be read: %w", err)
	}
	for name, given := range values {
		if len(given) > 1 {
			return q, false, fmt.Errorf("%q is given %d times", name, len(given))
		}
		if err := setQuery(&q, name, given[0]); err != nil {
			return q, false, err
		}
		viewers = viewers || name == "cursor" && strings.HasPrefix(given[0], viewersCursor)
	}
	return q, viewers, nil
}

// protocols are those of the sessions that this version serves.
var protocols = []string{"rtmp", "rtmps", "rtmpe", "rtmpt", "rtmpts", "rtmpte", "http-flv", "ws-flv", "ts", "hls", "dash", "demo"}

func setQuery(q *hub.SessionQuery, name, value string) (err error) {
	switch name {
	case "stream":
		if q.Stream, err = access.StreamName("", value); err != nil {
			return fmt.Errorf("stream=%q: %w", value, err)
		}
	case "role":
		switch value {
		case hub.Publisher.String():
			q.Role = hub.Publisher
		case hub.Player.String():
			q.Role = hub.Player
		default:
			return fmt.Errorf("role=%q: give publisher or player", value)
		}
	case "protocol":
		if q.Protocol = value; !slices.Contains(protocols, value) {
			return fmt.Errorf("protocol=%q: give one of %s", value, strings.Join(protocols, ", "))
		}
	case "plain":
		switch value {
		case "true":
			q.Plain = true
		case "false":
			q.Secure = true
		default:
			return fmt.Errorf("plain=%q: give true for sessions without TLS, or false for those with it", value)
		}
	case "limit":
		if q.Limit, err = strconv.Atoi(value); err != nil || q.Limit < 1 || q.Limit > largestPage {
			return fmt.Errorf("limit=%q: give a number from 1 to %d", value, largestPage)
		}
	case "cursor":
		if q.After, err = strconv.ParseUint(strings.TrimPrefix(value, viewersCursor), 10, 64); err != nil || q.After == math.MaxUint64 {
			return fmt.Errorf("cursor=%q: give what stood in next of the page before", value)
		}
	default:
		return fmt.Errorf("there is no %q: sessions are asked for by stream, role, protocol, plain, limit and cursor", name)
	}
	return nil
}
