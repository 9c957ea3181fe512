package rtmp

import (
	"bytes"
	"fmt"

	"github.com/millrace-live/millrace/amf"
	"github.com/millrace-live/millrace/media"
)

// mend puts right the metadata that f may be: some encoders forget to end the
// array in it, and FFmpeg as a player gives up the whole stream for that. What
// cannot be read at all is an error. A frame that needs no mending stays as it
// came, byte by byte.
func mend(f *media.Frame) error {
	if f.Kind != media.Data || f.Class != media.Key || len(f.Payload) == 0 {
		return nil
	}
	values, err := amf.Decode(f.Payload)
	if err != nil {
		return fmt.Errorf("read the metadata: %w", err)
	}
	whole, err := amf.Append(nil, values...)
	if err != nil {
		return fmt.Errorf("mend the metadata: %w", err)
	}
	if !bytes.Equal(whole, f.Payload) {
		f.Payload = whole
	}
	return nil
}
