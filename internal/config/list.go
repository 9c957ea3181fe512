package config

import (
	"fmt"
	"net/url"
	"reflect"
	"strings"
	"time"
)

// Value is a setting in force, for people to see.
type Value struct {
	Path string `json:"name"`
	// Text is as it could stand in the file, without what is secret.
	Text string `json:"value"`
	// From is where it came from: a place in a file, a variable, a flag, or
	// "default".
	From string `json:"from"`
}

// List lists the values of the struct that src points to, also those that
// nobody gave if they have a default.
func List(src any, origins Origins) []Value {
	var values []Value
	walk(reflect.ValueOf(src).Elem(), "", func(path string, f field) {
		from := "default"
		if o, ok := origins[path]; ok {
			from = o.String()
		} else if f.value.IsZero() && f.value.Kind() != reflect.Bool {
			return
		}
		values = append(values, Value{Path: path, Text: show(f.value), From: from})
	})
	return values
}

// Changed lists the settings whose values differ between two structs of the
// same type, and that have the tag `reload:"true"` or do not.
func Changed(before, after any, reload bool) []string {
	var names []string
	olds := fields(reflect.ValueOf(before).Elem())
	for i, f := range fields(reflect.ValueOf(after).Elem()) {
		if (f.tag.Get("reload") == "true") == reload && !reflect.DeepEqual(olds[i].value.Interface(), f.value.Interface()) {
			names = append(names, f.name)
		}
	}
	return names
}

// show writes a value without what is secret in it.
func show(v reflect.Value) string {
	switch {
	case v.Kind() == reflect.Pointer:
		return show(v.Elem())
	case v.Kind() == reflect.Slice:
		texts := make([]string, v.Len())
		for i := range texts {
			texts[i] = show(v.Index(i))
		}
		return strings.Join(texts, ", ")
	case v.Type() == durationType:
		return Duration(time.Duration(v.Int()))
	case v.Kind() == reflect.String:
		return withoutPassword(v.String())
	}
	return fmt.Sprint(v.Interface())
}

// Duration writes d as people do: "5m" and not "5m0s".
func Duration(d time.Duration) string {
	text := d.String()
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	return text
}

// withoutPassword hides the password of a URL.
func withoutPassword(text string) string {
	if !strings.Contains(text, "://") {
		return text
	}
	u, err := url.Parse(text)
	if err != nil || strings.Contains(strings.ToLower(u.RawQuery), "pass") {
		return hidden // there may be one, in a place that is not known
	}
	if password, ok := u.User.Password(); ok && password != "" {
		return strings.Replace(u.Redacted(), ":xxxxx@", ":"+hidden+"@", 1)
	}
	return text
}
