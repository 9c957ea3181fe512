package config

import (
	"errors"
	"fmt"
	"os"
	"reflect"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
)

// maxFile bounds a config file; one with 10,000 keys is about 1 MB.
const maxFile = 8 << 20

// File sets the fields of the struct that dst points to from a YAML file. A
// name that is no setting is a fault. All errors begin with the place.
func File(dst any, name string, origins Origins) error {
	info, err := os.Stat(name)
	if err != nil {
		return fmt.Errorf("cannot read the config file: %w", err)
	}
	if info.Size() > maxFile {
		return fmt.Errorf("the config file %s has %d MB: more than %d MB cannot be right", name, info.Size()>>20, maxFile>>20)
	}
	text, err := os.ReadFile(name)
	if err != nil {
		return fmt.Errorf("cannot read the config file: %w", err)
	}
	return YAML(dst, name, text, origins)
}

// YAML does what [File] does with a text that is already there; name stands in
// its errors.
//
// It walks the syntax tree itself, as decoding into the struct would forget
// where a value stood by the time that a later check finds it wrong.
func YAML(dst any, name string, text []byte, origins Origins) error {
	tree, err := parser.ParseBytes(text, 0)
	if err != nil {
		var at yaml.Error
		if errors.As(err, &at) && at.GetToken() != nil {
			p := at.GetToken().Position
			return &Error{Where: fmt.Sprintf("%s:%d:%d", name, p.Line, p.Column), Msg: at.GetMessage()}
		}
		return &Error{Where: name, Msg: err.Error()}
	}
	d := decoder{file: name, origins: origins}
	for i, doc := range tree.Docs {
		if doc.Body == nil {
			continue
		}
		if i > 0 {
			return d.errorf(doc.Body, "a config file is one document; remove this one")
		}
		if err := d.decode(reflect.ValueOf(dst).Elem(), doc.Body, ""); err != nil {
			return err
		}
	}
	return nil
}

type decoder struct {
	file    string
	origins Origins
}

func (d *decoder) where(n ast.Node) string {
	p := n.GetToken().Position
	return fmt.Sprintf("%s:%d:%d", d.file, p.Line, p.Column)
}

func (d *decoder) errorf(n ast.Node, format string, args ...any) error {
	return &Error{Where: d.where(n), Msg: fmt.Sprintf(format, args...)}
}

func (d *decoder) decode(v reflect.Value, n ast.Node, path string) error {
	switch n := n.(type) {
	case *ast.AnchorNode, *ast.AliasNode, *ast.TagNode:
		return d.errorf(n, "anchors, aliases and tags are not used in this file; write the value itself")
	case *ast.NullNode:
		// "apps:" with nothing below it is a section whose lines are all comments.
		if isScalar(v.Type()) {
			return d.errorf(n, "%s has no value; give one or remove the line", path)
		}
		return nil
	}
	if path != "" {
		d.origins[path] = d.where(n)
	}
	if isScalar(v.Type()) {
		text, ok := scalar(n)
		if !ok {
			return d.errorf(n, "%s must be one value, not a %s", path, kind(n))
		}
		if err := setText(v, text); err != nil {
			return d.errorf(n, "%s: %v", path, err)
		}
		return nil
	}
	switch v.Kind() {
	case reflect.Struct:
		return d.decodeStruct(v, n, path)
	case reflect.Map:
		return d.decodeMap(v, n, path)
	}
	return d.decodeSlice(v, n, path)
}

func (d *decoder) decodeStruct(v reflect.Value, n ast.Node, path string) error {
	pairs, err := d.pairs(n, path)
	if err != nil {
		return err
	}
	fs := fields(v)
	var names []string
	for _, f := range fs {
		names = append(names, f.name)
	}
next:
	for _, p := range pairs {
		name := p.Key.GetToken().Value
		for _, f := range fs {
			if f.name == name {
				if err := d.decode(f.value, p.Value, join(path, name)); err != nil {
					return err
				}
				continue next
			}
		}
		place := ""
		if path != "" {
			place = " in " + path
		}
		if near := Nearest(name, names); near != "" {
			return d.errorf(p.Key, "there is no setting %q%s; did you mean %q?", name, place, near)
		}
		return d.errorf(p.Key, "there is no setting %q%s; there are %s", name, place, strings.Join(names, ", "))
	}
	return nil
}

func (d *decoder) decodeMap(v reflect.Value, n ast.Node, path string) error {
	pairs, err := d.pairs(n, path)
	if err != nil {
		return err
	}
	v.Set(reflect.MakeMap(v.Type()))
	for _, p := range pairs {
		name := p.Key.GetToken().Value
		e := reflect.New(v.Type().Elem()).Elem()
		if err := d.decode(e, p.Value, join(path, name)); err != nil {
			return err
		}
		// What is wrong with an entry as a whole is wrong with its name.
		d.origins[join(path, name)] = d.where(p.Key)
		v.SetMapIndex(reflect.ValueOf(name), e)
	}
	return nil
}

func (d *decoder) decodeSlice(v reflect.Value, n ast.Node, path string) error {
	v.SetZero()
	seq, ok := n.(*ast.SequenceNode)
	if !ok {
		text, ok := scalar(n)
		if !ok || !isScalar(v.Type().Elem()) {
			return d.errorf(n, "%s must be a list, not a %s", path, kind(n))
		}
		if err := setText(v, text); err != nil {
			return d.errorf(n, "%s: %v", path, err)
		}
		return nil
	}
	for i, item := range seq.Values {
		e := reflect.New(v.Type().Elem()).Elem()
		if err := d.decode(e, item, fmt.Sprintf("%s[%d]", path, i)); err != nil {
			return err
		}
		v.Set(reflect.Append(v, e))
	}
	return nil
}

func (d *decoder) pairs(n ast.Node, path string) ([]*ast.MappingValueNode, error) {
	m, ok := n.(*ast.MappingNode)
	if !ok {
		if path == "" {
			return nil, d.errorf(n, "a config file is made of lines like \"rtmp: :1935\", this is a %s", kind(n))
		}
		return nil, d.errorf(n, "%s must be made of lines like \"name: value\", this is a %s", path, kind(n))
	}
	for _, p := range m.Values {
		if _, ok := p.Key.(*ast.MergeKeyNode); ok {
			return nil, d.errorf(p.Key, "anchors, aliases and tags are not used in this file; write the value itself")
		}
	}
	return m.Values, nil
}

// scalar returns the text of a value as it is written, so that 010 and 1_000 are
// what they look like.
func scalar(n ast.Node) (string, bool) {
	switch n := n.(type) {
	case *ast.StringNode:
		return n.Value, true
	case *ast.LiteralNode:
		return n.Value.Value, true
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode, *ast.InfinityNode, *ast.NanNode:
		return n.GetToken().Value, true
	}
	return "", false
}

func kind(n ast.Node) string {
	switch n.(type) {
	case *ast.MappingNode:
		return "group of settings"
	case *ast.SequenceNode:
		return "list"
	}
	return "single value"
}

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}
