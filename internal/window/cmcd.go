package window

import (
	"net/http"
	"net/url"
	"strings"
)

const (
	// maxCMCD bounds what one field, or the argument of the query, may hold.
	maxCMCD = 2048
	// maxCMCDKeys is more than both versions of the standard have together.
	maxCMCDKeys = 64
	// maxSID is the length that the standard allows.
	maxSID = 64
)

// cmcdArgument is the name of the argument of the query.
const cmcdArgument = "CMCD"

// cmcdFields are the headers, as net/http spells them. Which key belongs into which
// is for caches to know: here each is taken wherever it stands.
var cmcdFields = [...]string{"Cmcd-Session", "Cmcd-Request", "Cmcd-Object", "Cmcd-Status"}

// cmcd is what a player says of itself with a request: Common Media Client Data,
// CTA-5004. Of the keys those are kept that tell how playback goes. In version 2
// some values became lists, of which a player that sends one thing has one item.
type cmcd struct {
	sid      [maxSID]byte
	sidLen   int
	sound    bool // ot: the request is for sound alone
	starved  bool // bs: it had nothing to play since the request before
	buffer   cmcdNumber
	measured cmcdNumber
	encoded  cmcdNumber
	latency  cmcdNumber // ltc, of version 2
}

// cmcdNumber is a value that may be missing, in the standard's units:
// milliseconds and kbit/s.
type cmcdNumber struct {
	n     int64
	given bool
}

// readCMCD reads the headers of a request. What is damaged or too long is as if it
// were not there.
func readCMCD(r *http.Request) (c cmcd) {
	for _, field := range cmcdFields {
		for _, value := range r.Header[field] {
			c.read(value)
		}
	}
	return c
}

// CMCDInHeaders moves what players tell about themselves in the query of a request
// to its headers. Behind it the same file has the same address for all of them, and
// nobody who reads a query stumbles over it: it need not even be well-formed.
func CMCDInHeaders(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.Contains(r.URL.RawQuery, cmcdArgument) {
			moveCMCD(r)
		}
		next.ServeHTTP(w, r)
	})
}

func moveCMCD(r *http.Request) {
	var others []string
	given := ""
	for argument := range strings.SplitSeq(r.URL.RawQuery, "&") {
		name, value, _ := strings.Cut(argument, "=")
		if name != cmcdArgument {
			others = append(others, argument)
		} else if given == "" {
			given = value
		}
	}
	r.URL.RawQuery = strings.Join(others, "&")
	if len(given) > 3*maxCMCD { // each letter in three
		return
	}
	// As in a path: a plus sign is one.
	if text, err := url.PathUnescape(given); err == nil && text != "" {
		r.Header[cmcdFields[0]] = append(r.Header[cmcdFields[0]], text)
	}
}

// read takes a whole field, or nothing of it.
func (c *cmcd) read(text string) {
	next := *c
	if len(text) <= maxCMCD && next.parse(text) {
		*c = next
	}
}

// parse reads a dictionary of RFC 8941 (§3.2), as generously as the standard's own
// examples need it: capitals in keys, and words where tokens should be.
func (c *cmcd) parse(text string) bool {
	p := cmcdParser{text: text}
	for range maxCMCDKeys {
		p.blanks()
		key := p.key()
		if len(key) == 0 {
			return false
		}
		v := cmcdValue{yes: true} // a key alone says yes
		if p.take('=') {
			v = cmcdValue{}
			if !p.value(&v) {
				return false
			}
		}
		if !p.parameters() || !c.set(key, &v) {
			return false
		}
		p.blanks()
		if p.at == len(p.text) {
			return true
		}
		if !p.take(',') {
			return false
		}
	}
	return false
}

// set keeps a value. It reports false where that breaks a rule of the standard.
func (c *cmcd) set(key string, v *cmcdValue) bool {
	switch key {
	case "sid":
		if v.length > maxSID || !ascii(v.text[:v.length]) {
			return false
		}
		c.sid = [maxSID]byte{}
		c.sidLen = copy(c.sid[:], v.text[:v.length])
	case "ot":
		c.sound = v.is("a")
	case "bs":
		c.starved = v.yes || v.is("?1") || v.is("true")
	case "bl":
		c.buffer = v.number
	case "mtp":
		c.measured = v.number
	case "br":
		c.encoded = v.sum
	case "ltc":
		c.latency = v.number
	}
	return true
}

func ascii(text []byte) bool {
	for _, c := range text {
		if c >= 0x7f {
			return false
		}
	}
	return true
}

// cmcdValue is a value, or what is needed of a list of them. It points to nothing,
// so that reading one takes no memory.
type cmcdValue struct {
	yes    bool             // there is a key alone
	text   [maxSID + 1]byte // how the last item begins
	length int              // of text
	number cmcdNumber       // of the first item, if it is one
	sum    cmcdNumber       // of all items
}

func (v *cmcdValue) is(word string) bool { return string(v.text[:v.length]) == word }

type cmcdParser struct {
	text string
	at   int
}

func (p *cmcdParser) take(c byte) bool {
	if p.at == len(p.text) || p.text[p.at] != c {
		return false
	}
	p.at++
	return true
}

func (p *cmcdParser) blanks() {
	for p.take(' ') || p.take('\t') {
	}
}

// letters are those that may stand in a word. A table, since this is done for each
// letter of each request.
type letters [256]bool

var inKeys, inWords = func() (keys, words letters) {
	for c := '!'; c <= '~'; c++ {
		words[c] = !strings.ContainsRune(`,;()"`, c)
		keys[c] = c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.ContainsRune("-_.*", c)
	}
	return keys, words
}()

// while moves on over letters, and returns them.
func (p *cmcdParser) while(fit *letters) string {
	from := p.at
	for p.at < len(p.text) && fit[p.text[p.at]] {
		p.at++
	}
	return p.text[from:p.at]
}

func (p *cmcdParser) key() string { return p.while(&inKeys) }

// value reads an item or a list of them.
func (p *cmcdParser) value(v *cmcdValue) bool {
	if !p.take('(') {
		return p.item(v)
	}
	for range maxCMCDKeys {
		p.blanks()
		if p.take(')') {
			return true
		}
		if !p.item(v) || !p.parameters() {
			return false
		}
	}
	return false
}

func (p *cmcdParser) item(v *cmcdValue) bool {
	if p.take('"') {
		return p.quoted(v)
	}
	word := p.while(&inWords)
	if len(word) == 0 {
		return false
	}
	v.length = copy(v.text[:], word)
	if n, ok := integer(word); ok {
		if !v.sum.given {
			v.number = cmcdNumber{n, true}
		}
		v.sum = cmcdNumber{v.sum.n + n, true}
	}
	return true
}

// mostDigits leaves numbers room for 31 years in milliseconds, and a list of them
// for its sum. RFC 8941 would have 15.
const mostDigits = 12

// integer is a number without its decimals.
func integer(word string) (n int64, ok bool) {
	digits, decimals, _ := strings.Cut(word, ".")
	if len(digits) == 0 || len(digits) > mostDigits {
		return 0, false
	}
	for _, c := range []byte(digits) {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = n*10 + int64(c-'0')
	}
	return n, strings.Trim(decimals, "0123456789") == ""
}

func (p *cmcdParser) quoted(v *cmcdValue) bool {
	v.length = 0
	for p.at < len(p.text) {
		c := p.text[p.at]
		p.at++
		switch {
		case c == '"':
			return true
		case c < ' ' || c == 0x7f:
			return false // other letters are against the rules as well, but titles have them
		case c == '\\':
			if p.at == len(p.text) || p.text[p.at] != '"' && p.text[p.at] != '\\' {
				return false
			}
			c = p.text[p.at]
			p.at++
		}
		if v.length < len(v.text) {
			v.text[v.length] = c
			v.length++
		}
	}
	return false
}

// parameters skips those of an item: they say of what it is, where there is more
// than one.
func (p *cmcdParser) parameters() bool {
	for p.take(';') {
		p.blanks()
		if len(p.key()) == 0 {
			return false
		}
		var v cmcdValue
		if p.take('=') && !p.item(&v) {
			return false
		}
	}
	return true
}
