package server

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/millrace-live/millrace/internal/config"
)

var update = flag.Bool("update", false, "write the documents of the settings anew")

const docs = "../../docs"

// described is what the tags of a field say of a setting.
type described struct {
	name, group, help, standard, placeholder, max string
	choices                                       []string
	reload                                        bool
	typ                                           reflect.Type
}

func describe(t reflect.Type) []described {
	var all []described
	for f := range t.Fields() {
		if f.Anonymous {
			all = append(all, describe(f.Type)...)
			continue
		}
		d := described{
			name: f.Tag.Get("name"), group: f.Tag.Get("group"), standard: f.Tag.Get("default"),
			placeholder: f.Tag.Get("placeholder"), max: f.Tag.Get("max"), reload: f.Tag.Get("reload") == "true", typ: f.Type,
			help: strings.ReplaceAll(f.Tag.Get("help"), " (${default})", ""),
		}
		if text, ok := f.Tag.Lookup("choice"); ok {
			d.choices = strings.Split(text, ",")
		}
		if d.typ.Kind() == reflect.Bool {
			d.standard = "false"
		}
		if d.typ.Kind() == reflect.Pointer {
			d.typ = d.typ.Elem()
		}
		all = append(all, d)
	}
	return all
}

// inner is the struct of the settings within a setting, nil when there are none.
func (d described) inner() reflect.Type {
	switch d.typ.Kind() {
	case reflect.Map, reflect.Slice:
		if e := d.typ.Elem(); e.Kind() == reflect.Struct && e != reflect.TypeFor[config.Secret]() {
			return e
		}
	}
	return nil
}

func TestEverySettingIsExplained(t *testing.T) {
	for _, of := range []reflect.Type{
		reflect.TypeFor[Settings](), reflect.TypeFor[AppSettings](), reflect.TypeFor[RungSettings](), reflect.TypeFor[KeySettings](),
		reflect.TypeFor[StreamSettings](), reflect.TypeFor[SigningKeySettings](), reflect.TypeFor[IssuerSettings](),
		reflect.TypeFor[WebhookSettings](), reflect.TypeFor[AuthorizerSettings](),
	} {
		for _, d := range describe(of) {
			if d.name == "" || !strings.HasSuffix(d.help, ".") {
				t.Errorf("%v: the setting %q has the help %q", of, d.name, d.help)
			}
		}
	}
}

// golden compares a document with the file, or writes it.
func golden(t *testing.T, name string, want []byte) {
	t.Helper()
	file := filepath.Join(docs, name)
	if *update {
		if err := os.WriteFile(file, want, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("docs/%s is not what the settings say: go test ./internal/server -run Docs -update", name)
	}
}

// node is a part of a JSON schema (draft 2020-12). A struct keeps the order of
// the settings out of it, and a map would sort them.
type node map[string]any

func schemaOf(d described) node {
	n := node{"description": d.help}
	switch {
	case d.inner() != nil && d.typ.Kind() == reflect.Map:
		n["type"] = []string{"object", "null"}
		n["additionalProperties"] = schemaOfGroup(d.inner())
	case d.inner() != nil:
		n["type"] = []string{"array", "null"}
		n["items"] = schemaOfGroup(d.inner())
	case d.typ.Kind() == reflect.Slice:
		n["type"] = []string{"array", "string"}
		n["items"] = node{"type": "string"}
	case d.typ.Kind() == reflect.Bool:
		n["enum"] = []any{true, false, "yes", "no", "on", "off"}
		if d.standard != "" {
			n["default"] = d.standard == "true"
		}
	case d.typ == reflect.TypeFor[time.Duration]():
		n["anyOf"] = []node{
			{"type": "string", "pattern": `^([0-9]+(\.[0-9]*)?(ns|us|µs|ms|s|m|h))+$`}, {"const": 0}, {"const": "0"},
		}
		n["examples"] = []string{"500ms", "30s", "5m"}
	case d.typ == reflect.TypeFor[config.Size]():
		n["anyOf"] = []node{{"type": "string", "pattern": `^[0-9]+(\.[0-9]*)? *([kKMGT]i?)?B?$`}, {"type": "integer", "minimum": 0}}
		n["examples"] = []string{"500MB", "4GiB"}
	case d.choices != nil:
		n["enum"] = d.choices
	case d.typ.Kind() == reflect.Int:
		n["type"] = "integer"
	default:
		n["type"] = "string"
	}
	if _, ok := n["default"]; !ok && d.standard != "" {
		n["default"] = d.standard
	}
	return n
}

func schemaOfGroup(t reflect.Type) node {
	properties := node{}
	for _, d := range describe(t) {
		if d.name != "config" { // a file cannot name another
			properties[d.name] = schemaOf(d)
		}
	}
	n := node{"type": []string{"object", "null"}, "additionalProperties": false, "properties": properties}
	switch t {
	case reflect.TypeFor[KeySettings]():
		n["type"], n["required"] = "object", []string{"stream", "key"}
	case reflect.TypeFor[RungSettings]():
		n["type"], n["required"] = "object", []string{"height", "bitrate"}
	}
	return n
}

func TestDocsSchema(t *testing.T) {
	n := schemaOfGroup(reflect.TypeFor[Settings]())
	n["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	n["title"] = "The config file of Millrace"
	text, err := json.MarshalIndent(n, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "millrace.schema.json", append(text, '\n'))
}

func (d described) value() string {
	switch {
	case d.choices != nil:
		return "`" + strings.Join(d.choices, "`, `") + "`"
	case d.typ.Kind() == reflect.Bool:
		return "`true`, `false`"
	case d.inner() != nil:
		return "list, see below"
	case d.typ.Kind() == reflect.Slice:
		return "list of " + d.placeholder
	case d.typ == reflect.TypeFor[time.Duration]():
		return "time, at most " + d.max
	case d.placeholder != "":
		return d.placeholder
	}
	return "text"
}

func table(settings []described) string {
	var b strings.Builder
	b.WriteString("| setting | value | default | meaning | reload |\n| --- | --- | --- | --- | --- |\n")
	for _, d := range settings {
		standard := ""
		if d.standard != "" {
			standard = "`" + d.standard + "`"
		}
		reload := map[bool]string{true: "yes", false: "restart"}[d.reload]
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s | %s |\n", d.name, d.value(), standard, d.help, reload)
	}
	return b.String()
}

// innerTable is that of settings within another: all of it is taken over, and
// what is not given is said in its help.
func innerTable(settings []described) string {
	var b strings.Builder
	b.WriteString("| setting | value | meaning |\n| --- | --- | --- |\n")
	for _, d := range settings {
		fmt.Fprintf(&b, "| `%s` | %s | %s |\n", d.name, d.value(), d.help)
	}
	return b.String()
}

func reference() string {
	var b strings.Builder
	var group string
	var rows []described
	flush := func() {
		if len(rows) > 0 {
			fmt.Fprintf(&b, "### %s\n\n%s\n", group, table(rows))
		}
		rows = nil
	}
	for _, d := range describe(reflect.TypeFor[Settings]()) {
		inner := d.inner()
		if inner != nil || d.group != group {
			flush()
			group = d.group
		}
		if inner != nil {
			fmt.Fprintf(&b, "### %s\n\n%s\n\n%s\n", d.name, d.help, innerTable(describe(inner)))
			for _, e := range describe(inner) {
				if of := e.inner(); of != nil {
					fmt.Fprintf(&b, "An element of `%s`:\n\n%s\n", e.name, innerTable(describe(of)))
				}
			}
			continue
		}
		rows = append(rows, d)
	}
	return b.String()
}

func TestDocsReference(t *testing.T) {
	const begin, end = "<!-- The tables are made of the settings by go test ./internal/server -run Docs -update -->\n\n", "<!-- end of the tables -->"
	text, err := os.ReadFile(filepath.Join(docs, "config.md"))
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok1 := strings.Cut(string(text), begin)
	_, after, ok2 := strings.Cut(rest, end)
	if !ok1 || !ok2 {
		t.Fatalf("docs/config.md lacks %q or %q", begin, end)
	}
	golden(t, "config.md", []byte(before+begin+reference()+end+after))
}

func example(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(docs, "millrace.example.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestDocsExampleIsTheDefaults(t *testing.T) {
	got, _, err := load(t, example(t))
	if err != nil {
		t.Fatal(err)
	}
	want, _, _ := load(t, "")
	got.Config, want.Config = "", ""
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

// commentedOut is a setting that is not given; after prose a blank follows the #.
var commentedOut = regexp.MustCompile(`(?m)^( *)#([-a-z])`)

func TestDocsExampleHasEverySetting(t *testing.T) {
	name := filepath.Join(t.TempDir(), "f.yaml")
	if err := os.WriteFile(name, []byte(commentedOut.ReplaceAllString(example(t), "$1$2")), 0o600); err != nil {
		t.Fatal(err)
	}
	_, origins, _, err := LoadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	var paths []string
	for _, d := range describe(reflect.TypeFor[Settings]()) {
		switch inner := d.inner(); {
		case inner == nil && d.name != "config":
			paths = append(paths, d.name)
		case inner != nil:
			at, ok := map[string]string{"apps": "apps.event.", "streams": "streams.event/stage."}[d.name]
			if !ok {
				at = d.name + "[0]."
			}
			for _, f := range describe(inner) {
				paths = append(paths, at+f.name)
				if of := f.inner(); of != nil {
					for _, e := range describe(of) {
						paths = append(paths, at+f.name+"[2]."+e.name)
					}
				}
			}
		}
	}
	for _, path := range paths {
		if _, ok := origins[path]; !ok {
			t.Errorf("the example lacks %s", path)
		}
	}
}
