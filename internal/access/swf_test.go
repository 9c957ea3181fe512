package access

import (
	"errors"
	"strings"
	"testing"

	"github.com/millrace-live/millrace/internal/hub"
	"github.com/millrace-live/millrace/rtmp"
)

func TestWhoMustProveAnSWFFile(t *testing.T) {
	c := &Control{
		Catalog: &shelf{}, Apps: map[string]Rules{"live": {}, "event": {}, "free": {}},
		SWF: map[string][]rtmp.SWF{"live": {{Size: 1}}, "event": {{Size: 2}, {Size: 3}}},
	}
	for connect, want := range map[string]struct {
		app   string
		files int
	}{
		"live": {"live", 1}, "event": {"event", 2}, "event/_definst_?a=b": {"event", 2}, "/event/x/": {"event", 2}, "free": {"free", 0},
		"": {"live", 1}, "cam": {"live", 1},
	} {
		if app, files := c.DemandedSWF(connect); app != want.app || len(files) != want.files {
			t.Errorf("%q: %s, %v; want %+v", connect, app, files, want)
		}
	}
	for _, tt := range []struct {
		app, name, protocol, proven string
		refused                     bool
	}{
		{"live", "cam", "rtmp", "live", false},
		{"live", "cam", "rtmp", "", true},
		{"live", "cam", "rtmpte", "", true},
		{"", "event/cam", "rtmp", "live", true},
		{"event", "cam", "rtmp", "event", false},
		{"event", "", "rtmp", "event", true}, // it is live/event
		{"free", "cam", "rtmp", "", false},
		{"live", "cam", "hls", "", false},
	} {
		err := c.Play(t.Context(), &hub.PlayRequest{App: tt.app, Name: tt.name, Protocol: tt.protocol, Proven: tt.proven})
		why, ok := errors.AsType[*hub.Refusal](err)
		if ok != tt.refused || ok && (why.Code != hub.Forbidden || !strings.Contains(why.Reason, "must prove which SWF file")) {
			t.Errorf("%+v: %v", tt, err)
		}
	}
}
