package e2e

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/millrace-live/millrace/rtmp/message"
)

// A publisher changes the size of its picture, its codecs and its tracks while
// it is on air. Every output goes on without a restart, and nothing is lost or
// confused.
func TestTracksChangeOnAir(t *testing.T) {
	t.Parallel()
	s := start(t, "--open")
	const stage = 4.1 // seconds from the start of one file to the next
	files := []string{
		clip(t, "stage-small", 4),
		clip(t, "stage-large", 4, "-vf", "scale=640:360", "-ac", "1"),
		enhancedClip(t, "stage-new", 4, libavWrites, withAV1, withOpus),
		multitrackClip(t, "stage-tracks", 4, withAVC, withAAC),
		enhancedClip(t, "stage-hevc", 4, libavWrites, withHEVC, withAC3),
	}
	var in []packet
	for i, file := range files {
		_, packets := libavReads(t, file).read(t, 30*time.Second)
		for _, p := range packets {
			p.dts += float64(i) * stage
			p.pts += float64(i) * stage
			in = append(in, p)
		}
	}

	const (
		stream = "live/stages"
		tracks = 3 // the file with two of each
	)
	early := weRead(t, s.rtmpURL(stream))
	s.waitPlayers(t, stream, 1)
	sender := dialSender(t, s.rtmpURL(stream))
	var late *ourReader
	recording := s.recordsHLS(t, stream, func(*hlsRecording) {
		for i, file := range files {
			at := float64(i) * stage
			sender.media = time.Duration(at * float64(time.Second))
			sender.send(t, file, uint32(at*1000+0.5))
			if i == tracks {
				sender.endTracks(t, uint32((at+4)*1000))
			}
			if late == nil {
				late = weReadFLV(t, s.flvURL(stream)+"?tracks=all")
			}
		}
		time.Sleep(500 * time.Millisecond) // for the last playlists
	})
	sender.stream.Close()

	for name, r := range map[string]*ourReader{"RTMP": early, "HTTP-FLV": late} {
		_, got := r.read(t, 30*time.Second)
		compare(t, name, in, got)
		var sets []string
		for _, set := range r.sets {
			var codecs []string
			for _, tr := range set.Tracks {
				codecs = append(codecs, tr.Codec.String())
			}
			sets = append(sets, strings.Join(codecs, "+"))
		}
		sets = slices.Compact(sets)
		for _, want := range []string{"H.264+AAC", "AV1+Opus", "H.264+H.264+AAC+AAC", "HEVC+AC-3"} {
			if !slices.Contains(sets, want) {
				t.Errorf("%s: the tracks were never %s, but %q", name, want, sets)
			}
		}
		if last := sets[len(sets)-1]; last != "HEVC+AC-3" {
			t.Errorf("%s: the tracks at the end are %s", name, last)
		}
	}
	stages := make(map[int]bool)
	for _, run := range recording.runs(t) {
		streams, got := ffmpeg7Reads(t, run.file).read(t, 30*time.Second)
		if len(got) == 0 || len(streams) != 1 {
			t.Errorf("HLS: %s has %d tracks and %d packets", run.init, len(streams), len(got))
			continue
		}
		at := stretch(in, got)
		if at < 0 {
			t.Errorf("HLS: what decodes with %s (%s, %d packets) is no stretch of what went in", run.init, streams[0].Codec, len(got))
			continue
		}
		t.Logf("HLS: %s is %s %dx%d, stage %d, %d packets", run.init, streams[0].Codec, streams[0].Width, streams[0].Height, at, len(got))
		if streams[0].Kind == "video" {
			stages[at] = true
		}
	}
	if len(stages) != len(files) {
		t.Errorf("HLS: pictures came out of %d stages of %d", len(stages), len(files))
	}
	if n := strings.Count(strings.Join(recording.indexes, ""), "#EXT-X-STREAM-INF"); n == 0 {
		t.Error("HLS: no variant at all")
	}
}

// endTracks tells that the tracks beside the default ones are over. libav 8.1
// does not: it ends its second picture with the legacy message of the first.
func (s *sender) endTracks(t *testing.T, ms uint32) {
	t.Helper()
	for _, m := range []message.Message{
		{Type: message.Video, Timestamp: ms, Payload: []byte("\x96\x02avc1\x01")}, // multitrack: one track, SequenceEnd
		{Type: message.Audio, Timestamp: ms, Payload: []byte("\x95\x02mp4a\x01")},
	} {
		if err := s.stream.WriteMessage(&m); err != nil {
			t.Fatalf("send the end of a track: %v", err)
		}
	}
}

// stretch returns the stage from which these packets are, in one piece; -1 when
// they are no piece of a track.
func stretch(in, got []packet) int {
	for _, kind := range trackNames(in) {
		track := of(kind, in)
		for i := range track {
			if len(track)-i < len(got) || track[i].hash != got[0].hash {
				continue
			}
			if slices.EqualFunc(track[i:i+len(got)], got, func(a, b packet) bool { return a.hash == b.hash }) {
				return int(track[i].dts / 4.1)
			}
		}
	}
	return -1
}
