package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"reflect"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
)

// maxFile bounds a config file; one with 10,000 keys is about 1 MB.
const maxFile = 8 << 20

// File sets the fields of the struct that dst points to from a YAML file. A
// name that is no setting is a fault. An error is [Faults] when it is about
// what is in the file; what is right has been set all the same.
func File(dst any, name string, origins Origins) error {
	text, err := ReadFile(name)
	if err != nil {
		return err
	}
	return YAML(dst, name, text, origins)
}

// ReadFile returns the text of a config file.
func ReadFile(name string) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, unreadable(name, err)
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return nil, unreadable(name, err)
	}
	if len(text) > maxFile {
		return nil, fmt.Errorf("the config file %s has more than %d MB, which cannot be right: give the path of another with --config",
			name, maxFile>>20)
	}
	return text, nil
}

func unreadable(name string, err error) error {
	why := err
	if path, ok := errors.AsType[*fs.PathError](err); ok {
		why = path.Err
	}
	mend := "give the path of a file with --config"
	if errors.Is(err, fs.ErrPermission) {
		mend = "make it readable for this user"
	}
	return fmt.Errorf("cannot read the config file: %s (%w); %s", name, why, mend)
}

// YAML does what [File] does with a text that is already there; name stands in
// its errors.
//
// It walks the syntax tree itself, as decoding into the struct would forget
// where a value stood by the time that a later check finds it wrong.
func YAML(dst any, name string, text []byte, origins Origins) error {
	tree, err := parse(name, text)
	if err != nil {
		return err
	}
	d := decoder{file: name, origins: origins}
	for i, doc := range tree.Docs {
		switch {
		case doc.Body == nil:
		case i > 0:
			d.fault(doc.Body, "", "a config file is one document; remove this one")
		default:
			d.decode(reflect.ValueOf(dst).Elem(), doc.Body, "")
		}
	}
	return d.faults.Err()
}

// parse returns the syntax tree. What is no YAML has one fault, where the parser
// stopped.
func parse(name string, text []byte) (tree *ast.File, err error) {
	fault := func(at Origin, msg string) error {
		at.File = name
		return Faults{{Origin: at, Msg: msg}}
	}
	text = bytes.TrimPrefix(text, []byte("\uFEFF")) // Notepad's
	if !utf8.Valid(text) || bytes.IndexByte(text, 0) >= 0 {
		return nil, fault(Origin{}, "this is not text in UTF-8; save it in that encoding")
	}
	defer func() {
		// A file that is changed while the server runs must not end it.
		if recover() != nil {
			tree, err = nil, fault(Origin{}, "this cannot be read as YAML")
		}
	}()
	tree, err = parser.ParseBytes(text, 0, parser.AllowDuplicateMapKey()) // for an error of our own
	if err == nil {
		return tree, nil
	}
	var at yaml.Error
	if errors.As(err, &at) && at.GetToken() != nil {
		p := at.GetToken().Position
		return nil, fault(Origin{Line: p.Line, Column: p.Column}, syntax(at.GetMessage()))
	}
	return nil, fault(Origin{}, syntax(err.Error()))
}

type decoder struct {
	file    string
	origins Origins
	faults  Faults
}

func (d *decoder) where(n ast.Node) Origin {
	p := n.GetToken().Position
	return Origin{File: d.file, Line: p.Line, Column: p.Column}
}

func (d *decoder) fault(n ast.Node, path, format string, args ...any) {
	d.faults = append(d.faults, &Error{Origin: d.where(n), Path: path, Msg: fmt.Sprintf(format, args...)})
}

const plainOnly = "anchors, aliases and tags are not used in this file; write the value itself"

// decode sets v, the setting at path, from n.
func (d *decoder) decode(v reflect.Value, n ast.Node, path string) {
	switch n := n.(type) {
	case *ast.AnchorNode, *ast.AliasNode, *ast.TagNode:
		d.fault(n, path, plainOnly)
		return
	case *ast.NullNode:
		// "apps:" with nothing below it is a section whose lines are all comments.
		if isScalar(v.Type()) {
			d.fault(n, path, "%s has no value; give one or remove the line", path)
		}
		return
	}
	if path != "" {
		d.origins[path] = d.where(n)
	}
	if isScalar(v.Type()) {
		if text, ok := scalar(n); !ok {
			d.fault(n, path, "%s must be one value, not a %s", path, kind(n))
		} else if err := setText(v, text); err != nil {
			d.fault(n, path, "%s: %v", path, err)
		}
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		d.decodeStruct(v, n, path)
	case reflect.Map:
		d.decodeMap(v, n, path)
	default:
		d.decodeSlice(v, n, path)
	}
}

func (d *decoder) decodeStruct(v reflect.Value, n ast.Node, path string) {
	fs := fields(v)
	names := make([]string, len(fs))
	for i, f := range fs {
		names[i] = f.name
	}
	for _, p := range d.pairs(n, path) {
		name := p.Key.GetToken().Value
		if i := slices.Index(names, name); i >= 0 {
			d.decode(fs[i].value, p.Value, join(path, name))
			continue
		}
		place := ""
		if path != "" {
			place = " in " + path
		}
		if near := Nearest(name, names); near != "" {
			d.fault(p.Key, "", "there is no setting %q%s; did you mean %q?", name, place, near)
		} else {
			d.fault(p.Key, "", "there is no setting %q%s; there are %s", name, place, strings.Join(names, ", "))
		}
	}
}

func (d *decoder) decodeMap(v reflect.Value, n ast.Node, path string) {
	v.Set(reflect.MakeMap(v.Type()))
	for _, p := range d.pairs(n, path) {
		name := p.Key.GetToken().Value
		e := reflect.New(v.Type().Elem()).Elem()
		d.decode(e, p.Value, join(path, name))
		// What is wrong with an entry as a whole is wrong with its name.
		d.origins[join(path, name)] = d.where(p.Key)
		v.SetMapIndex(reflect.ValueOf(name), e)
	}
}

func (d *decoder) decodeSlice(v reflect.Value, n ast.Node, path string) {
	v.SetZero()
	seq, ok := n.(*ast.SequenceNode)
	if !ok {
		if text, ok := scalar(n); !ok || !isScalar(v.Type().Elem()) {
			d.fault(n, path, "%s must be a list, not a %s", path, kind(n))
		} else if err := setText(v, text); err != nil {
			d.fault(n, path, "%s: %v", path, err)
		}
		return
	}
	v.Set(reflect.MakeSlice(v.Type(), 0, len(seq.Values))) // a list without elements was given, too
	for i, item := range seq.Values {
		e := reflect.New(v.Type().Elem()).Elem()
		d.decode(e, item, fmt.Sprintf("%s[%d]", path, i))
		v.Set(reflect.Append(v, e))
	}
}

// pairs returns the lines of a group, each name once.
func (d *decoder) pairs(n ast.Node, path string) []*ast.MappingValueNode {
	m, ok := n.(*ast.MappingNode)
	if !ok {
		if path == "" {
			d.fault(n, path, "a config file is made of lines like \"rtmp: :1935\", this is a %s", kind(n))
		} else {
			d.fault(n, path, "%s must be made of lines like \"name: value\", this is a %s", path, kind(n))
		}
		return nil
	}
	var pairs []*ast.MappingValueNode
	lines := make(map[string]int)
	for _, p := range m.Values {
		name := p.Key.GetToken().Value
		_, merge := p.Key.(*ast.MergeKeyNode)
		switch {
		case merge:
			d.fault(p.Key, path, plainOnly)
		case lines[name] > 0:
			d.fault(p.Key, "", "%s stands here twice, first in line %d; remove one", join(path, name), lines[name])
		default:
			lines[name] = p.Key.GetToken().Position.Line
			pairs = append(pairs, p)
		}
	}
	return pairs
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
