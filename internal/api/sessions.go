package api

import (
	"context"
	"fmt"
	"math"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/millrace-live/millrace/internal/access"
	"github.com/millrace-live/millrace/internal/catalog"
	"github.com/millrace-live/millrace/internal/hub"
	"github.com/millrace-live/millrace/internal/problem"
	"github.com/millrace-live/millrace/internal/window"
)

// Pages of sessions.
const (
	defaultPage = 100
	largestPage = 1000
)

// Session is a publisher or a player as programs see it. Times are seconds.
type Session struct {
	ID        string    `json:"id"`
	Role      string    `json:"role"`
	Protocol  string    `json:"protocol"`
	TLS       string    `json:"tls,omitempty"` // the version; not there in plain
	Stream    string    `json:"stream"`
	Broadcast string    `json:"broadcast"`
	Software  string    `json:"software,omitempty"`
	Since     timestamp `json:"since"`
	*Received           // of a publisher
	*Sent               // of a player
	*Watched            // of a viewer without a connection of its own
	RTT       float64   `json:"rtt,omitempty"`
	// Remote is for those who run the server only.
	Remote string `json:"remote,omitempty"`
}

// Received is what came of a publisher.
type Received struct {
	BytesIn uint64 `json:"bytes_in"`
	Frames  uint64 `json:"frames"`
}

// Sent is what went to a player, and how far behind it is, in seconds.
type Sent struct {
	BytesOut uint64  `json:"bytes_out"`
	Drops    uint64  `json:"drops"`
	Lag      float64 `json:"lag"`
	LagBytes uint64  `json:"lag_bytes"`
}

// Watched is what is known of a viewer of HLS or DASH: what its player tells, if it
// tells anything.
type Watched struct {
	CMCD *Told `json:"cmcd,omitempty"`
	// Playback is the player's name for its session, for those who run the server
	// only: with it a viewer can be found elsewhere, too.
	Playback string `json:"playback_session,omitempty"`
}

// Told is what a player told by CMCD, as of At.
type Told struct {
	At           timestamp `json:"at"`
	Buffer       *float64  `json:"buffer,omitempty"`
	Throughput   int64     `json:"throughput,omitempty"`
	VideoBitrate int64     `json:"video_bitrate,omitempty"`
	AudioBitrate int64     `json:"audio_bitrate,omitempty"`
	Latency      float64   `json:"latency,omitempty"`
	Starvations  uint64    `json:"starvations"`
}

// SessionList is a page of sessions.
type SessionList struct {
	Time     timestamp `json:"time"`
	Sessions []Session `json:"sessions"`
	Next     string    `json:"next,omitempty" doc:"The cursor of the next page."`
	// PlainPublishers are there when plain sessions are asked for.
	PlainPublishers *[]PlainPublisher `json:"plain_publishers,omitempty" doc:"Encoders that have yet to move to TLS; there when plain sessions are asked for."`
}

func (a *API) serveSessions() {
	register(a, operation{
		id: "list-sessions", method: http.MethodGet, path: "/sessions", tag: "sessions", summary: "List who publishes and watches",
		about: "In the order in which they came; then those who watch without a connection of their own. " +
			"Without a token: those of public streams, without addresses.",
		more: func(op *huma.Operation) {
			// Its parameters are read by setQuery, whose sentences say more.
			op.SkipValidateParams = true
			text := &huma.Schema{Type: huma.TypeString}
			for _, p := range []huma.Param{
				{Name: "stream", Description: "The name of a stream."},
				{Name: "role", Description: "publisher or player"},
				{Name: "protocol", Description: "One of " + strings.Join(protocols, ", ") + "."},
				{Name: "plain", Description: "true for sessions without TLS, false for those with it."},
				{Name: "limit", Schema: &huma.Schema{Type: huma.TypeInteger, Minimum: new(1.0), Maximum: new(float64(largestPage)), Default: defaultPage}},
				{Name: "cursor", Description: "The next of the page before."},
			} {
				if p.In = "query"; p.Schema == nil {
					p.Schema = text
				}
				op.Parameters = append(op.Parameters, &p)
			}
		},
	}, a.sessions)
	register(a, operation{
		id: "kick-session", method: http.MethodDelete, path: "/sessions/{id}", tag: "sessions", summary: "End a session",
		about: "Viewers of HLS and DASH have no connection that could be ended.", role: catalog.Operator,
	}, a.kickSession)
}

// sessions answers with a page of those who are connected, in the order in
// which they came, and then of those who watch without a connection of their own.
func (a *API) sessions(ctx context.Context, _ *Nothing) (*Plain[SessionList], error) {
	who := whoAsks(ctx)
	q, viewers, err := sessionQuery(who.request.URL.RawQuery)
	if err != nil {
		return nil, problem.New(http.StatusBadRequest, err.Error())
	}
	answer := &SessionList{Time: timestamp(time.Now()), Sessions: []Session{}}
	if !viewers {
		if q.Plain && q.Role != hub.Player && q.After == 0 {
			answer.PlainPublishers = a.plainPublishers(q, who)
		}
		if last, more := a.addSessions(answer, q, who); more {
			answer.Next = strconv.FormatUint(last, 10)
		}
		q.After = 0
	}
	if answer.Next == "" && a.Viewers != nil {
		if last, more := a.addViewers(answer, q, who); more {
			answer.Next = viewersCursor + strconv.FormatUint(last, 10)
		}
	}
	return &Plain[SessionList]{*answer}, nil
}

// addSessions adds those that who asks may see until the page is full.
func (a *API) addSessions(answer *SessionList, q hub.SessionQuery, who *identity) (last uint64, more bool) {
	limit := q.Limit
	for last = q.After; ; q.After = last {
		q.Limit = limit - len(answer.Sessions)
		var page []hub.SessionInfo
		page, more = a.Hub.Sessions(q)
		for i := range page {
			if last = page[i].Number; a.seesSession(who, page[i].Stream) {
				answer.Sessions = append(answer.Sessions, newSession(&page[i], seesRemote(who, page[i].Stream)))
			}
		}
		if !more || len(page) == 0 || len(answer.Sessions) == limit {
			return last, more
		}
	}
}

// addViewers does the same for those without connections.
func (a *API) addViewers(answer *SessionList, q hub.SessionQuery, who *identity) (last uint64, more bool) {
	limit := q.Limit
	for last = q.After; ; q.After = last {
		q.Limit = limit - len(answer.Sessions)
		var page []window.Session
		page, more = a.Viewers.Sessions(q)
		for i := range page {
			if last = page[i].Number; a.seesSession(who, page[i].Stream) {
				answer.Sessions = append(answer.Sessions, newViewer(&page[i], seesRemote(who, page[i].Stream)))
			}
		}
		if !more || len(page) == 0 || len(answer.Sessions) == limit {
			return last, more
		}
	}
}

// seesSession reports whether who may know of a stream's sessions: of one that he is
// in charge of, or of one that everybody may know of.
func (a *API) seesSession(who *identity, stream string) bool {
	sub := subject{entry: a.byPath(stream)}
	return who.over(app(stream)) || sub.public()
}

// seesRemote reports whether who may know where a session comes from.
func seesRemote(who *identity, stream string) bool {
	return who.may(catalog.Operator) && who.over(app(stream))
}

func (a *API) kickSession(ctx context.Context, in *Object) (*Nothing, error) {
	if a.Kicker == nil {
		return nil, notHere("this server ends no sessions")
	}
	who := whoAsks(ctx)
	for q := (hub.SessionQuery{Limit: largestPage}); ; {
		page, more := a.Hub.Sessions(q)
		for i := range page {
			if page[i].ID != in.ID {
				continue
			}
			if err := within(who, app(page[i].Stream)); err != nil {
				return nil, err
			}
			if a.Kicker.Kick(in.ID, "ended by "+string(who.actor)) {
				return nil, nil
			}
		}
		if !more || len(page) == 0 {
			return nil, problem.New(http.StatusNotFound, "there is no session with a connection of that name")
		}
		q.After = page[len(page)-1].Number
	}
}

// viewersCursor is what cursors among viewers without connections begin with.
const viewersCursor = "v"

func newViewer(info *window.Session, admin bool) Session {
	s := newSession(&info.SessionInfo, admin)
	s.Sent = nil // nothing of that is known of a single one
	s.Watched = &Watched{}
	if admin {
		s.Playback = info.Playback
	}
	if told := info.Report; told != nil {
		s.CMCD = &Told{
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

func newSession(info *hub.SessionInfo, admin bool) Session {
	s := Session{
		ID: info.ID, Role: info.Role.String(), Protocol: info.Protocol, TLS: info.TLS, Stream: info.Stream, Broadcast: info.Broadcast,
		Software: info.Software, Since: timestamp(info.Since), RTT: round(info.RTT.Seconds(), 3),
	}
	if info.Role == hub.Publisher {
		s.Received = &Received{info.BytesIn, info.Frames}
	} else {
		s.Sent = &Sent{info.BytesOut, info.Drops, round(info.Lag.Seconds(), 3), info.LagBytes}
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
