package cmaf

import (
	"encoding/csv"
	"fmt"
	"hash/adler32"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/millrace-live/millrace/media"
)

// FFmpeg must find in the segments what went in, and decode all of it.
func TestFFmpegReads(t *testing.T) {
	for _, program := range []string{"ffmpeg", "ffprobe"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skipf("needs %s: %v", program, err)
		}
	}
	frames := readClip(t, clip)
	segments := pack(frames)
	for _, kind := range []media.Kind{media.Video, media.Audio} {
		var file []byte
		for i, s := range of(kind, segments) {
			if i == 0 {
				file = append(file, s.Header.Bytes...)
			}
			file = s.Append(file)
		}
		path := filepath.Join(t.TempDir(), "track.mp4")
		if err := os.WriteFile(path, file, 0o644); err != nil {
			t.Fatal(err)
		}
		probePackets(t, path, framesOf(kind, frames))
		out, err := exec.Command("ffmpeg", "-v", "warning", "-xerror", "-i", path, "-f", "null", "-").CombinedOutput()
		if err != nil || len(out) > 0 {
			t.Errorf("ffmpeg decodes: %v\n%s", err, out)
		}
	}
}

func probePackets(t *testing.T, path string, frames []*media.Frame) {
	t.Helper()
	out, err := exec.Command("ffprobe", "-v", "error", "-show_packets", "-show_data_hash", "adler32",
		"-show_entries", "packet=pts_time,dts_time,flags,data_hash", "-of", "csv=p=0", path).Output()
	if err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(strings.NewReader(string(out))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if len(rows) != len(frames) {
		t.Fatalf("%d packets of %d frames", len(rows), len(frames))
	}
	for i, row := range rows {
		f := frames[i]
		for j, want := range []int64{f.PTS, f.DTS} {
			got, err := strconv.ParseFloat(row[j], 64)
			if err != nil {
				t.Fatal(err)
			}
			if off := time.Duration(got*1e9) - time.Duration(want); off.Abs() > time.Millisecond {
				t.Errorf("packet %d: time %v is %v off", i, got, off)
			}
		}
		if key := strings.HasPrefix(row[2], "K"); key != (f.Class == media.Key) {
			t.Errorf("packet %d: flags %q", i, row[2])
		}
		if want := fmt.Sprintf("adler32:%08x", adler32.Checksum(f.Payload)); !strings.EqualFold(row[3], want) {
			t.Errorf("packet %d: hash %s, want %s", i, row[3], want)
		}
	}
}
