package amf

import (
	"fmt"
	"strings"
)

// dump writes a message for a golden file: one value a line, a container met
// again as its number.
func dump(l List) string {
	d := dumper{numbers: make(map[Value]int)}
	for _, v := range l {
		d.value("", v)
	}
	return d.b.String()
}

type dumper struct {
	b       strings.Builder
	indent  string
	numbers map[Value]int
}

func (d *dumper) line(name, format string, args ...any) {
	d.b.WriteString(d.indent + name)
	fmt.Fprintf(&d.b, format, args...)
	d.b.WriteByte('\n')
}

func (d *dumper) value(name string, v Value) {
	switch v := v.(type) {
	case nil:
		d.line(name, "null")
	case Undefined:
		d.line(name, "undefined")
	case string:
		d.line(name, "%q", v)
	case AMF3:
		d.value(name+"(AMF3) ", v.Value)
	case *Object:
		d.container(name, v, fmt.Sprintf("object %s sealed %d closed %t", v.Class, v.Sealed, v.Closed), nil, v.Properties)
	case *ECMAArray:
		d.container(name, v, fmt.Sprintf("ECMA array, count %d", v.Count), nil, v.Properties)
	case *Array:
		d.container(name, v, "array", v.Values, v.Assoc)
	case *External:
		d.container(name, v, "external "+v.Class, List{v.Value}, nil)
	default:
		d.line(name, "%T %v", v, v)
	}
}

func (d *dumper) container(name string, v Value, head string, l List, ps Properties) {
	if n, ok := d.numbers[v]; ok {
		d.line(name, "see #%d", n)
		return
	}
	d.numbers[v] = len(d.numbers)
	d.line(name, "#%d %s", d.numbers[v], head)
	d.indent += "  "
	for _, p := range ps {
		d.value(fmt.Sprintf("%q: ", p.Name), p.Value)
	}
	for _, v := range l {
		d.value("- ", v)
	}
	d.indent = d.indent[2:]
}
