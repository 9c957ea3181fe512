package amf

import (
	"errors"
	"fmt"
)

// The reasons for which a value cannot be read. They come inside an [*Error].
var (
	// ErrTruncated says that the bytes end inside a value.
	ErrTruncated = errors.New("value is cut short")
	// ErrMarker says that no value begins with this byte.
	ErrMarker = errors.New("unknown marker")
	// ErrReference says that a reference points at nothing read before it.
	ErrReference = errors.New("reference to nothing")
	// ErrExternal says that an AMF3 object is written in a form that only its
	// class knows.
	ErrExternal = errors.New("unknown externalizable class")
	// ErrLimit says that the message holds more than [Limits] allows.
	ErrLimit = errors.New("over the limit")
)

// The reasons for which a value cannot be written.
var (
	// ErrType says that a Go value has no form in this version of AMF.
	ErrType = errors.New("type cannot be encoded")
	// ErrTooLong says that a name, string or array is longer than its length
	// field can say.
	ErrTooLong = errors.New("too long to be encoded")
	// ErrTooDeep says that containers are nested 256 deep.
	ErrTooDeep = errors.New("nested too deep")
	// ErrEmptyName says that a dynamic property has an empty name, which in
	// AMF3 would end its object.
	ErrEmptyName = errors.New("empty property name in AMF3")
)

// Error is a failure to decode.
type Error struct {
	Offset int // where in the message decoding stopped
	Err    error
}

// Error says where decoding stopped, and why.
func (e *Error) Error() string {
	return fmt.Sprintf("amf: decoding stopped at byte %d: %v", e.Offset, e.Err)
}

// Unwrap returns the reason.
func (e *Error) Unwrap() error { return e.Err }
