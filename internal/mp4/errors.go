package mp4

import (
	"errors"
	"fmt"
	"strings"
)

var (
	// ErrNoMovie is a file without moov, the index of a progressive file. A
	// recorder that is killed leaves such files behind.
	ErrNoMovie = errors.New("mp4: file has no index (moov): whatever wrote it did not finish")
	// ErrNoTracks is a file in which there is no track that can be read. What
	// was passed over, and why, comes with it as a [*SkippedError].
	ErrNoTracks = errors.New("mp4: file has no track that can be read")
)

// SkippedError says which tracks of a file are passed over.
type SkippedError struct{ Tracks []Skipped }

func (e *SkippedError) Error() string {
	if len(e.Tracks) == 0 {
		return ErrNoTracks.Error()
	}
	tracks := make([]string, len(e.Tracks))
	for i, s := range e.Tracks {
		tracks[i] = s.String()
	}
	return ErrNoTracks.Error() + ": " + strings.Join(tracks, "; ")
}

func (e *SkippedError) Unwrap() error { return ErrNoTracks }

// FormatError is a file that breaks the rules of the format.
type FormatError struct {
	Box    string // its type, four characters
	Offset int64  // of the box in the file
	Reason string
}

func (e *FormatError) Error() string {
	return fmt.Sprintf("mp4: box %q at byte %d %s", e.Box, e.Offset, e.Reason)
}

func (b box) fault(reason string) error {
	return &FormatError{Box: b.kind, Offset: b.start, Reason: reason}
}
