package flv

import (
	"bytes"
	"strconv"

	"github.com/millrace-live/millrace/amf"
	"github.com/millrace-live/millrace/media"
)

// trackName is what onMetaData calls a track.
type trackName struct {
	kind           media.Kind
	id             uint8
	name, language string
}

// maxName bounds a name or a language, which outlive their message.
const maxName = 256

// takeNames reads what onMetaData, an AMF0 message, says of single tracks
// (Enhanced RTMP v2, "Enhancing onMetaData"). What does not parse names none.
func (d *Demuxer) takeNames(body []byte) {
	if !bytes.Contains(body, []byte("TrackIdInfoMap")) {
		return // most encoders send one track of each kind
	}
	values, _ := amf.Decode(body)
	properties := values.Object(1)
	for kind, key := range map[media.Kind]string{
		media.Video: "videoTrackIdInfoMap",
		media.Audio: "audioTrackIdInfoMap",
	} {
		if _, ok := properties.Lookup(key); ok {
			d.rename(kind, readNames(kind, properties.Object(key)))
		}
	}
}

func readNames(k media.Kind, tracks amf.Properties) []trackName {
	var names []trackName
	for _, p := range tracks {
		id, err := strconv.ParseUint(p.Name, 10, 8)
		if err != nil || len(names) == maxTracks {
			continue
		}
		info := amf.PropertiesOf(p.Value)
		n := trackName{kind: k, id: uint8(id), language: info.String("language")}
		if n.name = info.String("name"); n.name == "" {
			n.name = info.String("title")
		}
		if len(n.name) <= maxName && len(n.language) <= maxName && n.name+n.language != "" {
			names = append(names, n)
		}
	}
	return names
}

// rename replaces the names of the tracks of a kind.
func (d *Demuxer) rename(k media.Kind, names []trackName) {
	for _, n := range d.names {
		if n.kind != k {
			names = append(names, n)
		}
	}
	d.names = names
	if d.tracks == nil {
		return
	}
	for _, t := range d.tracks.Tracks {
		if t.Kind != k {
			continue
		}
		renamed := *t
		renamed.Name, renamed.Language = "", ""
		for _, n := range d.names {
			if n.kind == k && n.id == t.ID {
				renamed.Name, renamed.Language = n.name, n.language
			}
		}
		if renamed.Name != t.Name || renamed.Language != t.Language {
			d.tracks = d.tracks.With(&renamed)
		}
	}
}
