package bench

import (
	"testing"
	"time"

	"github.com/millrace-live/millrace/flv"
	"github.com/millrace-live/millrace/internal/tool"
	"github.com/millrace-live/millrace/media"
	"github.com/millrace-live/millrace/rtmp/message"
)

func TestSynthesise(t *testing.T) {
	for _, c := range []struct{ bitrate, fps, pictures int }{
		{2_000_000, 30, 1800}, {500_000, 25, 1500}, {64_000, 0, 0},
	} {
		clip := synthesise(c.bitrate, c.fps, keyDistance)
		var d flv.Demuxer
		size, keys := 0, 0
		for i, p := range clip.packets {
			body := append(append([]byte(nil), p.head...), p.body...)
			f, err := d.Demux(flv.TagType(p.typ), int64(p.timestamp)*int64(time.Millisecond), body)
			if err != nil || (len(f) == 0) != (p.ordinal < 0) {
				t.Fatalf("packet %d: %v, %v", i, f, err)
			}
			if i > 0 && p.timestamp < clip.packets[i-1].timestamp {
				t.Fatalf("packet %d goes back in time", i)
			}
			if len(f) == 1 && f[0].IsKey() {
				keys++
			}
			size += len(body)
		}
		if got := float64(size) * 8 / 60; got < 0.95*float64(c.bitrate) || got > 1.05*float64(c.bitrate) {
			t.Errorf("%d bit/s at %d pictures: %.0f bit/s", c.bitrate, c.fps, got)
		}
		if clip.counts[message.Video] != c.pictures || clip.counts[message.Audio] != 2584 {
			t.Errorf("%d pictures a second: %v", c.fps, clip.counts)
		}
		if want := min(c.fps, 1) * 30; keys != want {
			t.Errorf("%d key frames, want %d", keys, want)
		}
		if v := d.Tracks().Default(media.Video); c.fps > 0 && (v == nil || v.Picture() == nil || v.Picture().Width != 1280 || v.Picture().Height != 720) {
			t.Errorf("tracks are %s", tool.Describe(d.Tracks()))
		}
		if len(clip.tails) < len(clip.at)*9/10 {
			t.Errorf("%d ends of %d packets differ", len(clip.tails), len(clip.at))
		}
	}
}

func TestReadClip(t *testing.T) {
	for _, path := range []string{"../../demo/clip.flv", "../../mp4/testdata/moov-first.mp4"} {
		c, err := readClip(path)
		if err != nil {
			t.Fatal(err)
		}
		length := time.Duration(c.period) * time.Millisecond
		if length < 2900*time.Millisecond || length > 8200*time.Millisecond || c.counts[message.Video] < 50 || c.counts[message.Audio] < 50 {
			t.Errorf("%s: %v, %v", path, length, c.counts)
		}
		if c.packets[0].ordinal != -1 {
			t.Errorf("%s begins without a sequence header", path)
		}
		for i, p := range c.packets {
			if p.timestamp >= c.period {
				t.Errorf("%s: packet %d is behind the end", path, i)
			}
		}
	}
}
