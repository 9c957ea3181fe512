package config

import (
	"reflect"
	"slices"
	"strings"
)

// Environ sets the fields of the struct that dst points to from the environment
// ("KEY=value" words as of [os.Environ]): the setting "log-level" from
// PREFIX_LOG_LEVEL. A list has commas between its elements. An empty variable
// counts as none, which is how compose files hand on what their user left out.
//
// A variable with the prefix that names no setting is no fault, since others
// make such variables as well (Kubernetes does for a service of that name); one
// that looks like a slip of the pen is named in slips.
func Environ(dst any, prefix string, environ []string, origins Origins) (slips []string, err error) {
	var faults Faults
	byName := make(map[string]field)
	var names []string
	for _, f := range fields(reflect.ValueOf(dst).Elem()) {
		name := strings.ToUpper(strings.ReplaceAll(f.name, "-", "_"))
		byName[name] = f
		names = append(names, name)
	}
	for _, word := range environ {
		variable, text, _ := strings.Cut(word, "=")
		name, ours := strings.CutPrefix(variable, prefix)
		if !ours || text == "" {
			continue
		}
		f, ok := byName[name]
		if !ok {
			if near := Nearest(name, names); near != "" {
				slips = append(slips, variable+" is no setting; did you mean "+prefix+near+"?")
			}
			continue
		}
		f.value.SetZero()
		origins[f.name] = Origin{Name: variable}
		if err := setText(f.value, text); err != nil {
			faults = append(faults, &Error{Origin: Origin{Name: variable}, Path: f.name, Msg: err.Error()})
		}
	}
	return slips, faults.Err()
}

// Flags copies the fields named in given from one struct of settings to another
// of the same type: what the command line set.
func Flags(dst, parsed any, given []string, origins Origins) {
	from := fields(reflect.ValueOf(parsed).Elem())
	for i, f := range fields(reflect.ValueOf(dst).Elem()) {
		if slices.Contains(given, f.name) {
			f.value.Set(from[i].value)
			origins[f.name] = Origin{Name: "--" + f.name}
		}
	}
}
