// Package config fills a struct of settings from a YAML file, the environment
// and the command line, and remembers where each value came from.
//
// It is the mechanism only: what settings there are is told by the structs of
// those who read them. A field takes part when it has a `name` tag:
//
//	RTMP  string        `name:"rtmp"`
//	Grace time.Duration `name:"grace"`
//	Cert  []string      `name:"cert"`
//	Apps  map[string]App `name:"apps"`
//
// Values are written the same way in all three places. Fields may be strings,
// booleans, integers, durations ("30s", "500ms", "1h30m"), types with
// UnmarshalText, pointers to those (nil until given), and slices of them;
// the file may also have structs, slices of structs and maps by string of
// them. More tags of a field: `default`, what it has when nobody gives it;
// `choice` and `max`, what it may have (see [Check]); `reload:"true"`, that a
// running server takes it over (see [Changed]).
package config
