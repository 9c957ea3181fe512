package database

import (
	"errors"
	"fmt"
)

var (
	// ErrAway is why a call failed while the database is out of reach, or cannot
	// write (a full disk, a standby). What the call was to change has not changed,
	// unless the error is ErrUnsure as well.
	ErrAway = errors.New("the database is away")

	// ErrUnsure is an ErrAway that came between the commit and its answer: the
	// change may have happened or not. Ask Changes, or repeat a batch that has a
	// Request.
	ErrUnsure = fmt.Errorf("%w, and whether it kept the change is not known", ErrAway)

	// ErrRepeated is why Apply did nothing: the actor's request was carried out
	// before.
	ErrRepeated = errors.New("the request was carried out before")
)

// ConflictError is why Apply did nothing: somebody else changed a document.
type ConflictError struct {
	Kind, ID string
	Want     int64 // the revision that the change was made for; 0: none
	Have     int64 // the revision there is; 0: none
}

func (e *ConflictError) Error() string {
	switch {
	case e.Want == 0:
		return fmt.Sprintf("%s %s exists already", e.Kind, e.ID)
	case e.Have == 0:
		return fmt.Sprintf("%s %s does not exist", e.Kind, e.ID)
	}
	return fmt.Sprintf("%s %s has revision %d by now, not %d", e.Kind, e.ID, e.Have, e.Want)
}

// faultError says what was attempted, which of the sentinels it comes to, and
// what the driver said.
type faultError struct {
	what string
	kind error
	err  error
}

func (e *faultError) Error() string   { return fmt.Sprintf("%s: %v: %s", e.what, e.kind, oneLine(e.err)) }
func (e *faultError) Unwrap() []error { return []error{e.kind, e.err} }
