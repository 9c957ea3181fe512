package publish

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/millrace-live/millrace/amf"
	"github.com/millrace-live/millrace/media"
)

// Every codec and every track of a file arrives, packet for packet, with what
// the file says of it.
func TestPublishCodecs(t *testing.T) {
	for _, name := range []string{"av1-opus.mp4", "vp9-flac.mp4", "hevc-ac3.mp4", "hev1-mp3.mp4", "multi.mp4"} {
		t.Run(name, func(t *testing.T) {
			want := fileFrames(t, clips+name)
			s := newServer(take)
			run(t, s, Options{File: clips + name}, time.Minute, func(err error, out *output) {
				if err != nil {
					t.Fatal(err)
				}
				if strings.Contains(out.stderr.String(), "not sent") {
					t.Error(out.stderr.String())
				}
				perTrack := func(frames []*media.Frame) map[string][]*media.Frame {
					m := make(map[string][]*media.Frame)
					for _, f := range frames {
						m[fmt.Sprint(f.Kind, f.Track)] = append(m[fmt.Sprint(f.Kind, f.Track)], f)
					}
					return m
				}
				var got []*media.Frame
				for _, a := range s.arrivals {
					if a.Kind != media.Data && a.Class != media.Command {
						got = append(got, a.Frame)
					}
				}
				tracks := perTrack(got)
				for id, all := range perTrack(want) {
					if len(tracks[id]) != len(all) {
						t.Fatalf("%s: %d frames, want %d", id, len(tracks[id]), len(all))
					}
					for i, w := range all {
						g := tracks[id][i]
						if !bytes.Equal(g.Payload, w.Payload) || g.Class != w.Class || g.PTS != w.PTS || g.DTS != w.DTS {
							t.Fatalf("%s: frame %d is another", id, i)
						}
						a, b := g.Tracks.Find(g.Kind, g.Track), w.Tracks.Find(w.Kind, w.Track)
						if a.CodecString() != b.CodecString() || a.Name != b.Name || a.Language != b.Language || !bytes.Equal(a.Config, b.Config) {
							t.Fatalf("%s: frame %d is of %+v, want %+v", id, i, a, b)
						}
					}
				}
			})
		})
	}
}

func TestMetadataOfTracks(t *testing.T) {
	frames := fileFrames(t, clips+"multi.mp4")
	var m metadata
	said := m.frame(frames[0])
	values, err := amf.Decode(said.Payload)
	if err != nil {
		t.Fatal(err)
	}
	p := values.Object(1)
	if p.Number("width") != 96 || p.Number("height") != 64 || p.Number("videocodecid") != 7 || p.Number("audiocodecid") != 0x65632d33 {
		t.Errorf("default tracks: %v", p)
	}
	second := p.Object("videoTrackIdInfoMap").Object("1")
	if second.Number("width") != 192 || second.Number("videocodecid") != 0x68766331 {
		t.Errorf("second picture: %v", second)
	}
	sounds := p.Object("audioTrackIdInfoMap")
	if first := sounds.Object("0"); first.String("name") != "Kommentar" || first.String("language") != "de" || first.Get("audiocodecid") != nil {
		t.Errorf("first sound: %v", first)
	}
	if second := sounds.Object("1"); second.String("name") != "Commentary" || second.Number("audiocodecid") != 10 {
		t.Errorf("second sound: %v", second)
	}
	if again := m.frame(frames[1]); again != nil {
		t.Error("it is said again")
	}
	fewer := *frames[1]
	fewer.Tracks = &media.TrackSet{Tracks: frames[1].Tracks.Tracks[:1]}
	if m.frame(&fewer) == nil {
		t.Error("it is not said of other tracks")
	}
}
