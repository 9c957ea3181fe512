package api

import (
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/millrace-live/millrace/internal/access"
)

// Addresses are where one stream is watched.
type Addresses struct {
	Page  string `json:"page"`
	Embed string `json:"embed"`
	HLS   string `json:"hls"`
	FLV   string `json:"flv"`
	RTMP  string `json:"rtmp"`
	RTMPS string `json:"rtmps,omitempty"`
}

// Site says how the server is reached from outside.
type Site struct {
	// Public is the base that the operator gave; nil: what each request was
	// sent to.
	Public *url.URL
	// RTMPPort is the port that RTMP is to be asked on.
	RTMPPort int
	// RTMPSPort is the port that RTMP inside TLS is to be asked on, 0 if there
	// is none.
	RTMPSPort int
}

// Addresses returns where the stream is watched, as seen by the client that
// sent r.
func (s Site) Addresses(r *http.Request, stream string) Addresses {
	return s.At(s.base(r), stream)
}

// Ingest returns where encoders send to, as seen by the client that sent r.
func (s Site) Ingest(r *http.Request) string {
	return s.RTMP(s.base(r)) + "/" + access.DefaultApp
}

// Servers returns where an app's streams are published, in plain and inside TLS
// ("" when there is no port for that), as seen by the client that sent r.
func (s Site) Servers(r *http.Request, app string) (plain, secure string) {
	base := s.base(r)
	if s.RTMPSPort != 0 {
		secure = s.RTMPS(base) + "/" + app
	}
	return s.RTMP(base) + "/" + app, secure
}

// base is the HTTP address by which the client that sent r reaches the server.
func (s Site) base(r *http.Request) *url.URL {
	if s.Public != nil {
		return s.Public
	}
	scheme := "http"
	if r.TLS != nil {
		scheme = "https"
	}
	return &url.URL{Scheme: scheme, Host: r.Host}
}

// At returns where the stream is watched below base.
func (s Site) At(base *url.URL, stream string) Addresses {
	root := strings.TrimSuffix(base.String(), "/")
	path := escape(stream)
	return Addresses{
		Page:  root + "/" + path,
		Embed: root + "/embed/" + path,
		HLS:   root + "/" + path + "/index.m3u8",
		FLV:   root + "/" + path + ".flv",
		// Players take the path of an RTMP address as it stands.
		RTMP:  s.RTMP(base) + "/" + stream,
		RTMPS: s.rtmps(base, stream),
	}
}

func (s Site) rtmps(base *url.URL, stream string) string {
	if s.RTMPSPort == 0 {
		return ""
	}
	return s.RTMPS(base) + "/" + stream
}

// RTMP returns the RTMP address of the server that base is the HTTP address of,
// without a path.
func (s Site) RTMP(base *url.URL) string {
	return "rtmp://" + hostPort(base, s.RTMPPort, 1935)
}

// RTMPS returns the address of RTMP inside TLS as RTMP does that of the plain
// one.
func (s Site) RTMPS(base *url.URL) string {
	return "rtmps://" + hostPort(base, s.RTMPSPort, 443)
}

// hostPort leaves out the port that a scheme means anyway.
func hostPort(base *url.URL, port, usual int) string {
	host := base.Hostname()
	switch {
	case port != usual:
		return net.JoinHostPort(host, strconv.Itoa(port))
	case strings.Contains(host, ":"):
		return "[" + host + "]"
	}
	return host
}

func escape(stream string) string {
	parts := strings.Split(stream, "/")
	for i, p := range parts {
		parts[i] = url.PathEscape(p)
	}
	return strings.Join(parts, "/")
}
