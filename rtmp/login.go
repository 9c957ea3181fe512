package rtmp

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
)

// login is how a client gets through a server's [Challenge]: connect by connect.
type login struct {
	url   *URL
	shown string // what is to be put behind the application
	stage stage
}

type stage uint8

const (
	unasked  stage = iota
	named          // the user was sent
	answered       // the answer was sent
)

// next takes the refusal of a connection, and makes shown for the next one. Its error ends the login: the refusal
// itself, if it is of another kind.
func (l *login) next(refusal error) error {
	asked, ok := readAccess(refusal)
	switch {
	case !ok:
		return refusal
	case asked.reason == "" || asked.reason == "needauth":
	default: // authfailed, nosuchuser
		return fmt.Errorf("%w: %w", ErrCredentials, refusal)
	}
	if l.url.User == "" {
		return fmt.Errorf("%w: write them in the address, rtmp://user:password@host/…: %w", ErrChallenged, refusal)
	}
	if asked.method != methodAdobe && asked.method != methodLimelight {
		return fmt.Errorf("%w in a way that is not known: %w", ErrChallenged, refusal)
	}
	begin := "?authmod=" + asked.method + "&user=" + l.url.User
	switch {
	case l.stage == unasked && asked.reason == "":
		l.shown, l.stage = begin, named
	case l.stage != answered && asked.reason != "":
		l.shown, l.stage = begin+l.answer(&asked), answered
	default:
		// It asks for what it got.
		return fmt.Errorf("%w: %w", ErrCredentials, refusal)
	}
	return nil
}

// answer makes the answer to what a server asked.
func (l *login) answer(asked *access) string {
	var b [4]byte
	_, _ = rand.Read(b[:]) // never fails
	return l.answerWith(asked, hex.EncodeToString(b[:]))
}

func (l *login) answerWith(asked *access, own string) string {
	if asked.method == methodLimelight {
		app, _, _ := strings.Cut(l.url.App, "?")
		if !strings.Contains(app, "/") {
			app += "/_definst_"
		}
		const count = "00000001"
		response := limelightResponse(limelightSecret(l.url.User, l.url.Password), app, asked.nonce, count, own)
		return "&nonce=" + asked.nonce + "&cnonce=" + own + "&nc=" + count + "&response=" + response
	}
	nonce, opaque := asked.challenge, ""
	if asked.opaque != "" {
		nonce, opaque = asked.opaque, "&opaque="+asked.opaque
	}
	secret := adobeSecret(l.url.User, asked.salt, l.url.Password)
	return "&challenge=" + own + "&response=" + adobeResponse(secret, nonce, own) + opaque
}

// access is what a refusal of an access manager says.
type access struct {
	method, reason                 string
	salt, challenge, opaque, nonce string
}

// readAccess reads the words of a refusal: "[ AccessManager.Reject ] : [ authmod=adobe ] : ?reason=needauth&…".
func readAccess(refusal error) (a access, ok bool) {
	var e *StatusError
	if !errors.As(refusal, &e) {
		return a, false
	}
	_, words, ok := strings.Cut(e.Description, accessReject)
	if !ok {
		return a, false
	}
	words, query, _ := strings.Cut(words, "?")
	if _, method, ok := strings.Cut(words, "authmod="); ok {
		a.method, _, _ = strings.Cut(method, " ")
	}
	for pair := range strings.SplitSeq(query, "&") {
		name, value, _ := strings.Cut(pair, "=")
		switch name {
		case "reason":
			a.reason = value
		case "salt":
			a.salt = value
		case "challenge":
			a.challenge = value
		case "opaque":
			a.opaque = value
		case "nonce":
			a.nonce = value
		}
	}
	return a, true
}
