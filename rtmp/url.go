package rtmp

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"
)

// URL is the address of a stream, split as FFmpeg does it.
type URL struct {
	// Host is host and port, to dial.
	Host string
	// App is the first part of the path, or the first two if there are more
	// than two; Name is the rest, with the query.
	App, Name string
	// TCURL is the address without the stream's name: scheme, host as it was
	// written, and App.
	TCURL string
}

const defaultPort = "1935"

// ParseURL reads rtmp://host[:port]/app[/instance]/name[?query]. Nothing is
// unescaped, since servers compare names as they are sent.
func ParseURL(raw string) (*URL, error) {
	scheme, rest, ok := strings.Cut(raw, "://")
	if !ok {
		return nil, errors.New("rtmp: address has no rtmp:// in front")
	}
	switch s := strings.ToLower(scheme); s {
	case "rtmp":
	case "rtmps", "rtmpe", "rtmpt", "rtmpts", "rtmpte", "rtmfp":
		return nil, fmt.Errorf("rtmp: address begins with %s://, which is not supported, only rtmp:// is", s)
	default:
		return nil, fmt.Errorf("rtmp: address begins with %s://, not rtmp://", scheme)
	}
	authority, path, _ := strings.Cut(rest, "/")
	if strings.Contains(authority, "@") {
		return nil, errors.New("rtmp: address holds a user and a password, which are not supported")
	}
	// The URL parser knows the rules of hosts, IPv6 among them.
	u, err := url.Parse("rtmp://" + authority)
	if err != nil || u.Hostname() == "" || u.RawQuery != "" {
		return nil, fmt.Errorf("rtmp: address has no valid host: %q", authority)
	}
	port := u.Port()
	if port == "" {
		port = defaultPort
	}
	path, query, hasQuery := strings.Cut(path, "?")
	app, name := splitPath(path)
	if app == "" {
		return nil, errors.New("rtmp: address names no application behind the host")
	}
	if hasQuery {
		name += "?" + query
	}
	return &URL{
		Host: net.JoinHostPort(u.Hostname(), port), App: app, Name: name,
		TCURL: "rtmp://" + authority + "/" + app,
	}, nil
}

func splitPath(path string) (app, name string) {
	path = strings.TrimLeft(path, "/")
	app, name, _ = strings.Cut(path, "/")
	if instance, rest, ok := strings.Cut(name, "/"); ok && instance != "" && rest != "" {
		return app + "/" + instance, rest
	}
	return app, name
}
