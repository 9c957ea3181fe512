package publish

import (
	"bytes"
	"slices"

	"github.com/millrace-live/millrace/amf"
	"github.com/millrace-live/millrace/media"
)

const onMetaData = "onMetaData"

// ofFile are properties of onMetaData that are true of a file and not of what
// is sent of it. The index of key frames alone may take hundreds of kilobytes,
// which a server hands to every viewer.
var ofFile = []string{
	"duration", "filesize", "filepositions", "times", "keyframes", "hasKeyframes", "hasCuePoints", "cuePoints",
	"lasttimestamp", "lastkeyframetimestamp", "lastkeyframelocation", "canSeekToEnd", "seekpoints", "starttime",
	"totalframes", "datasize", "videosize", "audiosize",
}

// liveMetadata takes out of a file's onMetaData what is not true of a live
// stream. It returns nil if it cannot be read, or is none.
func liveMetadata(payload []byte) []byte {
	values, err := amf.Decode(payload)
	if err != nil || len(values) < 2 || values.String(0) != onMetaData {
		return nil
	}
	properties := slices.DeleteFunc(slices.Clone(amf.PropertiesOf(values[1])), func(p amf.Property) bool {
		return slices.Contains(ofFile, p.Name)
	})
	return encodeMetadata(properties)
}

func encodeMetadata(p amf.Properties) []byte {
	b, err := amf.Append(nil, onMetaData, &amf.ECMAArray{Count: uint32(len(p)), Properties: p})
	if err != nil {
		return nil
	}
	return b
}

// flvCodecs are the numbers that onMetaData has for codecs (FLV §E.4.2, §E.4.3).
var flvCodecs = map[media.Codec]float64{
	media.H263: 2, media.Screen: 3, media.VP6: 4, media.VP6Alpha: 5, media.Screen2: 6, media.H264: 7,
	media.MP3: 2, media.Nellymoser: 6, media.G711A: 7, media.G711U: 8, media.AAC: 10, media.Speex: 11,
}

// makeMetadata says what the tracks are, for files that do not say it.
func makeMetadata(s *media.TrackSet) []byte {
	var p amf.Properties
	number := func(name string, v float64) {
		if v > 0 {
			p.Set(name, v)
		}
	}
	if t := s.Default(media.Video); t != nil {
		if pic := t.Picture(); pic != nil {
			number("width", float64(pic.Width))
			number("height", float64(pic.Height))
			number("framerate", pic.FrameRate)
		}
		number("videocodecid", flvCodecs[t.Codec])
	}
	if t := s.Default(media.Audio); t != nil {
		if sound := t.Sound(); sound != nil {
			number("audiosamplerate", float64(sound.OutputSampleRate))
			number("audiosamplesize", 16)
			number("audiochannels", float64(sound.Channels))
			p.Set("stereo", sound.Channels > 1)
		}
		number("audiocodecid", flvCodecs[t.Codec])
	}
	p.Set("encoder", "Millrace")
	return encodeMetadata(p)
}

// metadata keeps what was said of the stream, so that a file that says it again
// with each pass, or never, is heard once.
type metadata struct{ said []byte }

// frame returns the Data frame to send in front of f, or in its place if f is
// onMetaData itself: nil for none.
func (m *metadata) frame(f *media.Frame) *media.Frame {
	var say []byte
	switch {
	case f.Kind == media.Data && f.Class == media.Key:
		say = liveMetadata(f.Payload)
	case m.said == nil && f.Kind != media.Data:
		say = makeMetadata(f.Tracks)
	}
	if say == nil || bytes.Equal(say, m.said) {
		return nil
	}
	m.said = say
	return &media.Frame{Kind: media.Data, Class: media.Key, DTS: f.DTS, PTS: f.PTS, Tracks: f.Tracks, Payload: say}
}
