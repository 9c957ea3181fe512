package main

import (
	"runtime/debug"
	"testing"
)

func TestDescribeBuild(t *testing.T) {
	defer func(v, c, d string) { version, commit, date = v, c, d }(version, commit, date)
	vcs := []debug.BuildSetting{
		{Key: "vcs.revision", Value: "0123456789abcdef"},
		{Key: "vcs.time", Value: "2026-11-21T08:00:00Z"},
		{Key: "vcs.modified", Value: "true"},
	}
	tests := []struct {
		version, commit, date string
		info                  *debug.BuildInfo
		want                  build
	}{
		{"v1.2.3", "0123456", "2026-11-21T08:00:00Z", nil, build{"v1.2.3", "0123456 of 2026-11-21T08:00:00Z"}},
		{"v1.2.3", "0123456", "", nil, build{"v1.2.3", "0123456"}},
		{"", "", "", nil, build{"dev", "unknown revision"}},
		{"", "", "", &debug.BuildInfo{Main: debug.Module{Version: "(devel)"}}, build{"dev", "unknown revision"}},
		{"", "", "", &debug.BuildInfo{Main: debug.Module{Version: "v1.4.0"}}, build{"v1.4.0", "unknown revision"}},
		{"", "", "", &debug.BuildInfo{Settings: vcs}, build{"dev", "0123456789ab of 2026-11-21T08:00:00Z, changed"}},
		{"v1.2.3", "0123456", "", &debug.BuildInfo{Settings: vcs}, build{"v1.2.3", "0123456"}},
	}
	for _, tt := range tests {
		version, commit, date = tt.version, tt.commit, tt.date
		if got := describeBuild(tt.info); got != tt.want {
			t.Errorf("%+v: got %q, want %q", tt, got, tt.want)
		}
	}
}
