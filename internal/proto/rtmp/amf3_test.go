package rtmp

import (
	"testing"

	"github.com/millrace-live/millrace/amf"
	"github.com/millrace-live/millrace/internal/hub"
	"github.com/millrace-live/millrace/rtmp"
	"github.com/millrace-live/millrace/rtmp/message"
)

// What an encoder says in AMF3 reaches players in AMF0, message by message.
func TestDataInAMF3(t *testing.T) {
	h := newHouse(t, hub.Options{})
	p := mustDial(t, rtmp.Publish, h.url+"cam")
	sound := func() {
		// Data have no time of their own, and wait for some that has.
		if err := p.WriteMessage(&message.Message{Type: message.Audio, Payload: []byte{0x2f, 1}}); err != nil {
			t.Fatal(err)
		}
	}
	sound()
	for _, said := range []struct {
		in   []amf.Value
		want amf.List
	}{
		{
			[]amf.Value{"@setDataFrame", "onMetaData", amf.AMF3{Value: amf.NewObject("width", 320, "encoder", "x")}},
			amf.List{"onMetaData", amf.NewObject("width", 320.0, "encoder", "x")},
		},
		{
			[]amf.Value{"onTextData", amf.AMF3{Value: amf.NewObject("text", "hello", "list", amf.NewArray(1, 2))}},
			amf.List{"onTextData", amf.NewObject("text", "hello", "list", amf.NewArray(1.0, 2.0))},
		},
		{[]amf.Value{"custom", amf.AMF3{Value: []byte{1, 2}}}, amf.List{"custom", amf.AMF3{Value: []byte{1, 2}}}},
	} {
		b, err := amf.Append(nil, said.in...)
		if err != nil {
			t.Fatal(err)
		}
		want, err := amf.Append(nil, said.want...)
		if err != nil {
			t.Fatal(err)
		}
		in := mustDial(t, rtmp.Play, h.url+"cam")
		if err := p.WriteMessage(&message.Message{Type: message.DataAMF3, Payload: append([]byte{0}, b...)}); err != nil {
			t.Fatal(err)
		}
		for {
			m, err := in.ReadMessage()
			if err != nil {
				t.Fatal(err)
			}
			if string(m.Payload) == string(want) && m.Type == message.Data {
				break
			}
		}
		in.Close()
	}
}
