//go:build linux

package main

import (
	"encoding/json"
	"fmt"
	"os"
)

// The servers, as they are called in tables and on the command line.
const (
	floorEach   = "floor"
	floor30     = "floor-30ms"
	floor100    = "floor-100ms"
	floorNagle  = "floor-nagle"
	floorReader = "floor-reader"
	nginx       = "nginx-rtmp"
	realtime    = "realtime"
	balanced    = "balanced"
	economy     = "economy"
	nginxFiles  = "nginx"
)

// server is a running server on loopback, with a folder of its own.
type server struct {
	*child
	dir     string
	address string // host:port of RTMP
	http    string // of HTTP, if it has that
	pid     int    // of the process that does the work
	// ringBytes asks what media is kept; nil if the server cannot be asked.
	ringBytes func() (float64, error)
}

// start starts the server of that name.
func (b *bed) start(name string) (*server, error) {
	dir, err := os.MkdirTemp(b.dir, name+"-")
	if err != nil {
		return nil, err
	}
	var s *server
	switch name {
	case floorEach:
		s, err = startFloor(dir, "--hold", "0")
	case floor30:
		s, err = startFloor(dir, "--hold", "30ms")
	case floor100:
		s, err = startFloor(dir, "--hold", "100ms")
	case floorNagle:
		s, err = startFloor(dir, "--nagle")
	case floorReader:
		s, err = startFloor(dir, "--read")
	case nginx:
		s, err = startNginx(dir)
	default:
		s, err = startMillrace(dir, b.millrace, name)
	}
	if err != nil {
		os.RemoveAll(dir)
		return nil, fmt.Errorf("start %s: %w", name, err)
	}
	return s, nil
}

// stop ends the server and returns what it said about itself at its end: the
// floor does.
func (s *server) stop() json.RawMessage {
	s.end()
	os.RemoveAll(s.dir)
	return s.lastWord()
}
