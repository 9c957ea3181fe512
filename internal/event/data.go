package event

import (
	"net/netip"
	"strings"
	"time"

	"github.com/millrace-live/millrace/internal/catalog"
	"github.com/millrace-live/millrace/internal/hub"
)

// Stream is the stream that an event is about. The id, labels and passthrough
// text are those of the catalogue, empty of a stream that is not in it.
type Stream struct {
	ID          string            `json:"id,omitempty"`
	App         string            `json:"app"`
	Name        string            `json:"name"` // with the app: live/cam1
	Labels      map[string]string `json:"labels,omitempty"`
	Passthrough string            `json:"passthrough,omitempty"`
}

func streamOf(s *catalog.Stream) *Stream {
	return &Stream{ID: s.ID, App: s.App, Name: s.Path(), Labels: s.Labels, Passthrough: s.Passthrough}
}

// strange is the stream of a name that is not in the catalogue, nil without one.
func strange(name string) *Stream {
	if name == "" {
		return nil
	}
	return &Stream{App: appOf(name), Name: name}
}

func appOf(name string) string {
	app, _, _ := strings.Cut(name, "/")
	return app
}

// Client is who an event is about.
type Client struct {
	Session  string `json:"session,omitempty"`
	Role     string `json:"role,omitempty"` // publisher or player
	Protocol string `json:"protocol,omitempty"`
	TLS      string `json:"tls,omitempty"` // the version; not there in plain
	Software string `json:"software,omitempty"`
	Address  string `json:"address,omitempty"`
}

func clientOf(e *hub.Event) *Client {
	c := Client{Session: e.Session, Protocol: e.Protocol, Software: e.Software, Address: address(e.Remote)}
	if c == (Client{}) {
		return nil
	}
	return &c
}

func address(a netip.AddrPort) string {
	if !a.IsValid() {
		return ""
	}
	return a.Addr().Unmap().WithZone("").String()
}

// seconds are written with milliseconds.
func seconds(d time.Duration) float64 { return d.Round(time.Millisecond).Seconds() }

// The data of the types. Each has the stream first, where it is about one.
type (
	// changeData is that of stream.created, stream.updated and stream.deleted.
	changeData struct {
		Stream  *Stream  `json:"stream"`
		By      string   `json:"by"`
		Changed []string `json:"changed,omitempty"` // the names of fields
	}
	liveData struct {
		Stream    *Stream `json:"stream"`
		Broadcast string  `json:"broadcast"`
		Publisher *Client `json:"publisher,omitempty"`
	}
	idleData struct {
		Stream    *Stream `json:"stream"`
		Broadcast string  `json:"broadcast"`
		Started   Time    `json:"started"`
		Seconds   float64 `json:"seconds"` // till the end, or till the end was noticed
		Reason    string  `json:"reason"`
		// Killed says that the server ended before it could say so. The event is
		// of its next start then.
		Killed bool `json:"killed,omitempty"`
	}
	// pauseData is that of stream.reconnecting and stream.resumed.
	pauseData struct {
		Stream    *Stream `json:"stream"`
		Broadcast string  `json:"broadcast"`
		Reason    string  `json:"reason,omitempty"`
		Publisher *Client `json:"publisher,omitempty"`
	}
	contestData struct {
		Stream    *Stream `json:"stream"`
		Broadcast string  `json:"broadcast,omitempty"`
		Outcome   string  `json:"outcome"` // taken-over, refused, alarm
		Reason    string  `json:"reason"`
		Publisher *Client `json:"publisher,omitempty"`
		Repeated  int     `json:"repeated,omitempty"` // as in refusedData
	}
	healthData struct {
		Stream    *Stream   `json:"stream"`
		Broadcast string    `json:"broadcast"`
		Healthy   bool      `json:"healthy"`
		Problems  []Problem `json:"problems"`
	}
	sessionData struct {
		Stream    *Stream `json:"stream"`
		Broadcast string  `json:"broadcast,omitempty"`
		Client    *Client `json:"client"`
		Started   Time    `json:"started"`
		Rehearsal bool    `json:"rehearsal,omitempty"` // it publishes to nowhere
	}
	closedData struct {
		sessionData
		Seconds  float64 `json:"seconds"`
		BytesIn  uint64  `json:"bytes_in"`
		BytesOut uint64  `json:"bytes_out"`
		Frames   uint64  `json:"frames"`
		Drops    uint64  `json:"drops"`
		Code     string  `json:"code"`
		Reason   string  `json:"reason"`
	}
	usedData struct {
		Stream    *Stream `json:"stream"`
		Broadcast string  `json:"broadcast,omitempty"`
		Key       string  `json:"key"` // its id, or that of a credential
		Client    *Client `json:"client,omitempty"`
		Rehearsal bool    `json:"rehearsal,omitempty"`
	}
	refusedData struct {
		Stream *Stream `json:"stream,omitempty"` // not there if no stream is known to be meant
		Code   string  `json:"code"`
		Reason string  `json:"reason"`
		Client *Client `json:"client,omitempty"`
		// Repeated is how many more of the same kind, from the same address, went
		// untold since the one before.
		Repeated int `json:"repeated,omitempty"`
	}
	viewersData struct {
		Stream    *Stream        `json:"stream"`
		Broadcast string         `json:"broadcast"`
		Total     int            `json:"total"`
		Viewers   map[string]int `json:"viewers"` // by protocol
	}
)
