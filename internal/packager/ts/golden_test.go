package ts

import (
	"bytes"
	"flag"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/millrace-live/millrace/media"
)

var update = flag.Bool("update", false, "write the golden files anew")

var golden = []string{
	"ffmpeg-5.1-publish", "h264-bframes-aac", "gstreamer-1.22-publish", "libav-8.1-hevc-ac3", "libav-8.1-hevc-eac3",
	"libav-8.1-hdr-opus51", "libav-8.1-multitrack", "enhanced-hevc-opus-aac", "sorenson-mp3", "ffmpeg-7.0-av1-aac",
}

// What goes in comes out, and packet for packet as it did before.
func TestGolden(t *testing.T) {
	for _, name := range golden {
		t.Run(name, func(t *testing.T) {
			frames := readClip(t, clips+name+".flv")
			all := pack(frames)
			r := scan(t, all)
			compare(t, r, frames)
			path := "testdata/" + name + ".golden"
			if *update {
				if err := os.WriteFile(path, r.log.Bytes(), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			got := bytes.Split(r.log.Bytes(), []byte("\n"))
			for i, line := range bytes.Split(want, []byte("\n")) {
				if i >= len(got) || !bytes.Equal(line, got[i]) {
					t.Fatalf("packet %d is %s, want %s", i, got[min(i, len(got)-1)], line)
				}
			}
		})
	}
}

// compare fails unless the stream has every access unit of the tracks that it
// carries, byte for byte, and at its time.
func compare(t *testing.T, r *reader, frames []*media.Frame) {
	t.Helper()
	set := frames[len(frames)-1].Tracks
	for _, track := range set.Tracks {
		if Check(track) != nil || track.Kind == media.Video && track != set.Default(media.Video) {
			continue
		}
		pid := uint16(pidVideo)
		if track.Kind == media.Audio {
			pid = pidAudio + uint16(track.ID)
		}
		var in []*media.Frame
		for _, f := range frames {
			if f.Kind == track.Kind && f.Track == track.ID && f.Class != media.Command && len(f.Payload) > 0 {
				in = append(in, f)
			}
		}
		if track.Kind == media.Video {
			in = in[slices.IndexFunc(in, (*media.Frame).IsKey):]
		}
		var out []*pesPacket
		for _, u := range r.units {
			if u.pid == pid {
				out = append(out, u)
			}
		}
		if len(in) != len(out) {
			t.Errorf("%s %d: %d frames came out of %d", track.Kind, track.ID, len(out), len(in))
			continue
		}
		for i, f := range in {
			if err := same(track, f, out[i]); err != "" {
				t.Errorf("%s %d: frame %d: %s", track.Kind, track.ID, i, err)
				break
			}
		}
	}
}

func same(track *media.Track, f *media.Frame, u *pesPacket) string {
	coded, err := u.coded(track)
	if err != nil {
		return err.Error()
	}
	want := [][]byte{f.Payload}
	tolerance := time.Duration(0)
	if track.Kind == media.Video {
		want = nil
		keep, _ := keeps(track)
		if f.IsKey() {
			want = append(want, parameterSets(track)...)
		}
		own := false
		for nal := range media.NALUnits(f.Payload, 4) {
			if keep(nal) {
				want = append(want, nal)
			}
			_, isSPS := keeps(track)
			own = own || isSPS(nal)
		}
		if own && f.IsKey() {
			want = want[len(parameterSets(track)):]
		}
		if u.random != f.IsKey() {
			return "it is marked as a key frame when it is none, or is not"
		}
	} else {
		tolerance = 21 * time.Millisecond // sound is counted in samples
	}
	if !slices.EqualFunc(coded, want, bytes.Equal) {
		return "its bytes differ"
	}
	if off := millis(u.pts) - Delay - time.Duration(f.PTS); off.Abs() > tolerance+time.Microsecond*12 {
		return "it is to be shown " + off.String() + " late"
	}
	if off := millis(u.dts) - Delay - time.Duration(f.DTS); off.Abs() > tolerance+time.Microsecond*12 {
		return "it is to be decoded " + off.String() + " late"
	}
	return ""
}

// keeps tells which NAL units of a frame go along, and which are SPS.
func keeps(t *media.Track) (keep, sps func([]byte) bool) {
	if t.Codec == media.H264 {
		return func(nal []byte) bool { return !slices.Contains([]uint8{9, 10, 11, 12}, media.NALType(nal)) },
			func(nal []byte) bool { return media.NALType(nal) == 7 }
	}
	return func(nal []byte) bool { return !slices.Contains([]uint8{35, 36, 37, 38}, media.HEVCNALType(nal)) },
		func(nal []byte) bool { return media.HEVCNALType(nal) == 33 }
}

func parameterSets(t *media.Track) [][]byte {
	switch c := t.Format.(type) {
	case *media.AVCConfig:
		return slices.Concat(c.SPS, c.PPS)
	case *media.HEVCConfig:
		return slices.Concat(c.VPS, c.SPS, c.PPS, c.SEI)
	}
	return nil
}
