package bench

import "testing"

func TestNumbered(t *testing.T) {
	for raw, want := range map[string]string{
		"rtmp://localhost/live/bench":              "rtmp://localhost/live/bench7",
		"rtmp://localhost/live/bench?key=a.flv":    "rtmp://localhost/live/bench7?key=a.flv",
		"http://localhost:8080/live/bench.flv":     "http://localhost:8080/live/bench7.flv",
		"http://localhost:8080/live/bench.flv?t=1": "http://localhost:8080/live/bench7.flv?t=1",
		"http://localhost/live/bench/index.m3u8":   "http://localhost/live/bench7/index.m3u8",
	} {
		if got := numbered(raw, 7); got != want {
			t.Errorf("%q becomes %q, want %q", raw, got, want)
		}
	}
}

// What is published to may be a key; what is played alone is no secret but for
// its query.
func TestShownAddress(t *testing.T) {
	for _, c := range []struct {
		o    Options
		want string
	}{
		{Options{URL: "rtmp://localhost/live/k3y?token=s", Publishers: 1}, "rtmp://localhost/live/***?***"},
		{Options{URL: "rtmp://localhost/live/cam1?token=s"}, "rtmp://localhost/live/cam1?***"},
		{
			Options{URL: "http://localhost/live/cam1.flv", PublishTo: "rtmp://localhost/live/k3y", Publishers: 1},
			"http://localhost/live/cam1.flv",
		},
	} {
		list, shown, err := c.o.streams()
		if err != nil || shown != c.want || len(list) != 1 {
			t.Errorf("%q is shown as %q, want %q; %v", c.o.URL, shown, c.want, err)
		}
	}
}
