//go:build linux

package main

import (
	"bytes"
	"encoding/json"
	"os"
	"strings"
)

// startFloor runs this program's floor.
func startFloor(dir string, args ...string) (*server, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	c, err := spawn(self, append([]string{"floor"}, args...)...)
	if err != nil {
		return nil, err
	}
	s := &server{child: c, dir: dir, pid: c.pid()}
	if err := c.ready(func() bool {
		line, _, whole := strings.Cut(string(c.out.bytes()), "\n")
		s.address = line
		return whole
	}); err != nil {
		c.end()
		return nil, err
	}
	return s, nil
}

// lastWord is the object that a child printed last, if it printed any.
func (c *child) lastWord() json.RawMessage {
	out := bytes.TrimSpace(c.out.bytes())
	last := out[bytes.LastIndexByte(out, '\n')+1:]
	if !json.Valid(last) || !bytes.HasPrefix(last, []byte("{")) {
		return nil
	}
	return last
}
