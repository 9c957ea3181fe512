package e2e

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// libav starts a program of testdata/libav, which uses libav 8.1: it knows
// Enhanced RTMP whole, as no program of a distribution does.
func libav(t *testing.T, script string, args ...string) *process {
	t.Helper()
	modules, err := filepath.Abs("../../.tools/node-av/node_modules")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(modules); err != nil {
		t.Fatalf("libav 8.1 is not there: make setup (%v)", err)
	}
	script = filepath.Join("testdata", "libav", script)
	return launch(t, "env", append([]string{"LIBAV=" + modules, "node", script}, args...)...)
}

// elementary is a stream in a file or broadcast as libav sees it.
type elementary struct {
	Index                         int `json:"stream"`
	Track                         int // identifier of the track in FLV
	Kind, Codec                   string
	Width, Height, Rate, Channels int
	Config                        string
	Tags                          map[string]string
}

// reader is a program that reads all of a URL or file.
type reader interface {
	// read waits for its end and returns what it read.
	read(t *testing.T, limit time.Duration) ([]elementary, []packet)
}

// libavReader is libav 8.1, which reads every codec and every track.
type libavReader struct {
	*process
	file string
	flv  bool // which has identifiers of tracks; elsewhere they are counted
}

func libavReads(t *testing.T, url string, options ...string) reader {
	t.Helper()
	file := filepath.Join(t.TempDir(), "packets.jsonl")
	return libavReader{libav(t, "packets.mjs", append([]string{file, url}, options...)...), file, !strings.Contains(url, ".m3u8")}
}

func (r libavReader) read(t *testing.T, limit time.Duration) ([]elementary, []packet) {
	t.Helper()
	if code := r.wait(t, limit); code != 0 {
		t.Errorf("libav ended with status %d:\n%s", code, r.out)
	}
	text, err := os.ReadFile(r.file)
	if err != nil {
		t.Fatalf("read libav's packets: %v", err)
	}
	var streams []elementary
	var out []packet
	names := make(map[int]string)
	for line := range bytes.Lines(text) {
		var p struct {
			elementary
			PTS, DTS *float64
			Key      bool
			Hash     string
		}
		if err := json.Unmarshal(line, &p); err != nil {
			t.Fatalf("libav printed %q: %v", line, err)
		}
		switch p.Kind {
		case "video", "audio":
			n := count(streams, p.Kind)
			if r.flv {
				n = p.Track
			}
			names[p.Index] = trackName(p.Kind, n)
			streams = append(streams, p.elementary)
		}
		if name := names[p.Index]; name != "" && p.Hash != "" {
			if p.PTS == nil || p.DTS == nil {
				t.Fatalf("a %s packet has no time: %s", name, line)
			}
			out = append(out, packet{name, *p.PTS, *p.DTS, p.Hash, p.Key})
		}
	}
	return streams, out
}

// trackName is how a packet names the nth track of its kind.
func trackName(of string, n int) string {
	if n == 0 {
		return of
	}
	return fmt.Sprintf("%s %d", of, n)
}

func count(streams []elementary, kind string) int {
	n := 0
	for _, s := range streams {
		if s.Kind == kind {
			n++
		}
	}
	return n
}

// ffmpeg7Reader is FFmpeg 7.0, which reads the pictures of Enhanced RTMP and,
// over HLS, the sound as well.
type ffmpeg7Reader struct {
	*process
	file string
}

func ffmpeg7Reads(t *testing.T, url string, flags ...string) reader {
	t.Helper()
	file := filepath.Join(t.TempDir(), "packets.txt")
	args := append(slices.Clone(flags), "-copyts", "-i", url, "-map", "0:v?", "-map", "0:a?")
	return ffmpeg7Reader{ffmpeg7Run(t, args, "-c", "copy", "-f", "framemd5", file), file}
}

func (r ffmpeg7Reader) read(t *testing.T, limit time.Duration) ([]elementary, []packet) {
	t.Helper()
	if code := r.wait(t, limit); code != 0 {
		t.Errorf("FFmpeg 7.0 ended with status %d:\n%s", code, r.out)
	}
	text, err := os.ReadFile(r.file)
	if err != nil {
		t.Fatalf("read FFmpeg's packets: %v", err)
	}
	streams := make(map[int]*elementary)
	names, units := make(map[int]string), make(map[int]float64)
	var out []packet
	for line := range bytes.Lines(text) {
		field := strings.FieldsFunc(string(line), func(r rune) bool { return strings.ContainsRune(" ,:\n", r) })
		switch {
		case field[0] == "#tb":
			at, unit := number(t, field[1]), strings.SplitN(field[2], "/", 2)
			units[at] = float64(number(t, unit[0])) / float64(number(t, unit[1]))
		case field[0] == "#media_type":
			at := number(t, field[1])
			streams[at] = &elementary{Index: at, Kind: field[2]}
			n := 0
			for _, other := range names {
				if strings.HasPrefix(other, field[2]) {
					n++
				}
			}
			names[at] = trackName(field[2], n)
		case field[0] == "#codec_id":
			streams[number(t, field[1])].Codec = field[2]
		case field[0] == "#dimensions":
			fmt.Sscanf(field[2], "%dx%d", &streams[number(t, field[1])].Width, &streams[number(t, field[1])].Height)
		case field[0][0] != '#':
			at := number(t, field[0])
			dts, pts := float64(number(t, field[1]))*units[at], float64(number(t, field[2]))*units[at]
			out = append(out, packet{kind: names[at], pts: pts, dts: dts, hash: field[5]})
		}
	}
	var list []elementary
	for _, s := range streams {
		list = append(list, *s)
	}
	slices.SortFunc(list, func(a, b elementary) int { return cmp.Compare(a.Index, b.Index) })
	return list, out
}

func number(t *testing.T, text string) int {
	t.Helper()
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatalf("FFmpeg's list of packets holds %q for a number", text)
	}
	return n
}
