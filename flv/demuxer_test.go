package flv

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/millrace-live/millrace/media"
)

const (
	sps          = "6764000bacd9434fe59fff000200031000003e90000bb800f1429960"
	pps          = "68ebe3cb22c0"
	avcC         = "0164000bffe1001c" + sps + "010006" + pps + "fdf8f800"
	otherAVCC    = "0142c00cffe1001d6742c00cd901419f9fff0003000410000003001000000301e0f142a480010006" + pps
	annexBConfig = "00000001" + sps + "00000001" + pps
)

// mustDemux reads a body written in hexadecimal.
func mustDemux(t testing.TB, d *Demuxer, kind TagType, dts time.Duration, body string) *media.Frame {
	t.Helper()
	frames, err := d.Demux(kind, int64(dts), unhex(t, body))
	if err != nil {
		t.Fatal(err)
	}
	if len(frames) == 0 {
		return nil
	}
	return frames[0]
}

func TestDemuxBareFrames(t *testing.T) {
	var d Demuxer
	if f := mustDemux(t, &d, TagVideo, 0, "17 00 000000"+avcC); f != nil {
		t.Errorf("a sequence header made %+v", f)
	}
	if f := mustDemux(t, &d, TagAudio, 0, "af 00 1210"); f != nil {
		t.Errorf("a sequence header made %+v", f)
	}
	video, audio := d.Tracks().Default(media.Video), d.Tracks().Default(media.Audio)
	if !bytes.Equal(video.Config, unhex(t, avcC)) || video.Picture().Width != 200 || video.Codec != media.H264 {
		t.Errorf("video track %+v", video)
	}
	if !bytes.Equal(audio.Config, unhex(t, "1210")) || audio.Sound().SampleRate != 44100 || audio.Codec != media.AAC {
		t.Errorf("audio track %+v", audio)
	}

	f := mustDemux(t, &d, TagVideo, time.Second, "27 01 000028 00000002 4142")
	if f.Kind != media.Video || f.Class != media.Inter || f.Header != 0 || f.Tracks != d.Tracks() ||
		f.DTS != 1e9 || f.PTS != 1.04e9 || !bytes.Equal(f.Payload, unhex(t, "000000024142")) {
		t.Errorf("got %+v", f)
	}
	f = mustDemux(t, &d, TagAudio, time.Second, "af 01 de02")
	if f.Kind != media.Audio || f.Class != media.Key || f.Header != 0 || f.Tracks != d.Tracks() ||
		f.DTS != 1e9 || f.PTS != 1e9 || !bytes.Equal(f.Payload, unhex(t, "de02")) {
		t.Errorf("got %+v", f)
	}
}

func TestDemuxWithoutFrame(t *testing.T) {
	for _, c := range []struct {
		name, body string
		kind       TagType
	}{
		{"no sound", "", TagAudio},
		{"no picture", "", TagVideo},
		{"no script", "", TagScript},
		{"nothing but the AMF3 format byte", "00", TagScriptAMF3},
		{"an AAC header alone", "af 01", TagAudio},
		{"an AVC header alone", "27 01 000000", TagVideo},
		{"an Opus header alone", "91 4f707573", TagAudio},
		{"start codes and no unit", "17 01 000000 00000001000001", TagVideo},
	} {
		t.Run(c.name, func(t *testing.T) {
			var d Demuxer
			mustDemux(t, &d, TagVideo, 0, "17 00 000000"+avcC)
			mustDemux(t, &d, TagAudio, 0, "af 00 1210")
			before := d.Tracks()
			if f := mustDemux(t, &d, c.kind, 0, c.body); f != nil {
				t.Errorf("got %+v", f)
			}
			if d.Tracks() != before {
				t.Error("another set of tracks")
			}
		})
	}
}

func TestDemuxKeepsTrackSet(t *testing.T) {
	var d Demuxer
	steps := []struct {
		name, body string
		kind       TagType
		changes    bool
	}{
		{"video", "17 00 000000" + avcC, TagVideo, true},
		{"video again", "17 00 000000" + avcC, TagVideo, false},
		{"audio", "af 00 1210", TagAudio, true},
		{"audio again", "af 00 1210", TagAudio, false},
		{"frames", "17 01 000000 0000000165", TagVideo, false},
		{"an empty header", "17 00 000000", TagVideo, false},
		{"another size", "17 00 000000" + otherAVCC, TagVideo, true},
		{"another rate", "af 00 1190", TagAudio, true},
		{"a second track", "96 00 61766331 01" + avcC, TagVideo, true},
		{"a second track again", "96 00 61766331 01" + avcC, TagVideo, false},
		{"the enhanced form", "90 61766331" + otherAVCC, TagVideo, false},
		{"a frame of it", "93 61766331 0000000165", TagVideo, false},
		{"another codec, without a header", "12 00", TagVideo, true},
		{"the same", "22 00", TagVideo, false},
		{"an end of sequence", "17 02 000000", TagVideo, false},
	}
	for _, s := range steps {
		before := d.Tracks()
		mustDemux(t, &d, s.kind, 0, s.body)
		if changed := d.Tracks() != before; changed != s.changes {
			t.Errorf("%s: changed %v", s.name, changed)
		}
	}
	if got := d.Tracks().Find(media.Video, 1); got.Codec != media.H264 || got.Format == nil ||
		!bytes.Equal(got.Config, unhex(t, avcC)) {
		t.Errorf("second track %+v", got)
	}
}

// Nothing downstream may find a bare frame whose configuration is not known.
func TestDemuxBeforeConfiguration(t *testing.T) {
	for _, c := range []struct {
		name, config, frame string
		kind                TagType
		header              int
	}{
		{"AVC without one", "", "17 01 000000 00000001000001", TagVideo, 5},
		{"AVC with a broken one", "17 00 000000 01640028ffe1", "17 01 000000 0000000165", TagVideo, 5},
		{"AAC without one", "", "af 01 de02", TagAudio, 2},
		{"AAC with a broken one", "af 00 02", "af 01 de02", TagAudio, 2},
		{"a second track of AVC", "", "96 01 61766331 00 000000 0000000165", TagVideo, 10},
		{"VVC with a broken one", "90 76766331 00", "93 76766331 0000000165", TagVideo, 5},
		{"Opus by a number", "", "df 01 fcaa", TagAudio, 1},
		{"a FourCC that nobody knows", "90 61616161 00", "91 61616161 00", TagVideo, 5},
	} {
		t.Run(c.name, func(t *testing.T) {
			var d Demuxer
			mustDemux(t, &d, c.kind, 0, c.config)
			f := mustDemux(t, &d, c.kind, 0, c.frame)
			if f.Header != c.header || !bytes.Equal(f.Payload, unhex(t, c.frame)) {
				t.Errorf("got %+v", f)
			}
			track := f.Tracks.Find(f.Kind, 0)
			if track == nil || track.Format != nil || !bytes.Equal(track.Config, unhex(t, c.config)) {
				t.Errorf("track %+v", track)
			}
		})
	}
}

func TestDemuxAnnexB(t *testing.T) {
	var d Demuxer
	mustDemux(t, &d, TagVideo, 0, "17 00 000000"+annexBConfig)
	if got := d.Tracks().Default(media.Video); !bytes.Equal(got.Config, unhex(t, avcC)) {
		t.Errorf("configuration %x", got.Config)
	}
	f := mustDemux(t, &d, TagVideo, 0, "17 01 000000 00000001 09f0 000001 6588")
	if !bytes.Equal(f.Payload, unhex(t, "00000002 09f0 00000002 6588")) {
		t.Errorf("payload %x", f.Payload)
	}
}

func TestDemuxCommands(t *testing.T) {
	var d Demuxer
	f := mustDemux(t, &d, TagVideo, 0, "57 00")
	if f.Class != media.Command || f.Header != 1 || f.Tracks == nil || len(f.Tracks.Tracks) != 0 {
		t.Errorf("seek mark: %+v", f)
	}
	mustDemux(t, &d, TagVideo, 0, "17 00 000000"+avcC)
	f = mustDemux(t, &d, TagVideo, 0, "17 02 000000")
	if f.Class != media.Command || f.Header != 5 || f.Tracks != d.Tracks() || len(f.Payload) != 5 {
		t.Errorf("end of sequence: %+v", f)
	}
}

func TestDemuxScript(t *testing.T) {
	const metadata, text = "02 000a 6f6e4d65746144617461 05", "02 000a 6f6e5465787444617461 05"
	for _, c := range []struct {
		name, body string
		kind       TagType
		class      media.Class
		payload    string
	}{
		{"onMetaData", metadata, TagScript, media.Key, metadata},
		{"onTextData", text, TagScript, media.Inter, text},
		{"onMetaData in the AMF3 form", "00" + metadata, TagScriptAMF3, media.Key, metadata},
		{"onMetaData in the AMF3 form without its byte", metadata, TagScriptAMF3, media.Key, metadata},
		{"a number", "00 4000000000000000", TagScript, media.Inter, "00 4000000000000000"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var d Demuxer
			f := mustDemux(t, &d, c.kind, time.Second, c.body)
			if f.Kind != media.Data || f.Class != c.class || f.DTS != 1e9 || f.PTS != 1e9 ||
				!bytes.Equal(f.Payload, unhex(t, c.payload)) {
				t.Errorf("got %+v", f)
			}
		})
	}
}

func TestDemuxRefuses(t *testing.T) {
	var d Demuxer
	if _, err := d.Demux(TagType(7), 0, []byte{1}); err == nil {
		t.Error("a tag of type 7 was taken")
	}
	if _, err := d.Demux(TagVideo, 0, []byte{0x17}); !errors.Is(err, ErrTruncated) {
		t.Errorf("a cut header: %v", err)
	}
	if _, err := d.Demux(TagVideo, 0, append(unhex(t, "90 68766331"), make([]byte, maxConfig+1)...)); err == nil {
		t.Error("a sequence header of 64 KiB was taken")
	}
	if d.Tracks() != nil {
		t.Errorf("tracks %+v", d.Tracks())
	}
	mustDemux(t, &d, TagVideo, 0, "17 00 000000"+strings.Replace(avcC, "ff", "fc", 1)) // lengths of one byte
	long := append(unhex(t, "17 01 000000 000001"), bytes.Repeat([]byte{0x65}, 300)...)
	if _, err := d.Demux(TagVideo, 0, long); err == nil {
		t.Error("a unit of 300 bytes fits a length of one byte")
	}
}

func TestDemuxAllocates(t *testing.T) {
	var d Demuxer
	mustDemux(t, &d, TagVideo, 0, "17 00 000000"+avcC)
	mustDemux(t, &d, TagAudio, 0, "af 00 1210")
	mustDemux(t, &d, TagVideo, 0, "96 03 68766331 01 00")
	for _, c := range []struct {
		kind TagType
		body string
	}{
		{TagVideo, "17 01 000000 0000000165"},
		{TagAudio, "af 01 de02"},
		{TagVideo, "97 02 03d090 06 03 68766331 01 00"},
	} {
		body := unhex(t, c.body)
		got := testing.AllocsPerRun(100, func() {
			if f, err := d.Demux(c.kind, 0, body); len(f) != 1 || err != nil {
				t.Fatal(f, err)
			}
		})
		if got != 1 {
			t.Errorf("%s: %v allocations, want the frame alone", c.body, got)
		}
	}
}

func FuzzDemuxer(f *testing.F) {
	for _, file := range files(f) {
		n := 0
		for _, tag := range readTags(f, file) {
			if n++; n > 6 {
				break
			}
			if len(tag.body) < 4096 {
				f.Add(byte(tag.kind), tag.body, tag.body)
			}
		}
	}
	f.Add(byte(9), unhex(f, "17 00 000000"+avcC), unhex(f, "17 01 000000 000000010900000001658800"))
	for _, v := range vectors {
		f.Add(byte(tagType(v.kind)), unhex(f, v.first), unhex(f, v.body))
	}
	f.Fuzz(func(t *testing.T, kind byte, first, second []byte) {
		var d Demuxer
		all := Muxer{Accept: AcceptAll}
		var old Muxer
		var again Demuxer
		for _, body := range [][]byte{first, second, second} {
			frames, err := d.Demux(TagType(kind), 1e9, body)
			if err != nil && len(body) == 0 {
				t.Fatal("an error of nothing")
			}
			for _, frame := range frames {
				checkFrame(t, frame)
				old.Mux(nil, frame)
				tags := all.Mux(nil, frame)
				for i := range tags {
					out := append(bytes.Clone(tags[i].Head()), tags[i].Payload...)
					back, err := again.Demux(tags[i].Type, 1e9, out)
					if err != nil {
						t.Fatalf("%x came out as %x, which is read with %v", body, out, err)
					}
					if i == len(tags)-1 && frame.Class != media.Command && frame.Kind != media.Data {
						checkAlike(t, frame, back)
					}
				}
				if n := len(all.Mux(nil, frame)); n > 1 {
					t.Fatal("sequence headers twice")
				}
			}
		}
	})
}

func checkFrame(t *testing.T, f *media.Frame) {
	if f.Kind == media.Data {
		return
	}
	track := f.Tracks.Find(f.Kind, f.Track)
	switch {
	case f.Class != media.Command && track == nil:
		t.Fatal("a frame without a track")
	case f.Header == 0 && track.Format == nil:
		t.Fatal("a bare frame without a configuration")
	case f.Header > len(f.Payload):
		t.Fatal("a header beyond the payload")
	}
}

// checkAlike compares a frame with what came back of it.
func checkAlike(t *testing.T, f *media.Frame, back []*media.Frame) {
	if len(back) != 1 {
		t.Fatalf("%+v came back as %d frames", f, len(back))
	}
	b := back[0]
	if b.Kind != f.Kind || b.Class != f.Class || b.Track != f.Track || b.DTS != f.DTS || b.PTS != f.PTS ||
		!bytes.Equal(b.Payload[b.Header:], f.Payload[f.Header:]) {
		t.Fatalf("%+v came back as %+v", f, b)
	}
}
