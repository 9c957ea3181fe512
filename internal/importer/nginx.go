package importer

import (
	"slices"
	"strconv"
	"strings"
	"time"
)

// The levels of an nginx-rtmp config; what stands deeper goes over what stands
// above it.
const (
	levelRTMP = iota
	levelServer
	levelApp
	levelRecorder
)

// nginxImport is the import of one config of nginx-rtmp.
type nginxImport struct {
	*draft
	verdicts
	apps []*nginxApp
}

// nginxApp is an application with what it takes from the levels above it.
type nginxApp struct {
	at       *directive
	name     string // "" when it cannot be an app here
	section  *section
	live     bool
	records  bool
	publish  []permit
	play     []permit
	calls    map[string]*directive // on_… by name
	segments time.Duration
}

// scope is where a directive stands.
type scope struct {
	level    int
	sections []*section
	apps     []*nginxApp
}

func importNginx(d *draft, tree []*directive) []Note {
	w := &nginxImport{draft: d, verdicts: verdicts{}}
	w.main(tree)
	w.access()
	w.callbacks()
	return w.notes(tree)
}

// main goes through the main level. A file may also be one that is included in
// the rtmp block.
func (w *nginxImport) main(tree []*directive) {
	servers, apps := blocks(tree, "server"), blocks(tree, "application")
	if len(blocks(tree, "rtmp")) == 0 && (len(servers) > 0 || len(apps) > 0) {
		w.rtmp(tree)
		return
	}
	for _, d := range blocks(tree, "rtmp") {
		w.say(d, Same, "the server speaks RTMP")
		w.rtmp(d.block)
	}
	for _, d := range tree {
		switch d.name {
		case "rtmp":
		case "http":
			w.say(d, Same, "players and playlists are served by the server itself")
			w.http(d.block)
		case "stream":
			w.say(d, Same, "TLS for RTMP is served by the server itself")
			w.stream(d.block)
		case "error_log":
			w.errorLog(d)
		case "include":
			w.include(d)
		default:
			if f, ok := nginxFixed[d.name]; ok {
				w.fixed(d, f)
				for _, inner := range d.block {
					if f, ok := nginxFixed[inner.name]; ok {
						w.fixed(inner, f)
					}
				}
			}
		}
	}
}

// rtmp goes through the block of that name.
func (w *nginxImport) rtmp(tree []*directive) {
	servers := blocks(tree, "server")
	whole := &scope{level: levelRTMP, sections: []*section{w.server}}
	within := map[*directive]*scope{}
	for _, server := range servers {
		w.say(server, Same, "listeners and apps belong to the server as a whole")
		s := &scope{level: levelServer}
		for _, a := range blocks(server.block, "application") {
			s.apps = append(s.apps, w.application(a))
		}
		whole.apps = append(whole.apps, s.apps...)
		if len(servers) == 1 {
			s.sections = whole.sections
		} else {
			for _, a := range s.apps {
				s.sections = append(s.sections, a.section)
			}
		}
		within[server] = s
	}
	// Without a server block: a file that is included into one.
	for _, a := range blocks(tree, "application") {
		whole.apps = append(whole.apps, w.application(a))
	}
	w.each(tree, whole)
	for _, server := range servers {
		w.each(server.block, within[server])
	}
	for _, a := range whole.apps {
		w.each(a.at.block, &scope{level: levelApp, sections: []*section{a.section}, apps: []*nginxApp{a}})
	}
	w.lengths(whole.apps)
	w.recording(whole.apps)
}

// application makes the app of a block.
func (w *nginxImport) application(d *directive) *nginxApp {
	a := &nginxApp{at: d, section: &section{}, calls: map[string]*directive{}}
	w.apps = append(w.apps, a)
	name := d.arg(0)
	if why := checkApp(name); why != "" {
		w.say(d, None, "%s", why)
		return a
	}
	a.name = name
	if before, ok := w.draft.apps[name]; ok {
		a.section = before
		w.say(d, Taken, "apps.%s, as in line %d", printable(name), before.at.line)
		return a
	}
	a.section = w.app(name, d.place)
	w.say(d, Taken, "apps.%s", printable(name))
	return a
}

// each judges the directives of one level.
func (w *nginxImport) each(tree []*directive, s *scope) {
	for _, d := range tree {
		if _, judged := w.verdicts[d]; judged {
			continue
		}
		off := d.arg(0) == "off" || d.arg(0) == "0"
		if f, ok := nginxOff[d.name]; ok && off {
			w.fixed(d, f)
		} else if do, ok := nginxRules[d.name]; ok {
			do(w, d, s)
		} else if f, ok := nginxFixed[d.name]; ok {
			w.fixed(d, f)
		}
	}
}

// nginxRules are directives that become settings.
var nginxRules map[string]func(w *nginxImport, d *directive, s *scope)

func init() {
	nginxRules = map[string]func(w *nginxImport, d *directive, s *scope){
		"include": func(w *nginxImport, d *directive, _ *scope) { w.include(d) },
		"listen":  func(w *nginxImport, d *directive, _ *scope) { w.listen(d) },
		"live": func(w *nginxImport, d *directive, s *scope) {
			for _, a := range s.apps {
				a.live = true
			}
			w.say(d, Same, "apps are for live streams")
		},
		"meta": func(w *nginxImport, d *directive, _ *scope) {
			if d.arg(0) == "copy" {
				w.say(d, Changed, "players get the encoder's metadata, corrected where it is wrong")
				return
			}
			w.say(d, Same, "players get metadata that is right")
		},
		"idle_streams": func(w *nginxImport, d *directive, s *scope) {
			if d.arg(0) == "off" {
				w.put(d, s, "grace", "0s")
				return
			}
			w.say(d, Changed, "viewers wait for a publisher that vanished as long as grace says: 30s, and 30m at most")
		},
		"drop_idle_publisher": func(w *nginxImport, d *directive, _ *scope) {
			w.say(d, Changed, "a publisher that sends no media for a minute is dropped; its viewers are told after 3 s")
		},
		"hls_fragment":         (*nginxImport).segment,
		"dash_fragment":        (*nginxImport).segment,
		"hls_playlist_length":  (*nginxImport).playlist,
		"dash_playlist_length": (*nginxImport).playlist,
		"hls_type": func(w *nginxImport, d *directive, s *scope) {
			if d.arg(0) != "event" {
				w.say(d, Same, "playlists are live")
				return
			}
			if w.put(d, s, "time-shift", "24h") {
				w.say(d, Changed, "time-shift: viewers can go back to the beginning, at most by 24 h")
			}
		},
		"max_connections": func(w *nginxImport, d *directive, _ *scope) {
			n, err := strconv.Atoi(d.arg(0))
			switch {
			case err != nil || n < 1:
				w.say(d, None, "this is no number of connections")
			case !w.can[limits]:
				w.say(d, None, "this build has no limit of connections")
			default:
				w.put(d, &scope{sections: []*section{w.server}}, "max-connections", strconv.Itoa(n))
			}
		},
		"allow":                 (*nginxImport).permit,
		"deny":                  (*nginxImport).permit,
		"record":                (*nginxImport).record,
		"notify_method":         (*nginxImport).call,
		"notify_update_timeout": (*nginxImport).call,
		"notify_update_strict":  (*nginxImport).call,
		"netcall_timeout":       (*nginxImport).call,
		"recorder": func(w *nginxImport, d *directive, _ *scope) {
			w.say(d, None, saysRecord)
			w.all(d.block, None, saysRecord)
		},
	}
	for _, name := range nginxCalls {
		nginxRules[name] = (*nginxImport).call
	}
	for _, name := range []string{
		"record_path", "record_suffix", "record_unique", "record_append", "record_lock", "record_max_size",
		"record_max_frames", "record_interval",
	} {
		nginxRules[name] = (*nginxImport).record
	}
}

// put gives the settings of a scope a value and says so. It returns whether it
// could.
func (w *nginxImport) put(d *directive, s *scope, name, value string) bool {
	for _, sec := range s.sections {
		if before, ok := sec.set(name, value, d.place, s.level); !ok {
			w.say(d, None, "%s has another value already, from line %d", name, before.line)
			return false
		}
	}
	w.say(d, Taken, "%s: %s", name, value)
	return true
}

func (w *nginxImport) include(d *directive) {
	switch {
	case strings.HasSuffix(d.arg(0), mimeTypes):
		w.say(d, Same, "each answer says its type")
	case d.missing != "":
		w.say(d, None, "%s", d.missing)
	default:
		w.say(d, Taken, "what is in these files stands here")
	}
}

func (w *nginxImport) errorLog(d *directive) {
	level := map[string]string{
		"debug": "debug", "info": "info", "notice": "info", "warn": "warn",
		"error": "error", "crit": "error", "alert": "error", "emerg": "error",
	}[d.arg(1)]
	if level != "" && !w.server.has("log-level") {
		w.server.set("log-level", level, d.place, 0)
		w.say(d, Taken, "log-level: %s; the log goes to standard error", level)
		return
	}
	w.say(d, Changed, "the log goes to standard error")
}

func (w *nginxImport) listen(d *directive) {
	addr, ok := listenAddr(d.arg(0))
	if !ok {
		w.say(d, None, "the server listens on TCP ports only")
		return
	}
	if first, ok := w.server.lines["rtmp"]; ok {
		if portOf(first.value) == portOf(text(addr)) && (strings.HasPrefix(first.value, `":`) || first.value == text(addr)) {
			w.say(d, Same, "line %d listens there already", first.at.line)
			return
		}
		w.say(d, None, "RTMP has one address here, that of line %d; encoders of this one need that", first.at.line)
		return
	}
	w.server.set("rtmp", text(addr), d.place, 0)
	if slices.Contains(d.args, "proxy_protocol") {
		w.server.set("trusted-proxy", list(proxies...), d.place, 0)
		w.say(d, Changed, "rtmp: %s; the PROXY header counts from loopback and private addresses only (trusted-proxy)", text(addr))
		return
	}
	w.say(d, Taken, "rtmp: %s", text(addr))
}

// proxies are where a proxy of one's own stands.
var proxies = []string{"127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "::1/128", "fc00::/7"}

// portOf is the port of an address that was written as YAML.
func portOf(addr string) string {
	return strings.Trim(addr[strings.LastIndexByte(addr, ':')+1:], `"`)
}

func (w *nginxImport) segment(d *directive, s *scope) {
	length, ok := seconds(d.arg(0))
	if !ok || length <= 0 {
		w.say(d, None, "this is no length of time")
		return
	}
	fit := within(length, time.Second, 20*time.Second)
	for _, a := range s.apps {
		if a.segments == 0 || s.level == levelApp {
			a.segments = fit
		}
	}
	if w.put(d, s, "segment-length", span(fit)) && fit != length {
		w.say(d, Changed, "segment-length: %s, the nearest that it may be", span(fit))
	} else if !ok {
		return
	}
	if note := w.verdicts[d]; note.Outcome == None {
		w.say(d, Changed, "segments of HLS and DASH have one length: %s", s.sections[0].lines["segment-length"].value)
	}
}

// window is how many segments a playlist lists at least.
const window = 8

func (w *nginxImport) playlist(d *directive, s *scope) {
	length, ok := seconds(d.arg(0))
	if !ok || length <= 0 {
		w.say(d, None, "this is no length of time")
		return
	}
	// How long segments are is known when all of them are read.
	for _, sec := range s.sections {
		if _, ok := sec.set(listLength, span(length), d.place, s.level); ok {
			continue
		}
		if was, _ := time.ParseDuration(sec.lines[listLength].value); was < length {
			sec.lines[listLength] = line{value: span(length), at: d.place, level: s.level}
		}
	}
	w.say(d, Same, "playlists list the last %d segments at least", window)
}

// listLength is no setting: it stands in a section until it is known what it
// becomes.
const listLength = "\x00list"

// lengths turns lengths of playlists into time shift, where they are longer
// than playlists are anyway.
func (w *nginxImport) lengths(apps []*nginxApp) {
	sections := []*section{w.server}
	for _, a := range apps {
		sections = append(sections, a.section)
	}
	segment := 2 * time.Second
	if l, ok := w.server.lines["segment-length"]; ok {
		segment, _ = time.ParseDuration(l.value)
	}
	for _, s := range sections {
		l, ok := s.lines[listLength]
		delete(s.lines, listLength)
		if !ok {
			continue
		}
		own := segment
		if l, ok := s.lines["segment-length"]; ok {
			own, _ = time.ParseDuration(l.value)
		}
		length, _ := time.ParseDuration(l.value)
		if length <= window*own {
			continue
		}
		fit := min(length, 24*time.Hour)
		s.set("time-shift", span(fit), l.at, l.level)
		for d, n := range w.verdicts {
			if d.place == l.at && strings.HasSuffix(d.name, "_playlist_length") {
				n.Outcome, n.Says = Taken, "time-shift: "+span(fit)
				if fit != length {
					n.Outcome, n.Says = Changed, "time-shift: 24h, the most that it may be"
				}
				w.verdicts[d] = n
			}
		}
	}
}

// record remembers which apps record; what becomes of their settings is said by
// recording.
func (w *nginxImport) record(d *directive, s *scope) {
	if d.name == "record" && d.arg(0) != "off" {
		for _, a := range s.apps {
			a.records = true
		}
		w.say(d, None, saysRecord)
		return
	}
	w.say(d, Same, saysNotRecord)
}

// recording corrects what was said of the settings of recordings that there
// are.
func (w *nginxImport) recording(apps []*nginxApp) {
	some := slices.ContainsFunc(apps, func(a *nginxApp) bool { return a.records })
	for d, n := range w.verdicts {
		if n.Outcome != Same || !strings.HasPrefix(d.name, "record_") {
			continue
		}
		records := some
		for _, a := range apps {
			if slices.Contains(a.at.block, d) {
				records = a.records
			}
		}
		if records {
			w.say(d, None, saysRecord)
		}
	}
}

// permit remembers who may publish and play, for access.
func (w *nginxImport) permit(d *directive, s *scope) {
	p := permit{at: d, allow: d.name == "allow"}
	args := d.args
	publish, play := true, true
	if len(args) > 0 && (args[0] == "publish" || args[0] == "play") {
		publish, play = args[0] == "publish", args[0] == "play"
		args = args[1:]
	}
	ok := len(args) == 1
	if ok && args[0] == "all" {
		p.all = true
	} else if ok {
		p.from, ok = prefix(args[0])
	}
	if !ok {
		w.say(d, None, "this is no address")
		return
	}
	for _, a := range s.apps {
		if publish {
			a.publish = append(a.publish, p)
		}
		if play {
			a.play = append(a.play, p)
		}
	}
	w.say(d, None, "no app stands here that it could hold for")
}

func blocks(tree []*directive, name string) (all []*directive) {
	for _, d := range tree {
		if d.name == name && d.isBlock {
			all = append(all, d)
		}
	}
	return all
}
