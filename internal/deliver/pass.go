package deliver

import (
	"net/http"
	"net/url"
	"strings"
)

// Pass is what a viewer shows to be let in: a token or the parameters of a link in the
// query of the address, or a token in a header. Whether it is any good has been
// decided before; here it is only handed on, into the addresses that a playlist lists,
// since many players (Safari's, FFmpeg's) add nothing to those by themselves. The zero
// value is for viewers who show nothing.
type Pass struct {
	query  string // escaped: of letters, digits and "%&+-._=~" alone
	bearer bool
}

// mostPass bounds what is handed on. It stands behind every address of a playlist, of
// which there can be thousands, and nobody's token is longer
// ([github.com/millrace-live/millrace/internal/ticket] refuses those).
const mostPass = 4096

// ReadPass reads a request.
func ReadPass(r *http.Request) Pass {
	p := Pass{bearer: len(r.Header["Authorization"]) > 0}
	// Most viewers have none, and are not to pay for those who do. What is escaped may
	// be a name that is looked for.
	if q := r.URL.RawQuery; strings.Contains(q, "token") || strings.Contains(q, "sig") || strings.Contains(q, "%") {
		p.query = passQuery(r.URL.Query())
	}
	return p
}

// WithoutPass is a request for a file that everybody may have, without what somebody
// shows all the same: to hand it on would cost a playlist of his own.
func WithoutPass(r *http.Request) *http.Request {
	if ReadPass(r).query == "" {
		return r
	}
	q := r.URL.Query()
	for _, name := range passNames {
		q.Del(name)
	}
	u := *r.URL
	u.RawQuery = q.Encode()
	other := *r
	other.URL = &u
	return &other
}

var passNames = []string{"token", "exp", "ip", "sig"}

// passQuery has the parameters of values that let somebody in, always in one order;
// "" if there are none.
func passQuery(values url.Values) string {
	names := passNames
	if !values.Has("sig") {
		names = names[:1] // the others say something to a link alone
	}
	var b strings.Builder
	for _, name := range names {
		value := values.Get(name)
		if value == "" {
			continue
		}
		if b.Len() > 0 {
			b.WriteByte('&')
		}
		b.WriteString(name + "=" + url.QueryEscape(value))
	}
	if b.Len() > mostPass {
		return ""
	}
	return b.String()
}

// Caching is a value of Cache-Control for what the viewer gets: as it is given, which
// begins with "public" where caches in front may keep the answer for others. What needs
// a pass is for the one who has it.
func (p Pass) Caching(value string) string {
	rest, public := strings.CutPrefix(value, "public")
	if p == (Pass{}) || !public {
		return value
	}
	return "private" + rest
}

// Playlist is a playlist of HLS with the pass in every address that it lists: on a line
// of its own, or as the URI of a tag (RFC 8216 §4.2). Without a pass it is t, which all
// viewers share.
func (p Pass) Playlist(t *Text) *Text {
	if p.query == "" {
		return t
	}
	return t.rewritten(func(b []byte) []byte { return appendPlaylist(b, p.query) })
}

// Manifest is a manifest of DASH with the pass in every address that it lists: those of
// segments, which are templates, and that of the clock. Without a pass it is t, which
// all viewers share.
func (p Pass) Manifest(t *Text) *Text {
	if p.query == "" {
		return t
	}
	// No dollar sign, which means something in a template, is left by the escaping.
	query := strings.ReplaceAll(p.query, "&", "&amp;")
	return t.rewritten(func(b []byte) []byte { return appendManifest(b, query) })
}
