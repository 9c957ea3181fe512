package catalog

import "time"

// FieldChange is one field of an object that changed.
type FieldChange struct {
	Field  string `json:"field"` // as the JSON of the object names it; "labels.city" for one label
	Before any    `json:"before"`
	After  any    `json:"after"`
}

// Actions of a Version and a Difference.
const (
	Created = "created"
	Altered = "changed"
	Deleted = "deleted"
)

// Version is one change in the history of an object. Of secrets it says nothing,
// or that they are others now.
type Version struct {
	Sequence int64         `json:"sequence"` // among the changes of all objects
	Kind     string        `json:"kind"`
	ID       string        `json:"id"`
	Stream   string        `json:"stream,omitempty"` // the path, of what belongs to one
	Revision int64         `json:"revision"`
	Action   string        `json:"action"`
	By       Actor         `json:"by"`
	Time     time.Time     `json:"time"`
	Changes  []FieldChange `json:"changes"`
}

// Difference is what Apply did, or would do, to one stream.
type Difference struct {
	Stream  string        `json:"stream"` // the path
	ID      string        `json:"id,omitempty"`
	Action  string        `json:"action"` // Created, Altered, Deleted
	Changes []FieldChange `json:"changes,omitempty"`
}
