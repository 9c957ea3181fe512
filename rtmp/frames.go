package rtmp

import (
	"time"

	"github.com/millrace-live/millrace/flv"
	"github.com/millrace-live/millrace/media"
	"github.com/millrace-live/millrace/rtmp/message"
)

// FrameReader turns the messages of one publication or play into frames. The
// zero value is ready.
type FrameReader struct {
	demuxer flv.Demuxer
	time    media.Unwrapper
}

// Demux gives the frames that m carries, in a slice that holds until the next
// call: one for each track, and none if it is a sequence header, which goes to
// the frames' Tracks. The payload of m belongs to the frames from here on. An error condemns this message alone.
//
// A data frame is without @setDataFrame; @clearDataFrame is a Key without a
// payload.
func (r *FrameReader) Demux(m *message.Message) ([]*media.Frame, error) {
	switch m.Type {
	case message.Data, message.DataAMF3:
		// Many encoders stamp their data 0: it must not move the clock.
		clock := r.time
		dts := clock.Unwrap(m.Timestamp) * int64(time.Millisecond)
		payload, cleared := m.DataPayload()
		if cleared {
			return []*media.Frame{{Kind: media.Data, Class: media.Key, DTS: dts, PTS: dts, Tracks: r.demuxer.Tracks()}}, nil
		}
		return r.demuxer.Demux(flv.TagScript, dts, payload)
	}
	return r.demuxer.Demux(flv.TagType(m.Type), r.time.Unwrap(m.Timestamp)*int64(time.Millisecond), m.Payload)
}

// Tracks are the tracks known so far.
func (r *FrameReader) Tracks() *media.TrackSet { return r.demuxer.Tracks() }

// frameWriter turns frames into the messages of one stream.
type frameWriter struct {
	muxer flv.Muxer
	tags  []flv.Tag
}

// setDataFrame precedes the metadata that a client publishes; a server takes it
// off again.
var setDataFrame = []byte("\x02\x00\x0d@setDataFrame")

func (w *frameWriter) append(b *Batch, st *Stream, f *media.Frame) {
	w.tags = w.muxer.Mux(w.tags[:0], f)
	for i := range w.tags {
		t := &w.tags[i]
		if f.Kind == media.Data && f.Class == media.Key && st.publish {
			b.Append(st.id, message.Data, t.Timestamp, setDataFrame, t.Payload)
			continue
		}
		b.AppendTag(st.id, t)
	}
	clear(w.tags)
}
