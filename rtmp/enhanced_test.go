package rtmp

import (
	"reflect"
	"testing"
	"time"

	"github.com/millrace-live/millrace/amf"
	"github.com/millrace-live/millrace/media"
)

// silent announces nothing of Enhanced RTMP, as old clients do.
var silent = amf.Properties{
	{Name: "fourCcList"}, {Name: "videoFourCcInfoMap"}, {Name: "audioFourCcInfoMap"}, {Name: "capsEx"}, {Name: "videoFunction", Value: 1.0},
}

// enhanced is a stream with what RTMP 1.0 has no form for: two pictures, two
// sounds, colour, channels, and times between the milliseconds.
func enhanced(t *testing.T) []*media.Frame {
	t.Helper()
	c := newClip(t)
	color := &media.ColorInfo{
		Color: media.Color{Primaries: 9, Transfer: 16, Matrix: 9}, BitDepth: 10,
		Light: media.Light{
			MaxFALL: 200, MaxCLL: 1000,
			Mastering: &media.MasteringDisplay{
				RedX: 0.708, RedY: 0.292, GreenX: 0.17, GreenY: 0.797, BlueX: 0.131, BlueY: 0.046, WhiteX: 0.3127, WhiteY: 0.329,
				MaxLuminance: 1000, MinLuminance: 0.0001,
			},
		},
	}
	picture, sound := *c.tracks.Default(media.Video), *c.tracks.Default(media.Audio)
	picture.Color = color
	second, other := picture, sound
	second.ID, second.Color = 1, nil
	other.ID, other.Codec, other.Format, other.Config = 1, media.AC3, nil, nil
	other.Format = media.Inspect(media.AC3, nil, ac3)
	other.Layout = &media.Layout{Order: media.NativeOrder, Mask: 0x3f, Count: 6}
	set := (*media.TrackSet)(nil).With(&picture).With(&second).With(&sound).With(&other)
	var frames []*media.Frame
	for i := range 20 {
		at := int64(i) * 40 * int64(time.Millisecond)
		class := media.Inter
		if i%10 == 0 {
			class = media.Key
		}
		nal := []byte{0, 0, 0, 3, 0x41, byte(i), 7}
		frames = append(frames,
			&media.Frame{Kind: media.Video, Class: class, DTS: at, PTS: at + 40e6 + 333_333, Payload: nal},
			&media.Frame{Kind: media.Video, Track: 1, Class: class, DTS: at, PTS: at + 250_000, Payload: append(nal[:4:4], 0x41, 9, byte(i))},
			&media.Frame{Kind: media.Audio, Class: media.Key, DTS: at, PTS: at, Payload: []byte{1, byte(i)}},
			&media.Frame{Kind: media.Audio, Track: 1, Class: media.Key, DTS: at + 20e6, PTS: at + 20e6 + 1, Payload: ac3},
		)
	}
	for _, f := range frames {
		f.Tracks = set
	}
	return frames
}

// ac3 begins like a frame at 48 kHz with 5.1 channels.
var ac3 = append([]byte{0x0b, 0x77, 0, 0, 0x1c, 0x40, 0xe1, 0xde}, make([]byte, 760)...)

// same reports the differences that matter between what went in and what came.
func same(t *testing.T, got, want *media.Frame) {
	t.Helper()
	if got.Kind != want.Kind || got.Track != want.Track || got.Class != want.Class || got.DTS != want.DTS || got.PTS != want.PTS ||
		got.Header != want.Header || string(got.Payload) != string(want.Payload) {
		t.Fatalf("got %v %d %v at %d, %d, want %v %d %v at %d, %d", got.Kind, got.Track, got.Class, got.DTS, got.PTS,
			want.Kind, want.Track, want.Class, want.DTS, want.PTS)
	}
	a, b := got.Tracks.Find(got.Kind, got.Track), want.Tracks.Find(want.Kind, want.Track)
	if a.Codec != b.Codec || string(a.Config) != string(b.Config) || !reflect.DeepEqual(a.Color, b.Color) || !reflect.DeepEqual(a.Layout, b.Layout) {
		t.Fatalf("track %d is %+v, want %+v", got.Track, a, b)
	}
}

// TestEnhancedOverLoopback sends it from a client to a server, and from a server
// to a client.
func TestEnhancedOverLoopback(t *testing.T) {
	frames := enhanced(t)
	got := make(chan *media.Frame, len(frames))
	address := listen(t, &Server{Handler: HandlerFunc(func(s *Stream) error {
		if err := s.Accept(); err != nil {
			return err
		}
		for _, f := range frames {
			if s.Publishing() {
				in, err := s.ReadFrame()
				if err != nil {
					return err
				}
				got <- in
			} else if err := s.WriteFrame(f); err != nil {
				return err
			}
		}
		<-s.Context().Done()
		return nil
	})})
	out, err := Publish(within(t), address+"/live/cam")
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	in, err := Play(within(t), address+"/live/cam")
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	for _, f := range frames {
		if err := out.WriteFrame(f); err != nil {
			t.Fatal(err)
		}
		same(t, receive(t, got, "frame"), f)
		played, err := in.ReadFrame()
		if err != nil {
			t.Fatal(err)
		}
		same(t, played, f)
	}
}

// A player that announces nothing gets the default tracks, in whole milliseconds.
func TestEnhancedForOldPlayers(t *testing.T) {
	frames := enhanced(t)
	address := listen(t, &Server{Handler: HandlerFunc(func(s *Stream) error {
		if err := s.Accept(); err != nil {
			return err
		}
		for _, f := range frames {
			if err := s.WriteFrame(f); err != nil {
				return err
			}
		}
		<-s.Context().Done()
		return nil
	})})
	d := &Dialer{Properties: silent}
	st, err := d.Play(within(t), address+"/live/cam")
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	if st.Session().Capabilities().Announced {
		t.Error("the server announced what it was not asked for")
	}
	for _, f := range frames {
		if f.Track != 0 {
			continue
		}
		m, err := st.ReadMessage()
		for err == nil && len(m.Payload) > 1 && m.Payload[1] == 0 { // a sequence header
			m, err = st.ReadMessage()
		}
		if err != nil {
			t.Fatal(err)
		}
		if first := m.Payload[0]; first != 0xaf && first&0x8f != 7 {
			t.Fatalf("got % x", m.Payload)
		}
		if uint32(f.DTS/1e6) != m.Timestamp {
			t.Errorf("got a message of %d at %d", f.DTS, m.Timestamp)
		}
	}
}
