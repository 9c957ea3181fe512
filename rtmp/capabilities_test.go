package rtmp

import (
	"fmt"
	"reflect"
	"testing"

	"github.com/millrace-live/millrace/amf"
	"github.com/millrace-live/millrace/flv"
	"github.com/millrace-live/millrace/media"
)

func TestCapabilitiesAreHonoured(t *testing.T) {
	set := func(codecs ...media.Codec) flv.CodecSet {
		s := flv.CodecSet(0).With(media.H264)
		for _, c := range codecs {
			s = s.With(c)
		}
		return s
	}
	allAudio := []media.Codec{media.AAC, media.MP3, media.Opus, media.FLAC, media.AC3, media.EAC3}
	one := func(codec string, a float64) *amf.Object { return amf.NewObject(codec, a) }
	for _, test := range []struct {
		name string
		p    *amf.Object
		want flv.Accept
	}{
		{"nothing", amf.NewObject("app", "live", "videoFunction", 1.0), flv.Accept{}},
		{"nothing, at length", amf.NewObject("capsEx", nil, "fourCcList", amf.Undefined{}, "videoFunction", 6.0), flv.Accept{}},
		{"nothing but functions", amf.NewObject("videoFunction", 6.0), flv.Accept{}},
		{
			"v1, as FFmpeg 7.0 has it", amf.NewObject("fourCcList", amf.NewArray("hvc1", "av01", "vp09")),
			flv.Accept{Codecs: set(media.HEVC, media.AV1, media.VP9)},
		},
		{"v1, all", amf.NewObject("fourCcList", amf.NewArray("*")), flv.Accept{}},
		{"a relay", amf.NewObject("videoFourCcInfoMap", one("*", 4), "audioFourCcInfoMap", one("*", 4), "capsEx", 15.0,
			"videoFunction", 7.0), flv.Accept{Tracks: true, Nano: true, Metadata: true, Channels: true}},
		{
			"pictures only", amf.NewObject("videoFourCcInfoMap", one("av01", 1)),
			flv.Accept{Codecs: set(append(allAudio, media.AV1)...)},
		},
		{"it encodes, and takes no such thing", amf.NewObject("fourCcList", amf.NewArray("*"), "videoFourCcInfoMap", one("av01", 2),
			"audioFourCcInfoMap", one("Opus", 3)), flv.Accept{Channels: true, Codecs: set(media.Opus)}},
		{
			"the map says it better than the list",
			amf.NewObject("fourCcList", amf.NewArray("hvc1"), "videoFourCcInfoMap", one("*", 1), "audioFourCcInfoMap", one("*", 7)),
			flv.Accept{Channels: true},
		},
		{"tracks", amf.NewObject("capsEx", 2.0), flv.Accept{Tracks: true, Channels: true}},
		{"packet modifiers, no offsets", amf.NewObject("capsEx", 4.0), flv.Accept{Channels: true}},
		{"offsets, no packet modifiers", amf.NewObject("capsEx", 8.0), flv.Accept{Channels: true}},
		{"offsets", amf.NewObject("capsEx", 12.0), flv.Accept{Nano: true, Channels: true}},
		{"light", amf.NewObject("capsEx", 0.0, "videoFunction", 2.0), flv.Accept{Metadata: true}},
		{"other types", amf.NewObject("capsEx", "15", "fourCcList", "hvc1", "videoFourCcInfoMap", 7.0), flv.Accept{}},
	} {
		c := ParseCapabilities(test.p.Properties)
		if got := c.Accept(); got != test.want {
			t.Errorf("%s: got %+v, want %+v", test.name, got, test.want)
		}
	}
}

func TestCapabilitiesAreBounded(t *testing.T) {
	list, m := amf.NewArray(), amf.NewObject()
	for i := range 5000 {
		list.Values = append(list.Values, fmt.Sprintf("%04d", i))
		m.Set(fmt.Sprintf("%04d", i), 1.0)
	}
	list.Values = append(list.Values, "too long to be one")
	c := ParseCapabilities(amf.NewObject("fourCcList", list, "videoFourCcInfoMap", m, "capsEx", 1e300).Properties)
	if len(c.FourCCs) != maxFourCCs || len(c.Video) != maxFourCCs || c.Features != 0 {
		t.Errorf("kept %d and %d names, features %d", len(c.FourCCs), len(c.Video), c.Features)
	}
}

// Both sides of this package say all that it can do. A client that asks no
// server for more is answered as before.
func TestCapabilitiesAreExchanged(t *testing.T) {
	h := newStore()
	address := listen(t, &Server{Handler: h})
	for _, follows := range []bool{false, true} {
		d := &Dialer{}
		want := Features(14)
		if follows {
			d.Reconnect, want = func(*Session, ReconnectRequest) {}, 15
		}
		st, err := d.Publish(within(t), address+"/live/cam")
		if err != nil {
			t.Fatal(err)
		}
		all := map[string]Ability{"*": CanForward}
		said := Capabilities{
			Announced: true, FourCCs: []string{"*"}, Video: all, Audio: all, Features: want, VideoFunction: 7,
		}
		if got := receive(t, h.streams, "stream").Session().Capabilities(); !reflect.DeepEqual(got, said) {
			t.Errorf("the client said %+v", got)
		}
		said.Features = 15
		if got := st.Session().Capabilities(); !reflect.DeepEqual(got, said) {
			t.Errorf("the server said %+v", got)
		}
		st.Close()
	}
	for _, announces := range []bool{false, true} {
		p := dialPeer(t, address)
		o := amf.NewObject("app", "live", "videoFunction", 1.0)
		if announces {
			o.Set("fourCcList", amf.NewArray("av01"))
		}
		p.command(0, "connect", 1.0, o)
		c := p.answer("_result", 1)
		for place, ps := range map[string]amf.Properties{"properties": amf.PropertiesOf(c.Object), "information": c.Args.Object(0)} {
			if got := ParseCapabilities(ps); got.Announced != announces || (got.Features == 15) != announces {
				t.Errorf("to a client that announces: %v: %s has %+v", announces, place, ps)
			}
		}
	}
}

// A server may write its capabilities in either object.
func TestCapabilitiesOfServer(t *testing.T) {
	with, without := amf.NewObject("capsEx", 3.0), amf.NewObject("fmsVer", "x")
	for _, c := range []Capabilities{peerOf(with, without), peerOf(without, with)} {
		if c.Features != 3 {
			t.Errorf("read %+v", c)
		}
	}
	if c := peerOf(nil, nil); c.Announced {
		t.Errorf("read %+v of nothing", c)
	}
}

func FuzzCapabilities(f *testing.F) {
	for _, v := range []amf.Value{
		amf.NewObject("fourCcList", amf.NewArray("hvc1", "*"), "capsEx", 15.0),
		amf.NewECMAArray("videoFourCcInfoMap", amf.NewObject("*", 4.0), "audioFourCcInfoMap", amf.NewECMAArray("Opus", 7.0)),
	} {
		b, err := amf.Append(nil, v)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		values, _ := amf.Decode(b)
		c := ParseCapabilities(amf.PropertiesOf(values.Get(0)))
		if len(c.FourCCs) > maxFourCCs || len(c.Video) > maxFourCCs || len(c.Audio) > maxFourCCs {
			t.Error("kept too much")
		}
		if a := c.Accept(); !c.Announced && a != (flv.Accept{}) {
			t.Errorf("accepts %+v without a word", a)
		}
	})
}
