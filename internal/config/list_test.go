package config

import (
	"reflect"
	"testing"
	"time"
)

func TestList(t *testing.T) {
	s := settings{
		RTMP: ":1935", Grace: 5 * time.Minute, Cert: []string{"a", "b"},
		Apps: map[string]app{"z": {}, "a": {Grace: new(time.Duration(0))}},
		Keys: []key{{"live/a", NewSecret("p4ssw0rd")}},
	}
	origins := Origins{
		"rtmp": {Name: "--rtmp"}, "apps.a.grace": {File: "f.yaml", Line: 3, Column: 5}, "keys[0].stream": {File: "f.yaml", Line: 4, Column: 5},
		"keys[0].key": {File: "f.yaml", Line: 5, Column: 5},
	}
	want := []Value{
		{"rtmp", ":1935", "--rtmp"},
		{"grace", "5m", "default"},
		{"open", "false", "default"},
		{"cert", "a, b", "default"},
		{"apps.a.grace", "0s", "f.yaml:3:5"},
		{"keys[0].stream", "live/a", "f.yaml:4:5"},
		{"keys[0].key", "[hidden]", "f.yaml:5:5"},
	}
	if got := List(&s, origins); !reflect.DeepEqual(got, want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
}

func TestPasswordsOfURLsAreHidden(t *testing.T) {
	for text, want := range map[string]string{
		":1935":                                 ":1935",
		"https://tv.example.org":                "https://tv.example.org",
		"postgres://mill@db/millrace":           "postgres://mill@db/millrace",
		"postgres://mill:p4ss@db/mill?ssl=on":   "postgres://mill:[hidden]@db/mill?ssl=on",
		"postgres://db/mill?user=a&password=p4": "[hidden]",
		"postgres://mill:p4%zz@db":              "[hidden]",
	} {
		if got := withoutPassword(text); got != want {
			t.Errorf("%s: got %s, want %s", text, got, want)
		}
	}
}

func TestDuration(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0: "0s", time.Second: "1s", 90 * time.Second: "1m30s", 10 * time.Minute: "10m", time.Hour: "1h", 90 * time.Minute: "1h30m",
		100 * time.Millisecond: "100ms", time.Hour + 10*time.Second: "1h0m10s",
	} {
		if got := Duration(d); got != want {
			t.Errorf("%v: got %s, want %s", int64(d), got, want)
		}
	}
}

func TestChanged(t *testing.T) {
	type settings struct {
		Data  string         `name:"data"`
		Grace time.Duration  `name:"grace" reload:"true"`
		Apps  map[string]app `name:"apps" reload:"true"`
	}
	before := settings{Data: "a", Grace: 1, Apps: map[string]app{"a": {Grace: new(time.Second)}}}
	same := settings{Data: "a", Grace: 1, Apps: map[string]app{"a": {Grace: new(time.Second)}}}
	after := settings{Data: "b", Grace: 1, Apps: map[string]app{"a": {Grace: new(time.Minute)}}}
	if got := append(Changed(&before, &same, true), Changed(&before, &same, false)...); got != nil {
		t.Errorf("equal settings changed: %v", got)
	}
	if taken, restart := Changed(&before, &after, true), Changed(&before, &after, false); !reflect.DeepEqual(taken, []string{"apps"}) ||
		!reflect.DeepEqual(restart, []string{"data"}) {
		t.Errorf("got %v and %v", taken, restart)
	}
}
