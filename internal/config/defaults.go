package config

import (
	"fmt"
	"reflect"
)

// Defaults sets the fields of the struct that dst points to from their
// `default` tags. A default that its field cannot hold is a mistake in the
// program: it panics.
func Defaults(dst any) {
	v := reflect.ValueOf(dst).Elem()
	for i := range v.NumField() {
		f := v.Type().Field(i)
		if text, ok := f.Tag.Lookup("default"); ok {
			if err := setText(v.Field(i), text); err != nil {
				panic(fmt.Sprintf("config: the default of %s: %v", f.Name, err))
			}
		}
	}
}
