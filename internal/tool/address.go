package tool

import (
	"cmp"
	"net/url"
	"slices"
	"strings"
	"unicode"

	"github.com/millrace-live/millrace/rtmp"
)

// Address is the address of a stream, with the parts of it that nobody should
// see in a terminal, a log or a bug report.
type Address struct {
	raw, shown string
	secrets    []string // longest first
}

// PublishAddress reads the address of a stream that is published. Its name is
// a key more often than not, so that nothing behind the application is shown.
func PublishAddress(raw string) (*Address, error) { return address(raw, true) }

// PlayAddress reads the address of a stream that is played, by RTMP or as FLV
// over HTTP. Its name is shown, its query and password are not.
func PlayAddress(raw string) (*Address, error) { return address(raw, false) }

func address(raw string, key bool) (*Address, error) {
	a := &Address{raw: strings.TrimSpace(raw)}
	if err := a.split(key); err != nil {
		why := a.Scrub(strings.TrimPrefix(strings.TrimPrefix(err.Error(), "rtmp: "), "address "))
		return nil, &Error{Status: Usage, Text: "the address cannot be used: it " + why + "; write it as rtmp://HOST/APP/NAME", Err: err}
	}
	return a, nil
}

const hidden = "***"

func (a *Address) split(key bool) error {
	scheme, rest, _ := strings.Cut(a.raw, "://")
	rest, query, hasQuery := strings.Cut(rest, "?")
	host, path, _ := strings.Cut(rest, "/")
	if i := strings.LastIndexByte(host, '@'); i >= 0 {
		a.hide(host[:i])
		for part := range strings.SplitSeq(host[:i], ":") {
			a.hide(part)
		}
		host = hidden + host[i:]
	}
	a.shown = scheme + "://" + host + "/" + path
	if key {
		app, name, named := strings.Cut(strings.TrimLeft(path, "/"), "/")
		a.shown = scheme + "://" + host + "/" + app + "/" + hidden
		if !named {
			// The application alone may be the key: it was typed into the
			// wrong field.
			a.shown, name = scheme+"://"+host+"/"+hidden, app
		}
		a.hide(name)
		for part := range strings.SplitSeq(name, "/") {
			a.hide(part)
		}
	}
	if hasQuery {
		a.shown += "?" + hidden
		a.hide(query)
		values, _ := url.ParseQuery(query)
		for _, list := range values {
			for _, v := range list {
				a.hide(v)
			}
		}
		for pair := range strings.SplitSeq(query, "&") {
			_, v, _ := strings.Cut(pair, "=")
			a.hide(v)
		}
	}
	slices.SortFunc(a.secrets, func(x, y string) int { return cmp.Compare(len(y), len(x)) })
	if a.HTTP() {
		if host == "" {
			return errNoHost
		}
		return nil
	}
	_, err := rtmp.ParseURL(a.raw)
	return err
}

var errNoHost = &Error{Status: Usage, Text: "names no host"}

// hide makes s a secret. Very short ones would take letters out of every word.
func (a *Address) hide(s string) {
	if len(s) >= 3 {
		a.secrets = append(a.secrets, s)
	}
}

// Scheme is what the address begins with, in small letters.
func (a *Address) Scheme() string {
	scheme, _, _ := strings.Cut(a.raw, "://")
	return strings.ToLower(scheme)
}

// HTTP reports whether the address is one of FLV over HTTP.
func (a *Address) HTTP() bool { return a.Scheme() == "http" || a.Scheme() == "https" }

// Tunnel reports whether the address is one of RTMP in a tunnel through HTTP.
func (a *Address) Tunnel() bool { return strings.HasPrefix(a.Scheme(), "rtmpt") }

// Raw is the address as it is, to connect with and for nothing else.
func (a *Address) Raw() string { return a.raw }

// String returns the address without its secrets.
func (a *Address) String() string { return Printable(a.shown) }

// Scrub takes the secrets of the address out of a text, and whatever would play
// with a terminal: the text may be the server's.
func (a *Address) Scrub(text string) string {
	for _, s := range a.secrets {
		text = strings.ReplaceAll(text, s, hidden)
	}
	return Printable(text)
}

// Printable replaces control characters.
func Printable(s string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return '\uFFFD'
		}
		return r
	}, s)
}
