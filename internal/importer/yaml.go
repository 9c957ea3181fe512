package importer

import (
	"errors"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	yamlparser "github.com/goccy/go-yaml/parser"
)

// parseYAML reads a text as directives: a key is a name, its value or the
// values of its list are the arguments, and what is below it is the block. An
// element of a list that is more than one value has the name of the list.
func parseYAML(name string, text []byte) (tree []*directive, err error) {
	if err := nesting(name, text); err != nil {
		return nil, err
	}
	defer func() {
		// The parser is made for files that people wrote.
		if recover() != nil {
			tree, err = nil, &Fault{File: name, Msg: "this cannot be read as YAML"}
		}
	}()
	f, err := yamlparser.ParseBytes(text, 0, yamlparser.AllowDuplicateMapKey())
	if err != nil {
		line := 0
		var at yaml.Error
		if errors.As(err, &at) && at.GetToken() != nil {
			line = at.GetToken().Position.Line
		}
		return nil, &Fault{File: name, Line: line, Msg: "this is not YAML; compare the line with those above it"}
	}
	y := yamlReader{file: name}
	for _, doc := range f.Docs {
		if doc.Body != nil {
			return y.pairs(doc.Body, 0)
		}
	}
	return nil, nil
}

// nesting refuses texts that would take a parser that calls itself too deep.
func nesting(name string, text []byte) error {
	depth, line := 0, 1
	marks := 0 // at the beginning of the line
	leading := true
	for _, c := range text {
		switch c {
		case '[', '{':
			depth++
		case ']', '}':
			depth = max(depth-1, 0)
		case '\n':
			line++
			marks, leading = 0, true
			continue
		}
		if leading && strings.IndexByte("-?!&*:[{|>", c) >= 0 {
			marks++
		} else if c != ' ' {
			leading = false
		}
		if depth > maxDepth || marks > 2*maxDepth && c != '-' {
			return &Fault{File: name, Line: line, Msg: "values stand in one another too deep"}
		}
	}
	return nil
}

type yamlReader struct {
	file  string
	count int
}

func (y *yamlReader) at(n ast.Node) place {
	return place{y.file, n.GetToken().Position.Line}
}

func (y *yamlReader) pairs(n ast.Node, depth int) (all []*directive, err error) {
	var values []*ast.MappingValueNode
	switch n := n.(type) {
	case *ast.MappingNode:
		values = n.Values
	case *ast.MappingValueNode:
		values = []*ast.MappingValueNode{n}
	default:
		return nil, &Fault{File: y.file, Line: y.at(n).line, Msg: "names with values are expected here"}
	}
	for _, v := range values {
		d := &directive{place: y.at(v.Key), name: v.Key.GetToken().Value}
		if err := y.fill(d, v.Value, depth+1); err != nil {
			return nil, err
		}
		all = append(all, d)
	}
	return all, nil
}

func (y *yamlReader) fill(d *directive, n ast.Node, depth int) (err error) {
	if y.count++; y.count > maxDirectives {
		return &Fault{File: y.file, Line: d.line, Msg: "there are too many values"}
	}
	if depth > maxDepth {
		return &Fault{File: y.file, Line: d.line, Msg: "values stand in one another too deep"}
	}
	switch n := n.(type) {
	case nil, *ast.NullNode:
	case *ast.MappingNode, *ast.MappingValueNode:
		d.isBlock = true
		d.block, err = y.pairs(n, depth)
	case *ast.SequenceNode:
		for _, element := range n.Values {
			switch element.(type) {
			case *ast.MappingNode, *ast.MappingValueNode, *ast.SequenceNode:
				one := &directive{place: y.at(element), name: d.name}
				if err := y.fill(one, element, depth+1); err != nil {
					return err
				}
				// The token of a mapping is its first colon or brace.
				if len(one.block) > 0 {
					one.line = one.block[0].line
				}
				d.isBlock = true
				d.block = append(d.block, one)
			default:
				if err := y.fill(d, element, depth+1); err != nil {
					return err
				}
			}
		}
	case *ast.AliasNode, *ast.AnchorNode, *ast.TagNode:
		d.missing = "anchors, aliases and tags are not read; write the value itself"
	case *ast.LiteralNode:
		d.args = append(d.args, n.Value.Value)
	case ast.ScalarNode:
		d.args = append(d.args, n.GetToken().Value)
	default:
		d.missing = "this value is not read"
	}
	return err
}

// truth reads a boolean as YAML and MediaMTX have it.
func truth(s string) bool {
	switch strings.ToLower(s) {
	case "yes", "true", "on", "y", "1":
		return true
	}
	return false
}
