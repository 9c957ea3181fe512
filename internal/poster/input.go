package poster

import (
	"errors"
	"fmt"

	"github.com/millrace-live/millrace/flv"
	"github.com/millrace-live/millrace/internal/packager/cmaf"
	"github.com/millrace-live/millrace/media"
)

// wrap makes a file of one key frame, in a format that ffmpeg is told by name:
// MP4, or FLV for the codecs of the Flash days, which have no other.
func wrap(f *media.Frame) (format string, file []byte, err error) {
	t := f.Tracks.Find(f.Kind, f.Track)
	if t == nil {
		return "", nil, errors.New("the key frame's track is not known")
	}
	h, err := cmaf.NewHeader(t)
	if _, unsupported := errors.AsType[*cmaf.UnsupportedError](err); unsupported {
		return "flv", wrapFLV(f), nil
	}
	if err != nil {
		return "", nil, fmt.Errorf("make an MP4 of the key frame: %w", err)
	}
	samples := []cmaf.Sample{{Duration: h.Timescale, Flags: cmaf.FlagsSync, Payload: f.Payload}}
	file = make([]byte, 0, len(h.Bytes)+cmaf.ChunkSize(samples))
	return "mp4", cmaf.AppendChunk(append(file, h.Bytes...), 1, 0, samples), nil
}

func wrapFLV(f *media.Frame) []byte {
	var mux flv.Muxer
	file := flv.AppendFileHeader(nil, false, true)
	tags := mux.Mux(nil, f)
	for i := range tags {
		t := &tags[i]
		file = append(flv.AppendTagHeader(file, t.Type, t.Timestamp, t.Size()), t.Head()...)
		file = flv.AppendPreviousTagSize(append(file, t.Payload...), t.Size())
	}
	return file
}
