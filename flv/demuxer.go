package flv

import (
	"bytes"
	"fmt"

	"github.com/millrace-live/millrace/media"
)

// maxConfig bounds a sequence header, which outlives its message: real ones
// have less than 4 KiB.
const maxConfig = 64 << 10

// Demuxer turns the bodies of tags into frames, in the order of the stream, and
// keeps the tracks that their sequence headers describe. The zero value is
// ready.
type Demuxer struct {
	tracks *media.TrackSet
	frames []*media.Frame
}

// Tracks returns the tracks known so far, nil before the first. A change makes
// another set; a sequence header that is repeated unchanged makes none.
func (d *Demuxer) Tracks() *media.TrackSet { return d.tracks }

// Demux returns the frames of one body, in a slice that holds until the next
// call: of a body whose tag or message had the decoding time dts, in
// nanoseconds on a line that does not wrap ([media.Unwrapper]). The frame's
// payload is the body or a part of it, so that the body must not be changed
// afterwards; only H.264 with start codes, which no player expects here, gets
// new bytes. Arrival and Epoch are left to the caller.
//
// A frame is a key when its header says so: an open GOP starts at an I picture
// with a recovery point, which is no IDR picture, and is a key all the same.
//
// There is no frame and no error for a sequence header, which goes to Tracks,
// and for a body that is empty or holds nothing behind its header. An end of
// sequence and whatever else carries neither sound nor picture is a frame of
// class Command.
//
// A track appears with its first frame, with or without a sequence header.
// H.264 and AAC before theirs, or after one that does not parse, are carried as
// they came (Header is not 0), like all other codecs.
//
// Script bodies become Data frames whose payload is AMF0. RTMP's "@setDataFrame"
// is for the caller to take off.
//
// An error condemns this body alone: the next one can be read.
func (d *Demuxer) Demux(t TagType, dts int64, body []byte) ([]*media.Frame, error) {
	clear(d.frames)
	d.frames = d.frames[:0]
	if len(body) == 0 {
		return nil, nil
	}
	var f *media.Frame
	var err error
	switch t {
	case TagVideo:
		f, err = d.demux(media.Video, dts, body)
	case TagAudio:
		f, err = d.demux(media.Audio, dts, body)
	case TagScript, TagScriptAMF3:
		f = d.data(t, dts, body)
	default:
		err = fmt.Errorf("flv: demux a tag: %v is neither sound, picture nor script", t)
	}
	if f != nil {
		d.frames = append(d.frames, f)
	}
	return d.frames, err
}

func (d *Demuxer) demux(k media.Kind, dts int64, body []byte) (*media.Frame, error) {
	h, err := parseHeader(k, body)
	switch {
	case err != nil:
		return nil, fmt.Errorf("%w (%v, %d bytes)", err, h.codec, len(body))
	case h.part == sequenceHeader:
		return nil, d.configure(k, h, body)
	case h.part == coded && h.size == len(body):
		return nil, nil
	}
	f := &media.Frame{
		Kind: k, Class: h.class, Track: h.track, Header: h.size,
		DTS: dts, PTS: dts + int64(h.offset), Payload: body,
	}
	if h.part == other {
		if d.tracks == nil {
			d.tracks = &media.TrackSet{}
		}
		f.Tracks = d.tracks
		return f, nil
	}
	track := d.tracks.Find(k, h.track)
	if track == nil || track.Codec != h.codec {
		track = &media.Track{Kind: k, ID: h.track, Codec: h.codec}
		d.tracks = d.tracks.With(track)
	}
	f.Tracks = d.tracks
	if h.legacy && bare(track) {
		f.Header, f.Payload = 0, body[h.size:]
		if c, ok := track.Format.(*media.AVCConfig); ok && media.IsAnnexB(f.Payload, c.LengthSize) {
			f.Payload, err = media.LengthPrefixed(f.Payload, c.LengthSize)
		}
	}
	if err != nil || len(f.Payload) == 0 {
		return nil, err
	}
	return f, nil
}

// configure takes a sequence header.
func (d *Demuxer) configure(k media.Kind, h header, body []byte) error {
	if len(body) > maxConfig {
		return fmt.Errorf("flv: sequence header of %d bytes is above %d", len(body), maxConfig)
	}
	if h.legacy && len(body) == h.size {
		return nil // some encoders send an empty one first
	}
	t := newTrack(k, h, body)
	old := d.tracks.Find(k, h.track)
	if old == nil || old.Codec != t.Codec || bare(old) != bare(t) || !bytes.Equal(old.Config, t.Config) {
		d.tracks = d.tracks.With(t)
	}
	return nil
}

// newTrack makes the track that a sequence header describes. Its configuration
// is a copy, since it may outlive every frame of the stream.
func newTrack(k media.Kind, h header, body []byte) *media.Track {
	t := &media.Track{Kind: k, ID: h.track, Codec: h.codec, Config: bytes.Clone(body)}
	if !h.legacy {
		return t
	}
	// One that does not parse is left as it came: a player may know better.
	record := t.Config[h.size:]
	switch k {
	case media.Video:
		if c, err := media.ParseAVCConfig(record); err == nil {
			t.Format, t.Config = c, record
			if record[0] != 1 {
				t.Config = c.Append(nil) // it was in Annex B
			}
		}
	case media.Audio:
		if c, err := media.ParseAACConfig(record); err == nil {
			t.Format, t.Config = c, record
		}
	}
	return t
}

// bare reports whether t's Config is a record without a tag's header.
func bare(t *media.Track) bool { return t.Format != nil }

// onMetaData is that AMF0 string with its marker and length.
var onMetaData = []byte("\x02\x00\x0aonMetaData")

func (d *Demuxer) data(t TagType, dts int64, body []byte) *media.Frame {
	// In the AMF3 form a format byte of 0 precedes values that are AMF0 until
	// their markers say otherwise.
	if t == TagScriptAMF3 && body[0] == 0 {
		body = body[1:]
	}
	if len(body) == 0 {
		return nil
	}
	f := &media.Frame{Kind: media.Data, DTS: dts, PTS: dts, Tracks: d.tracks, Payload: body}
	if bytes.HasPrefix(body, onMetaData) {
		f.Class = media.Key
	}
	return f
}
