package importer

import (
	"fmt"
	"strings"
)

// directive is `name args…;` or `name args… { … }`, as nginx and SRS write it.
type directive struct {
	place
	name  string
	args  []string
	block []*directive
	// isBlock tells an empty block from none.
	isBlock bool
	// missing is why an include brought nothing.
	missing string
	// lump says that what stands in the block is no directive of its own.
	lump bool
}

func (d *directive) arg(i int) string {
	if i < len(d.args) {
		return d.args[i]
	}
	return ""
}

// find returns the first directive of that name in the block.
func (d *directive) find(name string) *directive {
	for _, child := range d.block {
		if child.name == name {
			return child
		}
	}
	return nil
}

// parser reads files of nginx's syntax within the bounds of an import.
type parser struct {
	include    func(pattern string) ([]Included, error)
	directives int
	files      int
	bytes      int
	nesting    int // of includes
}

// Bounds of what is included.
const (
	maxFiles   = 64
	maxNesting = 8
	maxBytes   = 4 << 20
)

func (p *parser) file(name string, text []byte) ([]*directive, error) {
	p.files++
	p.bytes += len(text)
	l := &lexer{file: name, text: string(text), line: 1}
	all, err := p.block(l, 0)
	if err != nil {
		return all, err
	}
	return all, nil
}

// block reads directives up to the end of the block that they stand in.
func (p *parser) block(l *lexer, depth int) (all []*directive, err error) {
	var d *directive
	for {
		t, err := l.next()
		if err != nil {
			return all, err
		}
		switch t.kind {
		case word:
			if d == nil {
				if p.directives++; p.directives > maxDirectives {
					return all, l.fault(t.line, "there are more than %d directives", maxDirectives)
				}
				d = &directive{place: place{l.file, t.line}, name: t.text}
			} else {
				d.args = append(d.args, t.text)
			}
		case semicolon:
			if d == nil {
				continue // an empty one
			}
			if d.name == "include" {
				included, err := p.included(d)
				if err != nil {
					return all, err
				}
				all = append(all, d)
				all = append(all, included...)
			} else {
				all = append(all, d)
			}
			d = nil
		case open:
			switch {
			case d == nil:
				return all, l.fault(t.line, "a block begins here that has no name")
			case depth >= maxDepth:
				return all, l.fault(t.line, "blocks stand in one another more than %d deep", maxDepth)
			}
			d.isBlock = true
			d.lump = d.name == "types"
			if strings.HasSuffix(d.name, "_by_lua_block") {
				if err := l.skipBlock(); err != nil {
					return all, err
				}
			} else if d.block, err = p.block(l, depth+1); err != nil {
				return append(all, d), err
			}
			all = append(all, d)
			d = nil
		case closed:
			switch {
			case d != nil:
				return all, l.fault(d.line, "%s has no ; at its end", printable(d.name))
			case depth == 0:
				return all, l.fault(t.line, "a block is closed here that was not opened")
			}
			return all, nil
		case end:
			switch {
			case d != nil:
				return all, l.fault(d.line, "%s has no ; at its end", printable(d.name))
			case depth > 0:
				return all, l.fault(t.line, "a block has no } at its end")
			}
			return all, nil
		}
	}
}

// mimeTypes is a file that comes with nginx.
const mimeTypes = "mime.types"

// included reads the files that an include names. What cannot be read is noted
// at the directive, not a fault: what is left may be worth having.
func (p *parser) included(d *directive) (all []*directive, err error) {
	switch {
	case len(d.args) != 1:
		d.missing = "it names no file"
	case p.include == nil:
		d.missing = "files are not included here"
	case p.nesting >= maxNesting:
		d.missing = fmt.Sprintf("files include one another more than %d deep", maxNesting)
	}
	if d.missing != "" || strings.HasSuffix(d.arg(0), mimeTypes) {
		return nil, nil
	}
	files, err := p.include(d.args[0])
	if err != nil {
		d.missing = err.Error()
		return nil, nil
	}
	if len(files) == 0 {
		return nil, nil
	}
	p.nesting++
	defer func() { p.nesting-- }()
	for _, f := range files {
		if p.files >= maxFiles || p.bytes+len(f.Text) > maxBytes {
			d.missing = fmt.Sprintf("more than %d files or %d MiB are included", maxFiles, maxBytes>>20)
			return all, nil
		}
		more, err := p.file(f.Name, f.Text)
		all = append(all, more...)
		if err != nil {
			return all, err
		}
	}
	return all, nil
}

type kind int

const (
	end kind = iota
	word
	semicolon
	open
	closed
)

type token struct {
	kind kind
	text string
	line int
}

// lexer cuts a text into words and marks.
type lexer struct {
	file string
	text string
	at   int
	line int
}

func (l *lexer) fault(line int, format string, args ...any) error {
	return &Fault{File: l.file, Line: line, Msg: fmt.Sprintf(format, args...)}
}

func isBlank(c byte) bool { return c == ' ' || c == '\t' || c == '\r' || c == '\n' }

func (l *lexer) next() (token, error) {
	for l.at < len(l.text) {
		c := l.text[l.at]
		switch {
		case c == '\n':
			l.line++
			l.at++
		case isBlank(c):
			l.at++
		case c == '#':
			l.skipLine()
		case c == ';' || c == '{' || c == '}':
			l.at++
			return token{map[byte]kind{';': semicolon, '{': open, '}': closed}[c], "", l.line}, nil
		case c == '"' || c == '\'':
			return l.quoted(c)
		default:
			return l.bare(), nil
		}
	}
	return token{end, "", l.line}, nil
}

func (l *lexer) skipLine() {
	n := strings.IndexByte(l.text[l.at:], '\n')
	if n < 0 {
		n = len(l.text) - l.at
	}
	l.at += n
}

func (l *lexer) quoted(quote byte) (token, error) {
	t := token{word, "", l.line}
	var b strings.Builder
	for i := l.at + 1; i < len(l.text); i++ {
		switch c := l.text[i]; c {
		case quote:
			l.at = i + 1
			t.text = b.String()
			return t, nil
		case '\\':
			if i++; i < len(l.text) {
				b.WriteString(unescape(l.text[i]))
			}
		default:
			if c == '\n' {
				l.line++
			}
			b.WriteByte(c)
		}
	}
	return t, l.fault(t.line, "a quote is opened here and not closed")
}

func (l *lexer) bare() token {
	t := token{word, "", l.line}
	var b strings.Builder
	for ; l.at < len(l.text); l.at++ {
		c := l.text[l.at]
		switch {
		case c == '$' && l.at+1 < len(l.text) && l.text[l.at+1] == '{':
			// ${name} is a variable, not a block.
			b.WriteString("${")
			l.at++
			continue
		case c == '\\' && l.at+1 < len(l.text):
			l.at++
			if l.text[l.at] == '\n' {
				l.line++
			}
			b.WriteString(unescape(l.text[l.at]))
			continue
		case isBlank(c) || c == ';' || c == '{':
			t.text = b.String()
			return t
		}
		b.WriteByte(c)
	}
	t.text = b.String()
	return t
}

// unescape is what a backslash before c means; before anything else it stands
// for itself, as regular expressions need it.
func unescape(c byte) string {
	switch c {
	case 't':
		return "\t"
	case 'n':
		return "\n"
	case 'r':
		return "\r"
	case '"', '\'', '\\', ' ', ';', '{', '}', '#':
		return string(c)
	}
	return "\\" + string([]byte{c})
}

// skipBlock leaves out a block of another language, the brace of which was read.
func (l *lexer) skipBlock() error {
	start := l.line
	for depth := 1; l.at < len(l.text); l.at++ {
		switch l.text[l.at] {
		case '\n':
			l.line++
		case '{':
			depth++
		case '}':
			if depth--; depth == 0 {
				l.at++
				return nil
			}
		}
	}
	return l.fault(start, "a block has no } at its end")
}
