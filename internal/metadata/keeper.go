package metadata

import (
	"bytes"
	"fmt"
	"reflect"
	"slices"

	"github.com/millrace-live/millrace/amf"
	"github.com/millrace-live/millrace/media"
)

// Keeper keeps the onMetaData of one publication whole and true. The zero value
// is ready. It is not safe for concurrent use.
type Keeper struct {
	values []amf.Value     // the newest onMetaData as the encoder said it; nil for none
	tracks *media.TrackSet // those that it was held against last
	mended amf.Properties  // what is said in place of some of it
}

// Take looks at the next frame of the publication, before anybody else has it.
//
// Of onMetaData it mends the encoding, since some encoders forget to end the
// array in it, for which FFmpeg as a player gives up the whole stream; and it
// corrects what is not true of f.Tracks. f gets another payload then. What
// cannot be read at all is an error, and f should be dropped.
//
// Most encoders say onMetaData before their sequence headers. If f comes with
// tracks of which something was said that is not true, or is not true any
// longer, Take returns a frame that says it as it is, to be written before f;
// nil otherwise.
func (k *Keeper) Take(f *media.Frame) (correction *media.Frame, err error) {
	if f.Kind == media.Data {
		if f.Class == media.Key {
			return nil, k.hear(f)
		}
		return nil, nil
	}
	if f.Tracks == k.tracks || k.values == nil || f.Kind == media.Opaque {
		return nil, nil
	}
	k.tracks = f.Tracks
	mended := corrections(amf.PropertiesOf(k.values[1]), k.tracks)
	if reflect.DeepEqual(mended, k.mended) {
		return nil, nil
	}
	k.mended = mended
	payload, err := k.say()
	if err != nil {
		return nil, err
	}
	return &media.Frame{
		Kind: media.Data, Class: media.Key, DTS: f.DTS, PTS: f.DTS, Arrival: f.Arrival, Tracks: f.Tracks, Payload: payload,
	}, nil
}

// hear takes what the encoder says, and puts it right.
func (k *Keeper) hear(f *media.Frame) error {
	k.values, k.mended, k.tracks = nil, nil, f.Tracks
	if len(f.Payload) == 0 {
		return nil // @clearDataFrame
	}
	values, err := amf.Decode(f.Payload)
	if err != nil {
		return fmt.Errorf("read the metadata: %w", err)
	}
	if len(values) >= 2 && with(values[1], nil) != nil {
		k.values = values
		k.mended = corrections(amf.PropertiesOf(values[1]), k.tracks)
	}
	whole, err := amf.Append(nil, values...)
	if len(k.mended) > 0 {
		whole, err = k.say()
	}
	if err != nil {
		return fmt.Errorf("mend the metadata: %w", err)
	}
	if !bytes.Equal(whole, f.Payload) {
		f.Payload = whole
	}
	return nil
}

// say writes the metadata with what was mended in it.
func (k *Keeper) say() ([]byte, error) {
	properties := slices.Clone(amf.PropertiesOf(k.values[1]))
	for _, p := range k.mended {
		properties.Set(p.Name, p.Value)
	}
	values := slices.Clone(k.values)
	values[1] = with(values[1], properties)
	b, err := amf.Append(nil, values...)
	if err != nil {
		return nil, fmt.Errorf("write the metadata: %w", err)
	}
	return b, nil
}

// with returns v, an object or an array of names, with other properties; nil if
// it is neither.
func with(v amf.Value, ps amf.Properties) amf.Value {
	switch v := v.(type) {
	case *amf.Object:
		o := *v
		o.Properties = ps
		return &o
	case *amf.ECMAArray:
		a := *v
		a.Properties = ps
		return &a
	case amf.AMF3:
		if inner := with(v.Value, ps); inner != nil {
			return amf.AMF3{Value: inner}
		}
	}
	return nil
}
