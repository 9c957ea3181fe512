package importer

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/millrace-live/millrace/internal/access"
)

// mtxImport is the import of one config of MediaMTX.
type mtxImport struct {
	*draft
	verdicts
	tree    []*directive
	proxies []string
	// pairs are certificates with their keys.
	certs, keys []string
}

// isMediaMTX tells whether a text has names that a config of MediaMTX has.
func isMediaMTX(tree []*directive) bool {
	for _, d := range tree {
		switch d.name {
		case "paths", "pathDefaults", "rtmpAddress", "rtspAddress", "hlsAddress", "webrtcAddress", "authMethod", "logDestinations":
			return true
		}
	}
	return false
}

func importMediaMTX(d *draft, tree []*directive) []Note {
	w := &mtxImport{draft: d, verdicts: verdicts{}, tree: tree}
	w.paths()
	for _, d := range tree {
		if _, judged := w.verdicts[d]; !judged {
			w.top(d)
		}
	}
	w.certificates()
	w.lists()
	w.authorize()
	return w.notes(tree)
}

// value is what a key of the top level says, or what it says by default.
func (w *mtxImport) value(name, otherwise string) string {
	for _, d := range w.tree {
		if d.name == name && len(d.args) > 0 {
			return d.args[0]
		}
	}
	return otherwise
}

func (w *mtxImport) key(name string) *directive {
	for _, d := range w.tree {
		if d.name == name {
			return d
		}
	}
	return nil
}

// on tells whether a capability is switched on; all are by default, except for
// some.
func (w *mtxImport) on(name string) bool {
	otherwise := "yes"
	if name == "pprof" || name == "playback" {
		otherwise = "no"
	}
	if old := w.key(name + "Disable"); old != nil {
		return !truth(old.arg(0))
	}
	return truth(w.value(name, otherwise))
}

// put gives a setting of the server a value.
func (w *mtxImport) put(d *directive, name, value string) bool {
	if before, ok := w.server.set(name, value, d.place, 0); !ok {
		w.say(d, None, "%s has another value already, from line %d", name, before.line)
		return false
	}
	w.say(d, Taken, "%s: %s", name, value)
	return true
}

func (w *mtxImport) listen(d *directive, name string) bool {
	addr, ok := listenAddr(d.arg(0))
	if !ok {
		w.say(d, None, "this is no address to listen at")
		return false
	}
	return w.put(d, name, text(addr))
}

// top judges a key of the top level.
func (w *mtxImport) top(d *directive) {
	if d.missing != "" {
		w.say(d, None, "%s", d.missing)
		w.all(d.block, None, d.missing)
		return
	}
	switch {
	case strings.HasSuffix(d.name, "TrustedProxies") && !strings.HasPrefix(d.name, "rtsp") && !strings.HasPrefix(d.name, "webrtc"):
		w.trusted(d)
		return
	case strings.HasSuffix(d.name, "AllowOrigins") && strings.HasPrefix(d.name, "hls"), d.name == "hlsAllowOrigin":
		if slices.Contains(d.args, "*") {
			w.say(d, Same, "the pages of all sites may play streams (CORS)")
			return
		}
		w.say(d, None, "the pages of all sites may play streams (CORS)")
		return
	}
	off := len(d.args) == 1 && !d.isBlock && slices.Contains([]string{"no", "false", "off"}, strings.ToLower(d.arg(0)))
	if f, ok := mtxOff[d.name]; ok && off {
		w.fixed(d, f)
		return
	}
	if do, ok := mtxRules[d.name]; ok {
		do(w, d)
		return
	}
	if f, ok := mtxFixed[d.name]; ok {
		if off && f.off != "" {
			w.say(d, Same, "%s", f.off)
		} else {
			w.fixed(d, f)
		}
		w.all(d.block, w.verdicts[d].Outcome, w.verdicts[d].Says)
		return
	}
	for _, f := range mtxFamilies {
		if !strings.HasPrefix(d.name, f.prefix) {
			continue
		}
		o, says := None, f.says
		if !w.on(f.flag) {
			o, says = Same, saysHere
			if d.name == f.flag || d.name == f.flag+"Disable" {
				says = f.says
			}
		}
		w.say(d, o, "%s", says)
		w.all(d.block, o, says)
		return
	}
}

var mtxRules map[string]func(w *mtxImport, d *directive)

func init() {
	mtxRules = map[string]func(w *mtxImport, d *directive){
		"logLevel": func(w *mtxImport, d *directive) {
			if !slices.Contains([]string{"debug", "info", "warn", "error"}, d.arg(0)) {
				w.say(d, None, "there is no such level")
				return
			}
			w.put(d, "log-level", d.arg(0))
		},
		"logDestinations": func(w *mtxImport, d *directive) {
			if len(d.args) == 1 && d.args[0] == "stdout" {
				w.say(d, Same, "the log goes to standard error")
				return
			}
			w.say(d, Changed, "the log goes to standard error")
		},
		"logStructured": func(w *mtxImport, d *directive) {
			w.put(d, "log-format", map[bool]string{true: "json", false: "text"}[truth(d.arg(0))])
		},
		"api": func(w *mtxImport, d *directive) {
			w.say(d, Changed, "the API is on the admin side, under /api/v1/, and wants a token")
		},
		"apiAddress": func(w *mtxImport, d *directive) {
			if !truth(w.value("api", "no")) {
				w.say(d, Same, saysHere)
				return
			}
			if w.listen(d, "admin") {
				w.say(d, Changed, "admin: %s has an API of our own", w.server.lines["admin"].value)
			}
		},
		"rtmp": func(w *mtxImport, d *directive) {
			if truth(d.arg(0)) {
				w.say(d, Same, "the server speaks RTMP")
				return
			}
			w.put(d, "rtmp", "off")
		},
		"rtmpDisable": func(w *mtxImport, d *directive) {
			if truth(d.arg(0)) {
				w.put(d, "rtmp", "off")
				return
			}
			w.say(d, Same, "the server speaks RTMP")
		},
		"hlsDisable": func(w *mtxImport, d *directive) {
			w.fixed(d, map[bool]fixed{true: mtxOff["hls"], false: mtxFixed["hls"]}[truth(d.arg(0))])
		},
		"rtmpAddress": func(w *mtxImport, d *directive) {
			if !w.on("rtmp") {
				w.say(d, Same, saysHere)
				return
			}
			w.listen(d, "rtmp")
		},
		"rtmpEncryption": func(w *mtxImport, d *directive) {
			switch d.arg(0) {
			case "strict":
				w.put(d, "plain", "refuse")
			case "optional":
				w.say(d, Same, "RTMPS is served beside RTMP")
			default:
				if truth(w.value("hlsEncryption", "no")) {
					w.say(d, Changed, "the TLS port is there for pages and playlists, and takes RTMPS as well")
					return
				}
				w.put(d, "rtmps", "off")
			}
		},
		"rtmpsAddress": func(w *mtxImport, d *directive) {
			if e := w.value("rtmpEncryption", "no"); e != "strict" && e != "optional" {
				w.say(d, Same, saysHere)
				return
			}
			w.listen(d, "rtmps")
		},
		"rtmpServerKey":  func(w *mtxImport, d *directive) { w.certificate(d, &w.keys) },
		"rtmpServerCert": func(w *mtxImport, d *directive) { w.certificate(d, &w.certs) },
		"hlsServerKey":   func(w *mtxImport, d *directive) { w.certificate(d, &w.keys) },
		"hlsServerCert":  func(w *mtxImport, d *directive) { w.certificate(d, &w.certs) },
		"hlsAddress": func(w *mtxImport, d *directive) {
			if truth(w.value("hlsEncryption", "no")) && !slices.Contains([]string{"strict", "optional"}, w.value("rtmpEncryption", "no")) {
				w.listen(d, "rtmps")
				return
			}
			w.listen(d, "http")
		},
		"hlsEncryption": func(w *mtxImport, d *directive) {
			if truth(d.arg(0)) {
				w.say(d, Changed, "pages and playlists over TLS are served at the rtmps port")
				return
			}
			w.say(d, Same, "pages and playlists over plain HTTP are served at http")
		},
		"hlsVariant": func(w *mtxImport, d *directive) {
			switch d.arg(0) {
			case "lowLatency":
				w.say(d, Same, "HLS has parts (part-length)")
			case "fmp4":
				w.put(d, "part-length", "0s")
			case "mpegts":
				w.say(d, Changed, "HLS of MPEG-TS is at /APP/NAME/ts.m3u8, that of fragmented MP4 at /APP/NAME/index.m3u8")
			}
		},
		"hlsSegmentDuration": func(w *mtxImport, d *directive) { w.length(d, "segment-length", time.Second, 20*time.Second) },
		"hlsPartDuration": func(w *mtxImport, d *directive) {
			if w.value("hlsVariant", "lowLatency") != "lowLatency" {
				w.say(d, Same, "HLS has no parts")
				return
			}
			w.length(d, "part-length", 100*time.Millisecond, 2*time.Second)
		},
		"hlsSegmentCount": func(w *mtxImport, d *directive) {
			n, err := strconv.Atoi(d.arg(0))
			if err != nil || n < 1 {
				w.say(d, None, "this is no number of segments")
				return
			}
			w.say(d, Same, "playlists list the last %d segments at least", window)
			if n > window {
				w.server.set(listLength, strconv.Itoa(n), d.place, 0)
			}
		},
		"authMethod": func(w *mtxImport, d *directive) {
			switch d.arg(0) {
			case "http": // by authorize
			case "internal":
				w.say(d, Same, "the server knows by itself who may publish")
			default:
				w.say(d, None, "viewers' tokens are told in the API and the commands, not in this file")
			}
		},
		"authHTTPAddress":           func(*mtxImport, *directive) {},
		"externalAuthenticationURL": func(*mtxImport, *directive) {},
		"authHTTPExclude": func(w *mtxImport, d *directive) {
			o, says := Same, "the back end is asked about publishers and viewers alone"
			for _, e := range d.block {
				if a := e.find("action"); a == nil || slices.Contains([]string{"publish", "read"}, a.arg(0)) {
					o, says = None, "the back end is asked about all publishers and viewers"
				}
			}
			w.say(d, o, "%s", says)
			d.lump = true
		},
		"authInternalUsers": (*mtxImport).users,
	}
}

// length gives a setting a time within its bounds.
func (w *mtxImport) length(d *directive, name string, least, most time.Duration) {
	length, ok := seconds(d.arg(0))
	if !ok || length <= 0 {
		w.say(d, None, "this is no length of time")
		return
	}
	fit := within(length, least, most)
	if w.put(d, name, span(fit)) && fit != length {
		w.say(d, Changed, "%s: %s, the nearest that it may be", name, span(fit))
	}
}

func (w *mtxImport) trusted(d *directive) {
	for _, a := range d.args {
		p, ok := prefix(a)
		if !ok {
			w.say(d, None, "there is something in it that is no address")
			return
		}
		if s := p.String(); !slices.Contains(w.proxies, s) {
			w.proxies = append(w.proxies, s)
		}
	}
	if len(d.args) == 0 {
		w.say(d, Same, "no proxy is trusted")
		return
	}
	w.server.set("trusted-proxy", "", d.place, 0)
	l := w.server.lines["trusted-proxy"]
	l.value = list(w.proxies...)
	w.server.lines["trusted-proxy"] = l
	w.say(d, Taken, "trusted-proxy")
}

// certificate remembers a file of a certificate or its key.
func (w *mtxImport) certificate(d *directive, in *[]string) {
	flag := "rtmpEncryption"
	if strings.HasPrefix(d.name, "hls") {
		flag = "hlsEncryption"
	}
	if v := w.value(flag, "no"); v != "strict" && v != "optional" && !truth(v) {
		w.say(d, Same, saysHere)
		return
	}
	if slices.Contains(*in, d.arg(0)) {
		w.say(d, Same, "it is given already")
		return
	}
	*in = append(*in, d.arg(0))
	w.say(d, Taken, "%s", map[bool]string{true: "key", false: "cert"}[strings.HasSuffix(d.name, "Key")])
}

// certificates writes what was remembered, if each has its key.
func (w *mtxImport) certificates() {
	if len(w.certs) == 0 || len(w.certs) != len(w.keys) {
		for d, n := range w.verdicts {
			if strings.Contains(d.name, "Server") && n.Outcome == Taken {
				w.say(d, None, "a certificate and its key belong together; the server signs one itself")
			}
		}
		return
	}
	at := place{}
	for _, d := range w.tree {
		if strings.HasSuffix(d.name, "ServerCert") && slices.Contains(w.certs, d.arg(0)) && at.line == 0 {
			at = d.place
		}
	}
	w.server.set("cert", list(w.certs...), at, 0)
	w.server.set("key", list(w.keys...), at, 0)
}

// lists turns a number of segments into time shift.
func (w *mtxImport) lists() {
	l, ok := w.server.lines[listLength]
	if !ok {
		return
	}
	delete(w.server.lines, listLength)
	segment := 2 * time.Second
	if s, ok := w.server.lines["segment-length"]; ok {
		segment, _ = time.ParseDuration(s.value)
	}
	n, _ := strconv.Atoi(l.value)
	length := min(time.Duration(min(n, 1_000_000))*segment, 24*time.Hour)
	w.put(w.key("hlsSegmentCount"), "time-shift", span(length))
}

// authorize makes the back end that is asked.
func (w *mtxImport) authorize() {
	method, at := w.key("authMethod"), w.key("authHTTPAddress")
	if at == nil {
		at = w.key("externalAuthenticationURL")
	}
	asks := at != nil && at.arg(0) != "" && (w.value("authMethod", "internal") == "http" || at.name == "externalAuthenticationURL")
	if at != nil && !asks {
		w.say(at, Same, "no back end is asked")
	}
	if method != nil && method.arg(0) == "http" && !asks {
		w.say(method, None, "the address of the back end is missing")
	}
	if !asks {
		if w.key("authInternalUsers") == nil && w.value("authMethod", "internal") == "internal" && !w.old() {
			// Anybody may publish and watch unless users are named.
			w.opens(anybody, place{})
		}
		return
	}
	o, says := Taken, "authorizers"
	if !w.can[authorizer] {
		o, says = None, saysHooks
	} else if fault := w.draft.authorize(&backend{mode: "mediamtx", url: at.arg(0)}, nil, at.place); fault != "" {
		o, says = None, fault
	}
	w.say(at, o, "%s", says)
	if method != nil {
		w.say(method, o, "%s", says)
	}
}

// old tells whether paths have users of their own, as they had in older files.
func (w *mtxImport) old() bool {
	for _, d := range w.tree {
		for _, p := range d.block {
			if d.name == "paths" && (p.find("publishUser") != nil || p.find("publishIPs") != nil) || d.name == "pathDefaults" && p.name == "publishUser" {
				return true
			}
		}
	}
	return false
}

// opens lets publishers in without a key.
func (w *mtxImport) opens(who openness, at place) {
	switch who {
	case anybody:
		if _, ok := w.server.set("open-world", "true", at, 0); ok {
			w.remark("open-world", remarkWorld...)
		}
	case locals:
		if _, ok := w.server.set("open", "true", at, 0); ok {
			w.remark("open", remarkLocals...)
		}
	}
}

// users goes through those that the server knows.
func (w *mtxImport) users(d *directive) {
	w.say(d, Same, "who publishes needs a key, who manages the server a token")
	anyReads := false
	for _, u := range d.block {
		if user := u.find("user"); user != nil && user.arg(0) == "any" {
			anyReads = anyReads || slices.ContainsFunc(permissions(u), func(p right) bool { return p.action == "read" && p.path == "" })
		}
	}
	for _, u := range d.block {
		o, says := w.user(u, anyReads)
		w.say(u, o, "%s", says)
		u.lump = true
	}
}

// right is what a user may do.
type right struct{ action, path string }

func permissions(u *directive) (all []right) {
	p := u.find("permissions")
	if p == nil {
		return nil
	}
	for _, one := range p.block {
		r := right{}
		if a := one.find("action"); a != nil {
			r.action = a.arg(0)
		}
		if path := one.find("path"); path != nil {
			r.path = path.arg(0)
		}
		all = append(all, r)
	}
	return all
}

func (w *mtxImport) user(u *directive, anyReads bool) (Outcome, string) {
	name, pass, local := "any", "", false
	if d := u.find("user"); d != nil {
		name = d.arg(0)
	}
	if d := u.find("pass"); d != nil {
		pass = d.arg(0)
	}
	who := anybody
	if ips := u.find("ips"); ips != nil && len(ips.args) > 0 {
		who, local = locals, true
		for _, a := range ips.args {
			if p, ok := prefix(a); !ok || !private(p) {
				who = nobody
			}
		}
	}
	var publishes, reads []string
	manages := false
	for _, r := range permissions(u) {
		switch r.action {
		case "publish":
			publishes = append(publishes, r.path)
		case "read", "playback":
			reads = append(reads, r.path)
		default:
			manages = true
		}
	}
	switch {
	case name == "any" && len(publishes) > 0 && slices.Contains(publishes, ""):
		w.opens(who, u.place)
		switch who {
		case nobody:
			return Changed, "encoders there need a key, which can hold for their addresses alone (millrace keys create --address)"
		case locals:
			return Taken, "open: true lets loopback and private addresses publish"
		}
		return Taken, "open-world: true"
	case name == "any" && len(publishes) > 0:
		return None, "who publishes without a key does so under any name; make keys for the others (millrace keys create)"
	case len(publishes) > 0:
		return w.publisher(name, pass, publishes)
	case len(reads) > 0 && name == "any" && !local:
		return Same, "anyone may watch public streams"
	case len(reads) > 0 && anyReads:
		return Same, "anyone may watch public streams"
	case len(reads) > 0:
		return w.viewer(u, reads)
	case manages:
		return Changed, "the admin side wants a token: admin.token in the data folder, or millrace tokens create"
	}
	return Same, "it may do nothing"
}

// publisher makes keys of a user's password, one stream each.
func (w *mtxImport) publisher(name, pass string, paths []string) (Outcome, string) {
	for _, path := range paths {
		if path == "" || strings.HasPrefix(path, "~") {
			return None, "a key belongs to one stream; make one for each that this user publishes (millrace keys create)"
		}
		if _, err := access.StreamName("", path); err != nil {
			return None, err.Error()
		}
	}
	switch {
	case strings.HasPrefix(pass, "sha256:") || strings.HasPrefix(pass, "argon2:"):
		return None, "the password is not in the file; make a key (millrace keys create)"
	case len(pass) < 8 || strings.ContainsAny(pass, "/?&# \t\r\n"):
		return None, "the password is too weak for a key, or has letters that a key cannot have; make one (millrace keys create)"
	case len(paths) > 1 || w.taken(pass):
		return None, "each stream needs a key of its own; make them (millrace keys create)"
	}
	stream, _ := access.StreamName("", paths[0])
	w.addKey(stream, pass, name)
	return Changed, fmt.Sprintf("a key of %s: the encoder sends the password as its stream key, or as ?key= behind the name", printable(stream))
}

// taken tells whether a key is there already.
func (w *mtxImport) taken(secret string) bool {
	return slices.ContainsFunc(w.draft.keys, func(k *section) bool { return k.lines["key"].value == text(secret) })
}

func (w *mtxImport) addKey(stream, secret, label string) {
	w.named(stream)
	k := &section{}
	k.set("stream", text(stream), place{}, 0)
	k.set("key", text(secret), place{}, 0)
	if label != "" {
		k.set("label", text(printable(label)), place{}, 0)
	}
	w.draft.keys = append(w.draft.keys, k)
}

// named makes the app of a stream, if it is not built in.
func (w *mtxImport) named(stream string) {
	if app, _, _ := strings.Cut(stream, "/"); app != access.DefaultApp {
		w.app(app, place{})
	}
}

// viewer makes streams private that only some may watch.
func (w *mtxImport) viewer(u *directive, paths []string) (Outcome, string) {
	if !w.can[visibility] {
		return None, "who watches has no name and password; make the streams private and sign tokens for their viewers"
	}
	for _, path := range paths {
		stream, err := access.StreamName("", path)
		if path == "" || strings.HasPrefix(path, "~") || err != nil {
			return None, "who watches has no name and password; make the streams private and sign tokens for their viewers"
		}
		w.named(stream)
		w.stream(stream, u.place).set("visibility", "private", u.place, 0)
	}
	return Changed, "the stream is private: its viewers need a token in place of the password (millrace streams link)"
}

// appOfPattern is the app that a pattern of paths stands for.
var appOfPattern = regexp.MustCompile(`^~\^?([A-Za-z0-9_-]+)/(\(?[.\[\\].*)?$`)

// paths goes through the streams.
func (w *mtxImport) paths() {
	apps := []*section{}
	if w.key("pathDefaults") != nil {
		apps = append(apps, w.app(access.DefaultApp, place{}))
	}
	for _, d := range w.tree {
		if d.name != "paths" {
			continue
		}
		w.say(d, Taken, "apps and streams")
		for _, p := range d.block {
			w.path(p)
		}
	}
	for name, s := range w.draft.apps {
		if name != access.DefaultApp {
			apps = append(apps, s)
		}
	}
	for _, d := range w.tree {
		if d.name == "pathDefaults" {
			w.say(d, Taken, "the rules of all apps")
			for _, inner := range d.block {
				w.pathKey(inner, d, apps, "")
			}
		}
	}
}

func (w *mtxImport) path(p *directive) {
	var to []*section
	stream := ""
	switch name := strings.Trim(p.name, "/"); {
	case name == "all_others" || name == "all":
		w.say(p, Changed, "apps other than live have to be named under apps")
		to = append(to, w.app(access.DefaultApp, p.place))
	case strings.HasPrefix(name, "~"):
		m := appOfPattern.FindStringSubmatch(name)
		if m == nil || checkApp(m[1]) != "" {
			w.say(p, None, "streams are named one by one, or all of an app together")
			to = append(to, &section{})
			break
		}
		w.say(p, Taken, "apps.%s", m[1])
		to = append(to, w.app(m[1], p.place))
	default:
		full, err := access.StreamName("", name)
		if err != nil {
			w.say(p, None, "%v", err)
			to = append(to, &section{})
			break
		}
		stream = full
		w.named(stream)
		to = append(to, w.stream(stream, p.place))
		if full != p.name {
			w.say(p, Changed, "streams.%s: a name has an app", printable(full))
		} else {
			w.say(p, Taken, "streams.%s", printable(full))
		}
	}
	for _, d := range p.block {
		w.pathKey(d, p, to, stream)
	}
}

// pathKey judges a key of a path.
func (w *mtxImport) pathKey(d, path *directive, to []*section, stream string) {
	level := 1
	if path.name == "pathDefaults" {
		level = 0
	}
	says := func(o Outcome, format string, args ...any) {
		w.say(d, o, format, args...)
		w.all(d.block, o, fmt.Sprintf(format, args...))
	}
	records := path.find("record") != nil && truth(path.find("record").arg(0))
	if defaults := w.key("pathDefaults"); !records && defaults != nil && path.find("record") == nil {
		r := defaults.find("record")
		records = r != nil && truth(r.arg(0))
	}
	off := len(d.args) == 1 && slices.Contains([]string{"no", "false", "off", "0"}, strings.ToLower(d.args[0]))
	switch {
	case d.missing != "":
		says(None, "%s", d.missing)
	case d.name == "source":
		switch d.arg(0) {
		case "publisher", "record":
			says(Same, "streams come from publishers")
		case "redirect":
			says(None, "streams have no second names")
		case "rpiCamera":
			says(None, saysCamera)
		default:
			says(None, saysRelay)
		}
	case strings.HasPrefix(d.name, "sourceOnDemand") && (path.find("sourceOnDemand") == nil || !truth(path.find("sourceOnDemand").arg(0))):
		says(Same, saysHere)
	case d.name == "overridePublisher" || d.name == "disablePublisherOverride":
		rule := map[bool]string{true: "take-over", false: "refuse"}[truth(d.arg(0)) == (d.name == "overridePublisher")]
		for _, s := range to {
			if _, ok := s.set("second-publisher", rule, d.place, level); !ok {
				says(None, "second-publisher has another value already")
				return
			}
		}
		says(Taken, "second-publisher: %s", rule)
	case d.name == "maxReaders":
		if d.arg(0) == "0" {
			says(Same, "viewers of a stream are not counted against a limit")
		} else {
			says(None, "viewers are limited by app and for the whole server, not by stream")
		}
	case d.name == "record" && off, strings.HasPrefix(d.name, "record") && !records:
		says(Same, saysNotRecord)
	case strings.HasPrefix(d.name, "record"):
		says(None, saysRecord)
	case d.name == "publishPass" && stream != "":
		user := ""
		if u := path.find("publishUser"); u != nil {
			user = u.arg(0)
		}
		o, text := w.publisher(user, d.arg(0), []string{stream})
		says(o, "%s", text)
		if u := path.find("publishUser"); u != nil {
			w.say(u, o, "%s", text)
		}
	case d.name == "publishUser" && path.find("publishPass") != nil && stream != "":
		// Judged with its password.
		if _, ok := w.verdicts[d]; !ok {
			w.say(d, None, "a key belongs to one stream")
		}
	case d.name == "readPass" || d.name == "readUser":
		if stream == "" || !w.can[visibility] {
			says(None, "who watches has no name and password; make the streams private and sign tokens for their viewers")
			return
		}
		to[0].set("visibility", "private", d.place, 0)
		says(Changed, "the stream is private: its viewers need a token in place of the password (millrace streams link)")
	default:
		w.pathFixed(d, off, says)
	}
}

func (w *mtxImport) pathFixed(d *directive, off bool, says func(o Outcome, format string, args ...any)) {
	if f, ok := mtxFixed["path "+d.name]; ok {
		switch {
		case off && f.off != "":
			says(Same, "%s", f.off)
		case len(d.args) == 0 && !d.isBlock || d.isBlock && len(d.block) == 0 || d.arg(0) == "" && len(d.args) == 1:
			says(Same, saysHere)
		default:
			says(f.outcome, "%s", f.says)
		}
		return
	}
	for _, f := range mtxPathFamilies {
		if strings.HasPrefix(d.name, f.prefix) {
			if off {
				says(Same, saysHere)
			} else {
				says(None, "%s", f.says)
			}
			return
		}
	}
}
