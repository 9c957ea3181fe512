package importer

import (
	"slices"
	"strings"
)

// http goes through nginx's web server, as far as it serves players and the
// status of streams.
func (w *nginxImport) http(tree []*directive) {
	for _, d := range tree {
		switch {
		case d.name == "include":
			w.include(d)
		case d.name == "server" && d.isBlock:
			w.web(d)
		default:
			w.webLine(d, false)
		}
	}
}

// web is one server of the web server.
func (w *nginxImport) web(server *directive) {
	media := slices.ContainsFunc(server.block, func(d *directive) bool { return d.name == "location" && servesStreams(d) })
	if !media {
		w.say(server, None, saysWeb)
		w.all(server.block, None, saysWeb)
		return
	}
	w.say(server, Same, "players and playlists are served by the server itself")
	name := ""
	tls := false
	for _, d := range server.block {
		switch d.name {
		case "listen":
			tls = w.webListen(d) || tls
		case "server_name":
			name = d.arg(0)
			if name == "" || name == "_" || name == "localhost" || strings.ContainsAny(name, "*~$") || !strings.Contains(name, ".") {
				w.say(d, Same, "the server answers by any name")
				name = ""
			}
		case "ssl_certificate", "ssl_certificate_key":
			w.certificate(d)
		case "location":
			w.location(d)
		case "include":
			w.include(d)
		default:
			w.webLine(d, false)
		}
	}
	for _, d := range server.block {
		if d.name != "server_name" || name == "" {
			continue
		}
		scheme := "http://"
		if tls {
			scheme = "https://"
		}
		if _, ok := w.server.set("public-url", text(scheme+name+w.publicPort(tls)), d.place, 0); ok {
			w.say(d, Taken, "public-url")
		} else {
			w.say(d, Same, "the server answers by any name")
		}
	}
}

// publicPort is the port that stands in printed addresses, unless it is the
// usual one.
func (w *nginxImport) publicPort(tls bool) string {
	name, usual := "http", "80"
	if tls {
		name, usual = "rtmps", "443"
	}
	if p := portOf(w.server.lines[name].value); p != "" && p != usual {
		return ":" + p
	}
	return ""
}

// webListen turns a listener of the web server into ours. TLS is served where
// RTMPS is: the server tells them apart.
func (w *nginxImport) webListen(d *directive) (tls bool) {
	addr, ok := listenAddr(d.arg(0))
	if !ok {
		w.say(d, None, "the server listens on TCP ports only")
		return false
	}
	name := "http"
	if tls = slices.Contains(d.args, "ssl"); tls {
		name = "rtmps"
	}
	if first, ok := w.server.lines[name]; ok {
		if portOf(first.value) == portOf(text(addr)) && (strings.HasPrefix(first.value, `":`) || first.value == text(addr)) {
			w.say(d, Same, "line %d listens there already", first.at.line)
		} else {
			w.say(d, Changed, "pages and playlists are served at the address of line %d", first.at.line)
		}
		return tls
	}
	w.server.set(name, text(addr), d.place, 0)
	w.say(d, Taken, "%s: %s", name, text(addr))
	return tls
}

func (w *nginxImport) certificate(d *directive) {
	name := "cert"
	if strings.HasSuffix(d.name, "_key") {
		name = "key"
	}
	if before, ok := w.server.set(name, list(d.arg(0)), d.place, 0); !ok {
		w.say(d, None, "%s is given already, in line %d", name, before.line)
		return
	}
	w.say(d, Taken, "%s", name)
}

// servesStreams tells whether a location is one of nginx-rtmp.
func servesStreams(d *directive) bool {
	return d.find("rtmp_stat") != nil || d.find("rtmp_control") != nil || forPlaylists(d) || forStylesheet(d)
}

func forPlaylists(d *directive) bool {
	path := strings.ToLower(strings.Join(d.args, " "))
	for _, part := range []string{"hls", "dash", "m3u8", "mpd"} {
		if strings.Contains(path, part) {
			return true
		}
	}
	types := d.find("types")
	return types != nil && (types.find("application/vnd.apple.mpegurl") != nil || types.find("application/dash+xml") != nil)
}

func forStylesheet(d *directive) bool { return strings.HasSuffix(d.arg(len(d.args)-1), ".xsl") }

func (w *nginxImport) location(d *directive) {
	switch {
	case d.find("rtmp_stat") != nil || d.find("rtmp_control") != nil:
		w.say(d, Changed, "the admin side: /api/v1/ and /metrics, with a token")
	case forStylesheet(d):
		w.say(d, Changed, "the page at / shows what is on air")
	case forPlaylists(d):
		w.say(d, Changed, "HLS and DASH of each stream are at /APP/NAME/index.m3u8 and /APP/NAME/manifest.mpd")
	default:
		w.say(d, None, saysWeb)
		w.all(d.block, None, saysWeb)
		return
	}
	for _, inner := range d.block {
		w.webLine(inner, true)
	}
}

// webLine judges a directive of the web server. Within locations of streams
// those hold for media and the status alone.
func (w *nginxImport) webLine(d *directive, inside bool) {
	if f, ok := nginxFixed[d.name]; ok && strings.HasPrefix(d.name, "rtmp_") {
		w.fixed(d, f)
		return
	}
	switch d.name {
	case "add_header":
		switch header := strings.ToLower(d.arg(0)); {
		case strings.HasPrefix(header, "access-control-"):
			w.say(d, Same, "the pages of all sites may play streams (CORS)")
			return
		case header == "cache-control" || header == "pragma" || header == "expires":
			w.say(d, Same, "each answer says how long it may be kept (docs/hls.md)")
			return
		}
	case "allow", "deny", "auth_basic", "auth_basic_user_file":
		if inside {
			w.say(d, Changed, "the admin side needs a token, and can have an address of its own (admin)")
			return
		}
	case "root", "alias":
		if !inside {
			w.say(d, None, saysWeb)
			return
		}
	}
	f, ok := httpFixed[d.name]
	if !ok {
		w.say(d, None, saysWeb)
		w.all(d.block, None, saysWeb)
		return
	}
	w.fixed(d, f)
	w.all(d.block, f.outcome, f.says)
}

// stream is nginx's proxy for TCP, which people put before RTMP for its TLS.
func (w *nginxImport) stream(tree []*directive) {
	for _, server := range tree {
		to, listen := server.find("proxy_pass"), server.find("listen")
		if server.name != "server" || to == nil || listen == nil || !slices.Contains(listen.args, "ssl") || !w.toRTMP(tree, to.arg(0)) {
			const says = "this passes connections to other servers; keep it there if you need it"
			w.say(server, None, says)
			w.all(server.block, None, says)
			continue
		}
		w.say(server, Same, "TLS for RTMP is served by the server itself")
		for _, d := range server.block {
			switch d.name {
			case "listen":
				addr, ok := listenAddr(d.arg(0))
				if !ok {
					w.say(d, None, "the server listens on TCP ports only")
				} else if before, ok := w.server.set("rtmps", text(addr), d.place, 0); !ok {
					w.say(d, None, "TLS has one port here, that of line %d", before.line)
				} else {
					w.say(d, Taken, "rtmps: %s", text(addr))
				}
			case "ssl_certificate", "ssl_certificate_key":
				if name := map[bool]string{true: "key", false: "cert"}[strings.HasSuffix(d.name, "_key")]; w.server.has(name) &&
					w.server.lines[name].value == list(d.arg(0)) {
					w.say(d, Same, "the same as in line %d", w.server.lines[name].at.line)
					continue
				}
				w.certificate(d)
			case "proxy_pass", "proxy_buffer_size", "proxy_timeout", "proxy_connect_timeout", "tcp_nodelay":
				w.say(d, Same, "TLS for RTMP is served by the server itself")
			default:
				w.webLine(d, false)
			}
		}
	}
}

// toRTMP tells whether a proxy leads to the RTMP of this very config.
func (w *nginxImport) toRTMP(tree []*directive, to string) bool {
	for _, up := range blocks(tree, "upstream") {
		if server := up.find("server"); up.arg(0) == to && server != nil {
			to = server.arg(0)
			w.say(up, Same, "TLS for RTMP is served by the server itself")
			w.all(up.block, Same, "TLS for RTMP is served by the server itself")
		}
	}
	host, port, ok := strings.Cut(to, ":")
	return ok && (host == "127.0.0.1" || host == "localhost" || host == "[::1]") && port == portOf(w.server.lines["rtmp"].value)
}
