package ts

import (
	"testing"
	"time"

	"github.com/millrace-live/millrace/media"
)

// FuzzPackager makes streams of steps of four bytes: kind, class and track; time;
// size. Whatever comes, the packets must be right.
func FuzzPackager(f *testing.F) {
	f.Add([]byte("\x01\x28\x28\xff\x02\x00\x10\x10\x11\x28\x28\x10\x21\x28\x28\x10\x42\x00\x20\x20"))
	f.Add([]byte("\x81\xff\xff\xff\x02\x10\x01\x01\x01\x7f\x00\x30\x02\x80\x40\x40\x31\x90\x02\x02"))
	var sets []*media.TrackSet
	for _, name := range []string{"ffmpeg-5.1-publish", "libav-8.1-hevc-eac3", "libav-8.1-multitrack", "enhanced-hevc-opus-aac"} {
		frames := readClip(f, clips+name+".flv")
		sets = append(sets, frames[len(frames)-1].Tracks)
	}
	f.Fuzz(func(t *testing.T, steps []byte) {
		if len(steps) > 4*2000 {
			return
		}
		r := newReader()
		segments := 0
		c := NewCutter(time.Second, func(s *Segment) {
			segments += len(s.Bytes)
			if s.Duration < 0 || s.Bytes[1] != 0x40 || s.Bytes[2] != 0 {
				t.Fatalf("a segment of %d ticks begins with %x", s.Duration, s.Bytes[:4])
			}
		})
		bursts := 0
		p := NewPackager(func(b Burst) {
			if err := r.read(b.Bytes); err != nil {
				t.Fatal(err)
			}
			if bursts == 0 && !b.Start {
				t.Fatal("the first burst is no start")
			}
			bursts += len(b.Bytes)
			c.Put(b)
		})
		var at int64
		epoch := uint32(0)
		last := map[media.Kind]map[uint8]int64{media.Video: {}, media.Audio: {}}
		for ; len(steps) >= 4; steps = steps[4:] {
			kind := media.Video
			if steps[0]&2 != 0 {
				kind = media.Audio
			}
			if steps[0]&0x80 != 0 {
				epoch++
			}
			at += int64(int8(steps[1])) * int64(time.Millisecond)
			if steps[1] == 0x7f {
				at += int64(20 * time.Second)
			}
			track := steps[0] >> 6 & 1
			dts := max(at, last[kind][track]+int64(time.Millisecond)) // as the hub repairs times
			last[kind][track] = dts
			frame := &media.Frame{
				Kind: kind, Class: media.Class(steps[0] >> 2 & 1), Track: track, DTS: dts, PTS: dts + int64(int8(steps[2]))*int64(time.Millisecond),
				Epoch: epoch, Tracks: sets[steps[0]>>4&3], Payload: make([]byte, int(steps[3])*int(steps[3])),
			}
			for i := range frame.Payload {
				frame.Payload[i] = steps[i&3] & byte(i>>3)
			}
			p.Write(frame)
			if steps[2]&1 != 0 {
				p.Flush()
			}
		}
		p.End()
		c.End()
		if segments != bursts {
			t.Fatalf("%d bytes of segments out of %d of bursts", segments, bursts)
		}
		if err := r.end(); err != nil {
			t.Fatal(err)
		}
	})
}
