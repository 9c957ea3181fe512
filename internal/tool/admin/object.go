package admin

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"
)

// property is one of an object, with its value as it came.
type property struct {
	name  string
	value json.RawMessage
}

// properties are those of a JSON object, in their order.
func properties(b []byte) (all []property, err error) {
	d := json.NewDecoder(bytes.NewReader(b))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return nil, fmt.Errorf("cannot read the server's answer: it is no object")
	}
	for d.More() {
		t, err := d.Token()
		if err != nil {
			return nil, fmt.Errorf("cannot read the server's answer: %w", err)
		}
		p := property{name: fmt.Sprint(t)}
		if err := d.Decode(&p.value); err != nil {
			return nil, fmt.Errorf("cannot read the server's answer: %w", err)
		}
		all = append(all, p)
	}
	return all, nil
}

// cell is a value in few words, for people; "-" is none.
func cell(raw json.RawMessage) string {
	var v any
	if len(raw) == 0 || json.Unmarshal(raw, &v) != nil {
		return "-"
	}
	return words(v)
}

func words(v any) string {
	switch v := v.(type) {
	case nil:
		return "-"
	case string:
		if t, err := time.Parse(time.RFC3339Nano, v); err == nil {
			return t.UTC().Format("2006-01-02 15:04:05")
		}
		if v == "" {
			return "-"
		}
		return v
	case bool:
		if v {
			return "yes"
		}
		return "no"
	case []any:
		parts := make([]string, len(v))
		for i, e := range v {
			parts[i] = words(e)
		}
		if len(parts) == 0 {
			return "-"
		}
		return strings.Join(parts, ", ")
	case float64:
		if v == float64(int64(v)) {
			return fmt.Sprint(int64(v))
		}
	case map[string]any:
		b, _ := json.Marshal(v) // it came from JSON
		all, err := properties(b)
		if err != nil || len(all) == 0 {
			return "-"
		}
		parts := make([]string, len(all))
		for i, p := range all {
			parts[i] = p.name + "=" + cell(p.value)
		}
		return strings.Join(parts, " ")
	}
	return fmt.Sprint(v)
}

// Show writes an object, a line for each property that has a value: those of
// objects within it behind their name and a dot.
func Show(w io.Writer, body []byte) error {
	var t table
	if err := t.add("", body); err != nil {
		return err
	}
	if len(t) == 0 {
		return nil
	}
	return t.write(w)
}

func (t *table) add(prefix string, body []byte) error {
	all, err := properties(body)
	if err != nil {
		return err
	}
	for _, p := range all {
		name := prefix + p.name
		if p.name == "tracks" || p.name == "unplayable" {
			continue // the page and --json have them
		}
		if len(p.value) > 0 && p.value[0] == '{' {
			if err := t.add(name+".", p.value); err != nil {
				return err
			}
			continue
		}
		if text := cell(p.value); text != "-" && text != "" {
			*t = append(*t, []string{name, text})
		}
	}
	return nil
}

// fields are the values of an object by their names.
func fields(body []byte) map[string]json.RawMessage {
	var all map[string]json.RawMessage
	_ = json.Unmarshal(body, &all) // what is no object has none
	return all
}

// Text is a property of an object, "" if it has none.
func Text(body []byte, name string) string {
	var s string
	_ = json.Unmarshal(fields(body)[name], &s) // another type is none
	return s
}

// column is one of a table of objects.
type column struct {
	title string
	of    func(o map[string]json.RawMessage) string
}

func at(title, name string) column {
	return column{title, func(o map[string]json.RawMessage) string { return cell(o[name]) }}
}

// Kind is a list that the API has.
type Kind struct {
	field, none, cursor string
	columns             []column
}

// The lists.
var (
	Keys = Kind{field: "keys", none: "The stream has no keys.", columns: []column{
		at("ID", "id"), at("STREAM", "stream"), at("LABEL", "label"),
		{"STATE", keyState},
		at("EXPIRES", "expires"),
		at("FROM", "addresses"),
		{"LAST USE", lastUse},
		at("MANAGED", "managed"),
	}}
	Credentials = Kind{field: "credentials", none: "The stream has no users with passwords.", columns: []column{
		at("ID", "id"), at("STREAM", "stream"), at("USER", "user"), at("LABEL", "label"), at("EXPIRES", "expires"), {"LAST USE", lastUse},
	}}
	Tokens = Kind{field: "tokens", none: "There are no tokens beside the admin token of the data folder.", columns: []column{
		at("ID", "id"), at("ROLE", "role"), at("APPS", "apps"), at("LABEL", "label"), at("EXPIRES", "expires"), {"LAST USE", lastUse},
	}}
	Webhooks = Kind{field: "webhooks", none: "There are no webhooks.", columns: []column{
		at("ID", "id"), at("URL", "url"), at("TYPES", "types"), at("APPS", "apps"), at("LABEL", "label"), at("DISABLED", "disabled"),
		at("MANAGED", "managed"),
	}}
	DeadLetters = Kind{field: "dead", cursor: "after", none: "Everything was delivered.", columns: []column{
		at("SEQUENCE", "sequence"),
		{"TYPE", func(o map[string]json.RawMessage) string { return cell(fields(o["event"])["type"]) }},
		{"SUBJECT", func(o map[string]json.RawMessage) string { return cell(fields(o["event"])["subject"]) }},
		at("ATTEMPTS", "attempts"), at("DIED", "died"), at("PROBLEM", "problem"),
	}}
	Bans = Kind{field: "bans", none: "Nobody is kept out.", columns: []column{
		at("ID", "id"), at("ADDRESS", "address"), at("KEY", "key"), at("UNTIL", "until"), at("REASON", "reason"), at("CREATED", "created"),
	}}
	SigningKeys = Kind{field: "signing_keys", none: "There are no keys that sign permissions to watch; the first link makes one.", columns: []column{
		at("ID", "id"), at("LABEL", "label"), at("CREATED", "created"), at("UNTIL", "until"), at("MANAGED", "managed"),
	}}
	Revocations = Kind{field: "revocations", none: "No permission to watch was taken back.", columns: []column{
		at("ID", "id"), at("UNTIL", "until"),
	}}
	History = Kind{field: "history", cursor: "before", none: "Nothing was changed.", columns: []column{
		at("TIME", "time"), at("KIND", "kind"), at("STREAM", "stream"), at("REVISION", "revision"), at("ACTION", "action"), at("BY", "by"),
		{"CHANGES", changes},
	}}
	Differences = Kind{field: "differences", none: "Nothing differs.", columns: []column{
		at("ACTION", "action"), at("STREAM", "stream"), {"CHANGES", changes},
	}}
)

func keyState(o map[string]json.RawMessage) string {
	var words []string
	for _, s := range []struct{ name, word string }{{"spent", "spent"}, {"once", "once"}, {"rehearsal", "rehearsal"}, {"unseen", "not shown yet"}} {
		if raw := string(o[s.name]); raw != "" && raw != "false" && raw != "null" {
			words = append(words, s.word)
		}
	}
	var expires time.Time
	if json.Unmarshal(o["expires"], &expires) == nil && !expires.IsZero() && expires.Before(time.Now()) {
		words = append(words, "expired")
	}
	if words == nil {
		return "good"
	}
	return strings.Join(words, ", ")
}

func lastUse(o map[string]json.RawMessage) string {
	use := fields(o["last_use"])
	if use == nil {
		return "-"
	}
	parts := []string{cell(use["at"])}
	for _, name := range []string{"address", "encoder", "protocol"} {
		if text := cell(use[name]); text != "-" {
			parts = append(parts, text)
		}
	}
	return strings.Join(parts, " ")
}

func changes(o map[string]json.RawMessage) string {
	var list []struct {
		Field         string
		Before, After json.RawMessage
	}
	if json.Unmarshal(o["changes"], &list) != nil || len(list) == 0 {
		return "-"
	}
	parts := make([]string, len(list))
	for i, c := range list {
		parts[i] = fmt.Sprintf("%s: %s → %s", c.Field, cell(c.Before), cell(c.After))
	}
	return strings.Join(parts, "; ")
}

// Write writes an answer with such a list: a table, or what the API answered.
func (k Kind) Write(w io.Writer, body []byte, asJSON bool) error {
	if asJSON {
		return writeJSON(w, body)
	}
	var items []json.RawMessage
	if err := json.Unmarshal(fields(body)[k.field], &items); err != nil {
		return fmt.Errorf("cannot read the server's answer: %w", err)
	}
	if len(items) == 0 {
		return write(w, []byte(k.none+"\n"))
	}
	titles := make([]string, len(k.columns))
	for i, c := range k.columns {
		titles[i] = c.title
	}
	t := table{titles}
	for _, item := range items {
		o := fields(item)
		row := make([]string, len(k.columns))
		for i, c := range k.columns {
			row[i] = c.of(o)
		}
		t = append(t, row)
	}
	return t.write(w)
}

// writeJSON writes an answer as it came, with an end of line.
func writeJSON(w io.Writer, body []byte) error {
	return write(w, append(bytes.TrimRight(body, "\n"), '\n'))
}

// Created writes what to type into an encoder for a new stream, and where it is
// watched.
func Created(w io.Writer, body []byte) error {
	o := fields(body)
	rows := table{
		{"Stream", cell(o["name"])},
		{"Id", cell(o["id"])},
		{"Server", cell(o["ingest_url"])},
	}
	if secure := cell(o["ingest_url_rtmps"]); secure != "-" {
		rows = append(rows, []string{"or, by TLS", secure})
	}
	key := Text(body, "key")
	if key != "" {
		rows = append(rows, []string{"Stream key", key})
	}
	rows = append(rows, []string{"Watch", cell(fields(o["addresses"])["page"])})
	if err := rows.write(w); err != nil || key == "" {
		return err
	}
	return write(w, []byte("\nThe key is shown only now: the server keeps its hash.\n"))
}
