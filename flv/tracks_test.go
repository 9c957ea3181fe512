package flv

import (
	"bytes"
	"errors"
	"fmt"
	"testing"

	"github.com/millrace-live/millrace/media"
)

// realConfig returns the first sequence header of a file in enhanced form that
// has that FourCC, without its header of five bytes.
func realConfig(t *testing.T, file, fourCC string) []byte {
	t.Helper()
	for _, tag := range readTags(t, files(t)["testdata/"+file]) {
		if len(tag.body) > 5 && tag.body[0] == 0x90 && string(tag.body[1:5]) == fourCC {
			return tag.body[5:]
		}
	}
	t.Fatal("no sequence header of", fourCC)
	return nil
}

// The record tells H.264 from HEVC, whichever the CodecID names.
func TestDemuxMislabelled(t *testing.T) {
	hevc := fmt.Sprintf("%x", realConfig(t, "libav-8.1-hevc-ac3.flv", "hvc1"))
	for _, c := range []struct {
		name, config, frame string
		codec               media.Codec
		offset              int64 // milliseconds
	}{
		{"HEVC as 12", "1c 00 000000" + hevc, "1c 01 000021 00000002 2601", media.HEVC, 33},
		{"HEVC as 7", "17 00 000000" + hevc, "17 01 000021 00000002 2601", media.HEVC, 33},
		{"H.264 as 12", "1c 00 000000" + avcC, "1c 01 000021 00000002 6588", media.H264, 33},
		{"AV1 as 13", "1d 00 000000" + av1Record, "1d 01 000021 1200", media.AV1, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			var d Demuxer
			mustDemux(t, &d, TagVideo, 0, c.config)
			configured := d.Tracks()
			f := mustDemux(t, &d, TagVideo, 0, c.frame)
			track := f.Tracks.Default(media.Video)
			if f.Tracks != configured || track.Codec != c.codec || f.Header != 0 || f.PTS != c.offset*1e6 ||
				!bytes.Equal(f.Payload, unhex(t, c.frame)[5:]) {
				t.Errorf("got %v: %+v", track.Codec, f)
			}
		})
	}
	// The enhanced form has names that nobody takes for one another.
	var d Demuxer
	mustDemux(t, &d, TagVideo, 0, "90 61766331"+hevc)
	if got := d.Tracks().Default(media.Video); got.Codec != media.H264 || got.Format != nil {
		t.Errorf("avc1 with an hvcC: %+v", got)
	}
}

func TestDemuxHEVCAnnexB(t *testing.T) {
	c, err := media.ParseHEVCConfig(realConfig(t, "libav-8.1-hevc-ac3.flv", "hvc1"))
	if err != nil {
		t.Fatal(err)
	}
	body := []byte{0x90, 'h', 'v', 'c', '1'}
	for _, nal := range [][]byte{c.VPS[0], c.SPS[0], c.PPS[0]} {
		body = append(append(body, 0, 0, 0, 1), nal...)
	}
	var d Demuxer
	mustDemux(t, &d, TagVideo, 0, fmt.Sprintf("%x", body))
	track := d.Tracks().Default(media.Video)
	if track.Config[0] != 1 || track.Picture().Width != 320 {
		t.Errorf("track %+v", track)
	}
	f := mustDemux(t, &d, TagVideo, 0, "93 68766331 00000001 4601 000001 260188")
	if !bytes.Equal(f.Payload, unhex(t, "00000002 4601 00000003 260188")) {
		t.Errorf("payload %x", f.Payload)
	}
}

// Codecs without a sequence header, or with an empty one, are known by their
// frames.
func TestDemuxWithoutConfiguration(t *testing.T) {
	for _, c := range []struct {
		name, first, frame string
		kind               TagType
		codec              string
		configured         bool
	}{
		{"MP3", "", "2f" + mp3Frame, TagAudio, "mp4a.40.34", false},
		{"Opus", "", "91 4f707573 fcaa", TagAudio, "Opus", true},
		{"Opus with an empty header", "90 4f707573", "91 4f707573 fcaa", TagAudio, "Opus", true},
		{"Opus with a broken header", "90 4f707573 00", "91 4f707573 fcaa", TagAudio, "Opus", true},
		{"VP8", "", "91 76703038 10020f 9d012a 4001b400", TagVideo, "vp8", true},
		{"VP8 by its number", "", "1e 10020f 9d012a 4001b400", TagVideo, "vp8", true},
		{"AV1 with its sequence header", "", "91 61763031 0a0b000000043cfeccdaf90040", TagVideo, "av01.0.00M.08", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			var d Demuxer
			mustDemux(t, &d, c.kind, 0, c.first)
			f := mustDemux(t, &d, c.kind, 0, c.frame)
			track := f.Tracks.Find(f.Kind, 0)
			if f.Header != 0 || track.CodecString() != c.codec || (track.Config != nil) != c.configured {
				t.Errorf("%s: %+v, %+v", track.CodecString(), track, f)
			}
			if mustDemux(t, &d, c.kind, 0, c.frame); d.Tracks() != f.Tracks {
				t.Error("another set for the same frame")
			}
		})
	}
}

// AV1 in MPEG-2 TS §2.2: the descriptor's bytes are those of av1C but for the
// two bits of hdr_wcg_idc.
func TestDemuxMPEG2TSSequenceStart(t *testing.T) {
	for _, body := range []string{"95 61763031 80 04 81000cd3", "95 61763031 81000cd3"} {
		var d Demuxer
		mustDemux(t, &d, TagVideo, 0, body)
		track := d.Tracks().Default(media.Video)
		if track.Format == nil || !bytes.Equal(track.Config, unhex(t, "81000c13")) {
			t.Errorf("%s: %+v", body, track)
		}
	}
	for _, body := range []string{"95 61763031 80", "95 61763031 01000c00", "95 68766331 80 04 81000cd3"} {
		var d Demuxer
		mustDemux(t, &d, TagVideo, 0, body)
		track := d.Tracks().Default(media.Video)
		if track.Format != nil || !bytes.Equal(track.Config, unhex(t, body)) {
			t.Errorf("%s: %+v", body, track)
		}
	}
}

func TestDemuxSequenceEnd(t *testing.T) {
	var d Demuxer
	mustDemux(t, &d, TagAudio, 0, "af 00 1210")
	mustDemux(t, &d, TagVideo, 0, "90 61766331"+avcC)
	mustDemux(t, &d, TagVideo, 0, "96 00 61766331 01"+avcC)
	f := mustDemux(t, &d, TagVideo, 0, "96 02 61766331 01")
	if f.Class != media.Command || f.Track != 1 || f.Tracks != d.Tracks() || f.Tracks.Find(media.Video, 1) != nil ||
		len(f.Tracks.Tracks) != 2 {
		t.Errorf("%+v, %+v", f, f.Tracks)
	}
	if f = mustDemux(t, &d, TagVideo, 0, "17 02 000000"); f.Tracks.Find(media.Video, 0) == nil {
		t.Error("the legacy end took the track out")
	}
	before := d.Tracks()
	if mustDemux(t, &d, TagAudio, 0, "92 4f707573"); d.Tracks() == before {
		t.Error("the end of sound left it there")
	}
	mustDemux(t, &d, TagVideo, 0, "92 61766331")
	if s := d.Tracks(); s == nil || len(s.Tracks) != 0 {
		t.Errorf("tracks at the end: %+v", s)
	}
}

func TestDemuxBoundsTracks(t *testing.T) {
	var d Demuxer
	for i := range 256 {
		_, err := d.Demux(TagVideo, 0, append([]byte{0x96, 0, 'a', 'v', 'c', '1', byte(i)}, unhex(t, avcC)...))
		if (err != nil) != (i >= maxTracks) {
			t.Fatalf("track %d: %v", i, err)
		}
	}
	if n := len(d.Tracks().Tracks); n != maxTracks {
		t.Errorf("%d tracks", n)
	}
	mustDemux(t, &d, TagAudio, 0, "af 00 1210")
	mustDemux(t, &d, TagVideo, 0, "96 00 61766331 1f"+otherAVCC)
	if _, err := d.Demux(TagVideo, 0, unhex(t, "96 03 61766331 20 00")); err == nil {
		t.Error("a frame of one more track")
	}
	// What is only said of tracks is bounded, too.
	var said Demuxer
	var err error
	for i := range 256 {
		_, failed := said.Demux(TagAudio, 0, unhex(t, fmt.Sprintf("95 04 4f707573 %02x 00 02", i)))
		err = errors.Join(err, failed)
	}
	if err == nil || len(said.described) != 2*maxTracks {
		t.Errorf("%d tracks described, %v", len(said.described), err)
	}
}
