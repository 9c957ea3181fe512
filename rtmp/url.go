package rtmp

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"
	"unicode"
)

// URL is the address of a stream, split as FFmpeg does it.
type URL struct {
	// Scheme is rtmp, or rtmps (in TLS), rtmpe (RTMPE), rtmpt, rtmpts or rtmpte
	// (the same three in a tunnel through HTTP).
	Scheme string
	// Host is host and port, to dial.
	Host string
	// App is the first part of the path, or the first two if there are more
	// than two; Name is the rest, with the query. A query that follows the first
	// part belongs to that: live?auth=adobe/name.
	App, Name string
	// TCURL is the address without the stream's name: scheme, host as it was
	// written, and App.
	TCURL string
	// User and Password are those of rtmp://user:password@host, for servers
	// that ask for them; see [Challenge]. They are in no other field.
	User, Password string
}

// String is the address without what is secret in it: the password, the queries,
// and the stream's name.
func (u *URL) String() string {
	app, _, _ := strings.Cut(u.TCURL, "?")
	return app + "/…"
}

// ParseURL reads rtmp://[user:password@]host[:port]/app[/instance]/name[?query].
// Without a port it is 1935, 443 for rtmps and rtmpts, and 80 for rtmpt and
// rtmpte. Nothing of the path is unescaped, since servers compare names as they
// are sent; user and password are.
func ParseURL(raw string) (*URL, error) {
	scheme, rest, ok := strings.Cut(raw, "://")
	if !ok {
		return nil, errors.New("rtmp: address has no rtmp:// in front")
	}
	scheme = strings.ToLower(scheme)
	way, known := dialects[scheme]
	if !known {
		return nil, fmt.Errorf("rtmp: address begins with %s://, and not with %s", scheme, schemes)
	}
	authority, path, _ := strings.Cut(rest, "/")
	user, authority, err := splitUser(authority)
	if err != nil {
		return nil, err
	}
	// The URL parser knows the rules of hosts, IPv6 among them.
	u, err := url.Parse("rtmp://" + authority)
	if err != nil || u.Hostname() == "" || u.RawQuery != "" {
		return nil, fmt.Errorf("rtmp: address has no valid host: %q", authority)
	}
	port := u.Port()
	if port == "" {
		port = way.port
	}
	path, query, hasQuery := strings.Cut(path, "?")
	app, name := splitPath(path)
	if app == "" {
		return nil, errors.New("rtmp: address names no application behind the host")
	}
	switch {
	case hasQuery && !strings.Contains(strings.TrimLeft(path, "/"), "/"):
		query, name, _ = strings.Cut(query, "/")
		app += "?" + query
	case hasQuery:
		name += "?" + query
	}
	password, _ := user.Password()
	return &URL{
		Scheme: scheme, Host: net.JoinHostPort(u.Hostname(), port), App: app, Name: name,
		TCURL: scheme + "://" + authority + "/" + app,
		User:  user.Username(), Password: password,
	}, nil
}

// splitUser cuts user and password off the front of a host. Its error tells
// neither.
func splitUser(authority string) (user *url.Userinfo, host string, err error) {
	at := strings.LastIndexByte(authority, '@')
	if at < 0 {
		return nil, authority, nil
	}
	name, password, _ := strings.Cut(authority[:at], ":")
	name, err = url.PathUnescape(name)
	if err == nil {
		password, err = url.PathUnescape(password)
	}
	// Servers cut what they get at these, and clients escape nothing.
	if err != nil || name == "" || password == "" || strings.ContainsAny(name, "&?= ") ||
		strings.ContainsAny(authority, "?#") || strings.ContainsFunc(name, unicode.IsControl) {
		return nil, "", errors.New("rtmp: address holds no user and password in front of the @ that can be sent")
	}
	return url.UserPassword(name, password), authority[at+1:], nil
}

// resolve gives the address that a server means by the tcUrl of a reconnect
// request: an address, or a reference that leaves out what stays as it is, "" for
// all of it. The stream's name stays. A server cannot lead a client out of TLS.
func (u *URL) resolve(ref string) (*URL, error) {
	if ref == "" {
		return u, nil
	}
	scheme, rest, absolute := strings.Cut(ref, "://")
	authority, path, _ := strings.Cut(strings.TrimPrefix(u.TCURL, u.Scheme+"://"), "/")
	switch {
	case absolute:
		authority, path, _ = strings.Cut(rest, "/")
	case strings.HasPrefix(ref, "//"):
		scheme = u.Scheme
		authority, path, _ = strings.Cut(ref[2:], "/")
	case strings.HasPrefix(ref, "/"):
		scheme, path = u.Scheme, ref[1:]
	default:
		scheme, path = u.Scheme, path[:strings.LastIndexByte(path, '/')+1]+ref
	}
	to, err := ParseURL(scheme + "://" + authority + "/" + path)
	switch {
	case err != nil:
		return nil, err
	case dialects[u.Scheme].tls && !dialects[to.Scheme].tls:
		return nil, fmt.Errorf("rtmp: the server leads from %s to %s, which is not secure", u.Scheme, to.Scheme)
	}
	to.User, to.Password = u.User, u.Password
	// All of a tcUrl's path is the application.
	to.App, to.Name = strings.Trim(path, "/"), u.Name
	to.TCURL = to.Scheme + "://" + authority + "/" + to.App
	return to, nil
}

func splitPath(path string) (app, name string) {
	path = strings.TrimLeft(path, "/")
	app, name, _ = strings.Cut(path, "/")
	if instance, rest, ok := strings.Cut(name, "/"); ok && instance != "" && rest != "" {
		return app + "/" + instance, rest
	}
	return app, name
}
