package rtmp

import (
	"bytes"
	"testing"

	"github.com/millrace-live/millrace/amf"
	"github.com/millrace-live/millrace/media"
)

func TestMend(t *testing.T) {
	array := amf.NewECMAArray("width", 320.0, "encoder", "x")
	array.Count = 20 // encoders guess it; that is no harm
	whole, err := amf.Append(nil, "onMetaData", array)
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		what     string
		kind     media.Kind
		class    media.Class
		in, want []byte
		bad      bool
	}{
		{"whole", media.Data, media.Key, whole, whole, false},
		{"without its end", media.Data, media.Key, whole[:len(whole)-3], whole, false},
		{"cut inside a value", media.Data, media.Key, whole[:len(whole)-4], nil, true},
		{"cleared", media.Data, media.Key, nil, nil, false},
		{"other data", media.Data, media.Inter, []byte{0xff}, []byte{0xff}, false},
		{"a key picture", media.Video, media.Key, []byte{0xff}, []byte{0xff}, false},
	}
	for _, tt := range tests {
		f := &media.Frame{Kind: tt.kind, Class: tt.class, Payload: tt.in}
		if err := mend(f); (err != nil) != tt.bad {
			t.Errorf("%s: %v", tt.what, err)
		} else if err == nil && !bytes.Equal(f.Payload, tt.want) {
			t.Errorf("%s: % x, want % x", tt.what, f.Payload, tt.want)
		}
	}
}
