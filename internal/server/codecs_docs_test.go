package server

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/millrace-live/millrace/flv"
	"github.com/millrace-live/millrace/internal/mp4"
	"github.com/millrace-live/millrace/internal/proto/dash"
	"github.com/millrace-live/millrace/internal/proto/hls"
	"github.com/millrace-live/millrace/internal/proto/httpts"
	"github.com/millrace-live/millrace/media"
)

// docs/codecs.md says where each codec goes, and what decides it is asked here:
// the FLV demuxer and muxer, HLS, and the reader and writer of MP4 files.
func TestCodecsAreDescribed(t *testing.T) {
	path := filepath.Join(docs, "codecs.md")
	page := codecsPage(t)
	if *update {
		if err := os.WriteFile(path, []byte(page), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if page != string(want) {
		t.Errorf("%s is not what the code does; run the test with -update", path)
	}
}

const codecsHead = `# Codecs

Which codec comes in where, and who gets it. This table is made from the code that decides it, by a test.

- **Legacy** is the number by which RTMP and FLV of the Flash days name a codec, **Enhanced** its FourCC in Enhanced RTMP.
  Millrace takes both, from RTMP and from files; where a label and the bitstream disagree, it believes the bitstream.
- **RTMP, HTTP-FLV** is what a player gets that announces nothing: the legacy form where a codec has one, else the
  enhanced form (a setting, ` + "`enhanced: strict`" + `, leaves that out). "As it came" is carried without being read.
- **HLS** is the name in ` + "`CODECS`" + `, or why HLS goes without that track. Every other track of the stream, and every other
  output, goes on. Devices differ in what they decode.
- **DASH** is the name in ` + "`@codecs`" + `, or why DASH goes without that track.
- **MPEG-TS** is the same for ` + "`/APP/NAME.ts` and `/APP/NAME/ts.m3u8`" + ` ([ts.md](ts.md)).
- **MP4** is the sample entry of files that ` + "`millrace play -o`" + ` writes and ` + "`millrace publish`" + ` reads.

`

func codecsPage(t *testing.T) string {
	legacy, samples := legacyForms(t), codecSamples(t)
	var b strings.Builder
	b.WriteString(codecsHead)
	for _, kind := range []media.Kind{media.Video, media.Audio} {
		title := "Video"
		if kind == media.Audio {
			title = "Audio"
		}
		fmt.Fprintf(&b, "## %s\n\n| Codec | Legacy | Enhanced | RTMP, HTTP-FLV | HLS | DASH | MPEG-TS | MP4 |\n| --- | --- | --- | --- | --- | --- | --- | --- |\n", title)
		for c := media.H264; c.String() != media.Unknown.String(); c++ {
			if (c >= media.AAC) != (kind == media.Audio) {
				continue
			}
			frames := samples[c]
			if len(frames) == 0 {
				t.Fatalf("no sample of %v", c)
			}
			fmt.Fprintf(&b, "| %s | %s | %s | %s | %s | %s | %s | %s |\n", c, orDash(strings.Join(legacy[c], ", ")), orDash(code(flv.FourCC(c))),
				leavesAs(frames), hlsName(frames), dashName(frames), inTransport(frames), orDash(code(inFile(t, c, frames))))
		}
		b.WriteString("\n")
	}
	return strings.TrimRight(b.String(), "\n") + "\n"
}

func code(s string) string {
	if s == "" {
		return ""
	}
	return "`" + s + "`"
}

func orDash(s string) string {
	if s == "" {
		return "–"
	}
	return s
}

// legacyForms asks the demuxer what each number means.
func legacyForms(t *testing.T) map[media.Codec][]string {
	t.Helper()
	forms := make(map[media.Codec][]string)
	for id := range byte(16) {
		for kind, body := range map[flv.TagType][]byte{
			flv.TagVideo: {1<<4 | id, 1, 0, 0, 0, 1, 2, 3, 4, 5}, flv.TagAudio: {id<<4 | 0x0f, 1, 2, 3, 4, 5},
		} {
			var d flv.Demuxer
			frames, err := d.Demux(kind, 0, body)
			if err != nil || len(frames) == 0 || frames[0].Class == media.Command {
				continue
			}
			if tracks := frames[0].Tracks.Tracks; len(tracks) > 0 && tracks[0].Codec != media.Unknown {
				forms[tracks[0].Codec] = append(forms[tracks[0].Codec], fmt.Sprint(id))
			}
		}
	}
	return forms
}

// codecSamples are some frames of each codec: what encoders sent where the
// library's tests have it, and bodies by hand where no encoder here writes it.
func codecSamples(t *testing.T) map[media.Codec][]*media.Frame {
	t.Helper()
	samples := make(map[media.Codec][]*media.Frame)
	take := func(all []*media.Frame) {
		found := make(map[media.Codec][]*media.Frame)
		for _, f := range all {
			if f.Kind != media.Video && f.Kind != media.Audio || f.Class == media.Command {
				continue
			}
			alone := *f
			track := f.Tracks.Find(f.Kind, f.Track)
			if track == nil || f.Header != 0 && flv.FourCC(track.Codec) != "" {
				continue
			}
			alone.Tracks = (*media.TrackSet)(nil).With(track)
			found[track.Codec] = append(found[track.Codec], &alone)
		}
		for c, frames := range found {
			if samples[c] == nil {
				samples[c] = frames
			}
		}
	}
	files, err := filepath.Glob("../../flv/testdata/*.flv")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range files {
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		r := flv.NewFrameReader(bytes.NewReader(b))
		var frames []*media.Frame
		for f, err := r.Next(); !errors.Is(err, io.EOF); f, err = r.Next() {
			if err != nil {
				t.Fatal(err)
			}
			frames = append(frames, f)
		}
		take(frames)
	}
	var byHand [][]byte
	for id := range byte(16) {
		byHand = append(byHand, []byte{'v', 1<<4 | id, 1, 0, 0, 0, 1, 2, 3, 4, 5}, []byte{'a', id<<4 | 0x0f, 1, 2, 3, 4, 5})
	}
	const keySequence, keyCoded, keyCodedX = "\x90", "\x91", "\x93"
	byHand = append(byHand,
		[]byte("v"+keyCoded+"vp08\x10\x00\x00\x9d\x01\x2a\x40\x01\xb4\x00"),
		[]byte("v"+keySequence+"vvc1\xff\x00\x65\x5f\x01\x02\x33\x80\x00\x00\x01\x40\x00\xb4\x00\x00\x00"),
		[]byte("v"+keyCodedX+"vvc1\x00\x00\x00\x02\x00\x01"))
	var d flv.Demuxer
	for _, b := range byHand {
		if b[0] == 'v' && b[1]&0x80 == 0 || b[0] == 'a' {
			d = flv.Demuxer{}
		}
		kind := flv.TagVideo
		if b[0] == 'a' {
			kind = flv.TagAudio
		}
		frames, err := d.Demux(kind, 0, b[1:])
		if err == nil {
			take(frames)
		}
	}
	return samples
}

// leavesAs says in which form the muxer gives a codec to a plain player.
func leavesAs(frames []*media.Frame) string {
	var m flv.Muxer
	tags := m.Mux(nil, frames[0])
	tag := tags[len(tags)-1]
	if frames[0].Header != 0 {
		return "as it came"
	}
	first := tag.Head()[0]
	if tag.Type == flv.TagVideo && first&0x80 != 0 || tag.Type == flv.TagAudio && first>>4 == 9 {
		return "enhanced"
	}
	return "legacy"
}

func hlsName(frames []*media.Frame) string {
	track := frames[len(frames)-1].Tracks.Tracks[0]
	if reason := hls.Refuses(track); reason != "" {
		return "no: " + reason
	}
	return code(track.CodecString())
}

func dashName(frames []*media.Frame) string {
	track := frames[len(frames)-1].Tracks.Tracks[0]
	if reason := dash.Refuses(track); reason != "" {
		return "no: " + reason
	}
	return code(dash.CodecName(track))
}

func inTransport(frames []*media.Frame) string {
	if reason := httpts.Refuses(frames[len(frames)-1].Tracks.Tracks[0]); reason != "" {
		return "no: " + reason
	}
	return "yes"
}

// inFile writes frames to a file and reads them back. It returns the sample
// entry in between, "" for a codec that files cannot hold.
func inFile(t *testing.T, c media.Codec, frames []*media.Frame) string {
	t.Helper()
	var file bytes.Buffer
	w := mp4.NewWriter(func(int) (io.Writer, error) { return &file, nil })
	for _, f := range frames {
		if err := w.Write(f); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if file.Len() == 0 {
		return ""
	}
	r, err := mp4.NewReader(bytes.NewReader(file.Bytes()), int64(file.Len()))
	if err != nil {
		t.Fatalf("%v: %v", c, err)
	}
	if set := r.Tracks(); len(set.Tracks) != 1 || set.Tracks[0].Codec != c {
		t.Errorf("a file of %v has %+v, and %v is skipped", c, set, r.Skipped())
	}
	const description = 16 // from the type of stsd to that of its first entry
	at := bytes.Index(file.Bytes(), []byte("stsd")) + description
	return string(file.Bytes()[at : at+4])
}
