package hub

import (
	"context"
	"net/netip"
	"net/url"
	"time"
)

// Access decides who may publish and play. Its methods are called with no lock
// held and may take their time; ctx ends when the client goes.
type Access interface {
	// Publish names the stream that the request is for and whose it is. An
	// error refuses; it should be a *Refusal.
	Publish(ctx context.Context, req *PublishRequest) (Grant, error)
	// Play allows the request or refuses it. It may set req.Stream (a playback
	// id, say, to the name behind it), req.Permit, req.Delivery, req.Strict and
	// req.PlayWait.
	Play(ctx context.Context, req *PlayRequest) error
}

// Rule says what happens when a second session of the same owner publishes.
type Rule uint8

// The rules for a second publisher.
const (
	TakeOver Rule = iota
	Refuse
)

// Grant is what Access found out about a publisher.
type Grant struct {
	// Stream is the stream's name, "app/name".
	Stream string
	// Owner is the identity of the key that allowed it, never the key. Two
	// sessions with one Owner may take over from each other.
	Owner string
	// Open says that no key was needed. Then the address takes the place of
	// the owner.
	Open bool
	// SecondPublisher is the rule of the stream's app.
	SecondPublisher Rule
	// Grace is how long viewers wait for the publisher if it vanishes: 0 is
	// Options.Grace, negative is not at all.
	Grace time.Duration
	// GraceAfterEnd makes them wait after a clean end, too.
	GraceAfterEnd bool
	// Warning is a sentence for whoever runs the server, told as an event.
	Warning string
	// Rehearse publishes to nowhere: what is on air under the name is something
	// else, and nobody can play this. See Registry.PlayRehearsal.
	Rehearse bool
	// Limits are those of what is published. 0 is none.
	Limits
	// Permit is asked every few seconds whether the publisher may go on; nil is
	// yes.
	Permit Permit
	// Over is called, with no lock held, when a broadcast is over that was
	// published by this grant, unless the server shuts down; each Owner's once.
	// It must not block. May be nil.
	Over func()
}

// Permit is what somebody was let in with. Check says whether it is good at a
// time still: the sentence of its error, or all of it if it is a *Refusal, is
// what a session is told that ends by it. It takes less than a microsecond, waits
// for nothing, and is called from one goroutine at a time.
type Permit interface{ Check(now time.Time) error }

// PublishRequest asks for a stream to write to.
type PublishRequest struct {
	App, Name string // as sent, query removed
	Query     url.Values
	Session   string // identifier for events
	Protocol  string // "rtmp", "rtmps", "whip"
	TLS       string // the version that the client speaks ("1.3"), "" in plain
	Remote    netip.AddrPort
	Software  string // what the client calls itself
	User      string // who the client has proved to be by a challenge
	// RTT is asked for the time that the client's last answer took, when
	// somebody looks at the session; nil when nobody knows.
	RTT func() time.Duration
	// Kick is called at most once, with no lock held, when the hub ends the
	// publication: ErrTakenOver, ErrSilent, ErrShutdown, a *Refusal. It must not
	// block.
	Kick func(error)
}

// PlayRequest asks for a reader.
type PlayRequest struct {
	// Stream is the stream's name, "app/name". When it is empty, Access sets
	// it from App, Name and Query; else it is App/Name.
	Stream    string
	App, Name string
	Query     url.Values
	Session   string
	Protocol  string
	TLS       string // as in PublishRequest
	Remote    netip.AddrPort
	Software  string               // what the client calls itself
	RTT       func() time.Duration // as in PublishRequest
	// Proven is the app one of whose SWF files an RTMP player has proved to be,
	// if it was asked to.
	Proven string
	// Bearer is the token of an HTTP request's Authorization.
	Bearer string
	// Admitted says that whoever asks was let in before, by the Permit: Access
	// has the rules of the stream to add, and nothing to decide. See Admit.
	Admitted bool
	// Permit is what the player was let in with, nil for what needs none and
	// cannot be taken back. A packager has none: each of its viewers has.
	Permit   Permit
	Delivery Delivery
	// Strict is set by Access: the player is to get nothing that it did not
	// announce to take. See Reader.Strict.
	Strict bool
	// Wait makes Play wait for a publisher; without it a stream that is not on
	// air is ErrNotFound at once. PlayWait is how long: 0 is Options.PlayWait,
	// negative is not at all.
	Wait     bool
	PlayWait time.Duration
	// FromOldest is for packagers: the reader starts at the oldest key that is
	// kept, and does not count as a viewer (see Reader.SetViewers).
	FromOldest bool
	// Served is for players who are given what a packager made: their Reader
	// counts them, and Next is not for it. See Reader.Began and Reader.Skipped.
	Served           bool
	NoVideo, NoAudio bool
}

// Everyone is the Access that lets everybody in under any name: for tests and
// for programs that have no keys. Each address is an owner of its own.
type Everyone struct{}

// Publish allows the request.
func (Everyone) Publish(_ context.Context, req *PublishRequest) (Grant, error) {
	return Grant{Stream: join(req.App, req.Name), Owner: req.Remote.Addr().String(), Open: true}, nil
}

// Play allows the request.
func (Everyone) Play(context.Context, *PlayRequest) error { return nil }

// nobody stands in for an Access that is missing: forgetting it must not open
// the server.
type nobody struct{}

func (nobody) Publish(context.Context, *PublishRequest) (Grant, error) {
	return Grant{}, &Refusal{Code: Forbidden, Reason: "publishing is not allowed here"}
}

func (nobody) Play(context.Context, *PlayRequest) error {
	return &Refusal{Code: Forbidden, Reason: "playing is not allowed here"}
}

func join(app, name string) string {
	switch {
	case app == "":
		return name
	case name == "":
		return app
	}
	return app + "/" + name
}
