package callback

import (
	"crypto/sha256"
	"encoding/binary"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"github.com/millrace-live/millrace/internal/hub"
)

// question is what a back end is asked or told, in no dialect yet.
type question struct {
	event     Event
	role      hub.Role
	app, name string
	client    Client
	query     url.Values
	session   string
	serial    uint64 // of the connection
	protocol  string
	tls       string
	software  string
	remote    netip.AddrPort
	// owner is whose the stream's key is, "" without one; open says that the
	// server needs none.
	owner string
	open  bool

	// What follows is told of a session that was let in.
	age     time.Duration
	in, out uint64
	reason  string
}

func (q *question) stream() string { return q.app + "/" + q.name }

func (q *question) address() string { return q.remote.Addr().Unmap().WithZone("").String() }

// flashVer is what the client calls itself.
func (q *question) flashVer() string {
	if q.client.FlashVer != "" {
		return q.client.FlashVer
	}
	return q.software
}

// with returns the question for another event.
func (q *question) with(e Event) *question {
	other := *q
	other.event = e
	return &other
}

// digest names a question in the cache, where no secret is kept: the same client with
// the same wish, whichever its connection.
func (q *question) digest() (d digest) {
	h := sha256.New()
	for _, part := range []string{
		string(q.event), q.app, q.name, q.address(), q.protocol, q.tls, q.software, q.owner, q.client.TCURL, q.client.PageURL,
		q.client.SWFURL, q.client.FlashVer, q.client.AppQuery, q.client.NameQuery, q.client.PublishType, q.client.User,
		q.client.Password, q.client.Bearer, q.query.Encode(),
	} {
		var n [4]byte
		binary.BigEndian.PutUint32(n[:], uint32(len(part)))
		h.Write(n[:])
		h.Write([]byte(part))
	}
	h.Sum(d[:0])
	return d
}

type digest [sha256.Size]byte

// keyArgument is the argument in which publishers give a stream key.
const keyArgument = "key"

// hideKey takes a key of the server, which has been checked, out of what the client
// sent: it may stand in the path or in a query, and is nobody else's business.
func (q *question) hideKey() {
	c := &q.client
	c.AppQuery, c.NameQuery = withoutKey(c.AppQuery), withoutKey(c.NameQuery)
	if scheme, rest, ok := strings.Cut(c.TCURL, "://"); ok {
		host, path, _ := strings.Cut(rest, "/")
		_, query, _ := strings.Cut(path, "?")
		host, _, _ = strings.Cut(host, "?")
		c.TCURL = scheme + "://" + host + "/" + q.app
		if query = withoutKey(query); query != "" {
			c.TCURL += "?" + query
		}
	} else {
		c.TCURL = ""
	}
	if q.query.Has(keyArgument) {
		query := make(url.Values, len(q.query))
		for name, values := range q.query {
			if name != keyArgument {
				query[name] = values
			}
		}
		q.query = query
	}
}

// withoutKey is a query without the key, and otherwise as it was sent.
func withoutKey(query string) string {
	var rest []string
	for pair := range strings.SplitSeq(query, "&") {
		name, _, _ := strings.Cut(pair, "=")
		if plain, err := url.QueryUnescape(name); err == nil {
			name = plain
		}
		if pair != "" && strings.TrimSpace(name) != keyArgument {
			rest = append(rest, pair)
		}
	}
	return strings.Join(rest, "&")
}

// appPath is the path of an app's address: all but the last part of a stream's.
func appPath(path string) string {
	if i := strings.LastIndexByte(path, '/'); i > 0 {
		return path[:i]
	}
	return path
}

// splitStream splits a stream's name.
func splitStream(stream string) (app, name string) {
	app, name, _ = strings.Cut(stream, "/")
	return app, name
}
