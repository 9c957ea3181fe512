package callback

import (
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// verdict is what a back end answered.
type verdict struct {
	refused bool
	reason  string // a sentence for the client, "" for our own
	// rename is the name that the stream is to have: of the app, or with the app
	// if whole. An answer to OnConnect renames the app.
	rename string
	whole  bool
	// redirected says that there was a redirect, relay that it led to another
	// server.
	redirected, relay bool
	cache             time.Duration
	limits            limits
}

// limits are what a back end allows a publisher.
type limits struct {
	bitrate       int64 // bit/s
	width, height int
}

// FaultyError says that a back end answered something that is no answer in its
// dialect.
type FaultyError struct {
	// Mode is the dialect, Problem what is wrong. It holds nothing of the answer
	// but a status.
	Mode    Mode
	Problem string
}

func (e *FaultyError) Error() string {
	return "the answer is none in the mode " + string(e.Mode) + ": " + e.Problem
}

const maxReason = 200

// sentence makes a reason of a back end fit to be shown and logged.
func sentence(text string) string {
	if len(text) > maxReason {
		text = text[:maxReason]
	}
	if !utf8.ValidString(text) {
		text = strings.ToValidUTF8(text, "")
	}
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		switch {
		case unicode.IsControl(r), unicode.In(r, unicode.Zl, unicode.Zp):
			return ' '
		case unicode.In(r, unicode.Bidi_Control):
			return -1
		}
		return r
	}, text))
}
