package event

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/millrace-live/millrace/internal/hub"
)

// look is what the hub says every five seconds.
type look struct {
	bitrate int64
	keys    time.Duration
	quiet   time.Duration
	nobody  bool // is connected
	again   bool // another encoder
	gop     bool // the hub says that key frames are missing
	want    string
}

func TestHealth(t *testing.T) {
	steady := look{bitrate: 3_000_000, keys: 2 * time.Second}
	low := look{bitrate: 900_000, keys: 2 * time.Second}
	with := func(l look, want string) look { l.want = want; return l }
	for _, c := range []struct {
		name  string
		looks []look
	}{
		{"steady", []look{steady, steady, steady, steady}},
		{"a dip", []look{steady, steady, steady, low, steady}},
		{"fallen", []look{steady, steady, steady, low, with(low, "bitrate"), low, with(steady, "healthy"), steady}},
		{"a start that is slow", []look{{bitrate: 100_000}, steady, steady, steady}},
		{"key frames", []look{
			steady,
			{bitrate: 3_000_000, keys: 12 * time.Second, want: "key-frames"},
			{bitrate: 3_000_000, keys: 13 * time.Second},
			with(steady, "healthy"),
		}},
		{"no key frames", []look{
			steady,
			{bitrate: 3_000_000, keys: 2 * time.Second, gop: true, want: "key-frames"},
			steady,
			{bitrate: 3_000_000, keys: 3 * time.Second, want: "healthy"},
		}},
		{"silent", []look{
			steady, steady,
			{bitrate: 1, keys: 2 * time.Second, quiet: 6 * time.Second, want: "silent"},
			{keys: 2 * time.Second, quiet: 11 * time.Second},
			with(steady, "healthy"),
		}},
		{"gone, and back with less", []look{
			steady, steady, steady,
			{nobody: true, keys: 2 * time.Second},
			{bitrate: 500_000, keys: 2 * time.Second, again: true},
			{bitrate: 500_000, keys: 2 * time.Second},
			{bitrate: 500_000, keys: 2 * time.Second},
			{bitrate: 500_000, keys: 2 * time.Second},
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := NewFeed(Options{})
			f.Hub(start("live/cam1", "b"))
			f.queue.take(10)
			now := time.Now()
			began, generation := now, uint32(1)
			for n, l := range c.looks {
				now = now.Add(5 * time.Second)
				if l.again {
					generation++
				}
				if l.gop {
					f.Hub(hub.Event{Kind: hub.LongGOP, Stream: "live/cam1", Broadcast: "b"})
				}
				i := hub.StreamInfo{
					Name: "live/cam1", Broadcast: "b", Generation: generation, Bitrate: l.bitrate, KeyInterval: l.keys,
					LastMedia: now.Add(-l.quiet), Publisher: &hub.PublisherInfo{Since: began},
				}
				if l.nobody {
					i.Publisher = nil
				}
				f.poll([]hub.StreamInfo{i, {Name: "live/unknown", Broadcast: "c", Publisher: i.Publisher}}, now)
				var got []string
				for _, i := range f.queue.take(10) {
					d, ok := i.data.(*healthData)
					switch {
					case !ok:
					case d.Healthy:
						got = append(got, "healthy")
					default:
						for _, p := range d.Problems {
							got = append(got, p.Code)
						}
					}
				}
				if g := strings.Join(got, " "); g != l.want {
					t.Errorf("look %d tells %q, not %q", n, g, l.want)
				}
			}
		})
	}
}

func TestViewers(t *testing.T) {
	f := NewFeed(Options{})
	f.Hub(start("live/cam1", "b"))
	f.queue.take(10)
	now := time.Now()
	for n, c := range []struct {
		after   time.Duration
		viewers map[string]int
		want    string
	}{
		{0, nil, ""},
		{5 * time.Second, map[string]int{"rtmp": 1}, "map[rtmp:1]"},
		{5 * time.Second, map[string]int{"rtmp": 2}, ""},
		{20 * time.Second, map[string]int{"rtmp": 2, "hls": 5}, ""},
		{5 * time.Second, map[string]int{"rtmp": 2, "hls": 7}, "map[hls:7 rtmp:2]"},
		{60 * time.Second, map[string]int{"rtmp": 2, "hls": 7}, ""},
		{5 * time.Second, map[string]int{}, "map[]"},
	} {
		now = now.Add(c.after)
		f.poll([]hub.StreamInfo{{Name: "live/cam1", Broadcast: "b", Viewers: c.viewers}}, now)
		got := ""
		for _, i := range f.queue.take(10) {
			got += fmt.Sprint(i.data.(*viewersData).Viewers)
		}
		if got != c.want {
			t.Errorf("look %d tells %q, not %q", n, got, c.want)
		}
	}
}
