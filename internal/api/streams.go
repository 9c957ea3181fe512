package api

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"time"

	"github.com/millrace-live/millrace/internal/access"
	"github.com/millrace-live/millrace/internal/hub"
	"github.com/millrace-live/millrace/internal/problem"
	"github.com/millrace-live/millrace/internal/window"
	"github.com/millrace-live/millrace/media"
)

// Hub is the part of the hub that the API shows.
type Hub interface {
	Streams() []hub.StreamInfo
	Stream(name string) (hub.StreamInfo, bool)
	Sessions(q hub.SessionQuery) (page []hub.SessionInfo, more bool)
	PlainPublishers() []hub.PlainPublisher
}

// Viewers is the part of the packaged streams that the API shows.
type Viewers interface {
	Sessions(q hub.SessionQuery) (page []window.Session, more bool)
}

// TimeShift is how far back viewers can seek.
type TimeShift struct {
	Window    time.Duration // as far as the stream may go
	Available time.Duration // as far as there is something
	Oldest    time.Time     // where that begins
}

// API is the handler of /api/.
type API struct {
	Hub   Hub
	Site  Site
	Token access.Token
	// Viewers are those of the outputs that have no connections; nil: there are none.
	Viewers Viewers
	// Shift says how far back a stream can be watched; nil: not at all.
	Shift func(stream string) (TimeShift, bool)
	// Outputs are asked which tracks of a stream their players cannot get.
	Outputs []Output

	mux *http.ServeMux
}

// Output is a protocol that cannot carry every codec.
type Output struct {
	Protocol string
	// Refuses says in a few words why a track cannot be played, "" if it can.
	Refuses func(*media.Track) string
}

// New returns the API's handler.
func New(h Hub, site Site, token access.Token) *API {
	a := &API{Hub: h, Site: site, Token: token, mux: http.NewServeMux()}
	a.mux.HandleFunc("GET /api/v1/streams", a.list)
	a.mux.HandleFunc("GET /api/v1/streams/{name...}", a.one)
	a.mux.HandleFunc("GET /api/v1/sessions", a.sessions)
	a.mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		problem.Write(w, http.StatusNotFound, "there is no such address in the API")
	})
	return a
}

// ServeHTTP implements [http.Handler].
func (a *API) ServeHTTP(w http.ResponseWriter, r *http.Request) { a.mux.ServeHTTP(w, r) }

func (a *API) list(w http.ResponseWriter, r *http.Request) {
	answer := struct {
		Time timestamp `json:"time"`
		// Ingest is what to type into an encoder as its server.
		Ingest  string   `json:"ingest"`
		Streams []stream `json:"streams"`
	}{timestamp(time.Now()), a.Site.Ingest(r), []stream{}}
	admin := a.Token.Admits(r)
	for _, info := range a.Hub.Streams() {
		if info.State != hub.Ended {
			answer.Streams = append(answer.Streams, a.stream(r, &info, admin))
		}
	}
	slices.SortFunc(answer.Streams, func(a, b stream) int { return cmp.Compare(a.Name, b.Name) })
	reply(w, answer)
}

func (a *API) one(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("name")
	info, ok := a.Hub.Stream(name)
	if !ok || info.State == hub.Ended {
		problem.Write(w, http.StatusNotFound, fmt.Sprintf("the stream %q is not on air", name))
		return
	}
	reply(w, struct {
		Time timestamp `json:"time"`
		stream
	}{timestamp(time.Now()), a.stream(r, &info, a.Token.Admits(r))})
}

func reply(w http.ResponseWriter, v any) {
	b, err := json.Marshal(v)
	if err != nil {
		problem.Write(w, http.StatusInternalServerError, "the answer could not be written")
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.Write(append(b, '\n'))
}

// timestamp is a time as RFC 3339 has it, in UTC and milliseconds.
type timestamp time.Time

func (t timestamp) MarshalText() ([]byte, error) {
	return []byte(time.Time(t).UTC().Format("2006-01-02T15:04:05.000Z07:00")), nil
}

type stream struct {
	Name         string         `json:"name"`
	State        string         `json:"state"`
	Broadcast    string         `json:"broadcast,omitempty"`
	Since        timestamp      `json:"since"`
	Video        *video         `json:"video,omitempty"`
	Audio        *audio         `json:"audio,omitempty"`
	Tracks       []track        `json:"tracks"`
	Unplayable   []unplayable   `json:"unplayable,omitempty"`
	Bitrate      int64          `json:"bitrate"`
	BytesIn      uint64         `json:"bytes_in"`
	BytesOut     uint64         `json:"bytes_out"`
	Frames       uint64         `json:"frames"`
	Drops        uint64         `json:"drops"`
	RingSeconds  float64        `json:"ring_seconds"`
	RingBytes    uint64         `json:"ring_bytes"`
	Viewers      map[string]int `json:"viewers"`
	ViewersTotal int            `json:"viewers_total"`
	WaitingTotal int            `json:"waiting_total"`
	Publisher    *publisher     `json:"publisher,omitempty"`
	TimeShift    *timeShift     `json:"time_shift,omitempty"`
	EncoderClock *encoderClock  `json:"encoder_clock,omitempty"`
	Addresses    Addresses      `json:"addresses"`
}

// timeShift is how far back viewers can seek, in seconds.
type timeShift struct {
	Window    float64   `json:"window"`
	Available float64   `json:"available"`
	Oldest    timestamp `json:"oldest"`
}

// encoderClock is how long ago, in seconds, it was by the encoder's own clock that
// it made what arrived last.
type encoderClock struct {
	Source string  `json:"source"`
	Delay  float64 `json:"delay"`
}

type publisher struct {
	Session  string    `json:"session"`
	Protocol string    `json:"protocol"`
	Encoder  string    `json:"encoder,omitempty"`
	Since    timestamp `json:"since"`
	// Address is for those who run the server only.
	Address string `json:"address,omitempty"`
}

func (a *API) stream(r *http.Request, info *hub.StreamInfo, admin bool) stream {
	s := stream{
		Name: info.Name, State: info.State.String(), Broadcast: info.Broadcast, Since: timestamp(info.Since),
		Bitrate: info.Bitrate, BytesIn: info.BytesIn, BytesOut: info.BytesOut, Frames: info.Frames, Drops: info.Drops,
		RingSeconds: round(info.RingTime.Seconds(), 2), RingBytes: info.RingBytes,
		// The protocols that this version serves are always there, so that
		// nobody has to tell a missing one from none.
		Viewers:      map[string]int{"rtmp": 0, "http-flv": 0, "hls": 0, "dash": 0, "ts": 0},
		ViewersTotal: info.ViewersTotal, WaitingTotal: info.WaitingTotal,
		Addresses: a.Site.Addresses(r, info.Name),
	}
	maps.Copy(s.Viewers, info.Viewers)
	a.addTracks(&s, info)
	if p := info.Publisher; p != nil {
		s.Publisher = &publisher{Session: p.Session, Protocol: p.Protocol, Encoder: p.Software, Since: timestamp(p.Since)}
		if admin && p.Remote.IsValid() {
			s.Publisher.Address = p.Remote.String()
		}
		if c := p.Clock; c != nil {
			s.EncoderClock = &encoderClock{c.Source, round(c.Delay.Seconds(), 3)}
		}
	}
	if a.Shift != nil {
		if shift, ok := a.Shift(info.Name); ok {
			s.TimeShift = &timeShift{
				round(shift.Window.Seconds(), 3), round(shift.Available.Seconds(), 3), timestamp(shift.Oldest),
			}
		}
	}
	return s
}
