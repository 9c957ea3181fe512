package catalog

import (
	"maps"
	"slices"
)

// Visibility is who may know of a stream and watch it.
type Visibility string

// The visibilities.
const (
	Public   Visibility = "public"   // everybody, by its name
	Unlisted Visibility = "unlisted" // who knows a playback id of it
	Private  Visibility = "private"  // who has a permission
)

// Rules of a stream for a second publisher.
const (
	TakeOver = "take-over"
	Refuse   = "refuse"
)

// Delivery modes.
const (
	Realtime = "realtime"
	Balanced = "balanced"
	Economy  = "economy"
)

// Stream is a stream that somebody made, whether or not it is on air. Its full
// name is App + "/" + Name, and never changes.
type Stream struct {
	Meta
	App         string            `json:"app"`
	Name        string            `json:"name"`
	Title       string            `json:"title,omitempty"`       // for people, ≤ 200 bytes
	Labels      map[string]string `json:"labels,omitempty"`      // ≤ 32, keys ≤ 63, values ≤ 255 bytes
	Passthrough string            `json:"passthrough,omitempty"` // ≤ 4096 bytes, returned in events as it is
	Visibility  Visibility        `json:"visibility"`
	// PlaybackIDs ("pb_" and 20 characters) are addresses to play the stream by
	// instead of its name, up to 16. An unlisted stream has one at least. An empty
	// one in what is to be saved becomes a new one.
	PlaybackIDs     []string  `json:"playback_ids,omitempty"`
	SecondPublisher string    `json:"second_publisher,omitempty"` // "": the app's rule
	Grace           *Duration `json:"grace,omitempty"`            // nil: the app's
	Delivery        string    `json:"delivery,omitempty"`         // "": the app's
	Disabled        bool      `json:"disabled,omitempty"`         // nobody publishes
	// Rotate is the age at which its keys are made anew; the old ones are good for
	// the Overlap still (nil: a day). Nil: never.
	Rotate  *Duration `json:"rotate,omitempty"`
	Overlap *Duration `json:"overlap,omitempty"`

	search string // what StreamQuery.Search looks in
}

// Path is the full name, "app/name".
func (s *Stream) Path() string { return s.App + "/" + s.Name }

// clone is a copy that shares nothing with s.
func (s *Stream) clone() *Stream {
	c := *s
	c.Labels = maps.Clone(s.Labels)
	c.PlaybackIDs = slices.Clone(s.PlaybackIDs)
	c.Grace, c.Rotate, c.Overlap = copied(s.Grace), copied(s.Rotate), copied(s.Overlap)
	return &c
}

func copied[T any](p *T) *T {
	if p == nil {
		return nil
	}
	v := *p
	return &v
}
