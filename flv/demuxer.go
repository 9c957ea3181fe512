package flv

import (
	"bytes"
	"fmt"

	"github.com/millrace-live/millrace/media"
)

// Demuxer turns the bodies of tags into frames, in the order of the stream, and
// keeps the tracks that their sequence headers describe. The zero value is
// ready.
type Demuxer struct {
	tracks *media.TrackSet
	// described are tracks that something is said of, but that are not there
	// yet.
	described []*media.Track
	names     []trackName
	frames    []*media.Frame
}

// Tracks returns the tracks known so far, nil before the first. A change makes
// another set; a sequence header that is repeated unchanged makes none.
func (d *Demuxer) Tracks() *media.TrackSet { return d.tracks }

// Demux returns the frames of one body, one a track, in a slice that holds
// until the next call: of a body whose tag or message had the decoding time dts,
// in nanoseconds on a line that does not wrap ([media.Unwrapper]). A frame's
// payload is the body or a part of it, so that the body must not be changed
// afterwards; only NAL units with start codes, which no player expects here, get
// new bytes. Arrival and Epoch are left to the caller.
//
// A frame is bare (Header is 0, see [media.Frame]) when the coding of its track
// is known, in whichever form it came. Else it is carried as it came: codecs
// that are not read, and those whose configuration is still to come or does not
// parse. H.264 and HEVC are told by the configuration itself: some encoders
// name the other.
//
// A frame is a key when its header says so: an open GOP starts at an I picture
// with a recovery point, which is no IDR picture, and is a key all the same.
//
// What describes a track goes to Tracks, and makes neither frame nor error: a
// sequence header, colorInfo, the configuration of channels, and the names in
// onMetaData. Nor is there one for a body that is empty or holds nothing behind
// its header. Whatever else carries neither sound nor picture is a frame of
// class Command. An end of sequence in enhanced form is one whose track its
// Tracks has no longer.
//
// A track appears with its first frame, with or without a sequence header; there
// are at most 32 of a kind.
//
// Script bodies become Data frames whose payload is AMF0. RTMP's "@setDataFrame"
// is for the caller to take off.
//
// An error condemns one track's part of the body alone: the frames that come
// with it are good, and so is the next body.
func (d *Demuxer) Demux(t TagType, dts int64, body []byte) ([]*media.Frame, error) {
	clear(d.frames)
	d.frames = d.frames[:0]
	if len(body) == 0 {
		return nil, nil
	}
	var err error
	switch t {
	case TagVideo:
		err = d.demux(media.Video, dts, body)
	case TagAudio:
		err = d.demux(media.Audio, dts, body)
	case TagScript, TagScriptAMF3:
		d.script(t, dts, body)
	default:
		err = fmt.Errorf("flv: demux a tag: %v is neither sound, picture nor script", t)
	}
	return d.frames, err
}

func (d *Demuxer) demux(k media.Kind, dts int64, body []byte) error {
	h, err := parseHeader(k, body)
	if err != nil {
		return fmt.Errorf("%w (%v, %d bytes)", err, h.codec, len(body))
	}
	if h.tracks == 0 {
		return d.take(dts, &packet{header: h, kind: k, body: body, content: body[h.size:]})
	}
	for list := body[h.size:]; len(list) > 0; {
		p, behind, failed := h.nextTrack(k, list)
		if failed != nil {
			failed = fmt.Errorf("%w (%v, track %d, %d bytes)", failed, p.codec, p.track, len(list))
		} else {
			failed = d.take(dts, &p)
		}
		if err == nil {
			err = failed
		}
		list = behind
	}
	return err
}

// take takes one track's part of a body.
func (d *Demuxer) take(dts int64, p *packet) error {
	switch p.part {
	case sequenceHeader:
		return d.configure(p)
	case metadata:
		return d.metadata(dts, p)
	case channels:
		return d.channels(p)
	case coded:
		return d.frame(dts, p)
	case sequenceEnd:
		if p.enhanced {
			d.remove(p.kind, p.track)
		}
	}
	d.command(dts, p)
	return nil
}

// command passes on what carries no picture and no sound.
func (d *Demuxer) command(dts int64, p *packet) {
	f := d.newFrame(dts, p)
	f.Payload, f.Header = p.asItCame()
}

// frame takes an access unit.
func (d *Demuxer) frame(dts int64, p *packet) error {
	if len(p.content) == 0 {
		return nil
	}
	t, err := d.inspect(p)
	if err != nil {
		return err
	}
	payload, header := p.content, 0
	if !bare(t) {
		payload, header = p.asItCame()
	} else if size := lengthSize(t.Format); size > 0 && media.IsAnnexB(payload, size) {
		if payload, err = media.LengthPrefixed(payload, size); err != nil || len(payload) == 0 {
			return err
		}
	}
	f := d.newFrame(dts, p)
	f.Payload, f.Header = payload, header
	return nil
}

func (d *Demuxer) newFrame(dts int64, p *packet) *media.Frame {
	if d.tracks == nil {
		d.tracks = &media.TrackSet{}
	}
	f := &media.Frame{
		Kind: p.kind, Class: p.class, Track: p.track,
		DTS: dts, PTS: dts + int64(p.offset), Tracks: d.tracks,
	}
	d.frames = append(d.frames, f)
	return f
}

// lengthSize returns how many bytes the length in front of a NAL unit takes, 0
// for codecs without NAL units.
func lengthSize(f media.Format) int {
	switch c := f.(type) {
	case *media.AVCConfig:
		return c.LengthSize
	case *media.HEVCConfig:
		return c.LengthSize
	case *media.VVCConfig:
		return c.LengthSize
	}
	return 0
}

// onMetaData is that AMF0 string with its marker and length.
var onMetaData = []byte("\x02\x00\x0aonMetaData")

func (d *Demuxer) script(t TagType, dts int64, body []byte) {
	// In the AMF3 form a format byte of 0 precedes values that are AMF0 until
	// their markers say otherwise.
	if t == TagScriptAMF3 && body[0] == 0 {
		body = body[1:]
	}
	if len(body) == 0 {
		return
	}
	f := &media.Frame{Kind: media.Data, DTS: dts, PTS: dts, Tracks: d.tracks, Payload: body}
	if bytes.HasPrefix(body, onMetaData) {
		f.Class = media.Key
		d.takeNames(body)
		f.Tracks = d.tracks
	}
	d.frames = append(d.frames, f)
}
