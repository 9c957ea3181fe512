package ts

import (
	"bytes"
	"encoding/json"
	"fmt"
	"hash/adler32"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// FFmpeg must find each access unit, with its times, its size and its bytes, and
// nothing to complain of.
func TestFFmpegReads(t *testing.T) {
	for _, program := range []string{"ffmpeg", "ffprobe"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skipf("needs %s: %v", program, err)
		}
	}
	for _, name := range golden {
		t.Run(name, func(t *testing.T) {
			all := pack(readClip(t, clips+name+".flv"))
			path := filepath.Join(t.TempDir(), "stream.ts")
			if err := os.WriteFile(path, all, 0o644); err != nil {
				t.Fatal(err)
			}
			r := scan(t, all)
			found := probed(t, path)
			pictures := 0
			for _, u := range r.units {
				data := u.data
				if bytes.HasPrefix(data, []byte{0, 0, 0, 1, 0x46}) {
					data = hevcParsed(data, pictures, len(found["256"]) == 1)
					pictures++
				}
				if u.id == idPrivate && data[0] == 0x7f { // Opus: FFmpeg takes the control header off
					n := 2
					for data[n] == 0xff {
						n++
					}
					data = data[n+1:]
				}
				want := probedPacket{u.pts, u.dts, len(data), fmt.Sprintf("adler32:%08x", adler32.Checksum(data))}
				pid := strconv.Itoa(int(u.pid))
				if len(found[pid]) == 0 || found[pid][0] != want {
					t.Fatalf("PID %#x: FFmpeg found %+v, want %+v", u.pid, found[pid][:min(1, len(found[pid]))], want)
				}
				found[pid] = found[pid][1:]
			}
			for pid, rest := range found {
				if len(rest) > 0 {
					t.Errorf("PID %s: FFmpeg found %d packets more", pid, len(rest))
				}
			}
			out, err := exec.Command("ffmpeg", "-v", "debug", "-i", path, "-map", "0", "-c", "copy", "-f", "null", "-").CombinedOutput()
			if err != nil {
				t.Errorf("ffmpeg: %v", err)
			}
			for _, word := range []string{"ontinuity", "orrupt", "monoton", "mismatch", "Invalid"} {
				if strings.Contains(string(out), word) {
					t.Errorf("ffmpeg complains of %q:\n%s", word, out)
				}
			}
		})
	}
}

// hevcParsed is an access unit as FFmpeg's parser of HEVC cuts it: the first zero
// of a start code goes to the one before.
func hevcParsed(data []byte, number int, last bool) []byte {
	if number > 0 {
		data = data[1:]
	}
	if !last {
		data = append(slices.Clip(data), 0)
	}
	return data
}

type probedPacket struct {
	pts, dts int64
	size     int
	hash     string
}

// probed returns FFmpeg's packets by PID.
func probed(t *testing.T, path string) map[string][]probedPacket {
	t.Helper()
	out, err := exec.Command("ffprobe", "-v", "error", "-show_packets", "-show_data_hash", "adler32", "-show_streams", "-of", "json", path).Output()
	if err != nil {
		t.Fatal(err)
	}
	var doc struct {
		Packets []struct {
			Stream   int `json:"stream_index"`
			PTS, DTS int64
			Size     string
			Hash     string `json:"data_hash"`
		}
		Streams []struct{ ID string }
	}
	if err := json.Unmarshal(out, &doc); err != nil {
		t.Fatal(err)
	}
	found := make(map[string][]probedPacket)
	for _, p := range doc.Packets {
		pid, err := strconv.ParseInt(doc.Streams[p.Stream].ID, 0, 32)
		if err != nil {
			t.Fatal(err)
		}
		size, _ := strconv.Atoi(p.Size) // another size is another packet
		key := strconv.Itoa(int(pid))
		found[key] = append(found[key], probedPacket{p.PTS, p.DTS, size, strings.ToLower(p.Hash)})
	}
	for _, list := range found {
		slices.SortStableFunc(list, func(a, b probedPacket) int { return int(a.dts - b.dts) })
	}
	return found
}
