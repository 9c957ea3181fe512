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

// sessions answers with a page of those who are connected, in the order in
// which they came.
func (a *API) sessions(w http.ResponseWriter, r *http.Request) {
	q, err := sessionQuery(r.URL.RawQuery)
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
	page, more := a.Hub.Sessions(q)
	answer.Sessions = make([]session, len(page))
	admin := a.Token.Admits(r)
	for i := range page {
		answer.Sessions[i] = newSession(&page[i], admin)
	}
	if q.Plain && q.Role != hub.Player && q.After == 0 {
		answer.PlainPublishers = a.plainPublishers(q, admin)
	}
	if more {
		answer.Next = strconv.FormatUint(page[len(page)-1].Number, 10)
	}
	reply(w, answer)
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

// sessionQuery reads the query of an address. Its errors are sentences.
func sessionQuery(raw string) (hub.SessionQuery, error) {
	q := hub.SessionQuery{Limit: defaultPage}
	values, err := url.ParseQuery(raw)
	if err != nil {
		return q, fmt.Errorf("the query cannot be read: %w", err)
	}
	for name, given := range values {
		if len(given) > 1 {
			return q, fmt.Errorf("%q is given %d times", name, len(given))
		}
		if err := setQuery(&q, name, given[0]); err != nil {
			return q, err
		}
	}
	return q, nil
}

// protocols are those of the sessions that this version serves.
var protocols = []string{"rtmp", "rtmps", "rtmpe", "rtmpt", "rtmpts", "rtmpte", "http-flv", "ws-flv", "ts", "demo"}

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
		if q.After, err = strconv.ParseUint(value, 10, 64); err != nil || q.After == math.MaxUint64 {
			return fmt.Errorf("cursor=%q: give what stood in next of the page before", value)
		}
	default:
		return fmt.Errorf("there is no %q: sessions are asked for by stream, role, protocol, plain, limit and cursor", name)
	}
	return nil
}
