package config

import (
	"encoding"
	"errors"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"time"
)

var (
	durationType = reflect.TypeFor[time.Duration]()
	timeType     = reflect.TypeFor[time.Time]()
	textType     = reflect.TypeFor[encoding.TextUnmarshaler]()
)

// isScalar reports whether a value of t is written as one word.
func isScalar(t reflect.Type) bool {
	if reflect.PointerTo(t).Implements(textType) {
		return true
	}
	switch t.Kind() {
	case reflect.Pointer:
		return isScalar(t.Elem())
	case reflect.Struct, reflect.Map, reflect.Slice:
		return false
	}
	return true
}

// setText sets v, a scalar or a slice of scalars, to what text says. In a slice
// text is one element after the others, or several with commas between them.
func setText(v reflect.Value, text string) error {
	if !isScalar(v.Type()) && v.Kind() == reflect.Slice && isScalar(v.Type().Elem()) {
		for word := range strings.SplitSeq(text, ",") {
			e := reflect.New(v.Type().Elem()).Elem()
			if err := setText(e, strings.TrimSpace(word)); err != nil {
				return err
			}
			v.Set(reflect.Append(v, e))
		}
		return nil
	}
	if v.Type() == timeType {
		t, err := time.Parse(time.RFC3339, text)
		if err != nil {
			return fmt.Errorf("%q is no time; write for instance 2030-01-31T12:00:00Z", text)
		}
		v.Set(reflect.ValueOf(t))
		return nil
	}
	if v.CanAddr() && v.Addr().Type().Implements(textType) {
		return v.Addr().Interface().(encoding.TextUnmarshaler).UnmarshalText([]byte(text))
	}
	switch {
	case v.Kind() == reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		return setText(v.Elem(), text)
	case v.Type() == durationType:
		d, err := ParseDuration(text)
		if err != nil {
			return err
		}
		v.SetInt(int64(d))
		return nil
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString(text)
	case reflect.Bool:
		b, err := parseBool(text)
		if err != nil {
			return err
		}
		v.SetBool(b)
	case reflect.Int, reflect.Int64:
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return fmt.Errorf("%q is not a whole number", text)
		}
		v.SetInt(n)
	default:
		return errors.New("cannot be given here; it belongs into the config file")
	}
	return nil
}

// ParseDuration is [time.ParseDuration] with an error for people.
func ParseDuration(text string) (time.Duration, error) {
	d, err := time.ParseDuration(text)
	if err != nil {
		return 0, fmt.Errorf("%q is not a length of time; write for instance 30s, 500ms or 5m", text)
	}
	return d, nil
}

// parseBool takes what YAML 1.1, shells and compose files have for booleans.
func parseBool(text string) (bool, error) {
	switch strings.ToLower(text) {
	case "true", "yes", "on", "1":
		return true, nil
	case "false", "no", "off", "0":
		return false, nil
	}
	return false, fmt.Errorf("%q is neither true nor false", text)
}

// field is one setting of a struct.
type field struct {
	name  string
	tag   reflect.StructTag
	value reflect.Value
}

// fields lists the settings of struct v in its order, those of embedded structs
// in their place.
func fields(v reflect.Value) []field {
	var fs []field
	for i := range v.NumField() {
		f := v.Type().Field(i)
		switch name, ok := f.Tag.Lookup("name"); {
		case ok:
			fs = append(fs, field{name, f.Tag, v.Field(i)})
		case f.Anonymous:
			fs = append(fs, fields(v.Field(i))...)
		}
	}
	return fs
}
