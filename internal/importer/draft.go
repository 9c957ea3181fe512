package importer

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// draft is the new file while it is made.
type draft struct {
	can               map[feature]bool
	server            *section
	apps, streams     map[string]*section
	authorizers, keys []*section
}

func newDraft(can map[feature]bool) *draft {
	return &draft{can: can, server: &section{}, apps: map[string]*section{}, streams: map[string]*section{}}
}

// app returns the section of an app, and makes it.
func (d *draft) app(name string, at place) *section {
	return sectionOf(d.apps, name, at)
}

func (d *draft) stream(name string, at place) *section {
	return sectionOf(d.streams, name, at)
}

func sectionOf(in map[string]*section, name string, at place) *section {
	s, ok := in[name]
	if !ok {
		s = &section{at: at}
		in[name] = s
	}
	return s
}

// section is a group of settings.
type section struct {
	at    place
	lines map[string]line
}

type line struct {
	value  string // as YAML
	at     place
	level  int
	remark []string // lines of comment above it
}

// set gives a setting its value. A deeper level of the old file goes over one
// above it. It returns false, and where the value came from, when the setting has
// another one already from the same level.
func (s *section) set(name, value string, at place, level int) (before place, ok bool) {
	if l, there := s.lines[name]; there && level <= l.level {
		return l.at, l.value == value || level < l.level
	}
	if s.lines == nil {
		s.lines = map[string]line{}
	}
	s.lines[name] = line{value: value, at: at, level: level}
	return place{}, true
}

// remark puts lines of comment above a setting of the server.
func (d *draft) remark(name string, lines ...string) {
	l := d.server.lines[name]
	l.remark = lines
	d.server.lines[name] = l
}

func (s *section) has(name string) bool {
	_, ok := s.lines[name]
	return ok
}

// names is the order of settings in the file that is written.
var names = []string{
	"rtmp", "rtmps", "http", "admin", "public-url", "plain", "trusted-proxy",
	"open", "open-world",
	"max-connections", "max-connections-per-address", "max-publishers", "max-viewers", "max-bitrate", "max-resolution", "max-egress",
	"visibility", "second-publisher", "grace", "play-wait", "delivery", "segment-length", "part-length", "time-shift",
	"ffmpeg", "log-level", "log-format",
	"mode", "url", "on-connect", "on-publish", "on-play", "on-update", "on-publish-done", "on-unpublish", "on-play-done", "on-stop",
	"on-done", "on-disconnect", "on-close", "method", "timeout", "update", "strict", "alone",
	"stream", "key", "label",
}

func rank(name string) int {
	if i := slices.Index(names, name); i >= 0 {
		return i
	}
	return len(names)
}

func byRank(a, b string) int {
	if n := rank(a) - rank(b); n != 0 {
		return n
	}
	return strings.Compare(a, b)
}

// yaml is the file.
func (d *draft) yaml(name string, from Server) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "# Made by millrace import of %s, a config of %s.\n", printable(name), from)
	b.WriteString("# Behind each setting stands where it comes from; docs/config.md has all settings.\n")
	if len(d.keys) > 0 {
		b.WriteString("# There are keys in this file: keep it to yourself.\n")
	}
	b.WriteString("\n")
	d.server.write(&b, "")
	writeList(&b, "authorizers", d.authorizers)
	writeSections(&b, "apps", d.apps)
	writeSections(&b, "streams", d.streams)
	writeList(&b, "keys", d.keys)
	return b.Bytes()
}

func writeList(b *bytes.Buffer, name string, all []*section) {
	if len(all) > 0 {
		b.WriteString(name + ":\n")
	}
	for _, s := range all {
		var one bytes.Buffer
		s.write(&one, "    ")
		b.WriteString("  - " + strings.TrimPrefix(one.String(), "    "))
	}
}

func writeSections(b *bytes.Buffer, name string, all map[string]*section) {
	if len(all) == 0 {
		return
	}
	fmt.Fprintf(b, "%s:\n", name)
	for _, key := range slices.Sorted(maps.Keys(all)) {
		s := all[key]
		if len(s.lines) == 0 {
			writeLine(b, "  "+text(key)+": {}", s.at)
			continue
		}
		writeLine(b, "  "+text(key)+":", s.at)
		s.write(b, "    ")
	}
}

func (s *section) write(b *bytes.Buffer, indent string) {
	for _, name := range slices.SortedFunc(maps.Keys(s.lines), byRank) {
		l := s.lines[name]
		for _, r := range l.remark {
			b.WriteString(indent + "# " + r + "\n")
		}
		writeLine(b, indent+name+": "+l.value, l.at)
	}
}

func writeLine(b *bytes.Buffer, text string, at place) {
	if at.line > 0 {
		text = fmt.Sprintf("%-38s # %s:%d", text, printable(at.file), at.line)
	}
	b.WriteString(text + "\n")
}

// plain is what needs no quotes in YAML and is no other type in any version.
var plain = regexp.MustCompile(`^[A-Za-z_/][A-Za-z0-9_./-]*$`)

// text writes a string as YAML. JSON's strings are YAML's in double quotes.
func text(s string) string {
	switch strings.ToLower(s) {
	case "true", "false", "yes", "no", "on", "y", "n", "null", "off":
	default:
		if plain.MatchString(s) {
			return s
		}
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	_ = e.Encode(strings.ToValidUTF8(s, "\uFFFD")) // a string can always be encoded
	return strings.TrimSuffix(b.String(), "\n")
}

func list(all ...string) string {
	quoted := make([]string, len(all))
	for i, s := range all {
		quoted[i] = text(s)
	}
	return "[" + strings.Join(quoted, ", ") + "]"
}
