package rtmp

import (
	"cmp"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"strings"
	"sync"
	"time"

	"github.com/millrace-live/millrace/rtmp/message"
)

// Challenge asks clients for a user and a password when they connect, as the servers of Adobe and Limelight do. A
// client comes three times: it is told that it must say who it is, it says so and gets a challenge, and it answers that.
// Encoders that have a user and a password (FFmpeg, OBS, GStreamer, FMLE) do this by themselves; for those that have
// none, the first refusal is the end. Adobe's challenge is offered; a client that asks for Limelight's gets that.
//
// Passwords do not cross the wire, but MD5 of them does: who listens can try millions of passwords a second at home.
type Challenge struct {
	// Off, if not nil, says that nobody has a password for now. Then nobody is asked, and what a client says of itself
	// counts for nothing.
	Off func() bool
	// Verifier gives what is known of a user, false if nobody has that name; clients cannot tell the two apart.
	Verifier func(user string) (Verifier, bool)
	// Demand says whether a client that has not said who it is must. It is called with connect, before ServeConnect. Nil
	// demands it of all, players too. Encoders of all kinds send the Kind "nonprivate" in [Session.ConnectInfo], which
	// players do not. A client whose application has the query auth=adobe or auth=llnw asks to be challenged in this way,
	// and is, whatever Demand says: rtmp://user:password@host/app?auth=llnw/name.
	Demand func(s *Session) bool
	// Allow, if not nil, may refuse a client that was wrong too often, before its answer is looked at. A wrong answer
	// ends a session with ErrCredentials; see Server.Ended.
	Allow func(s *Session) error

	mu     sync.Mutex
	issued map[string]issued
	// order is the order in which nonces were issued, next where the next one goes.
	order []string
	next  int
	decoy []byte
}

// issued is a nonce that waits for its answer.
type issued struct {
	user, method string
	until        time.Time
}

const (
	// maxIssued is how many nonces wait for an answer; the oldest one goes then. With a round trip of 300 ms it takes
	// 27,000 connections a second to push somebody's out.
	maxIssued = 8192
	// nonceLife is how long a nonce is good. Programs answer at once.
	nonceLife = 30 * time.Second
)

// How connections end that the challenge refuses, on either side.
var (
	// ErrChallenged is the end of a session whose client was asked who it is, or to prove it: no failure, if it comes
	// back with the answer.
	ErrChallenged = errors.New("rtmp: a user and a password are asked for")
	// ErrCredentials is the end of a session whose client gave a wrong answer.
	ErrCredentials = errors.New("rtmp: wrong user or password")
)

// unwelcome is why a challenge ended a session: for this side in Error, for the client in status.
type unwelcome struct {
	reason error
	detail string
	status *StatusError
}

func (e *unwelcome) Error() string   { return e.reason.Error() + ": " + e.detail }
func (e *unwelcome) Unwrap() []error { return []error{e.reason, e.status} }

// refuse makes the refusal that clients know by its words.
func refuse(reason error, detail, words string) error {
	return &unwelcome{reason, detail, &StatusError{
		Code: message.CodeConnectRejected, Description: accessReject + " : " + words,
	}}
}

// accessReject is what a client looks for in a refusal.
const accessReject = "[ AccessManager.Reject ]"

// identify looks who connects, and asks. With an error the client must go.
func (r *serverRole) identify() error {
	c := r.server.Challenge
	if c == nil || c.Off != nil && c.Off() {
		return nil
	}
	info := r.ConnectInfo()
	shown, ok := readCredentials(info.App)
	if !ok {
		method := wanted(info.App)
		if method == "" && c.Demand != nil && !c.Demand(r.Session) {
			return nil
		}
		return needAuth(cmp.Or(method, methodAdobe))
	}
	user, err := c.examine(r.Session, &shown)
	if err != nil {
		return err
	}
	// What is in the answer is nobody's business from here on.
	clean := *info
	clean.App, clean.TCURL = withoutCredentials(info.App), withoutCredentials(info.TCURL)
	r.mu.Lock()
	r.info, r.user = &clean, user
	r.mu.Unlock()
	return nil
}

// wanted is the challenge that a client asks for in its address. The word cannot be authmod: librtmp, finding that in
// its application, believes that it has been challenged and was wrong.
func wanted(app string) string {
	if !strings.Contains(app, "auth=") {
		return "" // as with nearly all
	}
	_, query := splitQuery(app)
	if way := query.Get("auth"); way == methodAdobe || way == methodLimelight {
		return way
	}
	return ""
}

func needAuth(method string) error {
	return refuse(ErrChallenged, "the client has not said who it is", "[ code=403 need auth ; authmod="+method+" ] : ")
}

// examine takes what a client says of itself. Its error asks for more, or refuses.
func (c *Challenge) examine(s *Session, shown *credentials) (user string, err error) {
	switch {
	case shown.method != methodAdobe && shown.method != methodLimelight:
		return "", needAuth(methodAdobe)
	case shown.user == "":
		return "", needAuth(shown.method)
	case !validUser(shown.user):
		return "", refuse(ErrCredentials, "no user can have the name that was sent",
			"[ authmod="+shown.method+" ] : ?reason=nosuchuser")
	case shown.response == "":
		return "", c.ask(shown)
	}
	if c.Allow != nil {
		if err := c.Allow(s); err != nil {
			return "", err
		}
	}
	// The detail names no user: somebody's key may stand in the wrong field, and the detail in a log.
	fail := func(detail string) (string, error) {
		words := "[ authmod=" + shown.method + " ] : ?reason=authfailed"
		if known(shown.nonce) {
			words += "&opaque=" + shown.nonce
		}
		return "", refuse(ErrCredentials, detail, words)
	}
	if !c.redeem(shown) {
		return fail("its challenge was answered before, or too long ago, or is not of this server")
	}
	v, ok := c.verifier(shown.user, shown.method)
	if right := v.answered(shown); !right || !ok {
		return fail("the answer to the challenge is wrong")
	}
	return shown.user, nil
}

// ask gives the client what to answer.
func (c *Challenge) ask(shown *credentials) error {
	v, _ := c.verifier(shown.user, shown.method)
	nonce := c.issue(shown)
	words := "[ authmod=" + shown.method + " ] : ?reason=needauth&user=" + shown.user
	if shown.method == methodAdobe {
		// Where there is no opaque, clients take challenge for it: both are the same, so that it does not matter.
		words += "&salt=" + v.salt + "&challenge=" + nonce + "&opaque=" + nonce
	} else {
		words += "&nonce=" + nonce
	}
	return refuse(ErrChallenged, "the client is to prove who it is", words)
}

// verifier gives a user's verifier, or for a user that is not there one that looks the same and takes no answer.
func (c *Challenge) verifier(user, method string) (Verifier, bool) {
	if c.Verifier != nil {
		if v, ok := c.Verifier(user); ok && v.user == user && v.has(method) {
			return v, true
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.decoy == nil {
		c.decoy = make([]byte, 32)
		_, _ = rand.Read(c.decoy) // never fails
	}
	h := hmac.New(sha256.New, c.decoy)
	h.Write([]byte(user))
	sum := h.Sum(nil)
	// The same user always gets the same salt, as one that exists does.
	return Verifier{user: user, salt: hex.EncodeToString(sum[:8]), adobe: [16]byte(sum[8:]), llnw: [16]byte(sum[16:])}, false
}

// issue makes a nonce that one answer is good for.
func (c *Challenge) issue(shown *credentials) string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	nonce := hex.EncodeToString(b[:])
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.issued == nil {
		c.issued = make(map[string]issued)
	}
	if len(c.order) < maxIssued {
		c.order = append(c.order, nonce)
	} else {
		delete(c.issued, c.order[c.next])
		c.order[c.next] = nonce
		c.next = (c.next + 1) % maxIssued
	}
	c.issued[nonce] = issued{shown.user, shown.method, time.Now().Add(nonceLife)}
	return nonce
}

// redeem takes back a nonce, and reports whether it was issued for this.
func (c *Challenge) redeem(shown *credentials) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	was, ok := c.issued[shown.nonce]
	delete(c.issued, shown.nonce)
	return ok && was.user == shown.user && was.method == shown.method && time.Now().Before(was.until)
}

// known reports whether a nonce looks like one of this server's, which may be sent back.
func known(nonce string) bool {
	_, err := hex.DecodeString(nonce)
	return err == nil && len(nonce) == 32
}

// answered reports whether an answer is right.
func (v *Verifier) answered(shown *credentials) bool {
	if shown.method == methodAdobe {
		return equal(adobeResponse(v.adobe, shown.nonce, shown.challenge), shown.response)
	}
	right := false
	for _, app := range shown.apps {
		// All are tried: it must not show which one was right.
		right = equal(limelightResponse(v.llnw, app, shown.nonce, shown.count, shown.challenge), shown.response) || right
	}
	return right
}

// credentials are what a client put behind its application.
type credentials struct {
	method, user     string
	nonce, challenge string // the server's (opaque, nonce), the client's (challenge, cnonce)
	count            string
	response         string
	// apps are what Limelight's clients may have made their answer of: an application without an instance is
	// app/_definst_ to them, and what is behind it belongs to it in some and not in others.
	apps []string
}

// readCredentials takes an application apart. Nothing in it is escaped: '+' is a letter of base64.
func readCredentials(app string) (c credentials, ok bool) {
	at := strings.LastIndex(app, "authmod=")
	if at < 1 || app[at-1] != '?' && app[at-1] != '&' {
		return c, false
	}
	for pair := range strings.SplitSeq(app[at:], "&") {
		name, value, _ := strings.Cut(pair, "=")
		switch name {
		case "authmod":
			c.method = value
		case "user":
			c.user = value
		case "opaque", "nonce":
			c.nonce = value
		case "challenge", "cnonce":
			c.challenge = value
		case "nc":
			c.count = value
		case "response":
			c.response = value
		}
	}
	bare := withoutCredentials(app)
	plain, _, _ := strings.Cut(bare, "?")
	for _, a := range []string{plain, bare, app[:at-1]} {
		c.apps = append(c.apps, a, a+"/_definst_")
	}
	return c, true
}

// withoutCredentials cuts off what clients put behind an application, or an address, to say who they are.
func withoutCredentials(app string) string {
	for _, sign := range []string{"?authmod=", "&authmod="} {
		app, _, _ = strings.Cut(app, sign)
	}
	return app
}

// User is who the client has proved to be by its answer to a [Challenge]; "" if there was none.
func (s *Session) User() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.user
}
