package config

import (
	"strings"
	"testing"
)

func TestSlipsOfYAML(t *testing.T) {
	for text, want := range map[string]string{
		"apps:\n\tevent: {}\n":           "f.yaml:2:1: a tab stands here; indent with blanks",
		"rtmp: \"abc\n":                  "f.yaml:1:7: a quote is opened here and not closed",
		"rtmp: 'abc\n":                   "f.yaml:1:7: a quote is opened here and not closed",
		"trusted-proxy: [a\ngrace: 5s\n": "f.yaml:2:1: a list that began with [ is not closed",
		"apps: {a: {}\ngrace: 5s\n":      "f.yaml:2:1: a group that began with { is not closed",
		"apps: {a: {}\n":                 "f.yaml:1:7: a group that began with { is not closed",
		"grace: 5s]\nrtmp: ]\n":          "f.yaml:2:7: a bracket is closed here that was not opened",
		"rtmp: a: b\n":                   "f.yaml:1:7: a second colon stands in this line",
		"apps:\n  a:\n    grace: 5s\n   delivery: economy\n": "f.yaml:4:4: this line does not line up with those around it",
		"grace: 5s\nrtmp\n":        "f.yaml:2:1: this line has no colon",
		"data: \"C:\\millrace\"\n": "f.yaml:1:11: a backslash stands in double quotes",
	} {
		err := YAML(&struct{}{}, "f.yaml", []byte(text), Origins{})
		if err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
	if got := syntax("odd\n thing"); got != "this is not YAML (odd thing); compare it with the lines above it" {
		t.Error(got)
	}
}
