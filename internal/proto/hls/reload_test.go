package hls

import (
	"strings"
	"testing"

	"github.com/millrace-live/millrace/internal/window"
)

func TestParseReload(t *testing.T) {
	const whole = window.WholeSegment
	for query, want := range map[string]reload{
		"":                                {part: whole},
		"token=x%20y":                     {part: whole},
		"_HLS_msn=0":                      {blocking: true, part: whole},
		"_HLS_msn=17&_HLS_part=3":         {blocking: true, msn: 17, part: 3},
		"_HLS_part=0&a=b&_HLS_msn=17":     {blocking: true, msn: 17},
		"_HLS_skip=YES":                   {part: whole, delta: true},
		"_HLS_msn=9&_HLS_skip=v2":         {blocking: true, msn: 9, part: whole, delta: true},
		"_HLS_push=1":                     {part: whole},
		"_HLS_msn=1&_HLS_part=9999999999": {blocking: true, msn: 1, part: mostPart},
	} {
		if got, err := parseReload(query); err != nil || got != want {
			t.Errorf("%q is %+v, %v, want %+v", query, got, err, want)
		}
	}
}

var absurdQueries = []string{
	"_HLS_part=0", "_HLS_msn=", "_HLS_msn=-1", "_HLS_msn=+1", "_HLS_msn=0x10", "_HLS_msn=1.5", "_HLS_msn=%31%zz", "_HLS_msn=one",
	"_HLS_msn=99999999999999999999", "_HLS_msn=1&_HLS_msn=2", "_HLS_msn=1&_HLS_part=", "_HLS_msn=1&_HLS_part=-1",
	"_HLS_msn=1&_HLS_part=0&_HLS_part=0", "_HLS_skip=NO", "_HLS_skip=", "_HLS_skip=yes", "_HLS_msn=1;_HLS_part=2", "a=%",
	"_HLS_msn=" + strings.Repeat("9", 10000),
}

func TestAbsurdReloads(t *testing.T) {
	for _, query := range absurdQueries {
		if got, err := parseReload(query); err == nil || len(err.Error()) > 200 {
			t.Errorf("%.60q is %+v, %v", query, got, err)
		}
	}
}

func FuzzParseReload(f *testing.F) {
	for _, query := range absurdQueries {
		f.Add(query)
	}
	f.Add("_HLS_msn=17&_HLS_part=3&_HLS_skip=YES&token=a%20b")
	f.Fuzz(func(t *testing.T, query string) {
		r, err := parseReload(query)
		if err == nil && (r.part < window.WholeSegment || r.part > mostPart || r.part != window.WholeSegment && !r.blocking) {
			t.Errorf("%q is %+v", query, r)
		}
	})
}
