package dash

import (
	"errors"
	"fmt"
	"hash/adler32"
	"io"
	"maps"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/millrace-live/millrace/flv"
	"github.com/millrace-live/millrace/internal/hub/hubtest"
	"github.com/millrace-live/millrace/internal/window"
	"github.com/millrace-live/millrace/media"
)

// FFmpeg plays broadcasts of every codec from the first frame to the last by
// DASH, and finds every access unit of every track unchanged, in order and at its
// time.
func TestFFmpegPlays(t *testing.T) {
	ffprobe, err := exec.LookPath("ffprobe")
	if err != nil {
		t.Skipf("needs ffprobe: %v", err)
	}
	files, err := filepath.Glob("../../../flv/testdata/libav-*.flv")
	if err != nil || len(files) == 0 {
		t.Fatalf("no files: %v", err)
	}
	for _, path := range append(files, "../../packager/cmaf/testdata/clip.flv") {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".flv"), func(t *testing.T) {
			h := newHouse(t, settings{})
			defer h.close()
			server := httptest.NewServer(h.Door)
			defer server.Close()
			sent := h.publishFile(t, path)
			text := h.Get("manifest.mpd")
			check(t, text)
			got := make(map[string][]packet)
			for range sent {
				// FFmpeg stops when the first of several tracks ends, so each is read alone.
				maps.Copy(got, packets(t, ffprobe, server.URL+"/live/cam/manifest.mpd", len(got)))
			}
			if len(got) != len(sent) {
				t.Errorf("%d tracks were sent, and %d came out of\n%s", len(sent), len(got), text)
			}
			for track, frames := range sent {
				compare(t, track, frames, got)
			}
		})
	}
}

type packet struct {
	pts, dts time.Duration
	hash     string
}

// packets returns what ffprobe finds of a stream.
func packets(t *testing.T, ffprobe, url string, stream int) map[string][]packet {
	t.Helper()
	out, err := exec.Command(ffprobe, "-v", "error", "-select_streams", strconv.Itoa(stream), "-show_data_hash", "adler32", "-show_entries",
		"packet=stream_index,pts_time,dts_time,data_hash", "-of", "compact=p=0", url).Output()
	if err != nil {
		t.Fatal(err)
	}
	all := make(map[string][]packet)
	for line := range strings.Lines(string(out)) {
		fields := make(map[string]string)
		for field := range strings.SplitSeq(strings.TrimSpace(line), "|") {
			key, value, _ := strings.Cut(field, "=")
			fields[key] = value
		}
		if fields["data_hash"] == "" {
			continue // side data
		}
		of := fields["stream_index"]
		all[of] = append(all[of], packet{inSeconds(fields["pts_time"]), inSeconds(fields["dts_time"]), fields["data_hash"]})
	}
	return all
}

func inSeconds(s string) time.Duration {
	f, err := strconv.ParseFloat(s, 64)
	if err != nil {
		return -1
	}
	return time.Duration(f * float64(time.Second))
}

// compare finds a track by its first packet and compares all.
func compare(t *testing.T, track window.TrackName, frames []*media.Frame, all map[string][]packet) {
	t.Helper()
	first := hash(frames[0])
	for _, got := range all {
		if got[0].hash != first {
			continue
		}
		if len(got) != len(frames) {
			t.Errorf("%s: %d packets of %d", track, len(got), len(frames))
			return
		}
		for i, f := range frames {
			off := max((got[i].dts - time.Duration(f.DTS)).Abs(), (got[i].pts - time.Duration(f.PTS)).Abs())
			if got[i].hash != hash(f) || off > 3*time.Millisecond {
				t.Errorf("%s: packet %d is %+v, want %s at %v", track, i, got[i], hash(f), time.Duration(f.PTS))
				return
			}
		}
		return
	}
	t.Errorf("%s did not come out", track)
}

func hash(f *media.Frame) string { return fmt.Sprintf("adler32:%08x", adler32.Checksum(f.Payload)) }

// publishFile publishes a whole file at once, with a viewer there, and ends. It
// returns what was sent of each track.
func (h *house) publishFile(t *testing.T, path string) map[window.TrackName][]*media.Frame {
	t.Helper()
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	p := h.Publish(nil)
	sent := make(map[window.TrackName][]*media.Frame)
	begun := false
	reader := flv.NewFrameReader(file)
	for {
		f, err := reader.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if err := p.Write(f); err != nil {
			t.Fatal(err)
		}
		// The packager begins with the oldest key frame that the hub has.
		begun = begun || f.IsKey()
		if begun && f.Class != media.Command && f.Kind != media.Data {
			of := window.TrackName{Kind: f.Kind, ID: f.Track}
			sent[of] = append(sent[of], f)
		}
	}
	watched := make(chan string)
	go func() { watched <- hubtest.Read(t, h.Do("GET", "manifest.mpd")) }()
	for h.window.Stats().Packagers == 0 {
		time.Sleep(time.Millisecond)
	}
	p.End(nil)
	<-watched
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		if h.window.Stats().Packagers == 0 {
			return sent
		}
	}
	t.Fatal("the broadcast does not end")
	return nil
}
