package netx

import (
	"bytes"
	"net/http"
	"net/textproto"
	"net/url"
	"slices"
	"strings"
)

// parse reads the head of a request; nil if that is not for here.
func (c *expressConn) parse(head []byte) *http.Request {
	line, fields, _ := bytes.Cut(head, []byte("\r\n"))
	method, rest, _ := bytes.Cut(line, []byte(" "))
	target, version, _ := bytes.Cut(rest, []byte(" "))
	switch string(method) {
	case http.MethodGet, http.MethodHead, http.MethodOptions:
	default:
		return nil
	}
	if string(version) != "HTTP/1.1" || len(target) == 0 || target[0] != '/' {
		return nil
	}
	rawPath, query, asked := bytes.Cut(target, []byte("?"))
	for _, b := range rawPath {
		if !pathBytes[b] {
			return nil
		}
	}
	for _, b := range query {
		if b <= ' ' || b >= 0x7f || b == '#' {
			return nil
		}
	}
	path := string(rawPath)
	if !c.express.Takes(path) {
		return nil
	}
	if (c.parsed == nil || !bytes.Equal(fields, c.block)) && !c.parseFields(fields) {
		return nil
	}
	clear(c.fields)
	for key, values := range c.parsed {
		c.fields[key] = slices.Clip(values)
	}
	r := new(http.Request)
	*r = *c.template
	r.Method, r.Header, r.Host = string(method), c.fields, c.host
	r.URL, r.RequestURI = &url.URL{Path: path}, path
	if asked {
		r.RequestURI = string(target)
		r.URL.RawQuery = r.RequestURI[len(path)+1:]
		r.URL.ForceQuery = len(query) == 0
	}
	return r
}

// pathBytes are those that stand for themselves in a path (RFC 3986 §3.3), save for
// the ones that net/url would rather see escaped.
var pathBytes = func() (table [256]bool) {
	for b := range table {
		letter := b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z' || b >= '0' && b <= '9'
		table[b] = letter || b > 0 && strings.IndexByte("/-._~$&+,;=:@", byte(b)) >= 0
	}
	return table
}()

// parseFields reads the fields of a head up to its empty line. It reports false
// for what says more than that a file is wanted on a connection that is kept.
func (c *expressConn) parseFields(block []byte) bool {
	fields, host := make(http.Header), ""
	rest := block
	for {
		line, after, ok := bytes.Cut(rest, []byte("\r\n"))
		if !ok {
			return false
		}
		if len(line) == 0 {
			break
		}
		rest = after
		name, value, ok := bytes.Cut(line, []byte(":"))
		if !ok || !isToken(name) || !isText(value) {
			return false
		}
		key, text := textproto.CanonicalMIMEHeaderKey(string(name)), string(bytes.Trim(value, " \t"))
		switch key {
		case "Host":
			if host != "" || !isHost(text) {
				return false
			}
			host = text
			continue
		case "Connection":
			if !strings.EqualFold(text, "keep-alive") {
				return false
			}
		case "Content-Length", "Transfer-Encoding", "Upgrade", "Expect", "Trailer":
			return false
		}
		fields[key] = append(fields[key], text)
	}
	if host == "" {
		return false
	}
	c.block, c.parsed, c.host = append(c.block[:0], block...), fields, host
	return true
}

func isToken(b []byte) bool {
	for _, x := range b {
		if !(x >= 'a' && x <= 'z' || x >= 'A' && x <= 'Z' || x >= '0' && x <= '9' || strings.IndexByte("!#$%&'*+-.^_`|~", x) >= 0) {
			return false
		}
	}
	return len(b) > 0
}

func isText(b []byte) bool {
	for _, x := range b {
		if x < ' ' && x != '\t' || x == 0x7f {
			return false
		}
	}
	return true
}

func isHost(s string) bool {
	for _, x := range []byte(s) {
		if !(x >= 'a' && x <= 'z' || x >= 'A' && x <= 'Z' || x >= '0' && x <= '9' || strings.IndexByte("-._:[]", x) >= 0) {
			return false
		}
	}
	return s != ""
}
