package flv

import (
	"bytes"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/millrace-live/millrace/media"
)

func bodies(tags []Tag) []string {
	var all []string
	for i := range tags {
		t := &tags[i]
		if t.Size() != len(t.Head())+len(t.Payload) {
			panic("size")
		}
		all = append(all, fmt.Sprintf("%v@%d %x|%x", t.Type, t.Timestamp, t.Head(), t.Payload))
	}
	return all
}

func TestMux(t *testing.T) {
	video := &media.Track{Kind: media.Video, Codec: media.H264, Config: []byte{1, 2}, Format: &media.AVCConfig{}}
	audio := &media.Track{Kind: media.Audio, Codec: media.AAC, Config: []byte{0x12, 0x10}, Format: &media.AACConfig{}}
	second := &media.Track{Kind: media.Video, ID: 1, Codec: media.HEVC, Config: unhex(t, "96 00 68766331 01 01")}
	bareSecond := &media.Track{Kind: media.Video, ID: 1, Codec: media.H264, Config: []byte{1, 2}, Format: &media.AVCConfig{}}
	mp3 := &media.Track{Kind: media.Audio, Codec: media.MP3}
	sameVideo := *video
	otherVideo := &media.Track{Kind: media.Video, Codec: media.H264, Config: []byte{1, 3}, Format: &media.AVCConfig{}}

	one := (*media.TrackSet)(nil).With(video).With(audio)
	three := one.With(second)
	frame := func(k media.Kind, c media.Class, s *media.TrackSet, dts, pts time.Duration, payload ...byte) *media.Frame {
		return &media.Frame{Kind: k, Class: c, Tracks: s, DTS: int64(dts), PTS: int64(pts), Payload: payload}
	}
	const ms = time.Millisecond
	steps := []struct {
		name  string
		frame *media.Frame
		want  []string
	}{
		{"metadata comes before the headers", frame(media.Data, media.Key, one, 0, 0, 2, 0), []string{"script@0 |0200"}},
		{
			"the first frame brings all headers", frame(media.Video, media.Key, one, 40*ms, 73*ms, 9),
			[]string{"video@40 1700000000|0102", "audio@40 af00|1210", "video@40 1701000021|09"},
		},
		{"and the next none", frame(media.Audio, media.Key, one, 41*ms, 41*ms, 8), []string{"audio@41 af01|08"}},
		{
			"disposable, shown before it is decoded", frame(media.Video, media.Disposable, one, 80*ms, 40*ms, 7),
			[]string{"video@80 3701ffffd8|07"},
		},
		{"generated", frame(media.Video, media.Generated, one, 80*ms, 80*ms, 7), []string{"video@80 4701000000|07"}},
		{
			"below a millisecond", frame(media.Video, media.Inter, one, 80*ms+900*time.Microsecond, 81*ms, 7),
			[]string{"video@80 2701000001|07"},
		},
		{"before zero", frame(media.Video, media.Inter, one, -1, 0, 7), []string{"video@4294967295 2701000001|07"}},
		{"beyond 2^32 ms", frame(media.Audio, media.Key, one, 1<<32*ms+5*ms, 1<<32*ms+5*ms, 7), []string{"audio@5 af01|07"}},
		{
			"another track", frame(media.Audio, media.Key, three, 0, 0, 7),
			[]string{"video@0 |960068766331" + "0101", "audio@0 af01|07"},
		},
		{"an equal track", frame(media.Audio, media.Key, three.With(&sameVideo), 0, 0, 7), []string{"audio@0 af01|07"}},
		{
			"another size", frame(media.Audio, media.Key, three.With(otherVideo), 0, 0, 7),
			[]string{"video@0 1700000000|0103", "audio@0 af01|07"},
		},
		{
			"a bare second track has no legacy form", &media.Frame{Kind: media.Video, Track: 1, Tracks: one.With(bareSecond), Payload: []byte{1}},
			[]string{"video@0 1700000000|0102"},
		},
		{
			"carried as it came", &media.Frame{Kind: media.Audio, Header: 1, Tracks: one.With(mp3), Payload: []byte{0x2f, 1}},
			[]string{"audio@0 |2f01"},
		},
		{"a codec without a bare form", &media.Frame{Kind: media.Audio, Tracks: one.With(mp3), Payload: []byte{1}}, nil},
		{"cleared metadata", frame(media.Data, media.Key, one, 0, 0), nil},
		{"opaque", frame(media.Opaque, media.Inter, one, 0, 0, 1), nil},
	}
	var m Muxer
	for _, s := range steps {
		if got := bodies(m.Mux(nil, s.frame)); !slices.Equal(got, s.want) {
			t.Errorf("%s\ngot  %v\nwant %v", s.name, got, s.want)
		}
	}
	tags := m.Mux([]Tag{{Type: 1}}, steps[2].frame)
	if tags[0].Type != 1 || len(tags) < 2 {
		t.Errorf("not appended: %v", tags)
	}
}

// The payload is shared by all readers.
func TestMuxSharesPayload(t *testing.T) {
	var d Demuxer
	mustDemux(t, &d, TagVideo, 0, "17 00 000000"+avcC)
	f := mustDemux(t, &d, TagVideo, 0, "17 01 000000 0000000165")
	before := bytes.Clone(f.Payload)
	var a, b Muxer
	x, y := a.Mux(nil, f), b.Mux(nil, f)
	if &x[1].Payload[0] != &f.Payload[0] || &y[1].Payload[0] != &f.Payload[0] || !bytes.Equal(f.Payload, before) {
		t.Error("the payload was copied or changed")
	}
}

func TestMuxAllocates(t *testing.T) {
	var d Demuxer
	mustDemux(t, &d, TagVideo, 0, "17 00 000000"+avcC)
	mustDemux(t, &d, TagAudio, 0, "af 00 1210")
	video := mustDemux(t, &d, TagVideo, 0, "17 01 000000 0000000165")
	audio := mustDemux(t, &d, TagAudio, 0, "af 01 de02")
	var m Muxer
	dst := make([]Tag, 0, 8)
	if got := testing.AllocsPerRun(100, func() {
		dst = m.Mux(m.Mux(dst[:0], video), audio)
		if len(dst[0].Head()) != 5 {
			t.Fatal("head")
		}
	}); got != 0 {
		t.Errorf("%v allocations", got)
	}
}

func BenchmarkMux(b *testing.B) {
	var d Demuxer
	mustDemux(b, &d, TagVideo, 0, "17 00 000000"+avcC)
	f := mustDemux(b, &d, TagVideo, 0, "17 01 000000 0000000165")
	var m Muxer
	dst := make([]Tag, 0, 8)
	b.ReportAllocs()
	for b.Loop() {
		dst = m.Mux(dst[:0], f)
	}
}

func BenchmarkDemux(b *testing.B) {
	var d Demuxer
	mustDemux(b, &d, TagVideo, 0, "17 00 000000"+avcC)
	body := unhex(b, "17 01 000000 0000000165")
	b.ReportAllocs()
	for b.Loop() {
		d.Demux(TagVideo, 0, body)
	}
}
