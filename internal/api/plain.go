package api

import (
	"github.com/millrace-live/millrace/internal/catalog"
	"github.com/millrace-live/millrace/internal/hub"
)

// PlainPublisher is an encoder that has yet to move to TLS, whether it is on air
// or was seen before.
type PlainPublisher struct {
	Stream   string    `json:"stream"`
	Protocol string    `json:"protocol"`
	Encoder  string    `json:"encoder,omitempty"`
	First    timestamp `json:"first_seen"`
	Last     timestamp `json:"last_seen"`
	OnAir    bool      `json:"on_air"`
	Refused  bool      `json:"refused"`
	// Address is for those who run the server only.
	Address string `json:"address,omitempty"`
}

// plainPublishers are those that fit the query, the last ones first.
func (a *API) plainPublishers(q hub.SessionQuery, who *identity) *[]PlainPublisher {
	list := []PlainPublisher{}
	for _, p := range a.Hub.PlainPublishers() {
		if q.Stream != "" && p.Stream != q.Stream || q.Protocol != "" && p.Protocol != q.Protocol {
			continue
		}
		if !a.seesSession(who, p.Stream) {
			continue
		}
		entry := PlainPublisher{
			Stream: p.Stream, Protocol: p.Protocol, Encoder: p.Software, First: timestamp(p.First), Last: timestamp(p.Last),
			OnAir: p.OnAir, Refused: p.Refused,
		}
		if who.may(catalog.Operator) && who.over(app(p.Stream)) {
			entry.Address = p.Remote.String()
		}
		list = append(list, entry)
	}
	return &list
}
