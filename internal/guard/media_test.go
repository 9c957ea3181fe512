package guard

import "testing"

func TestMedia(t *testing.T) {
	g := New(Options{Limits: Limits{
		Server: Scope{Bitrate: 8e6, Width: 3840, Height: 2160},
		Apps:   map[string]Scope{"live": {Bitrate: 20e6, Width: 1920, Height: 1080}, "low": {Bitrate: 2_500_000}},
	}})
	for app, want := range map[string]Media{
		"live": {8e6, 1920, 1080}, "low": {2_500_000, 3840, 2160}, "other": {8e6, 3840, 2160},
	} {
		if got := g.Media(app); got != want {
			t.Errorf("%s: got %+v, want %+v", app, got, want)
		}
	}
	m := g.Media("live")
	for _, fits := range [][2]int{{1920, 1080}, {1080, 1920}, {640, 360}, {1440, 1080}, {0, 0}} {
		if err := m.Picture(fits[0], fits[1]); err != nil {
			t.Errorf("%v: %v", fits, err)
		}
	}
	for _, large := range [][2]int{{1921, 1080}, {1920, 1081}, {1440, 1440}, {1080, 1921}} {
		refusedBy(t, m.Picture(large[0], large[1]), "resolution of a publisher", "max-resolution")
	}
	if err := m.Rate(8e6); err != nil {
		t.Error(err)
	}
	err := m.Rate(8_250_000)
	refusedBy(t, err, "bit rate of a publisher", "max-bitrate")
	if got, want := err.Error(), "The encoder sends 8.25 Mbit/s, and may send at most 8 Mbit/s (max-bitrate)."; got != want {
		t.Errorf("got %s", got)
	}
	if none := New(Options{}).Media("live"); none.Rate(1e12) != nil || none.Picture(1e6, 1e6) != nil {
		t.Error("there is a limit where none was set")
	}
}
