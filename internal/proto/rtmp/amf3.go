package rtmp

import (
	"bytes"

	"github.com/millrace-live/millrace/amf"
	"github.com/millrace-live/millrace/media"
)

// avmPlus is the marker by which an AMF0 message switches to AMF3 for one value.
const avmPlus = 0x11

// withoutAMF3 writes the values of a data message in AMF0 that its encoder wrote in
// AMF3, since most players, and all of HTTP-FLV's, read nothing else. A value that
// AMF0 has no form for stays as it is, as does a message that cannot be read.
func withoutAMF3(f *media.Frame) {
	if f.Kind != media.Data || bytes.IndexByte(f.Payload, avmPlus) < 0 {
		return
	}
	values, err := amf.Decode(f.Payload)
	if err != nil {
		return
	}
	changed := false
	for i, v := range values {
		if v, ok := v.(amf.AMF3); ok {
			if _, err := amf.Append(nil, v.Value); err == nil {
				values[i], changed = v.Value, true
			}
		}
	}
	if !changed {
		return
	}
	if p, err := amf.Append(nil, values...); err == nil {
		f.Payload = p
	}
}
