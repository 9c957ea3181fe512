package hls

import (
	"encoding/csv"
	"errors"
	"fmt"
	"hash/adler32"
	"io"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
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
// HLS, and finds every access unit of every track unchanged, in order and at its
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
			index := h.Get("index.m3u8")
			for track, frames := range sent {
				uri := regexp.MustCompile(`[a-z0-9]+_` + track.String() + `\.m3u8`).FindString(index)
				if uri == "" {
					t.Errorf("the index has no %s:\n%s", track, index)
					continue
				}
				comparePackets(t, ffprobe, server.URL+"/live/cam/"+uri, frames)
			}
			// The whole: every rendition is found.
			out, err := exec.Command(ffprobe, "-v", "error", "-show_entries", "stream=index", "-of", "csv=p=0",
				server.URL+"/live/cam/index.m3u8").Output()
			if err != nil || len(strings.Fields(string(out))) < len(sent) {
				t.Errorf("ffprobe finds %q in\n%s\n%v", out, index, err)
			}
		})
	}
}

func comparePackets(t *testing.T, ffprobe, url string, frames []*media.Frame) {
	t.Helper()
	out, err := exec.Command(ffprobe, "-v", "error", "-show_data_hash", "adler32", "-show_entries",
		"packet=pts_time,dts_time,data_hash", "-of", "csv=p=0", url).Output()
	if err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(strings.NewReader(string(out))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if len(rows) != len(frames) {
		t.Fatalf("%s: %d packets of %d frames", url, len(rows), len(frames))
	}
	for i, f := range frames {
		if want := fmt.Sprintf("adler32:%08x", adler32.Checksum(f.Payload)); rows[i][2] != want {
			t.Fatalf("%s: packet %d: hash %s, want %s", url, i, rows[i][2], want)
		}
		// Sound is counted in samples; the encoder's milliseconds are rounded.
		for j, want := range []int64{f.PTS, f.DTS} {
			got, err := strconv.ParseFloat(rows[i][j], 64)
			if err != nil {
				t.Fatal(err)
			}
			if off := time.Duration(got*1e9) - time.Duration(want); off.Abs() > 2*time.Millisecond {
				t.Errorf("%s: packet %d: time %v is %v off", url, i, got, off)
			}
		}
	}
}

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
	go func() { watched <- hubtest.Read(t, h.Do("GET", "index.m3u8")) }()
	for {
		if h.window.Stats().Packagers > 0 {
			break
		}
		time.Sleep(time.Millisecond)
	}
	p.End(nil)
	<-watched
	// The playlist ends with the broadcast, as soon as the packager sees it.
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		if h.window.Stats().Packagers == 0 {
			return sent
		}
	}
	t.Fatal("the broadcast does not end")
	return nil
}
