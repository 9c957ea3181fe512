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
	second := &media.Track{Kind: media.Video, ID: 1, Codec: media.HEVC, Config: []byte{1, 2}, Format: &media.HEVCConfig{}}
	speex := &media.Track{Kind: media.Audio, Codec: media.Speex}
	sameVideo := *video
	otherVideo := &media.Track{Kind: media.Video, Codec: media.H264, Config: []byte{1, 3}, Format: &media.AVCConfig{}}

	one := (*media.TrackSet)(nil).With(video).With(audio)
	three := one.With(second)
	two := (*media.TrackSet)(nil).With(otherVideo).With(second)
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
			[]string{"audio@0 af01|07"},
		},
		{"an equal track", frame(media.Audio, media.Key, three.With(&sameVideo), 0, 0, 7), []string{"audio@0 af01|07"}},
		{
			"another size", frame(media.Audio, media.Key, three.With(otherVideo), 0, 0, 7),
			[]string{"video@0 1700000000|0103", "audio@0 af01|07"},
		},
		{
			"a second track", &media.Frame{Kind: media.Video, Track: 1, Tracks: three, Payload: []byte{1}},
			[]string{"video@0 1700000000|0102"},
		},
		{"the sound is over", frame(media.Video, media.Inter, two, 0, 0, 7), []string{"video@0 1700000000|0103", "video@0 2701000000|07"}},
		{
			"the picture is over, too", &media.Frame{Kind: media.Video, Class: media.Command, Tracks: two.With(speex), Payload: []byte{0x57, 0}, Header: 1},
			[]string{"video@0 |5700"},
		},
		{
			"carried as it came", &media.Frame{Kind: media.Audio, Header: 1, Tracks: one.With(speex), Payload: []byte{0xb6, 1}},
			[]string{"video@0 1700000000|0102", "audio@0 |b601"},
		},
		{"a frame of no track", &media.Frame{Kind: media.Audio, Track: 5, Tracks: one.With(speex), Payload: []byte{1}}, nil},
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

// What readers of different kinds get of the same two frames: a picture of the
// default track, with nanoseconds, and one of another track; then one when that
// other track, and the light of the default one, are gone.
func TestMuxAccepts(t *testing.T) {
	hevc := &media.Track{
		Kind: media.Video, Codec: media.HEVC, Config: []byte{1}, Format: &media.HEVCConfig{},
		Color: &media.ColorInfo{BitDepth: 10},
	}
	avc := &media.Track{Kind: media.Video, ID: 1, Codec: media.H264, Config: []byte{2}, Format: &media.AVCConfig{}}
	ac3 := &media.Track{
		Kind: media.Audio, Codec: media.AC3, Format: &media.AC3Config{},
		Layout: &media.Layout{Order: media.NativeOrder, Count: 6, Mask: 0x60f},
	}
	dark := *hevc
	dark.Color = nil
	before := (*media.TrackSet)(nil).With(hevc).With(avc).With(ac3)
	after := (*media.TrackSet)(nil).With(&dark).With(ac3)
	frames := []*media.Frame{
		{Kind: media.Video, Class: media.Key, Tracks: before, PTS: 33_000_250, Payload: []byte{9}},
		{Kind: media.Video, Class: media.Inter, Track: 1, Tracks: before, Payload: []byte{8}},
		{Kind: media.Video, Class: media.Inter, Tracks: after, Payload: []byte{7}},
	}
	const (
		color   = "020009" + "636f6c6f72496e666f" + "03000b" + "636f6c6f72436f6e666967" + "030008" + "6269744465707468" + "004024000000000000" + "000009" + "000009"
		noColor = "020009" + "636f6c6f72496e666f" + "06"
	)
	for _, c := range []struct {
		name   string
		accept Accept
		want   []string
	}{
		{"nothing said", Accept{}, []string{
			"video@0 9068766331|01", "audio@0 9061632d33|", "video@0 9168766331000021|09", "video@0 a368766331|07",
		}},
		{"all tracks", Accept{Tracks: true}, []string{
			"video@0 9068766331|01", "video@0 96006176633101|02", "audio@0 9061632d33|",
			"video@0 9168766331000021|09", "video@0 a6036176633101|08",
			"video@0 96026176633101|", "video@0 a368766331|07",
		}},
		{"nanoseconds", Accept{Nano: true}, []string{
			"video@0 9068766331|01", "audio@0 9061632d33|", "video@0 97020000fa0168766331000021|09", "video@0 a368766331|07",
		}},
		{"metadata and channels", Accept{Metadata: true, Channels: true}, []string{
			"video@0 9068766331|01", "video@0 d468766331|" + color, "audio@0 9061632d33|", "audio@0 9461632d33|01060000060f",
			"video@0 9168766331000021|09", "video@0 d468766331|" + noColor, "video@0 a368766331|07",
		}},
		{"HEVC alone", Accept{Codecs: CodecSet(0).With(media.HEVC)}, []string{
			"video@0 9068766331|01", "video@0 9168766331000021|09", "video@0 a368766331|07",
		}},
		{"AV1 alone", Accept{Tracks: true, Codecs: CodecSet(0).With(media.AV1)}, []string{
			"video@0 96006176633101|02", "video@0 a6036176633101|08", "video@0 96026176633101|",
		}},
	} {
		m := Muxer{Accept: c.accept}
		var tags []Tag
		for _, f := range frames {
			tags = m.Mux(tags, f)
		}
		if got := bodies(tags); !slices.Equal(got, c.want) {
			t.Errorf("%s\ngot  %q\nwant %q", c.name, got, c.want)
		}
		for _, track := range before.Tracks {
			refused := c.accept.Codecs != 0 && track.Codec != media.H264 && !c.accept.Codecs.Has(track.Codec)
			if c.accept.Refused(track) != refused {
				t.Errorf("%s: %v refused: %v", c.name, track.Codec, !refused)
			}
		}
	}
}

// A default track that is over leaves its place to the next one.
func TestMuxDefaultTrackChanges(t *testing.T) {
	var d Demuxer
	var m Muxer
	var tags []Tag
	for _, body := range []string{
		"90 61766331" + avcC, "96 00 61766331 01" + otherAVCC,
		"93 61766331 000000026503", "96 03 61766331 01 000000026501",
		"92 61766331", "96 03 61766331 01 000000026502",
		"96 02 61766331 01", "92 61766331",
	} {
		frames, err := d.Demux(TagVideo, 0, unhex(t, body))
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range frames {
			tags = m.Mux(tags, f)
		}
	}
	want := []string{
		"video@0 1700000000|" + spaceless([]string{avcC})[0], "video@0 1701000000|000000026503",
		"video@0 1700000000|" + spaceless([]string{otherAVCC})[0], "video@0 1701000000|000000026502",
		"video@0 1702000000|",
	}
	if got := bodies(tags); !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

// The set of tracks is the same behind a muxer whose reader accepts all.
func TestMuxPassesEndsOn(t *testing.T) {
	var d, behind Demuxer
	m := Muxer{Accept: AcceptAll}
	for _, step := range []struct {
		kind TagType
		body string
		left int
	}{
		{TagVideo, "17 00 000000" + avcC, 0},
		{TagAudio, "af 00 1210", 0},
		{TagAudio, "95 00 4f707573 01" + opusHeader, 0},
		{TagVideo, "17 01 000000 000000026500", 3},
		{TagAudio, "92 6d703461", 2},
		{TagVideo, "92 61766331", 1},
		{TagAudio, "95 02 4f707573 01", 0},
	} {
		frames, err := d.Demux(step.kind, 0, unhex(t, step.body))
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range frames {
			for _, tag := range m.Mux(nil, f) {
				if _, err := behind.Demux(tag.Type, 0, append(bytes.Clone(tag.Head()), tag.Payload...)); err != nil {
					t.Fatal(err)
				}
			}
			if n := len(behind.Tracks().Tracks); n != step.left || names(behind.Tracks()) != names(d.Tracks()) {
				t.Errorf("%s: %d tracks", step.body, n)
			}
		}
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

// The same of every part of the enhanced form, and for readers who take another
// part of it.
func TestMuxEnhancedAllocates(t *testing.T) {
	var d Demuxer
	mustDemux(t, &d, TagVideo, 0, "90 61763031"+av1Record)
	mustDemux(t, &d, TagVideo, 0, "96 00 61766331 01"+avcC)
	mustDemux(t, &d, TagAudio, 0, "94 6d703461 01 02 00000003")
	mustDemux(t, &d, TagAudio, 0, "af 00 1210")
	var frames []*media.Frame
	for _, b := range []string{
		"97 02 03d090 01 61763031 12003201aa", "97 02 03d090 06 01 61766331 01 000021 0000000165", "93 76766331 00",
	} {
		frames = append(frames, mustDemux(t, &d, TagVideo, 0, b))
	}
	frames = append(frames, mustDemux(t, &d, TagAudio, 0, "97 02 03d090 01 6d703461 de02"))
	for _, a := range []Accept{{}, AcceptAll, {Codecs: CodecSet(0).With(media.Opus)}} {
		m := Muxer{Accept: a}
		dst := make([]Tag, 0, 32)
		for _, f := range frames {
			dst = m.Mux(dst, f)
			if got := testing.AllocsPerRun(100, func() { dst = m.Mux(dst[:0], f) }); got != 0 {
				t.Errorf("%+v, %v %d: %v allocations", a, f.Kind, f.Track, got)
			}
		}
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
