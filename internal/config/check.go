package config

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"
)

// Check finds values that their field does not allow:
//
//	Mode  string        `name:"mode" choice:"fast,slow"`
//	Grace time.Duration `name:"grace" max:"30m"`
//
// A text that is empty is not given, and passes. A length of time is never
// negative.
func Check(src any, origins Origins) Faults {
	var faults Faults
	walk(reflect.ValueOf(src).Elem(), "", func(path string, f field) {
		v := f.value
		if v.Kind() == reflect.Pointer {
			if v.IsNil() {
				return
			}
			v = v.Elem()
		}
		if words := choices(f.tag); words != nil && v.String() != "" && !slices.Contains(words, v.String()) {
			last := len(words) - 1
			faults.Add(origins, path, "%q is not a choice; give %s or %s",
				v.String(), strings.Join(words[:last], ", "), words[last])
		}
		if text, ok := f.tag.Lookup("max"); ok {
			most, err := time.ParseDuration(text)
			if err != nil {
				panic(fmt.Sprintf("config: the bound of %s: %v", path, err))
			}
			if d := time.Duration(v.Int()); d < 0 || d > most {
				faults.Add(origins, path, "%s is out of range; give a time from 0 to %s", Duration(d), text)
			}
		}
	})
	return faults
}

// choices are the words that a field may have, nil when it may have any.
func choices(tag reflect.StructTag) []string {
	text, ok := tag.Lookup("choice")
	if !ok {
		return nil
	}
	return strings.Split(text, ",")
}

// walk calls visit for each setting of struct v that is not a group of others,
// in order, those of maps by name.
func walk(v reflect.Value, path string, visit func(path string, f field)) {
	for _, f := range fields(v) {
		at := join(path, f.name)
		t := f.value.Type()
		switch {
		case isScalar(t) || t.Kind() == reflect.Slice && isScalar(t.Elem()):
			visit(at, f)
		case t.Kind() == reflect.Struct:
			walk(f.value, at, visit)
		case t.Kind() == reflect.Slice:
			for i := range f.value.Len() {
				walk(f.value.Index(i), fmt.Sprintf("%s[%d]", at, i), visit)
			}
		case t.Kind() == reflect.Map:
			for _, name := range sortedNames(f.value) {
				walk(f.value.MapIndex(reflect.ValueOf(name)), join(at, name), visit)
			}
		}
	}
}

func sortedNames(m reflect.Value) []string {
	var names []string
	for _, k := range m.MapKeys() {
		names = append(names, k.String())
	}
	slices.Sort(names)
	return names
}
