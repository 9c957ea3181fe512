package importer

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
)

// Server is the server that a config was written for.
type Server string

// The servers whose configs can be read.
const (
	Nginx    Server = "nginx-rtmp"
	SRS      Server = "srs"
	MediaMTX Server = "mediamtx"
)

// Outcome is what became of a directive.
type Outcome string

// The outcomes. A directive counts as carried unless it is [None].
const (
	Taken   Outcome = "taken"   // the new file says the same
	Same    Outcome = "default" // the server does the same without being told
	Changed Outcome = "changed" // its purpose is served in another way
	None    Outcome = "none"    // there is no counterpart
)

// Note is what became of one directive. It holds no values of the old file
// that may be secret.
type Note struct {
	File      string  `json:"file"`
	Line      int     `json:"line"`
	Directive string  `json:"directive"`
	Outcome   Outcome `json:"outcome"`
	Says      string  `json:"says"`
}

// Result is a config that was imported.
type Result struct {
	From Server
	// Config is the new file. It holds the secrets of the old one.
	Config []byte
	// Notes has one note for each directive, in the order of the old file; what
	// stands in included files comes where it is included.
	Notes []Note
}

// Carried counts the directives that were carried, and all of them.
func (r *Result) Carried() (n, all int) {
	for _, note := range r.Notes {
		if note.Outcome != None {
			n++
		}
	}
	return n, len(r.Notes)
}

// Options are how a config is read.
type Options struct {
	// From is the server that the file was written for; empty: it is told by
	// what is in it.
	From Server
	// Include finds the files that an include names: a path as it is written,
	// with wildcards. Nil: files are not included.
	Include func(pattern string) ([]Included, error)
}

// Included is a file that is read in the place of an include.
type Included struct {
	Name string
	Text []byte
}

// Bounds of what is read, far above what people write.
const (
	MaxFile       = 1 << 20
	maxDirectives = 20_000
	maxDepth      = 32
)

// Fault is why a file cannot be read.
type Fault struct {
	File string
	Line int // 0: none in particular
	Msg  string
}

func (f *Fault) Error() string {
	if f.Line == 0 {
		return f.File + ": " + f.Msg
	}
	return fmt.Sprintf("%s:%d: %s", f.File, f.Line, f.Msg)
}

// ErrUnknown says that a file is no config of a server that is known.
var ErrUnknown = errors.New("this looks like no config of nginx-rtmp, SRS or MediaMTX; name the server with --from")

// Import turns the config text of another server into ours. name stands in
// notes and errors, which are a *[Fault] or wrap [ErrUnknown].
func Import(name string, text []byte, o Options) (*Result, error) {
	return importWith(name, text, o, built)
}

func importWith(name string, text []byte, o Options, can map[feature]bool) (*Result, error) {
	switch {
	case len(text) > MaxFile:
		return nil, &Fault{File: name, Msg: fmt.Sprintf("this has more than %d MiB, which no config has", MaxFile>>20)}
	case bytes.IndexByte(text, 0) >= 0:
		return nil, &Fault{File: name, Msg: "this is no text"}
	}
	text = bytes.TrimPrefix(text, []byte("\xef\xbb\xbf"))
	d := newDraft(can)
	if o.From == MediaMTX {
		tree, err := parseYAML(name, text)
		if err != nil {
			return nil, err
		}
		return d.result(name, MediaMTX, importMediaMTX(d, tree)), nil
	}
	p := &parser{include: o.Include}
	tree, fault := p.file(name, text)
	from := o.From
	if from == "" {
		from = recognise(tree)
	}
	if from == "" {
		if yaml, err := parseYAML(name, text); err == nil && isMediaMTX(yaml) {
			return d.result(name, MediaMTX, importMediaMTX(d, yaml)), nil
		}
		return nil, fmt.Errorf("%s: %w", name, ErrUnknown)
	}
	if fault != nil {
		return nil, fault
	}
	if from == SRS {
		return d.result(name, SRS, importSRS(d, tree)), nil
	}
	return d.result(name, Nginx, importNginx(d, tree)), nil
}

func (d *draft) result(name string, from Server, notes []Note) *Result {
	for i := range notes {
		notes[i].Directive = printable(notes[i].Directive)
	}
	return &Result{From: from, Config: d.yaml(name, from), Notes: notes}
}

// place is where a directive stands.
type place struct {
	file string
	line int
}

func (p place) String() string { return fmt.Sprintf("%s:%d", p.file, p.line) }

// printable is a name from a strange file as it may be shown.
func printable(s string) string {
	const most = 60
	s = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r >= 0x80 && r < 0xa0 || r == 0x2028 || r == 0x2029 || r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069 {
			return '?'
		}
		return r
	}, strings.ToValidUTF8(s, "?"))
	if len(s) > most {
		s = strings.ToValidUTF8(s[:most], "") + "…"
	}
	return s
}
