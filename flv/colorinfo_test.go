package flv

import (
	"bytes"
	"reflect"
	"testing"

	"github.com/millrace-live/millrace/amf"
	"github.com/millrace-live/millrace/media"
)

// hdr10 is what Enhanced RTMP v2's "Metadata Frame" has room for.
var hdr10 = &media.ColorInfo{
	Color: media.Color{Primaries: 9, Transfer: 16, Matrix: 9}, BitDepth: 10,
	Light: media.Light{
		MaxFALL: 400, MaxCLL: 1000,
		Mastering: &media.MasteringDisplay{
			RedX: 0.68, RedY: 0.32, GreenX: 0.265, GreenY: 0.69, BlueX: 0.15, BlueY: 0.06, WhiteX: 0.3127, WhiteY: 0.329,
			MaxLuminance: 1000, MinLuminance: 0.0001,
		},
	},
}

func colorPacket(t *testing.T, encoding func([]byte, ...amf.Value) ([]byte, error), values ...amf.Value) []byte {
	t.Helper()
	b, err := encoding(unhex(t, "d4 68766331"), values...)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestDemuxColorInfo(t *testing.T) {
	written, err := amf.Decode(appendColor(nil, hdr10))
	if err != nil {
		t.Fatal(err)
	}
	full := written.Get(1)
	light := amf.NewObject("hdrCll", amf.NewObject("maxFall", 400.0, "maxCLL", 1000.0))
	for _, c := range []struct {
		name string
		body []byte
		want *media.ColorInfo
	}{
		{"everything", colorPacket(t, amf.Append, "colorInfo", full), hdr10},
		{"in AMF3", colorPacket(t, amf.Append3, "colorInfo", full), hdr10},
		{"light alone", colorPacket(t, amf.Append, "colorInfo", light), &media.ColorInfo{Light: media.Light{MaxFALL: 400, MaxCLL: 1000}}},
		{"Undefined", colorPacket(t, amf.Append, "colorInfo", amf.Undefined{}), nil},
		{"{}", colorPacket(t, amf.Append, "colorInfo", amf.NewObject()), nil},
		{"empty parts", colorPacket(t, amf.Append, "colorInfo", amf.NewObject("colorConfig", amf.NewObject())), nil},
		{
			"numbers that are none", colorPacket(t, amf.Append, "colorInfo", amf.NewObject(
				"colorConfig", amf.NewObject("bitDepth", 256.0, "colorPrimaries", -1.0, "matrixCoefficients", "x", "transferCharacteristics", 18.0),
				"hdrCll", amf.NewObject("maxFall", -5.0))), &media.ColorInfo{Color: media.Color{Transfer: 18}},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, first := range []string{"93 68766331 aa", ""} {
				var d Demuxer
				mustDemux(t, &d, TagVideo, 0, first)
				if first != "" {
					d.Tracks().Default(media.Video).Color = &media.ColorInfo{BitDepth: 1}
				}
				frames, err := d.Demux(TagVideo, 0, c.body)
				if err != nil || len(frames) > 0 {
					t.Fatalf("got %v, %v", frames, err)
				}
				f := mustDemux(t, &d, TagVideo, 0, "93 68766331 aa")
				if got := f.Tracks.Default(media.Video).Color; !reflect.DeepEqual(got, c.want) {
					t.Errorf("got %+v", got)
				}
				before := d.Tracks()
				if _, err := d.Demux(TagVideo, 0, c.body); err != nil || d.Tracks() != before {
					t.Errorf("repeated: another set, %v", err)
				}
			}
		})
	}
}

// Names that are not defined are for the players to know.
func TestDemuxOtherMetadata(t *testing.T) {
	var d Demuxer
	mustDemux(t, &d, TagVideo, 0, "90 61763031"+av1Record)
	body, err := amf.Append(unhex(t, "d4 61763031"), "depthInfo", amf.NewObject("near", 1.0))
	if err != nil {
		t.Fatal(err)
	}
	frames, err := d.Demux(TagVideo, 0, body)
	if err != nil || len(frames) != 1 || frames[0].Class != media.Command {
		t.Fatalf("got %v, %v", frames, err)
	}
	m := Muxer{Accept: AcceptAll}
	if got := alone(&m, frames[0]); len(got) != 1 || !bytes.Equal(unhex(t, got[0]), body) {
		t.Errorf("came out as %v", got)
	}
	if got := alone(new(Muxer), frames[0]); got != nil {
		t.Errorf("came to an old player as %v", got)
	}
	if _, err := d.Demux(TagVideo, 0, unhex(t, "d4 61763031 02 0009 63")); err == nil {
		t.Error("cut metadata is no error")
	}
}
