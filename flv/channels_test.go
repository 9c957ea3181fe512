package flv

import (
	"bytes"
	"testing"

	"github.com/millrace-live/millrace/media"
)

func TestLayout(t *testing.T) {
	for _, c := range []struct {
		body string
		want *media.Layout
	}{
		{"00 02", &media.Layout{Count: 2}},
		{"01 06 0000003f", &media.Layout{Order: media.NativeOrder, Count: 6, Mask: 0x3f}},
		{"02 03 00 01 fe", &media.Layout{Order: media.CustomOrder, Count: 3, Channels: []uint8{0, 1, 0xfe}}},
		{"", nil},
		{"00", nil},
		{"01 06 000000", nil},
		{"02 03 00 01", nil},
		{"03 02", nil},
	} {
		b := unhex(t, c.body)
		got, err := parseLayout(b)
		if (err != nil) != (c.want == nil) || !sameLayout(got, c.want) {
			t.Errorf("%s: %+v, %v", c.body, got, err)
		}
		if c.want != nil && !bytes.Equal(appendLayout(nil, got), b) {
			t.Errorf("%s was written as %x", c.body, appendLayout(nil, got))
		}
	}
}

func TestDemuxChannels(t *testing.T) {
	var d Demuxer
	if f := mustDemux(t, &d, TagAudio, 0, "94 61632d33 01 06 0000060f"); f != nil || d.Tracks() != nil {
		t.Errorf("channels alone made %+v, %+v", f, d.Tracks())
	}
	// A frame of another codec has no use for them, one of theirs has.
	mustDemux(t, &d, TagAudio, 0, "af 00 1210")
	if got := d.Tracks().Default(media.Audio); got.Layout != nil {
		t.Errorf("AAC has the channels of AC-3: %+v", got)
	}
	f := mustDemux(t, &d, TagAudio, 0, "91 61632d33 00")
	if got := f.Tracks.Default(media.Audio); got.Codec != media.AC3 || got.Layout == nil || got.Layout.Mask != 0x60f {
		t.Errorf("AC-3 without its channels: %+v", got)
	}
	before := d.Tracks()
	mustDemux(t, &d, TagAudio, 0, "94 61632d33 01 06 0000060f")
	if d.Tracks() != before {
		t.Error("channels that are repeated made another set")
	}
	mustDemux(t, &d, TagAudio, 0, "94 61632d33 01 02 00000003")
	if d.Tracks() == before {
		t.Error("other channels made no other set")
	}
	if _, err := d.Demux(TagAudio, 0, unhex(t, "94 61632d33 01")); err == nil {
		t.Error("cut channels are no error")
	}
}

// Enhanced RTMP v2, ExAudioTagBody: without a header of Opus the configuration
// of channels counts them.
func TestDemuxOpusChannels(t *testing.T) {
	var d Demuxer
	channels := func() int { return d.Tracks().Default(media.Audio).Sound().Channels }
	mustDemux(t, &d, TagAudio, 0, "94 4f707573 01 06 0000003f")
	mustDemux(t, &d, TagAudio, 0, "91 4f707573 fcaa")
	if channels() != 6 {
		t.Errorf("%d channels from what precedes the track", channels())
	}
	mustDemux(t, &d, TagAudio, 0, "94 4f707573 01 01 00000004")
	if channels() != 1 {
		t.Errorf("%d channels from what follows it", channels())
	}
	mustDemux(t, &d, TagAudio, 0, "94 4f707573 00 ff")
	if channels() != 2 {
		t.Errorf("%d channels where 255 have no arrangement", channels())
	}
	before := d.Tracks()
	mustDemux(t, &d, TagAudio, 0, "90 4f707573")
	if d.Tracks() != before {
		t.Error("an empty header that is repeated made another set")
	}
	mustDemux(t, &d, TagAudio, 0, "90 4f707573"+opusHeader)
	header := d.Tracks().Default(media.Audio).Config
	mustDemux(t, &d, TagAudio, 0, "94 4f707573 01 06 0000003f")
	if got := d.Tracks().Default(media.Audio); channels() != 2 || !bytes.Equal(got.Config, header) {
		t.Errorf("the configuration of channels overrules a header: %+v", got)
	}
}
