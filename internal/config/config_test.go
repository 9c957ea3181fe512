package config

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"
)

type app struct {
	Grace *time.Duration `name:"grace"`
	Mode  mode           `name:"mode"`
}

type key struct {
	Stream string `name:"stream"`
	Key    Secret `name:"key"`
}

type common struct {
	LogLevel string `name:"log-level"`
}

type settings struct {
	RTMP  string         `name:"rtmp"`
	Grace time.Duration  `name:"grace"`
	Open  bool           `name:"open"`
	Max   int            `name:"max"`
	Cert  []string       `name:"cert"`
	Apps  map[string]app `name:"apps"`
	Keys  []key          `name:"keys"`
	common
	unlisted int //nolint:unused // a field that is no setting
}

type mode string

func (m *mode) UnmarshalText(b []byte) error {
	if string(b) != "fast" && string(b) != "slow" {
		return fmt.Errorf("%q is neither fast nor slow", b)
	}
	*m = mode(b)
	return nil
}

func TestYAML(t *testing.T) {
	tests := []struct {
		name, text string
		want       settings
	}{
		{"nothing", "", settings{RTMP: "default"}},
		{"a byte order mark", "\ufeffrtmp: a\n", settings{RTMP: "a"}},
		{"comments", "# rtmp: x\n", settings{RTMP: "default"}},
		{"a section of comments", "apps:\n  # live:\n", settings{RTMP: "default"}},
		{
			"scalars", "rtmp: :1936\ngrace: 1m30s\nopen: yes\nmax: 1000\nlog-level: debug\n",
			settings{RTMP: ":1936", Grace: 90 * time.Second, Open: true, Max: 1000, common: common{"debug"}},
		},
		{
			"text that YAML would read otherwise", "rtmp: 010\nlog-level: on\n",
			settings{RTMP: "010", common: common{"on"}},
		},
		{"quotes", "rtmp: ':1936'\nlog-level: \"a\\tb\"\n", settings{RTMP: ":1936", common: common{"a\tb"}}},
		{"lists", "cert: [a, b]\n", settings{RTMP: "default", Cert: []string{"a", "b"}}},
		{"a list of one", "cert: a\n", settings{RTMP: "default", Cert: []string{"a"}}},
		{"apps", "apps: {live: {grace: 5s, mode: fast}, other: {}}\n", settings{
			RTMP: "default",
			Apps: map[string]app{"live": {new(5 * time.Second), "fast"}, "other": {}},
		}},
		{"keys", "keys:\n  - stream: live/a\n    key: abc\n  - {stream: live/b, key: def}\n", settings{
			RTMP: "default",
			Keys: []key{{"live/a", NewSecret("abc")}, {"live/b", NewSecret("def")}},
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := settings{RTMP: "default"}
			if err := YAML(&got, "f.yaml", []byte(tt.text), Origins{}); err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(got, tt.want) {
				t.Errorf("got  %#v\nwant %#v", got, tt.want)
			}
		})
	}
}

func TestYAMLNamesThePlaceOfAFault(t *testing.T) {
	tests := []struct{ text, want string }{
		{"rtmp: a\nrtpm: b\n", `f.yaml:2:1: there is no setting "rtpm"; did you mean "rtmp"?`},
		{"apps:\n  live:\n    grcae: 5s\n", `f.yaml:3:5: there is no setting "grcae" in apps.live; did you mean "grace"?`},
		{"apps:\n  live:\n    wholly-else: 5s\n", `f.yaml:3:5: there is no setting "wholly-else" in apps.live; there are grace, mode`},
		{"unlisted: 1\n", `f.yaml:1:1: there is no setting "unlisted"; there are rtmp, grace, open, max, cert, apps, keys, log-level`},
		{"grace: 30\n", `f.yaml:1:8: grace: "30" is not a length of time; write for instance 30s, 500ms or 5m`},
		{"apps: {live: {mode: idle}}\n", `f.yaml:1:21: apps.live.mode: "idle" is neither fast nor slow`},
		{"open: perhaps\n", `f.yaml:1:7: open: "perhaps" is neither true nor false`},
		{"max: 1.5\n", `f.yaml:1:6: max: "1.5" is not a whole number`},
		{"rtmp:\n", `f.yaml:1:7: rtmp has no value; give one or remove the line`},
		{"rtmp: [a]\n", `f.yaml:1:7: rtmp must be one value, not a list`},
		{"cert: {a: b}\n", `f.yaml:1:7: cert must be a list, not a group of settings`},
		{"keys: a\n", `f.yaml:1:7: keys must be a list, not a single value`},
		{"apps: a\n", `f.yaml:1:7: apps must be made of lines like "name: value", this is a single value`},
		{"- a\n", `f.yaml:1:1: a config file is made of lines like "rtmp: :1935", this is a list`},
		{"rtmp: a\nrtmp: b\n", `f.yaml:2:1: rtmp stands here twice, first in line 1; remove one`},
		{"apps: {a: {mode: fast, mode: slow}}\n", `f.yaml:1:24: apps.a.mode stands here twice, first in line 1; remove one`},
		{"rtmp: \xff\n", `f.yaml: this is not text in UTF-8; save it in that encoding`},
		{"r\x00t\x00m\x00", `f.yaml: this is not text in UTF-8; save it in that encoding`},
		{"rtmp: a\nappz: {}\nmax: x\n", `f.yaml:2:1: there is no setting "appz"; did you mean "apps"? (and 1 more; ` +
			"`millrace check FILE` names them all)"},
		{"cert: [\n", `f.yaml:1:7: a list that began with [ is not closed; write ] behind its last value`},
		{"rtmp: &x a\n", `f.yaml:1:7: anchors, aliases and tags are not used in this file; write the value itself`},
		{"rtmp: a\n---\nrtmp: b\n", `f.yaml:3:5: a config file is one document; remove this one`},
	}
	for _, tt := range tests {
		err := YAML(&settings{}, "f.yaml", []byte(tt.text), Origins{})
		if err == nil || err.Error() != tt.want {
			t.Errorf("%q:\ngot  %v\nwant %s", tt.text, err, tt.want)
		}
	}
}

func FuzzYAML(f *testing.F) {
	f.Add("rtmp: a\napps:\n  live: {grace: 5s}\nkeys:\n- stream: a\n")
	f.Add("a: &b [*b]\n<<: {c: !!d e}\n")
	f.Fuzz(func(t *testing.T, text string) {
		err := YAML(&settings{}, "f.yaml", []byte(text), Origins{})
		var at *Error
		if err != nil && !errors.As(err, &at) {
			t.Errorf("an error without a place: %v", err)
		}
	})
}

func TestFlagsOverEnvironmentOverFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "f.yaml")
	if err := os.WriteFile(file, []byte("rtmp: file\ngrace: 1s\nmax: 1\ncert: [a, b]\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	got, origins := settings{RTMP: "default", common: common{"default"}}, Origins{}
	if err := File(&got, file, origins); err != nil {
		t.Fatal(err)
	}
	slips, err := Environ(&got, "MILLRACE_", []string{
		"MILLRACE_GRACE=2s", "MILLRACE_MAX=2", "MILLRACE_CERT=c, d", "MILLRACE_RTMP=", "GRACE=9s",
		"MILLRACE_PORT_1935_TCP=tcp://10.0.0.1:1935", "MILLRACE_LOGLEVEL=debug",
	}, origins)
	if err != nil {
		t.Fatal(err)
	}
	if want := []string{"MILLRACE_LOGLEVEL is no setting; did you mean MILLRACE_LOG_LEVEL?"}; !reflect.DeepEqual(slips, want) {
		t.Errorf("slips %q, want %q", slips, want)
	}
	Flags(&got, &settings{RTMP: "not given", Max: 3}, []string{"max"}, origins)
	want := settings{RTMP: "file", Grace: 2 * time.Second, Max: 3, Cert: []string{"c", "d"}, common: common{"default"}}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %#v\nwant %#v", got, want)
	}
	wantOrigins := map[string]string{"rtmp": file + ":1:7", "grace": "MILLRACE_GRACE", "max": "--max", "cert": "MILLRACE_CERT"}
	for path, from := range wantOrigins {
		if origins[path].String() != from {
			t.Errorf("%s came from %q, want %q", path, origins[path], from)
		}
	}
	if !origins.Given("cert") || origins.Given("open") || origins.Given("log") {
		t.Error("Given is wrong about what was given")
	}
}

func TestEnvironRefusesWrongValues(t *testing.T) {
	_, err := Environ(&settings{}, "MILLRACE_", []string{"MILLRACE_GRACE=long"}, Origins{})
	want := `MILLRACE_GRACE: "long" is not a length of time; write for instance 30s, 500ms or 5m`
	if err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
	if _, err := Environ(&settings{}, "MILLRACE_", []string{"MILLRACE_KEYS=a"}, Origins{}); err == nil {
		t.Error("a list of structs was taken from the environment")
	}
}

func TestFileThatIsNotThere(t *testing.T) {
	err := File(&settings{}, filepath.Join(t.TempDir(), "none.yaml"), Origins{})
	if err == nil || !strings.HasPrefix(err.Error(), "cannot read the config file: ") {
		t.Errorf("got %v", err)
	}
}

func TestSecretStaysHidden(t *testing.T) {
	s := NewSecret("p4ssw0rd")
	js, err := json.Marshal(map[string]any{"key": key{Key: s}})
	if err != nil {
		t.Fatal(err)
	}
	shown := []string{string(js), s.LogValue().String()}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		shown = append(shown, fmt.Sprintf(verb, s), fmt.Sprintf(verb, key{Key: s}), fmt.Sprintf(verb, &s))
	}
	for _, text := range shown {
		if strings.Contains(text, "p4ssw0rd") || strings.Contains(text, fmt.Sprintf("%x", "p4ssw0rd")) {
			t.Errorf("shown in %s", text)
		}
	}
	if s.Reveal() != "p4ssw0rd" {
		t.Error("Reveal does not return the text")
	}
}

func TestNearest(t *testing.T) {
	names := []string{"rtmp", "rtmps", "http", "admin", "data", "config", "trusted-proxy", "open", "open-world", "log-level"}
	for word, want := range map[string]string{
		"rtpm": "rtmp", "htttp": "http", "trustedproxy": "trusted-proxy", "loglevel": "log-level", "openworld": "open-world",
		"dta": "data", "confg": "config", "something": "", "x": "", "": "",
	} {
		if got := Nearest(word, names); got != want {
			t.Errorf("Nearest(%q) = %q, want %q", word, got, want)
		}
	}
}
