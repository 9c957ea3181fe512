package importer

import (
	"slices"
	"strconv"
	"strings"
	"time"
)

// srsImport is the import of one config of SRS.
type srsImport struct {
	*draft
	verdicts
	publish []permit
	// secured are vhosts with addresses, asking those with a back end.
	vhosts, secured, asking int
	backend                 *backend
	first                   place
	lists                   *directive // the longest playlist
	list                    time.Duration
}

func importSRS(d *draft, tree []*directive) []Note {
	w := &srsImport{draft: d, verdicts: verdicts{}}
	w.block(tree, "")
	w.window()
	w.open()
	return w.notes(tree)
}

// block goes through directives that stand in the blocks of path.
func (w *srsImport) block(tree []*directive, path string) {
	for _, d := range tree {
		if _, judged := w.verdicts[d]; judged {
			continue
		}
		name := strings.TrimSpace(path + " " + d.name)
		if flat, ok := srsFlat[name]; ok {
			name = flat
		}
		off := d.arg(0) == "off" && !d.isBlock
		if d.isBlock && switched(d) == "off" {
			w.disabled(d)
			continue
		}
		if f, ok := srsOff[name]; ok && off {
			w.fixed(d, f)
		} else if do, ok := srsRules[name]; ok {
			do(w, d)
			if d.isBlock {
				w.block(d.block, name)
			}
		} else if f, ok := srsFixed[name]; ok {
			w.fixed(d, f)
			if d.isBlock && hasBlock(name) {
				w.block(d.block, name)
			} else {
				w.all(d.block, f.outcome, f.says)
			}
		}
	}
}

// hasBlock tells whether directives in a block are judged one by one.
func hasBlock(name string) bool {
	for _, table := range []map[string]fixed{srsFixed, srsOff} {
		for other := range table {
			if strings.HasPrefix(other, name+" ") {
				return true
			}
		}
	}
	return false
}

// switched is what the block says of being enabled: off where it says nothing,
// in blocks that have to be switched on.
func switched(d *directive) string {
	if e := d.find("enabled"); e != nil {
		return e.arg(0)
	}
	if slices.Contains(srsSwitched, d.name) {
		return "off"
	}
	return ""
}

// srsSwitched are blocks that do nothing unless they say `enabled on`.
var srsSwitched = []string{
	"http_api", "http_server", "srt_server", "rtc_server", "stream_caster", "heartbeat", "exporter", "refer", "security",
	"http_hooks", "forward", "hds", "http_static", "http_remux", "dvr", "exec", "ingest", "transcode", "rtc", "srt", "https", "raw_api", "auth",
}

// disabled judges a block that is switched off.
func (w *srsImport) disabled(d *directive) {
	name := d.name
	if slices.Contains([]string{"hls", "dash", "http_remux", "http_server", "http_api", "vhost"}, name) {
		says := map[string]string{
			"hls":        "HLS cannot be switched off; it costs nothing while nobody watches by it",
			"dash":       "DASH cannot be switched off; it costs nothing while nobody watches by it",
			"http_remux": "HTTP-FLV cannot be switched off", "vhost": "streams of all hosts are served",
			"http_server": "players and playlists are served at http",
			"http_api":    "the API is there, and wants a token",
		}[name]
		w.say(d, Changed, "%s", says)
		w.all(d.block, Changed, says)
		return
	}
	w.say(d, Same, saysHere)
	w.all(d.block, Same, saysHere)
}

// srsFlat are older spellings, without the blocks of today.
var srsFlat = map[string]string{
	"vhost gop_cache": "vhost play gop_cache", "vhost queue_length": "vhost play queue_length", "vhost time_jitter": "vhost play time_jitter",
	"vhost atc": "vhost play atc", "vhost mw_latency": "vhost play mw_latency", "vhost mix_correct": "vhost play mix_correct",
	"vhost mode": "vhost cluster", "vhost origin": "vhost cluster",
}

// srsRules are directives that become settings.
var srsRules map[string]func(w *srsImport, d *directive)

func init() {
	srsRules = map[string]func(w *srsImport, d *directive){
		"include": func(w *srsImport, d *directive) {
			if d.missing != "" {
				w.say(d, None, "%s", d.missing)
				return
			}
			w.say(d, Taken, "what is in these files stands here")
		},
		"listen": func(w *srsImport, d *directive) {
			w.listen(d, "rtmp")
			if len(d.args) > 1 {
				w.say(d, None, "RTMP has one port here, rtmp: %s; encoders of the others need the other address", w.server.lines["rtmp"].value)
			}
		},
		"max_connections": func(w *srsImport, d *directive) {
			n, err := strconv.Atoi(d.arg(0))
			switch {
			case err != nil || n < 1:
				w.say(d, None, "this is no number of connections")
			case !w.can[limits]:
				w.say(d, None, "this build has no limit of connections")
			default:
				w.put(d, "max-connections", strconv.Itoa(n))
			}
		},
		"srs_log_tank": func(w *srsImport, d *directive) {
			if d.arg(0) == "console" {
				w.say(d, Same, "the log goes to standard error")
				return
			}
			w.say(d, Changed, "the log goes to standard error")
		},
		"srs_log_level": (*srsImport).logLevel, "srs_log_level_v2": (*srsImport).logLevel,

		"http_api":         saysSame("the API is on the admin side, under /api/v1/"),
		"http_api enabled": saysSame("the API is on the admin side, under /api/v1/"),
		"http_api listen": func(w *srsImport, d *directive) {
			if w.listen(d, "admin") {
				w.say(d, Changed, "admin: %s has an API of our own", w.server.lines["admin"].value)
			}
		},
		"http_api https": func(w *srsImport, d *directive) {
			w.say(d, Changed, "the admin side is served over TLS at the rtmps port where http is the admin side, or by a proxy")
			w.all(d.block, Changed, "the admin side is served over TLS at the rtmps port where http is the admin side, or by a proxy")
		},
		"http_server":         saysSame("players and playlists are served at http"),
		"http_server enabled": saysSame("players and playlists are served at http"),
		"http_server listen":  func(w *srsImport, d *directive) { w.listen(d, "http") },
		"http_server https": func(w *srsImport, d *directive) {
			w.say(d, Changed, "pages and playlists over TLS are served at the rtmps port")
		},
		"http_server https enabled": saysSame("pages and playlists over TLS are served at the rtmps port"),
		"http_server https listen":  func(w *srsImport, d *directive) { w.listen(d, "rtmps") },
		"http_server https key":     func(w *srsImport, d *directive) { w.put(d, "key", list(d.arg(0))) },
		"http_server https cert":    func(w *srsImport, d *directive) { w.put(d, "cert", list(d.arg(0))) },

		"vhost": func(w *srsImport, d *directive) {
			w.vhosts++
			if w.first.line == 0 {
				w.first = d.place
			}
			if w.vhosts > 1 {
				w.say(d, Changed, "streams of all hosts have one list of names, APP/NAME")
				return
			}
			w.say(d, Changed, "apps other than live have to be named under apps")
		},
		"vhost min_latency": func(w *srsImport, d *directive) {
			if d.arg(0) != "on" {
				w.say(d, Same, "messages leave together for 30 ms (delivery)")
				return
			}
			w.put(d, "delivery", "realtime")
		},
		"vhost play mw_latency": func(w *srsImport, d *directive) {
			ms, err := strconv.Atoi(d.arg(0))
			mode := map[bool]string{true: "balanced", false: "economy"}[ms <= 50]
			if ms <= 0 {
				mode = "realtime"
			}
			if err != nil {
				w.say(d, None, "this is no number of milliseconds")
				return
			}
			if before, ok := w.server.set("delivery", mode, d.place, 0); !ok {
				w.say(d, Changed, "delivery: %s, as line %d says", w.server.lines["delivery"].value, before.line)
				return
			}
			w.say(d, Changed, "delivery: %s, the nearest that it may be", mode)
		},
		"vhost hls hls_fragment":    (*srsImport).segment,
		"vhost dash dash_fragment":  (*srsImport).segment,
		"vhost hls hls_window":      (*srsImport).playlist,
		"vhost dash dash_timeshift": (*srsImport).playlist,
		"vhost http_remux mount": func(w *srsImport, d *directive) {
			switch path := strings.TrimPrefix(d.arg(0), "[vhost]"); path {
			case "/[app]/[stream].flv", "/[app]/[stream].ts":
				w.say(d, Same, "/APP/NAME.flv and /APP/NAME.ts are the addresses here as well")
			default:
				w.say(d, Changed, "the addresses are /APP/NAME.flv and /APP/NAME.ts")
			}
		},
		"vhost security": func(w *srsImport, d *directive) {
			w.secured++
			w.security(d)
		},
		"vhost http_hooks": (*srsImport).hooks,
	}
}

func saysSame(says string) func(w *srsImport, d *directive) {
	return func(w *srsImport, d *directive) { w.say(d, Same, "%s", says) }
}

// put gives a setting of the server a value.
func (w *srsImport) put(d *directive, name, value string) bool {
	if before, ok := w.server.set(name, value, d.place, 0); !ok {
		w.say(d, None, "%s has another value already, from line %d", name, before.line)
		return false
	}
	w.say(d, Taken, "%s: %s", name, value)
	return true
}

func (w *srsImport) listen(d *directive, name string) bool {
	addr, ok := listenAddr(d.arg(0))
	if !ok {
		w.say(d, None, "the server listens on TCP ports only")
		return false
	}
	return w.put(d, name, text(addr))
}

func (w *srsImport) logLevel(d *directive) {
	level, ok := map[string]string{
		"verbose": "debug", "debug": "debug", "trace": "info", "info": "info", "warn": "warn", "error": "error",
	}[d.arg(0)]
	if !ok {
		w.say(d, None, "there is no such level")
		return
	}
	w.put(d, "log-level", level)
}

func (w *srsImport) segment(d *directive) {
	length, ok := seconds(d.arg(0))
	if !ok || length <= 0 {
		w.say(d, None, "this is no length of time")
		return
	}
	fit := within(length, time.Second, 20*time.Second)
	if before, ok := w.server.set("segment-length", span(fit), d.place, 0); !ok {
		w.say(d, Changed, "segments of HLS and DASH have one length, that of line %d", before.line)
		return
	}
	if fit != length {
		w.say(d, Changed, "segment-length: %s, the nearest that it may be", span(fit))
		return
	}
	w.say(d, Taken, "segment-length: %s", span(fit))
}

func (w *srsImport) playlist(d *directive) {
	length, ok := seconds(d.arg(0))
	if !ok || length <= 0 {
		w.say(d, None, "this is no length of time")
		return
	}
	w.say(d, Same, "playlists list the last %d segments at least", window)
	if length > w.list {
		w.list, w.lists = length, d
	}
}

// window turns the length of playlists into time shift, where it is more than
// playlists list anyway.
func (w *srsImport) window() {
	segment := 2 * time.Second
	if l, ok := w.server.lines["segment-length"]; ok {
		segment, _ = time.ParseDuration(l.value)
	}
	if w.list <= window*segment {
		return
	}
	if fit := min(w.list, 24*time.Hour); fit == w.list {
		w.put(w.lists, "time-shift", span(fit))
	} else if w.put(w.lists, "time-shift", span(fit)) {
		w.say(w.lists, Changed, "time-shift: 24h, the most that it may be")
	}
}

// security remembers who may publish; rules that keep somebody out win.
func (w *srsImport) security(block *directive) {
	w.say(block, Same, "who publishes needs a key, unless open or open-world says otherwise")
	var deny, allow []permit
	for _, d := range block.block {
		if d.name != "allow" && d.name != "deny" {
			if d.name == "enabled" {
				w.say(d, Same, "who publishes needs a key, unless open or open-world says otherwise")
			}
			continue
		}
		p := permit{at: d, allow: d.name == "allow", all: d.arg(1) == "all"}
		var ok bool
		if p.from, ok = prefix(d.arg(1)); !ok && !p.all {
			w.say(d, None, "this is no address")
			continue
		}
		switch {
		case d.arg(0) == "play" && p.allow && p.all:
			w.say(d, Same, "anyone may watch public streams")
		case d.arg(0) == "play":
			w.say(d, None, "who watches is not told by address; make the streams private and sign tokens for their viewers")
		case d.arg(0) != "publish":
			w.say(d, None, "this is neither publish nor play")
		case p.allow:
			allow = append(allow, p)
		default:
			deny = append(deny, p)
		}
	}
	w.publish = append(w.publish, append(deny, allow...)...)
	if len(deny)+len(allow) == 0 {
		return
	}
	own := judge(append(deny, allow...), false)
	for _, p := range append(deny, allow...) {
		switch {
		case !p.allow && p.all:
			w.say(p.at, Taken, "who publishes needs a key")
		case !p.allow && own == anybody:
			w.say(p.at, None, "ban it when the server runs: millrace bans create")
		case !p.allow:
			w.say(p.at, Same, "who publishes from there needs a key")
		case p.all && own == anybody:
			w.say(p.at, Taken, "open-world: true")
		case private(p.from) && own == locals:
			w.say(p.at, Taken, "open: true lets loopback and private addresses publish")
		case own == anybody:
			w.say(p.at, Same, "anyone may publish")
		default:
			w.say(p.at, Changed, "encoders there need a key, which can hold for this address alone (millrace keys create --address)")
		}
	}
}

// srsEvents are those of http_hooks that a back end is asked about or told here.
var srsEvents = []string{"on_connect", "on_close", "on_publish", "on_unpublish", "on_play", "on_stop"}

func (w *srsImport) hooks(block *directive) {
	b := &backend{mode: "srs", on: map[string][]string{}}
	var told []*directive
	for _, d := range block.block {
		switch {
		case d.name == "enabled":
			told = append(told, d)
		case slices.Contains(srsEvents, d.name) && len(d.args) > 0:
			b.on[d.name] = d.args
			told = append(told, d)
		case d.name == "on_dvr":
			w.say(d, None, saysRecord)
		case d.name == "on_hls" || d.name == "on_hls_notify":
			w.say(d, None, "nobody is told of segments")
		}
	}
	told = append(told, block)
	o, says := Taken, "authorizers"
	switch {
	case len(b.on) == 0:
		o, says = Same, "no back end is asked"
	case !w.can[authorizer]:
		o, says = None, saysHooks
	case w.backend != nil && !w.backend.same(b):
		o, says = None, "one back end is asked about the streams of all hosts, the one above"
	case w.backend == nil:
		w.backend = b
		if fault := w.authorize(b, nil, block.place); fault != "" {
			o, says = None, fault
		}
	}
	if len(b.on["on_publish"])+len(b.on["on_connect"]) > 0 {
		// Nothing is opened that was guarded, even if the back end cannot be
		// asked here.
		w.asking++
	}
	for _, d := range told {
		w.say(d, o, "%s", says)
	}
}

// open says who may publish without a key.
func (w *srsImport) open() {
	who := anybody
	switch {
	case w.asking > 0:
		return // the back end decides
	case w.secured > 0:
		who = judge(w.publish, false)
	case w.vhosts == 0:
		return
	}
	switch who {
	case anybody:
		w.server.set("open-world", "true", w.first, 0)
		w.remark("open-world", remarkWorld...)
	case locals:
		w.server.set("open", "true", w.first, 0)
		w.remark("open", remarkLocals...)
	}
}
