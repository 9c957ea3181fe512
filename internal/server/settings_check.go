package server

import (
	"fmt"
	"net/url"
	"os/exec"
	"strings"
	"time"

	"github.com/millrace-live/millrace/internal/access"
	"github.com/millrace-live/millrace/internal/certs"
	"github.com/millrace-live/millrace/internal/config"
	"github.com/millrace-live/millrace/internal/netx"
	"github.com/millrace-live/millrace/internal/poster"
)

// check adds to the faults that reading the settings found.
func (s *Settings) check(o config.Origins, faults config.Faults) config.Faults {
	for _, f := range config.Check(s, o) {
		faults.Add(o, f.Path, "%s", f.Msg)
	}
	c := checker{o, faults}
	c.listeners(s)
	c.addresses(s)
	c.apps(s)
	c.streams(s)
	c.keys(s)
	c.ffmpeg(s.FFmpeg)
	c.lengths("", &s.Segment, &s.Part)
	c.shift("", &s.ShiftBytes)
	for _, name := range sortedKeys(s.Apps) {
		c.lengths("apps."+name+".", s.Apps[name].Segment, s.Apps[name].Part)
		c.shift("apps."+name+".", s.Apps[name].ShiftBytes)
	}
	for _, name := range sortedKeys(s.Streams) {
		c.lengths("streams."+name+".", s.Streams[name].Segment, s.Streams[name].Part)
		c.shift("streams."+name+".", s.Streams[name].ShiftBytes)
	}
	c.swf("swf", s.SWF)
	for _, name := range sortedKeys(s.Apps) {
		c.swf("apps."+name+".swf", s.Apps[name].SWF)
		c.ladder("apps."+name+".multitrack", s.Apps[name].Multitrack)
	}
	c.control(s)
	return c.faults
}

type checker struct {
	origins config.Origins
	faults  config.Faults
}

func (c *checker) fault(path, format string, args ...any) {
	c.faults.Add(c.origins, path, format, args...)
}

func (c *checker) listeners(s *Settings) {
	for _, l := range []struct{ name, addr string }{
		{"rtmp", s.RTMP}, {"rtmps", s.RTMPS}, {"http", s.HTTP}, {"rtmfp", s.RTMFP}, {"admin", s.Admin},
	} {
		if l.name == "admin" && l.addr == "" {
			continue
		}
		if err := netx.CheckAddr("", l.addr); err != nil {
			c.fault(l.name, "%s", strings.TrimSpace(err.Error()))
		}
	}
	if s.RTMP == netx.Off && s.RTMPS == netx.Off && s.HTTP == netx.Off {
		c.fault("rtmp", "this, rtmps and http are all off, so that nobody could reach the server; leave one on")
	}
}

func (c *checker) addresses(s *Settings) {
	if s.PublicURL != "" {
		u, err := url.Parse(s.PublicURL)
		if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.RawQuery != "" || u.Fragment != "" || u.User != nil {
			c.fault("public-url", "%q is not the address of a web site; write for instance https://tv.example.org", s.PublicURL)
		}
	}
	for i, cidr := range s.TrustedProxy {
		if _, err := netx.ParseTrust([]string{cidr}); err != nil {
			c.fault(c.element("trusted-proxy", i), "%v", err)
		}
	}
	for i, name := range s.Domain {
		if err := certs.CheckDomain(name); err != nil {
			c.fault(c.element("domain", i), "%v", err)
		}
	}
	if len(s.Cert) != len(s.Key) {
		path := "cert"
		if len(s.Cert) == 0 {
			path = "key"
		}
		c.fault(path, "%d certificates and %d keys were given; each --cert needs its --key", len(s.Cert), len(s.Key))
	}
}

// lengths looks for segments and parts that are too short to be worth a request.
// What is too long is refused when it is read.
func (c *checker) lengths(path string, segment, part *time.Duration) {
	if segment != nil && *segment < time.Second {
		c.fault(path+"segment-length", "%v is too short; the least is 1s", *segment)
	}
	if part != nil && *part != 0 && *part < 100*time.Millisecond {
		c.fault(path+"part-length", "%v is too short; the least is 100ms, and 0 makes no parts", *part)
	}
}

// minShift is the least that is worth a disk: some minutes of a stream.
const minShift = 64 << 20

func (c *checker) shift(path string, bytes *config.Size) {
	if bytes != nil && *bytes < minShift {
		c.fault(path+"time-shift-bytes", "%v is too little; the least is 64MiB, and time-shift: 0 keeps nothing", *bytes)
	}
}

// element is the place of an element of a list.
func (c *checker) element(name string, i int) string {
	path := fmt.Sprintf("%s[%d]", name, i)
	if _, ok := c.origins[path]; !ok {
		return name // the list was given as one text, with commas
	}
	return path
}

func (c *checker) apps(s *Settings) {
	for _, name := range sortedKeys(s.Apps) {
		if strings.Contains(name, "/") {
			c.fault("apps."+name, "an app is the first part of a stream's name, without a slash")
		} else if err := access.CheckName(name + "/x"); err != nil {
			c.fault("apps."+name, "%v", err)
		}
	}
}

func (c *checker) streams(s *Settings) {
	for _, name := range sortedKeys(s.Streams) {
		c.stream("streams."+name, name, s)
	}
}

// stream finds out whether a stream of that name can exist.
func (c *checker) stream(path, name string, s *Settings) {
	if err := access.CheckName(name); err != nil {
		c.fault(path, "%v", err)
		return
	}
	if app, _, _ := strings.Cut(name, "/"); app != access.DefaultApp {
		if _, ok := s.Apps[app]; !ok {
			c.fault(path, "there is no app %q; name it under apps, as in \"apps: {%s: {}}\"", app, app)
		}
	}
}

// minKey is the least length of a key that people choose themselves.
const minKey = 8

func (c *checker) keys(s *Settings) {
	seen := make(map[string]string)
	for i, k := range s.Keys {
		path := fmt.Sprintf("keys[%d]", i)
		c.stream(path+".stream", k.Stream, s)
		secret := k.Key.Reveal()
		switch other, ok := seen[secret]; {
		case len(secret) < minKey:
			c.fault(path+".key", "a key needs at least %d characters", minKey)
		case strings.TrimSpace(secret) != secret || strings.ContainsAny(secret, "/?&#\r\n\t"):
			c.fault(path+".key", "a key cannot begin or end with a blank, or hold any of / ? & #")
		case ok && other != k.Stream:
			c.fault(path+".key", "this is also the key of %s; each stream needs its own", other)
		}
		seen[secret] = k.Stream
	}
}

// ffmpeg finds out whether a program is there that the settings name. The usual
// one may be missing, or be installed later.
func (c *checker) ffmpeg(program string) {
	if program == poster.Default || program == poster.Off {
		return
	}
	if _, err := exec.LookPath(program); err != nil {
		c.fault("ffmpeg", "%q is no program that can be run here; name an FFmpeg, or write off", program)
	}
}

func (c *checker) swf(path string, files []string) {
	if isOff(files) {
		return
	}
	for i, name := range files {
		if _, err := readSWF(name); err != nil {
			c.fault(c.element(path, i), "%v", err)
		}
	}
}

// advice has a line for each setting that is dangerous.
func (s *Settings) advice() []string {
	if s.TLSMin != "1.0" && s.TLSMin != "1.1" {
		return nil
	}
	return []string{fmt.Sprintf("tls-min %s lets clients in by a version of TLS that can be broken (RFC 8996): "+
		"keep it for encoders that speak nothing newer, and update those", s.TLSMin)}
}

// notYet has a line for each setting that was given and that this build takes
// but cannot carry out.
func (s *Settings) notYet(o config.Origins) []string {
	if o.Given("rtmfp") && s.RTMFP != netx.Off {
		return []string{"--rtmfp does nothing yet: RTMFP is not built in"}
	}
	return nil
}
