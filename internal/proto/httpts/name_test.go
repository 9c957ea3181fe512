package httpts

import (
	"strings"
	"testing"
)

const anID = "abcdefghijklmnopqrstuvwxyz"

func TestNames(t *testing.T) {
	for _, n := range []name{
		{}, {resource: playlist, show: anID}, {segment, anID, 0}, {segment, anID, 17}, {segment, anID, 1<<64 - 1},
	} {
		if got, ok := parseName(n.String()); !ok || got != n {
			t.Errorf("%s is read as %+v, %v", n, got, ok)
		}
	}
	for _, s := range []string{
		"", "ts", ".ts", "index.m3u8", "ts.m3u8x", anID, anID + ".ts", anID + "_ts.ts", anID + "_ts17", anID + "_ts17.m3u8", anID + "_ts-1.ts",
		anID + "_ts017.ts", anID + "_ts+1.ts", anID + "_ts18446744073709551616.ts", anID[1:] + "_ts1.ts", anID + "a_ts1.ts",
		strings.ToUpper(anID) + "_ts1.ts", anID[1:] + "/_ts1.ts", anID + "_ts1.ts_ts1.ts", anID + "_video_1.m4s",
	} {
		if n, ok := parseName(s); ok {
			t.Errorf("%q is read as %+v", s, n)
		}
	}
}

func TestMatch(t *testing.T) {
	for _, c := range []struct {
		path, stream, file string
		ok                 bool
	}{
		{"live/cam.ts", "live/cam", "", true},
		{"cam.ts", "cam", "", true},
		{"live/cam/ts.m3u8", "live/cam", "ts.m3u8", true},
		{"cam/ts.m3u8", "cam", "ts.m3u8", true},
		{"live/cam/" + anID + "_ts.m3u8", "live/cam", anID + "_ts.m3u8", true},
		{"live/cam/" + anID + "_ts5.ts", "live/cam", anID + "_ts5.ts", true},
		{"live/cam/" + anID + "_ts05.ts", "live/cam/" + anID + "_ts05", "", true},
		{"live/cam/index.m3u8", "", "", false},
		{"ts.m3u8", "", "", false},
		{"live/cam", "", "", false},
	} {
		stream, file, ok := Match(c.path)
		if ok != c.ok || ok && (stream != c.stream || file != c.file) {
			t.Errorf("%s is %q of %q, %v", c.path, file, stream, ok)
		}
	}
}

func FuzzName(f *testing.F) {
	f.Add("ts.m3u8")
	f.Add(anID + "_ts17.ts")
	f.Fuzz(func(t *testing.T, s string) {
		if n, ok := parseName(s); ok && n.String() != s {
			t.Errorf("%q has the address %q as well", s, n)
		}
	})
}
