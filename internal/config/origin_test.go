package config

import (
	"errors"
	"slices"
	"strings"
	"testing"
)

func TestFaultsBeginWithTheirPlace(t *testing.T) {
	origins := Origins{
		"grace":   {Name: "MILLRACE_GRACE"},
		"keys":    {File: "f.yaml", Line: 3, Column: 1},
		"keys[0]": {File: "f.yaml", Line: 4, Column: 5},
	}
	tests := []struct{ path, want string }{
		{"grace", "MILLRACE_GRACE: is wrong"},
		{"keys[0]", "f.yaml:4:5: is wrong"},
		{"keys[0].key", "f.yaml:4:5: keys[0].key: is wrong"},
		{"keys[1].key", "f.yaml:3:1: keys[1].key: is wrong"},
		{"open", "open: is wrong"},
	}
	for _, tt := range tests {
		var f Faults
		f.Add(origins, tt.path, "is %s", "wrong")
		if got := f.Err().Error(); got != tt.want {
			t.Errorf("%s: got %s, want %s", tt.path, got, tt.want)
		}
	}
	if (Faults{}).Err() != nil {
		t.Error("no faults are an error")
	}
}

func TestFaultsOfOneValueAreOne(t *testing.T) {
	faults := Faults{{Path: "apps.a"}}
	for _, path := range []string{"apps.a", "apps.a.grace", "apps.ab"} {
		faults.Add(Origins{}, path, "is wrong")
	}
	if len(faults) != 2 || faults[1].Path != "apps.ab" {
		t.Errorf("got %v", faults)
	}
}

func TestEveryFaultOfAFile(t *testing.T) {
	const text = "keys:\n  - {stream: [a], kye: b}\nopen: perhaps\napps:\n  a: {mode: idle, grace: soon}\n  b: 3\nmax: many\nmax: 2\n"
	s, origins := settings{}, Origins{}
	err := YAML(&s, "f.yaml", []byte(text), origins)
	faults, ok := errors.AsType[Faults](err)
	if !ok {
		t.Fatalf("got %v", err)
	}
	var got []string
	for _, f := range faults {
		place, _, _ := strings.Cut(f.Error(), ": ")
		got = append(got, place)
	}
	want := []string{"f.yaml:2:14", "f.yaml:2:19", "f.yaml:3:7", "f.yaml:5:13", "f.yaml:5:26", "f.yaml:6:6", "f.yaml:7:6", "f.yaml:8:1"}
	if !slices.Equal(got, want) {
		t.Errorf("got  %v\nwant %v\n%v", got, want, errors.Join(faults.Unwrap()...))
	}
	if len(s.Apps) != 2 || len(s.Keys) != 1 {
		t.Errorf("what is right was not set: %+v", s)
	}
}
