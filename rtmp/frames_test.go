package rtmp

import (
	"strings"
	"testing"
	"time"

	"github.com/millrace-live/millrace/amf"
	"github.com/millrace-live/millrace/media"
	"github.com/millrace-live/millrace/rtmp/message"
)

func dataMessage(t *testing.T, values ...amf.Value) *message.Message {
	t.Helper()
	m, err := message.NewMessage(message.Data, 1, values...)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestFrameReaderTakesMetadataOutOfItsWrapping(t *testing.T) {
	var r FrameReader
	bare := dataMessage(t, "onMetaData", amf.NewECMAArray("width", 320.0))
	for _, m := range []*message.Message{bare, dataMessage(t, "@setDataFrame", "onMetaData", amf.NewECMAArray("width", 320.0))} {
		f, err := r.Demux(m)
		if err != nil || f[0].Kind != media.Data || f[0].Class != media.Key || string(f[0].Payload) != string(bare.Payload) {
			t.Errorf("got %+v, %v", f, err)
		}
	}
	f, err := r.Demux(dataMessage(t, "@clearDataFrame", "onMetaData"))
	if err != nil || f[0].Class != media.Key || len(f[0].Payload) != 0 {
		t.Errorf("cleared: %+v, %v", f, err)
	}
	f, err = r.Demux(dataMessage(t, "onTextData", "x"))
	if err != nil || f[0].Class == media.Key || len(f[0].Payload) == 0 {
		t.Errorf("text: %+v, %v", f, err)
	}
}

func TestFrameReaderUnwrapsTime(t *testing.T) {
	var r FrameReader
	var last int64
	for i, ts := range []uint32{1<<32 - 20, 1<<32 - 1, 19, 39} {
		f, err := r.Demux(&message.Message{Type: message.Audio, Timestamp: ts, Payload: []byte{0x2f, 1}})
		if err != nil {
			t.Fatal(err)
		}
		if f := f[0]; i > 0 && (f.DTS <= last || f.DTS-last > int64(20*time.Millisecond)) {
			t.Errorf("%d: from %d to %d", ts, last, f.DTS)
		}
		last = f[0].DTS
	}
}

// Encoders stamp data messages 0 hours into a stream: half a wrap away from it,
// say. What follows keeps its time.
func TestFrameReaderKeepsTimeOverData(t *testing.T) {
	var r FrameReader
	audio := func(ts uint32) int64 {
		t.Helper()
		f, err := r.Demux(&message.Message{Type: message.Audio, Timestamp: ts, Payload: []byte{0x2f, 1}})
		if err != nil {
			t.Fatal(err)
		}
		return f[0].DTS
	}
	before := audio(3 << 30)
	if _, err := r.Demux(dataMessage(t, "onTextData", "x")); err != nil {
		t.Fatal(err)
	}
	if step := audio(3<<30+20) - before; step != int64(20*time.Millisecond) {
		t.Errorf("20 ms on from a data message are %v", time.Duration(step))
	}
}

func TestFramesOverLoopback(t *testing.T) {
	meta := dataMessage(t, "onMetaData", amf.NewECMAArray("width", 320.0)).Payload
	sent := []*media.Frame{
		{Kind: media.Data, Class: media.Key, Payload: meta},
		{Kind: media.Audio, Class: media.Key, Header: 1, DTS: 5e6, PTS: 5e6, Payload: []byte{0x2f, 1, 2}},
		{Kind: media.Data, DTS: 6e6, PTS: 6e6, Payload: dataMessage(t, "onCuePoint", nil).Payload},
	}
	set := (*media.TrackSet)(nil).With(&media.Track{Kind: media.Audio, Codec: media.MP3})
	for _, f := range sent {
		f.Tracks = set
	}
	raw, frames := make(chan string, 10), make(chan *media.Frame, 10)
	addr := listen(t, &Server{Handler: HandlerFunc(func(s *Stream) error {
		if err := s.Accept(); err != nil {
			return err
		}
		if !s.Publishing() {
			for _, f := range sent {
				if err := s.WriteFrame(f); err != nil {
					return err
				}
			}
			return nil
		}
		var r FrameReader
		return s.Each(func(m *message.Message) error {
			raw <- string(m.Payload)
			f, err := r.Demux(m)
			for _, f := range f {
				frames <- f
			}
			return err
		})
	})})
	out, err := Publish(within(t), addr+"/live/a")
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	in, err := Play(within(t), addr+"/live/a")
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	for i, want := range sent {
		if err := out.WriteFrame(want); err != nil {
			t.Fatal(err)
		}
		got := receive(t, frames, "frame")
		played, err := in.ReadFrame()
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range []*media.Frame{got, played} {
			if f.Kind != want.Kind || f.Class != want.Class || f.DTS != want.DTS || string(f.Payload) != string(want.Payload) {
				t.Errorf("frame %d: got %+v, want %+v", i, f, want)
			}
		}
		// A server wants metadata wrapped, and nothing else.
		if wrapped := strings.Contains(receive(t, raw, "message"), "@setDataFrame"); wrapped != (i == 0) {
			t.Errorf("frame %d: wrapped is %v", i, wrapped)
		}
	}
}
