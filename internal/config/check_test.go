package config

import (
	"reflect"
	"testing"
	"time"
)

type bounds struct {
	Mode  string                 `name:"mode" choice:"fast,slow,idle"`
	Grace time.Duration          `name:"grace" max:"30m"`
	Apps  map[string]boundsInApp `name:"apps"`
	Keys  []boundsInApp          `name:"keys"`
}

type boundsInApp struct {
	Mode  string         `name:"mode" choice:"fast,slow"`
	Grace *time.Duration `name:"grace" max:"1m"`
}

func TestCheck(t *testing.T) {
	const minute = time.Minute
	tests := []struct {
		name string
		is   bounds
		want []string
	}{
		{"nothing given", bounds{Apps: map[string]boundsInApp{"a": {}}, Keys: []boundsInApp{{}}}, nil},
		{"bounds", bounds{Mode: "idle", Grace: 30 * minute, Apps: map[string]boundsInApp{"a": {"slow", new(minute)}}}, nil},
		{"word", bounds{Mode: "fats"}, []string{`mode: "fats" is not a choice; give fast, slow or idle`}},
		{"above", bounds{Grace: 31 * minute}, []string{`grace: 31m is out of range; give a time from 0 to 30m`}},
		{"below", bounds{Grace: -1}, []string{`grace: -1ns is out of range; give a time from 0 to 30m`}},
		{"apps by name", bounds{Apps: map[string]boundsInApp{"b": {"x", nil}, "a": {"y", nil}}}, []string{
			`apps.a.mode: "y" is not a choice; give fast or slow`, `apps.b.mode: "x" is not a choice; give fast or slow`,
		}},
		{
			"lists",
			bounds{Keys: []boundsInApp{{}, {"", new(2 * minute)}}},
			[]string{`keys[1].grace: 2m is out of range; give a time from 0 to 1m`},
		},
	}
	for _, tt := range tests {
		var got []string
		for _, f := range Check(&tt.is, Origins{}) {
			got = append(got, f.Error())
		}
		if !reflect.DeepEqual(got, tt.want) {
			t.Errorf("%s: got %q, want %q", tt.name, got, tt.want)
		}
	}
}
