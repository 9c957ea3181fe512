package database

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"
	"unicode/utf8"
)

// Bounds of what a batch may hold.
const (
	MaxBatch = 20_000  // changes, and as many events
	MaxBody  = 1 << 20 // bytes of a document or event
	maxName  = 255     // bytes of a kind, an ID, an actor, …
)

// Doc is a document as it is now.
type Doc struct {
	Kind, ID string
	Revision int64           // 1 at first, one more with each change
	Body     json.RawMessage // whoever gets it may read it, and not write to it
	Created  time.Time
	Updated  time.Time
	Sequence int64 // of the change that made it so
}

// Change is what a batch does to one document.
type Change struct {
	Kind, ID string
	Revision int64           // that the document must have now; 0: there must be none
	Body     json.RawMessage // that it shall have; nil deletes it
}

// Batch is a set of changes and events that become true together.
type Batch struct {
	Actor   string // who, for the history: "token:tk_…", "config", "system"
	Request string // if set, repeats of it by this actor in the next 24 hours return ErrRepeated
	Changes []Change
	Events  []Event
}

// Past is one change in the history of a document.
type Past struct {
	Sequence int64 // counts the changes of all documents
	Kind, ID string
	Revision int64           // that the change made; a deletion makes one, too
	Before   json.RawMessage // nil: there was none
	After    json.RawMessage // nil: deleted
	Actor    string
	Created  time.Time // of the document
	Time     time.Time // of the change
}

func (b *Batch) check() error {
	if len(b.Changes) > MaxBatch || len(b.Events) > MaxBatch {
		return fmt.Errorf("it has %d changes and %d events, more than %d", len(b.Changes), len(b.Events), MaxBatch)
	}
	if err := checkName("actor", b.Actor); err != nil {
		return err
	}
	if b.Request != "" {
		if err := checkName("request", b.Request); err != nil {
			return err
		}
	}
	for _, c := range b.Changes {
		if err := c.check(); err != nil {
			return err
		}
	}
	return checkEvents(b.Events)
}

func (c *Change) check() error {
	if err := errors.Join(checkName("kind", c.Kind), checkName("id", c.ID)); err != nil {
		return err
	}
	if c.Revision < 0 || c.Body == nil && c.Revision == 0 {
		return fmt.Errorf("%s %s: there is nothing to delete at revision %d", c.Kind, c.ID, c.Revision)
	}
	if c.Body == nil {
		return nil
	}
	if err := checkBody(c.Body); err != nil {
		return fmt.Errorf("%s %s: %w", c.Kind, c.ID, err)
	}
	return nil
}

// PostgreSQL refuses text that is not UTF-8 or has a zero byte in it, and SQLite
// takes it. So it is refused here, for both.
func checkName(what, name string) error {
	if name == "" || len(name) > maxName {
		return fmt.Errorf("the %s has %d bytes, not 1 to %d", what, len(name), maxName)
	}
	return checkText(what, name)
}

func checkText(what, text string) error {
	if !utf8.ValidString(text) {
		return fmt.Errorf("the %s is not UTF-8", what)
	}
	for i := range len(text) {
		if text[i] == 0 {
			return fmt.Errorf("the %s has a zero byte in it", what)
		}
	}
	return nil
}

func checkBody(body json.RawMessage) error {
	switch {
	case len(body) > MaxBody:
		return fmt.Errorf("its body has %d bytes, more than %d", len(body), MaxBody)
	case !json.Valid(body), !utf8.Valid(body):
		return errors.New("its body is not JSON")
	}
	return nil
}
