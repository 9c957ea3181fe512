package flv

import (
	"fmt"
	"strings"
	"testing"

	"github.com/millrace-live/millrace/amf"
	"github.com/millrace-live/millrace/media"
)

func metaData(t *testing.T, d *Demuxer, pairs ...amf.Value) *media.Frame {
	t.Helper()
	body, err := amf.Append(nil, "onMetaData", amf.NewECMAArray(pairs...))
	if err != nil {
		t.Fatal(err)
	}
	frames, err := d.Demux(TagScript, 0, body)
	if err != nil || len(frames) != 1 {
		t.Fatal(frames, err)
	}
	return frames[0]
}

func names(s *media.TrackSet) string {
	var all []string
	for _, t := range s.Tracks {
		all = append(all, fmt.Sprintf("%v %d %q %q", t.Kind, t.ID, t.Name, t.Language))
	}
	return strings.Join(all, ", ")
}

func TestDemuxNames(t *testing.T) {
	var d Demuxer
	metaData(t, &d, "width", 1280.0,
		"audioTrackIdInfoMap", amf.NewObject(
			"0", amf.NewObject("language", "en"),
			"1", amf.NewObject("title", "Commentary", "language", "de", "channels", 2.0),
			"2", amf.NewObject("name", strings.Repeat("x", maxName+1)),
			"x", amf.NewObject("name", "no track"),
			"256", amf.NewObject("name", "no track")),
		"videoTrackIdInfoMap", amf.NewObject("1", amf.NewObject("name", "Stage", "title", "stage.mp4")))
	mustDemux(t, &d, TagAudio, 0, "af 00 1210")
	mustDemux(t, &d, TagAudio, 0, "95 00 6d703461 01 1210")
	mustDemux(t, &d, TagAudio, 0, "95 00 6d703461 02 1210")
	mustDemux(t, &d, TagVideo, 0, "96 00 61766331 01"+avcC)
	const want = `video 1 "Stage" "", audio 0 "" "en", audio 1 "Commentary" "de", audio 2 "" ""`
	if got := names(d.Tracks()); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}

	before := d.Tracks()
	if metaData(t, &d, "width", 640.0); d.Tracks() != before {
		t.Error("metadata without names made another set")
	}
	f := metaData(t, &d, "audioTrackIdInfoMap", amf.NewObject("1", amf.NewObject("name", "Crowd")))
	const renamed = `video 1 "Stage" "", audio 0 "" "", audio 1 "Crowd" "", audio 2 "" ""`
	if got := names(f.Tracks); got != renamed || f.Tracks != d.Tracks() {
		t.Errorf("got  %s\nwant %s", got, renamed)
	}
	if got := names(before); got != want {
		t.Errorf("the set of before was changed: %s", got)
	}
}

func TestDemuxBoundsNames(t *testing.T) {
	infos := amf.NewObject()
	for i := range 256 {
		infos.Set(fmt.Sprint(i), amf.NewObject("name", "x"))
	}
	var d Demuxer
	metaData(t, &d, "videoTrackIdInfoMap", infos)
	if len(d.names) != maxTracks {
		t.Errorf("%d names", len(d.names))
	}
}
