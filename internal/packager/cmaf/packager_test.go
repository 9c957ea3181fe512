package cmaf

import (
	"testing"
	"time"

	"github.com/millrace-live/millrace/media"
)

// FuzzPackager makes streams of any shape, three bytes a frame, and holds what
// comes out to what must be true of all: frames in order and unchanged, every
// track joined sample to sample within a period, no segment without a header,
// and no track of a period without a segment.
func FuzzPackager(f *testing.F) {
	f.Add([]byte("\x01\x00\x00\x02\x10\x00\x00\x20\x00\x00\x28\x01\x01\x28\xff"))
	f.Add([]byte("\x10\xff\x00\x00\x00\x00\x80\x01\x09\x40\xff\x02"))
	set := clipTracks(f)
	more := set
	for _, k := range []media.Kind{media.Video, media.Audio} {
		t := *set.Default(k)
		t.ID = 1
		more = more.With(&t)
	}
	sets := []*media.TrackSet{
		more,
		set,
		(*media.TrackSet)(nil).With(set.Default(media.Video)),
		(*media.TrackSet)(nil).With(set.Default(media.Audio)),
		set.With(&media.Track{Kind: media.Video, Codec: media.AV1}),
		nil,
	}
	type track struct {
		kind media.Kind
		id   uint8
	}
	f.Fuzz(func(t *testing.T, script []byte) {
		var (
			now   time.Duration
			epoch uint32
			made  []*media.Frame
			seen  = make(map[track]int) // of each the newest frame's number, from 1
			last  = make(map[track]*Segment)
			all   []*Segment
		)
		p := NewPackager(0, func(s *Segment) {
			if s.Header == nil || s.Samples == 0 {
				t.Fatalf("segment %+v", s)
			}
			all = append(all, s)
			of := track{s.Kind, s.Header.Track.ID}
			if before := last[of]; before != nil && before.Period == s.Period &&
				(before.Start+before.Duration != s.Start || before.Header != s.Header) {
				t.Fatalf("%d+%d, then %d", before.Start, before.Duration, s.Start)
			}
			last[of] = s
			at := s.Start
			for _, chunk := range readSegment(t, s.Bytes) {
				for _, sample := range chunk.samples {
					at += int64(sample.duration)
					i := int(sample.payload[0]) | int(sample.payload[1])<<8
					if i < seen[of] || (track{made[i].Kind, made[i].Track}) != of || sample.duration == 0 {
						t.Fatalf("frame %d after %d", i, seen[of])
					}
					seen[of] = i + 1
				}
			}
			if at != s.Start+s.Duration {
				t.Fatalf("samples end at %d of %d+%d", at, s.Start, s.Duration)
			}
		})
		for i := 0; i+3 <= len(script) && i < 3*4000; i += 3 {
			now += time.Duration(script[i]) * 20 * time.Millisecond
			b, c := script[i+1], script[i+2]
			if b&0x80 != 0 {
				epoch++
			}
			frame := &media.Frame{
				Kind: media.Video + media.Kind(b&1), Class: media.Class(b >> 1 & 3), Track: b >> 6 & 1, Epoch: epoch,
				DTS: int64(now), PTS: int64(now) + int64(int8(c))*int64(time.Millisecond),
				Arrival: clipBegin.Add(now), Tracks: sets[int(b>>3&7)%len(sets)],
				Payload: []byte{byte(len(made)), byte(len(made) >> 8)},
			}
			made = append(made, frame)
			p.Write(frame)
		}
		p.End()
		checkPeriods(t, all)
		if p.bytes != 0 {
			t.Fatalf("%d bytes are counted at the end", p.bytes)
		}
	})
}

func BenchmarkPackager(b *testing.B) {
	l := newLive(b)
	l.run(0, 60*time.Second, true, true)
	payload := make([]byte, 20_000)
	for _, f := range l.frames {
		f.Payload = payload
		if f.Kind == media.Audio {
			f.Payload = payload[:350]
		}
	}
	b.ReportAllocs()
	for b.Loop() {
		p := NewPackager(0, func(*Segment) {})
		for _, f := range l.frames {
			p.Write(f)
		}
		p.End()
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(l.frames)), "ns/frame")
}
