package server

import (
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/millrace-live/millrace/internal/access"
	"github.com/millrace-live/millrace/internal/config"
	"github.com/millrace-live/millrace/internal/hub"
	"github.com/millrace-live/millrace/internal/netx"
)

// Settings are what a server is told, by the flags of `millrace serve`, the
// environment and the config file alike.
type Settings struct {
	RTMP  string `name:"rtmp" default:":1935" placeholder:"ADDR" group:"Listening" help:"The port for every TCP dialect (${default})."`
	RTMPS string `name:"rtmps" default:":1936" placeholder:"ADDR" group:"Listening" help:"The TLS port (${default})."`
	HTTP  string `name:"http" default:":8080" placeholder:"ADDR" group:"Listening" help:"Players, playlists and the admin side: dashboard, API (${default})."`
	Admin string `name:"admin" placeholder:"ADDR" group:"Listening" help:"Serve the admin side here instead of on --http."`
	RTMFP string `name:"rtmfp" default:"off" placeholder:"ADDR" group:"Listening" help:"RTMFP, over UDP (${default})."`

	Data      string `name:"data" placeholder:"DIR" group:"Files" help:"Everything that the server keeps (./millrace-data if it exists, else the user's data folder)."`
	Config    string `name:"config" placeholder:"FILE" group:"Files" help:"A YAML file with these settings, apps and keys."`
	Database  string `name:"database" placeholder:"URL" group:"Files" help:"postgres://… for many nodes (SQLite in the data folder)."`
	PublicURL string `name:"public-url" placeholder:"URL" group:"Addresses" help:"What printed addresses, API and pages show, for instance https://tv.example.org."`

	Domain string   `name:"domain" placeholder:"NAME" group:"TLS" help:"Get a certificate for this name by ACME."`
	Cert   []string `name:"cert" placeholder:"FILE" group:"TLS" help:"Own certificate (repeatable)."`
	Key    []string `name:"key" placeholder:"FILE" group:"TLS" help:"Its private key (repeatable)."`

	Plain        string   `name:"plain" default:"allow" placeholder:"MODE" group:"Who may come in" help:"Plain RTMP, RTMPE, RTMPT: allow, warn or refuse (${default})."`
	TrustedProxy []string `name:"trusted-proxy" placeholder:"CIDR" group:"Who may come in" help:"Whose PROXY and X-Forwarded-For headers count (repeatable)."`
	Open         bool     `name:"open" group:"Who may come in" help:"Anyone on a loopback or private address may publish, under any name."`
	OpenWorld    bool     `name:"open-world" group:"Who may come in" help:"Anyone at all may publish, under any name."`

	Delivery string        `name:"delivery" default:"balanced" placeholder:"MODE" group:"Streams" help:"How long media may wait for others to the same player: realtime 0, balanced 30 ms, economy 100 ms (${default})."`
	Grace    time.Duration `name:"grace" default:"30s" placeholder:"TIME" group:"Streams" help:"How long viewers wait for a publisher that vanished, 0 to 30m (${default})."`
	PlayWait time.Duration `name:"play-wait" default:"30s" placeholder:"TIME" group:"Streams" help:"How long an RTMP player waits for a stream that is not on air (${default})."`
	Demo     bool          `name:"demo" group:"Streams" help:"Play a built-in clip into live/demo for ever."`

	LogLevel  string `name:"log-level" default:"info" placeholder:"LEVEL" group:"Logs" help:"debug, info, warn or error (${default})."`
	LogFormat string `name:"log-format" placeholder:"FORMAT" group:"Logs" help:"text or json (text on a terminal, else json)."`

	Apps map[string]AppSettings `name:"apps" kong:"-"`
	Keys []KeySettings          `name:"keys" kong:"-"`
}

// AppSettings are the rules of one app, in the config file's `apps`. What is
// not given there is as for the whole server.
type AppSettings struct {
	SecondPublisher string         `name:"second-publisher"`
	Grace           *time.Duration `name:"grace"`
	GraceAfterEnd   bool           `name:"grace-after-end"`
	Delivery        string         `name:"delivery"`
}

// KeySettings is a stream key in the config file's `keys`.
type KeySettings struct {
	Stream string        `name:"stream"`
	Key    config.Secret `name:"key"`
	Label  string        `name:"label"`
}

// Load makes the settings of the defaults, the config file (which the
// environment or the command line names), the environment and the flags named
// in given of those that were parsed. Its errors are one sentence; warnings are
// sentences as well.
func Load(parsed *Settings, given, environ []string) (s *Settings, origins config.Origins, warnings []string, err error) {
	file := parsed.Config
	if !slices.Contains(given, "config") {
		var env Settings
		if _, err := config.Environ(&env, envPrefix, environ, config.Origins{}); err != nil {
			return nil, nil, nil, err
		}
		file = env.Config
	}
	s, origins = &Settings{}, config.Origins{}
	config.Defaults(s)
	if file != "" {
		if err := config.File(s, file, origins); err != nil {
			return nil, nil, nil, err
		}
	}
	slips, err := config.Environ(s, envPrefix, environ, origins)
	if err != nil {
		return nil, nil, nil, err
	}
	config.Flags(s, parsed, given, origins)
	if err := s.check(origins); err != nil {
		return nil, nil, nil, err
	}
	return s, origins, append(slips, s.notYet(origins)...), nil
}

const envPrefix = "MILLRACE_"

// Words that settings may have, and what they mean.
var (
	deliveries = map[string]hub.Delivery{
		"realtime": hub.Realtime, "balanced": hub.Balanced, "economy": hub.Economy,
	}
	secondPublishers = map[string]hub.Rule{"take-over": hub.TakeOver, "refuse": hub.Refuse}
)

const maxGrace = 30 * time.Minute

func (s *Settings) check(o config.Origins) error {
	for _, l := range []struct{ name, addr string }{
		{"rtmp", s.RTMP}, {"rtmps", s.RTMPS}, {"http", s.HTTP}, {"rtmfp", s.RTMFP}, {"admin", s.Admin},
	} {
		if l.name == "admin" && l.addr == "" {
			continue
		}
		if err := netx.CheckAddr("--"+l.name, l.addr); err != nil {
			return err
		}
	}
	if s.PublicURL != "" {
		u, err := url.Parse(s.PublicURL)
		if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.RawQuery != "" || u.Fragment != "" || u.User != nil {
			return o.Errorf("public-url", "%q is not the address of a web site; write for instance https://tv.example.org", s.PublicURL)
		}
	}
	for i, cidr := range s.TrustedProxy {
		if _, err := netip.ParsePrefix(cidr); err != nil {
			if _, err := netip.ParseAddr(cidr); err != nil {
				return o.Errorf("trusted-proxy", "%q (number %d) is not a range of addresses; write for instance 10.0.0.0/8", cidr, i+1)
			}
		}
	}
	if len(s.Cert) != len(s.Key) {
		return o.Errorf("cert", "%d certificates and %d keys were given; each --cert needs its --key", len(s.Cert), len(s.Key))
	}
	for _, word := range []struct {
		path, value string
		of          []string
	}{
		{"plain", s.Plain, []string{"allow", "warn", "refuse"}},
		{"delivery", s.Delivery, []string{"realtime", "balanced", "economy"}},
		{"log-level", s.LogLevel, []string{"debug", "info", "warn", "error"}},
		{"log-format", s.LogFormat, []string{"", "text", "json"}},
	} {
		if err := oneOf(o, word.path, word.value, word.of); err != nil {
			return err
		}
	}
	if err := checkGrace(o, "grace", s.Grace); err != nil {
		return err
	}
	if s.PlayWait < 0 || s.PlayWait > maxGrace {
		return o.Errorf("play-wait", "%v is out of range; give a time from 0 to 30m", s.PlayWait)
	}
	if s.RTMP == netx.Off && s.HTTP == netx.Off {
		return fmt.Errorf("--rtmp and --http are both off: nobody could reach this server; leave one on")
	}
	if err := s.checkApps(o); err != nil {
		return err
	}
	return s.checkKeys(o)
}

func checkGrace(o config.Origins, path string, d time.Duration) error {
	if d < 0 || d > maxGrace {
		return o.Errorf(path, "%v is out of range; give a time from 0 to 30m", d)
	}
	return nil
}

func oneOf(o config.Origins, path, value string, words []string) error {
	if slices.Contains(words, value) {
		return nil
	}
	words = slices.DeleteFunc(slices.Clone(words), func(w string) bool { return w == "" })
	last := len(words) - 1
	return o.Errorf(path, "%q is not a choice; give %s or %s", value, strings.Join(words[:last], ", "), words[last])
}

func (s *Settings) checkApps(o config.Origins) error {
	for _, name := range sortedKeys(s.Apps) {
		app, path := s.Apps[name], "apps."+name
		if strings.Contains(name, "/") {
			return o.Errorf(path, "an app is the first part of a stream's name, without a slash")
		}
		if err := access.CheckName(name + "/x"); err != nil {
			return o.Errorf(path, "%v", err)
		}
		if app.Grace != nil {
			if err := checkGrace(o, path+".grace", *app.Grace); err != nil {
				return err
			}
		}
		if app.Delivery != "" {
			if err := oneOf(o, path+".delivery", app.Delivery, []string{"realtime", "balanced", "economy"}); err != nil {
				return err
			}
		}
		if app.SecondPublisher != "" {
			if err := oneOf(o, path+".second-publisher", app.SecondPublisher, []string{"take-over", "refuse"}); err != nil {
				return err
			}
		}
	}
	return nil
}

// minKey is the least length of a key that people choose themselves.
const minKey = 8

func (s *Settings) checkKeys(o config.Origins) error {
	for i, k := range s.Keys {
		path := fmt.Sprintf("keys[%d]", i)
		if err := access.CheckName(k.Stream); err != nil {
			return o.Errorf(path+".stream", "%v", err)
		}
		if app, _, _ := strings.Cut(k.Stream, "/"); app != access.DefaultApp {
			if _, ok := s.Apps[app]; !ok {
				return o.Errorf(path+".stream", "there is no app %q; name it under apps, as in \"apps: {%s: {}}\"", app, app)
			}
		}
		secret := k.Key.Reveal()
		if len(secret) < minKey {
			return o.Errorf(path+".key", "a key needs at least %d characters", minKey)
		}
		if strings.TrimSpace(secret) != secret || strings.ContainsAny(secret, "/?&#\r\n\t") {
			return o.Errorf(path+".key", "a key cannot begin or end with a blank, or hold any of / ? & #")
		}
	}
	return nil
}

// notYet has a line for each setting that was given and that this build takes
// but cannot carry out.
func (s *Settings) notYet(o config.Origins) []string {
	var lines []string
	for _, f := range []struct {
		name, what string
		idle       bool // the value asks for nothing
	}{
		{"rtmps", "RTMPS", s.RTMPS == netx.Off},
		{"rtmfp", "RTMFP", s.RTMFP == netx.Off},
		{"database", "a database", s.Database == ""},
		{"domain", "TLS", s.Domain == ""},
		{"cert", "TLS", len(s.Cert) == 0},
		{"plain", "TLS", s.Plain == "allow"},
		{"trusted-proxy", "reading proxies' headers", len(s.TrustedProxy) == 0},
	} {
		if o.Given(f.name) && !f.idle {
			lines = append(lines, fmt.Sprintf("--%s does nothing yet: %s is not built in", f.name, f.what))
		}
	}
	return lines
}

// apps are the rules of the apps that exist.
func (s *Settings) apps() map[string]access.App {
	apps := map[string]access.App{access.DefaultApp: {}}
	for name, a := range s.Apps {
		app := access.App{
			SecondPublisher: secondPublishers[a.SecondPublisher],
			GraceAfterEnd:   a.GraceAfterEnd,
			Delivery:        deliveries[a.Delivery],
		}
		if a.Grace != nil {
			app.Grace = orNever(*a.Grace)
		}
		apps[name] = app
	}
	return apps
}

// orNever is how the hub says 0: there 0 itself is the default.
func orNever(d time.Duration) time.Duration {
	if d == 0 {
		return -1
	}
	return d
}

func (s *Settings) openness() access.Openness {
	switch {
	case s.OpenWorld:
		return access.World
	case s.Open:
		return access.Private
	}
	return access.Closed
}

func sortedKeys[V any](m map[string]V) []string {
	names := make([]string, 0, len(m))
	for name := range m {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}
