package server

import (
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"net/url"
	"strconv"
	"strings"

	"github.com/millrace-live/millrace/internal/access"
	"github.com/millrace-live/millrace/internal/catalog"
	"github.com/millrace-live/millrace/internal/demo"
)

// banner is what a person wants to know of a server that has just started.
type banner struct {
	version  string
	servers  []string // RTMP addresses with the app, nearest first
	secure   []string // the same inside TLS
	unknown  bool     // no authority has signed the certificate
	pages    []string // base addresses of the web side
	admin    []string
	firstKey string
	open     access.Openness
	demo     bool
	data     string
}

// maxShown bounds the addresses: a machine with containers has dozens.
const maxShown = 6

func (s *Server) banner(version, firstKey string) banner {
	b := banner{
		version: version, firstKey: firstKey, open: s.set.openness(), demo: s.set.Demo, data: s.folder.Dir(),
		unknown: s.certs.SelfSigned(),
	}
	if s.site.Public != nil {
		b.servers = []string{s.site.RTMP(s.site.Public) + "/" + access.DefaultApp}
		b.secure = []string{s.site.RTMPS(s.site.Public) + "/" + access.DefaultApp}
		b.pages = []string{s.site.Public.String()}
	} else {
		for _, base := range bases(s.ports.first("rtmp", "http", "rtmps").socket) {
			b.servers = append(b.servers, s.site.RTMP(base)+"/"+access.DefaultApp)
		}
		b.secure = s.secureServers()
		for _, base := range bases(s.ports.first("http", "rtmp", "rtmps").socket) {
			b.pages = append(b.pages, base.String())
		}
	}
	if l := s.ports["admin"]; l != nil {
		for _, base := range bases(l.socket) {
			b.admin = append(b.admin, base.String())
		}
	}
	return b
}

// secureServers are where encoders reach RTMP inside TLS: by the names that the
// certificates are for, if an authority has signed them.
func (s *Server) secureServers() []string {
	names := s.set.Domain
	if len(names) == 0 && !s.certs.SelfSigned() {
		names = s.certs.Names()
	}
	var at []*url.URL
	for _, name := range names {
		if !strings.HasPrefix(name, "*") && len(at) < maxShown {
			at = append(at, &url.URL{Scheme: "https", Host: name})
		}
	}
	if len(at) == 0 {
		at = bases(s.ports.first("https", "rtmps", "rtmp", "http").socket)
	}
	var servers []string
	for _, base := range at {
		servers = append(servers, s.site.RTMPS(base)+"/"+access.DefaultApp)
	}
	return servers
}

// bases are the addresses at which browsers reach l: this machine first, then
// those of its networks.
func bases(l net.Listener) []*url.URL {
	at, err := netip.ParseAddrPort(l.Addr().String())
	if err != nil {
		return nil
	}
	hosts := []string{at.Addr().Unmap().String()}
	switch {
	case at.Addr().IsLoopback():
		hosts = []string{"localhost"}
		if at.Addr() != netip.AddrFrom4([4]byte{127, 0, 0, 1}) && at.Addr() != netip.IPv6Loopback() {
			hosts = []string{at.Addr().String()}
		}
	case at.Addr().IsUnspecified():
		hosts = append([]string{"localhost"}, networkHosts()...)
	}
	var urls []*url.URL
	for _, h := range hosts[:min(len(hosts), maxShown)] {
		urls = append(urls, &url.URL{Scheme: "http", Host: net.JoinHostPort(h, strconv.Itoa(int(at.Port())))})
	}
	return urls
}

// networkHosts are this machine's addresses on its networks.
func networkHosts() []string {
	addrs, err := net.InterfaceAddrs()
	if err != nil {
		return nil
	}
	var hosts []netip.Addr
	for _, a := range addrs {
		if p, err := netip.ParsePrefix(a.String()); err == nil && p.Addr().IsGlobalUnicast() {
			hosts = append(hosts, p.Addr().Unmap())
		}
	}
	return takeTurns(hosts)
}

// takeTurns puts one of IPv4 and one of IPv6 after the other, so that neither
// family fills what is shown.
func takeTurns(hosts []netip.Addr) []string {
	var families [2][]string
	for _, h := range hosts {
		i := 0
		if h.Is6() {
			i = 1
		}
		families[i] = append(families[i], h.String())
	}
	var names []string
	for i := range max(len(families[0]), len(families[1])) {
		for _, family := range families {
			if i < len(family) {
				names = append(names, family[i])
			}
		}
	}
	return names
}

// print writes the banner for a person at a terminal.
func (b banner) print(w io.Writer) {
	fmt.Fprintf(w, "\nMillrace %s is running.\n", b.version)
	if b.demo {
		list(w, "Watch the demo", b.pages, "/"+demo.Stream)
	}
	fmt.Fprint(w, "\n  In OBS: Settings > Stream > Service \"Custom...\"\n")
	list(w, "Server", b.servers, "")
	if !b.unknown {
		list(w, "or, by TLS", b.secure, "")
	}
	switch {
	case b.firstKey != "":
		fmt.Fprintf(w, "    %-16s%s\n", "Stream key", b.firstKey)
		fmt.Fprintf(w, "    %-16s%s\n", "", "Keep it: only a hash is stored, and it is not shown again.")
	case b.open != access.Closed:
		fmt.Fprintf(w, "    %-16s%s\n", "Stream key", "any name, for instance main")
	default:
		fmt.Fprintf(w, "    %-16s%s\n", "Stream key", "the one that the first start showed, or one of the config file")
	}
	list(w, "Then watch at", b.pages, "/"+catalog.FirstStream)
	if len(b.admin) > 0 {
		fmt.Fprintln(w)
		list(w, "On air", b.admin, "/")
	}
	if b.open != access.Closed {
		fmt.Fprintf(w, "\n  %s\n", b.openness())
	}
	if b.unknown {
		fmt.Fprintf(w, "\n  %s\n", b.selfSigned())
	}
	fmt.Fprintf(w, "\n    %-16s%s\n\n", "Data folder", b.data)
}

func (b banner) openness() string {
	if b.open == access.World {
		return "Anyone at all may publish here (--open-world)."
	}
	return "Anyone on this machine and its private networks may publish here (--open)."
}

// list writes a label and the addresses below one another.
func list(w io.Writer, label string, addresses []string, path string) {
	for _, a := range addresses {
		fmt.Fprintf(w, "    %-16s%s\n", label, a+path)
		label = ""
	}
}

// log writes the same for services and containers, without the key.
func (b banner) log(log *slog.Logger, firstKeyFile string) {
	log.Info("started", "version", b.version, "publish", first(b.servers), "watch", first(b.pages)+"/"+catalog.FirstStream,
		"data", b.data)
	if b.demo {
		log.Info("the demo stream is on air", "watch", first(b.pages)+"/"+demo.Stream)
	}
	if b.firstKey != "" {
		log.Info("the stream key for "+catalog.FirstStream+" is in a file", "file", firstKeyFile)
	}
	if b.open != access.Closed {
		log.Warn(b.openness())
	}
	if b.unknown {
		log.Info(b.selfSigned())
	}
}

func first(list []string) string {
	if len(list) == 0 {
		return ""
	}
	return list[0]
}
