package api

import (
	"maps"
	"net/http"

	"github.com/millrace-live/millrace/internal/catalog"
	"github.com/millrace-live/millrace/internal/hub"
)

// Stream is a stream as programs see it: what is on air, and what was set.
type Stream struct {
	ID           string         `json:"id,omitempty"`
	App          string         `json:"app,omitempty"`
	Name         string         `json:"name" doc:"The full name, with the app." example:"live/cam1"`
	State        string         `json:"state" enum:"idle,live,reconnecting"`
	Broadcast    string         `json:"broadcast,omitempty"`
	Since        timestamp      `json:"since,omitzero"`
	Video        *Video         `json:"video,omitempty"`
	Audio        *Audio         `json:"audio,omitempty"`
	Tracks       []Track        `json:"tracks"`
	Unplayable   []Unplayable   `json:"unplayable,omitempty"`
	Bitrate      int64          `json:"bitrate" doc:"In bits a second."`
	BytesIn      uint64         `json:"bytes_in"`
	BytesOut     uint64         `json:"bytes_out"`
	Frames       uint64         `json:"frames"`
	Drops        uint64         `json:"drops"`
	RingSeconds  float64        `json:"ring_seconds"`
	RingBytes    uint64         `json:"ring_bytes"`
	Viewers      map[string]int `json:"viewers" doc:"By protocol."`
	ViewersTotal int            `json:"viewers_total"`
	WaitingTotal int            `json:"waiting_total"`
	Publisher    *Publisher     `json:"publisher,omitempty"`
	TimeShift    *Shifted       `json:"time_shift,omitempty"`
	EncoderClock *EncoderClock  `json:"encoder_clock,omitempty"`
	Health       *Health        `json:"health,omitempty" doc:"How what the encoder sends does, looked at every 5 seconds. Not there for strangers."`
	Refused      []Refused      `json:"refused,omitempty" doc:"The last tries to publish or watch it that were not let in, the oldest first. For operators who ask for one stream."`
	Addresses    Addresses      `json:"addresses"`
	*Configured
}

// Configured is what was set of a stream. Strangers see its title alone.
type Configured struct {
	Title           string            `json:"title,omitempty"`
	Labels          Labels            `json:"labels,omitempty"`
	Passthrough     string            `json:"passthrough,omitempty"`
	Visibility      string            `json:"visibility,omitempty" enum:"public,unlisted,private"`
	PlaybackIDs     []string          `json:"playback_ids,omitempty"`
	SecondPublisher string            `json:"second_publisher,omitempty" enum:"take-over,refuse"`
	Grace           *catalog.Duration `json:"grace,omitempty"`
	Delivery        string            `json:"delivery,omitempty" enum:"realtime,balanced,economy"`
	Disabled        *bool             `json:"disabled,omitempty"`
	Rotate          *catalog.Duration `json:"rotate,omitempty"`
	Overlap         *catalog.Duration `json:"overlap,omitempty"`
	Revision        int64             `json:"revision,omitempty"`
	Managed         string            `json:"managed,omitempty" enum:"api,config"`
	Created         timestamp         `json:"created,omitzero"`
	Updated         timestamp         `json:"updated,omitzero"`
}

// Shifted is how far back viewers can seek, in seconds.
type Shifted struct {
	Window    float64   `json:"window"`
	Available float64   `json:"available"`
	Oldest    timestamp `json:"oldest"`
}

// EncoderClock is how long ago, in seconds, it was by the encoder's own clock that
// it made what arrived last.
type EncoderClock struct {
	Source string  `json:"source"`
	Delay  float64 `json:"delay"`
}

// Publisher is who sends a stream.
type Publisher struct {
	Session  string    `json:"session"`
	Protocol string    `json:"protocol"`
	Encoder  string    `json:"encoder,omitempty"`
	Since    timestamp `json:"since"`
	// Address is for those who run the server only.
	Address string `json:"address,omitempty"`
}

// Health is how a publisher does.
type Health struct {
	Healthy  bool        `json:"healthy"`
	Problems []Complaint `json:"problems"`
}

// Complaint is one thing that is wrong with what a publisher sends.
type Complaint struct {
	Code   string `json:"code" enum:"key-frames,bitrate,silent"`
	Detail string `json:"detail"`
}

// Refused is a try that was not let in.
type Refused struct {
	Time     timestamp `json:"time"`
	Code     string    `json:"code"`
	Reason   string    `json:"reason"`
	Protocol string    `json:"protocol,omitempty"`
	Software string    `json:"software,omitempty"`
	Address  string    `json:"address,omitempty"`
}

// refusedOf are the last tries of a stream that were not let in.
func (a *API) refusedOf(path string) []Refused {
	info, _ := a.Hub.Stream(path) // it knows of those that are not on air, too
	list := make([]Refused, 0, len(info.Refused))
	for _, r := range info.Refused {
		list = append(list, Refused{
			timestamp(r.Time), r.Code.String(), r.Reason, r.Protocol, r.Software, r.Remote.Addr().String(),
		})
	}
	return list
}

// health is how the publisher of a stream does, nil if that is not known.
func (a *API) health(path string) *Health {
	if a.Events == nil {
		return nil
	}
	found, known := a.Events.Problems(path)
	if !known {
		return nil
	}
	h := &Health{Healthy: len(found) == 0, Problems: []Complaint{}}
	for _, p := range found {
		h.Problems = append(h.Problems, Complaint(p))
	}
	return h
}

// subject is a stream that somebody asks for: what is on air under a path, what the
// catalogue has, or both.
type subject struct {
	path  string
	shown string // what strangers know it by, if not by its path
	info  *hub.StreamInfo
	entry *catalog.Stream
}

func (s *subject) onAir() bool { return s.info != nil && s.info.State != hub.Ended }

// public reports whether everybody may know of it. What nobody set up, under
// --open, is for everybody.
func (s *subject) public() bool { return s.entry == nil || s.entry.Visibility == catalog.Public }

// address is the path that it is watched by.
func (s *subject) address() string {
	switch {
	case s.shown != "":
		return s.shown
	case s.entry != nil && s.entry.Visibility == catalog.Unlisted && len(s.entry.PlaybackIDs) > 0:
		return s.entry.App + "/" + s.entry.PlaybackIDs[0]
	}
	return s.path
}

// stream is what who may know of a stream.
func (a *API) stream(r *http.Request, who *identity, sub *subject) Stream {
	s := Stream{
		Name: sub.path, State: "idle", Tracks: []Track{},
		// The protocols that this version serves are always there, so that
		// nobody has to tell a missing one from none.
		Viewers:   map[string]int{"rtmp": 0, "http-flv": 0, "hls": 0, "dash": 0, "ts": 0},
		Addresses: a.Site.Addresses(r, sub.address()),
	}
	known := who.over(app(sub.path))
	if !known && sub.shown != "" {
		s.Name = sub.shown
	}
	if sub.onAir() {
		a.addLive(&s, sub.info, known && who.may(catalog.Operator))
		if known {
			s.Health = a.health(sub.path)
		}
	}
	if e := sub.entry; e != nil {
		s.Configured = configured(e, known)
		if known {
			s.ID, s.App = e.ID, e.App
		}
	}
	return s
}

// addLive fills in what there is to say of a stream that is on air.
func (a *API) addLive(s *Stream, info *hub.StreamInfo, admin bool) {
	s.State, s.Broadcast, s.Since = info.State.String(), info.Broadcast, timestamp(info.Since)
	s.Bitrate, s.BytesIn, s.BytesOut, s.Frames, s.Drops = info.Bitrate, info.BytesIn, info.BytesOut, info.Frames, info.Drops
	s.RingSeconds, s.RingBytes = round(info.RingTime.Seconds(), 2), info.RingBytes
	s.ViewersTotal, s.WaitingTotal = info.ViewersTotal, info.WaitingTotal
	maps.Copy(s.Viewers, info.Viewers)
	a.addTracks(s, info)
	if p := info.Publisher; p != nil {
		s.Publisher = &Publisher{Session: p.Session, Protocol: p.Protocol, Encoder: p.Software, Since: timestamp(p.Since)}
		if admin && p.Remote.IsValid() {
			s.Publisher.Address = p.Remote.String()
		}
		if c := p.Clock; c != nil {
			s.EncoderClock = &EncoderClock{c.Source, round(c.Delay.Seconds(), 3)}
		}
	}
	if a.Shift == nil {
		return
	}
	if shift, ok := a.Shift(info.Name); ok {
		s.TimeShift = &Shifted{
			round(shift.Window.Seconds(), 3), round(shift.Available.Seconds(), 3), timestamp(shift.Oldest),
		}
	}
}

func configured(e *catalog.Stream, known bool) *Configured {
	if !known {
		return &Configured{Title: e.Title}
	}
	return &Configured{
		Title: e.Title, Labels: e.Labels, Passthrough: e.Passthrough, Visibility: string(e.Visibility),
		PlaybackIDs: e.PlaybackIDs, SecondPublisher: e.SecondPublisher, Grace: e.Grace, Delivery: e.Delivery,
		Disabled: &e.Disabled, Rotate: e.Rotate, Overlap: e.Overlap,
		Revision: e.Revision, Managed: e.Managed, Created: timestamp(e.Created), Updated: timestamp(e.Updated),
	}
}
