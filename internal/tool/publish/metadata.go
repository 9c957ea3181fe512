package publish

import (
	"bytes"
	"slices"
	"strconv"
	"strings"

	"github.com/millrace-live/millrace/amf"
	truth "github.com/millrace-live/millrace/internal/metadata"
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

// makeMetadata says what the tracks are, for files that do not say it: the
// default ones by the names of old, the others and what people call each of
// them in maps by track (Enhanced RTMP v2, "Enhancing onMetaData").
func makeMetadata(s *media.TrackSet) []byte {
	var p amf.Properties
	kinds := []struct {
		kind     media.Kind
		tracks   string
		describe func(*amf.Properties, *media.Track)
	}{{media.Video, "videoTrackIdInfoMap", describePicture}, {media.Audio, "audioTrackIdInfoMap", describeSound}}
	for _, k := range kinds {
		if t := s.Default(k.kind); t != nil {
			k.describe(&p, t)
		}
	}
	for _, k := range kinds {
		var tracks amf.Properties
		for _, t := range s.Tracks {
			if t.Kind != k.kind {
				continue
			}
			var about amf.Properties
			for name, text := range map[string]string{"name": t.Name, "language": t.Language} {
				if text != "" {
					about.Set(name, text)
				}
			}
			slices.SortFunc(about, func(a, b amf.Property) int { return strings.Compare(a.Name, b.Name) })
			if t.ID != 0 {
				k.describe(&about, t)
			}
			if len(about) > 0 {
				tracks.Set(strconv.Itoa(int(t.ID)), &amf.Object{Properties: about})
			}
		}
		if len(tracks) > 0 {
			p.Set(k.tracks, &amf.Object{Properties: tracks})
		}
	}
	p.Set("encoder", "Millrace")
	return encodeMetadata(p)
}

// number gives v to a property unless it is not known.
func number(p *amf.Properties, name string, v float64) {
	if v > 0 {
		p.Set(name, v)
	}
}

func describePicture(p *amf.Properties, t *media.Track) {
	if pic := t.Picture(); pic != nil {
		number(p, "width", float64(pic.Width))
		number(p, "height", float64(pic.Height))
		number(p, "framerate", pic.FrameRate)
	}
	number(p, "videocodecid", truth.CodecID(t.Codec))
}

func describeSound(p *amf.Properties, t *media.Track) {
	if sound := t.Sound(); sound != nil {
		number(p, "audiosamplerate", float64(sound.OutputSampleRate))
		number(p, "audiosamplesize", 16)
		number(p, "audiochannels", float64(sound.Channels))
		p.Set("stereo", sound.Channels > 1)
	}
	number(p, "audiocodecid", truth.CodecID(t.Codec))
}

// metadata keeps what was said of the stream, so that a file that says it again
// with each pass, or never, is heard once.
type metadata struct {
	said []byte
	// made are the tracks of which it was said here, nil if the file said it.
	made *media.TrackSet
}

// frame returns the Data frame to send in front of f, or in its place if f is
// onMetaData itself: nil for none.
func (m *metadata) frame(f *media.Frame) *media.Frame {
	var say []byte
	switch {
	case f.Kind == media.Data && f.Class == media.Key:
		say, m.made = liveMetadata(f.Payload), nil
	case f.Kind != media.Data && (m.said == nil || m.made != nil && m.made != f.Tracks):
		say, m.made = makeMetadata(f.Tracks), f.Tracks
	}
	if say == nil || bytes.Equal(say, m.said) {
		return nil
	}
	m.said = say
	return &media.Frame{Kind: media.Data, Class: media.Key, DTS: f.DTS, PTS: f.DTS, Tracks: f.Tracks, Payload: say}
}
