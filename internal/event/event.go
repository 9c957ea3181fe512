package event

import (
	"crypto/rand"
	"encoding/base32"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/millrace-live/millrace/internal/database"
)

// Type is what happened, in the words that filters use. The type of a CloudEvent
// has [Prefix] in front of it.
type Type string

// The types of events.
const (
	StreamCreated      Type = "stream.created"
	StreamUpdated      Type = "stream.updated"
	StreamDeleted      Type = "stream.deleted"
	StreamLive         Type = "stream.live"
	StreamIdle         Type = "stream.idle"
	StreamReconnecting Type = "stream.reconnecting"
	StreamResumed      Type = "stream.resumed"
	StreamContested    Type = "stream.contested"
	StreamHealth       Type = "stream.health"
	SessionOpened      Type = "session.opened"
	SessionClosed      Type = "session.closed"
	KeyUsed            Type = "key.used"
	KeyRefused         Type = "key.refused"
	Viewers            Type = "viewers"
	WebhookTest        Type = "webhook.test" // sent when somebody asks for it, and not kept
)

// Types lists the types that a filter may name.
var Types = []Type{
	StreamCreated, StreamUpdated, StreamDeleted, StreamLive, StreamIdle, StreamReconnecting, StreamResumed,
	StreamContested, StreamHealth, SessionOpened, SessionClosed, KeyUsed, KeyRefused, Viewers,
}

// Prefix makes a CloudEvents type of a [Type], unique in the world as it must be.
const Prefix = "live.millrace."

// ContentType is that of an event in the structured mode of HTTP.
const ContentType = "application/cloudevents+json"

// Server is the subject of events that are about no stream. A stream's name has
// a slash in it, so it can be none.
const Server = "server"

// version is that of the data's schema. Fields may be added to it; one that
// changes its meaning, or goes, makes another version.
const version = "1"

// Event is a CloudEvent 1.0 in its JSON format.
type Event struct {
	SpecVersion     string `json:"specversion"`
	ID              string `json:"id"`
	Source          string `json:"source"`
	Type            string `json:"type"`
	Subject         string `json:"subject"`
	Time            Time   `json:"time"`
	DataContentType string `json:"datacontenttype"`
	DataVersion     string `json:"dataversion"`
	Data            any    `json:"data"`
}

// New returns an event without a place in the queue. An empty id makes a new one.
func New(id, source string, t Type, subject string, at time.Time, data any) Event {
	if id == "" {
		id = NewID(at)
	}
	return Event{
		SpecVersion: "1.0", ID: id, Source: source, Type: Prefix + string(t), Subject: subject, Time: Time{at},
		DataContentType: "application/json", DataVersion: version, Data: data,
	}
}

// row returns the event as the database keeps it.
func (e *Event) row(to []string) (database.Event, error) {
	body, err := json.Marshal(e)
	if err != nil {
		return database.Event{}, fmt.Errorf("write event %s: %w", e.ID, err)
	}
	return database.Event{
		ID: e.ID, Subject: e.Subject, Type: strings.TrimPrefix(e.Type, Prefix), Body: body, Time: e.Time.Time, To: to,
	}, nil
}

// Time is a moment in UTC, with milliseconds (RFC 3339).
type Time struct{ time.Time }

// MarshalText implements [encoding.TextMarshaler].
func (t Time) MarshalText() ([]byte, error) {
	return t.UTC().AppendFormat(nil, "2006-01-02T15:04:05.000Z07:00"), nil
}

// MarshalJSON stands in for that of [time.Time], which would be taken else.
func (t Time) MarshalJSON() ([]byte, error) {
	return t.UTC().AppendFormat(nil, `"2006-01-02T15:04:05.000Z07:00"`), nil
}

// words are in the order of their bytes, so that identifiers sort by time.
var words = base32.NewEncoding("0123456789abcdefghjkmnpqrstvwxyz").WithPadding(base32.NoPadding)

// NewID returns a new identifier of an event. Those of other milliseconds sort
// by their time.
func NewID(at time.Time) string { return stamp(at) + strings.ToLower(rand.Text()[:12]) }

// idOf returns the identifier of a broadcast's one event of a kind.
func idOf(at time.Time, broadcast, kind string) string { return stamp(at) + broadcast + kind }

func stamp(at time.Time) string {
	var b [8]byte
	binary.BigEndian.PutUint64(b[:], uint64(max(at.UnixMilli(), 0))<<14) // 50 bits are ten words
	return "ev_" + words.EncodeToString(b[:])[:10]
}

// maxSubject is what the database takes.
const maxSubject = 255

// subjectOf returns the subject for a stream's name.
func subjectOf(stream string) string {
	if stream == "" || len(stream) > maxSubject || !utf8.ValidString(stream) || strings.ContainsRune(stream, 0) {
		return Server
	}
	return stream
}
