package server

import (
	"net"
	"strconv"
	"strings"
)

// secureServer is where those are sent who come in plain, as far as it is known
// here: a certificate that no authority has signed tells no name of the server.
func (s *Server) secureServer() string {
	host := s.secureHost()
	l := s.ports.first("https", "rtmps", "rtmp", "http")
	switch {
	case l != nil && port(l.socket) != 443:
		host = net.JoinHostPort(host, strconv.Itoa(port(l.socket)))
	case strings.Contains(host, ":"):
		host = "[" + host + "]"
	}
	return "rtmps://" + host
}

func (s *Server) secureHost() string {
	names := append(s.set.hosts(), s.set.Domain...)
	if s.certs != nil && !s.certs.SelfSigned() {
		names = append(names, s.certs.Names()...)
	}
	for _, name := range names {
		if !strings.HasPrefix(name, "*") {
			return name
		}
	}
	return "HOST"
}
