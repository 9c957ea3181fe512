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
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/millrace-live/millrace/flv"
	"github.com/millrace-live/millrace/media"
)

// FFmpeg plays a broadcast with B-frames and sound from its first frame to its
// last by HLS, and finds every access unit unchanged, in order and at its time.
func TestFFmpegPlays(t *testing.T) {
	ffprobe, err := exec.LookPath("ffprobe")
	if err != nil {
		t.Skipf("needs ffprobe: %v", err)
	}
	h := newHouse(t, Options{})
	defer h.close()
	server := httptest.NewServer(h)
	defer server.Close()
	sent := h.publishClip(t)

	out, err := exec.Command(ffprobe, "-v", "error", "-show_data_hash", "adler32", "-show_entries",
		"packet=codec_type,pts_time,dts_time,data_hash", "-of", "csv=p=0", server.URL+"/live/cam/index.m3u8").Output()
	if err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(strings.NewReader(string(out))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	for kind, name := range map[media.Kind]string{media.Video: "video", media.Audio: "audio"} {
		i := 0
		for _, row := range rows {
			if row[0] != name {
				continue
			}
			if i == len(sent[kind]) {
				t.Fatalf("%s: more packets than frames", name)
			}
			f := sent[kind][i]
			if want := fmt.Sprintf("adler32:%08x", adler32.Checksum(f.Payload)); row[3] != want {
				t.Fatalf("%s packet %d: hash %s, want %s", name, i, row[3], want)
			}
			for j, want := range []int64{f.PTS, f.DTS} {
				got, err := strconv.ParseFloat(row[1+j], 64)
				if err != nil {
					t.Fatal(err)
				}
				if off := time.Duration(got*1e9) - time.Duration(want); off.Abs() > time.Millisecond {
					t.Errorf("%s packet %d: time %v is %v off", name, i, got, off)
				}
			}
			i++
		}
		if i != len(sent[kind]) {
			t.Errorf("%s: %d packets of %d frames", name, i, len(sent[kind]))
		}
	}
}

// publishClip publishes a whole file at once, with a viewer there, and ends.
func (h *house) publishClip(t *testing.T) map[media.Kind][]*media.Frame {
	t.Helper()
	file, err := os.Open("../../packager/cmaf/testdata/clip.flv")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	p := h.publish(nil)
	sent := make(map[media.Kind][]*media.Frame)
	reader := flv.NewFrameReader(file)
	for {
		f, err := reader.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if err := p.p.Write(f); err != nil {
			t.Fatal(err)
		}
		if f.Class != media.Command {
			sent[f.Kind] = append(sent[f.Kind], f)
		}
	}
	h.get("index.m3u8")
	p.p.End(nil)
	// The playlist ends with the broadcast, as soon as the packager sees it.
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		if _, run := h.hls.running("live/cam"); run == nil {
			return sent
		}
	}
	t.Fatal("the broadcast does not end")
	return nil
}
