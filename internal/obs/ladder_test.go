package obs

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/millrace-live/millrace/media"
)

// ask is a question from a machine with an NVIDIA adapter.
func ask(change func(*question)) *question {
	q := &question{}
	q.Client.Version, q.Client.Codecs = "32.1.0", []string{"h264", "h265", "av1"}
	q.Capabilities.System.Name = "Windows"
	q.Capabilities.GPUs = []gpu{{Model: "NVIDIA GeForce RTX 3060", Vendor: nvidia}}
	q.Preferences.Canvases = []canvas{{1920, 1080, rate{60, 1}}}
	if change != nil {
		change(q)
	}
	return q
}

func (r rendition) String() string {
	s := fmt.Sprintf("%dx%d %d", r.Width, r.Height, r.Bitrate)
	if r.rate.known() {
		s += fmt.Sprintf(" %.4gfps", r.rate.float())
	}
	if r.Codec != media.H264 {
		s += " " + r.Codec.String()
	}
	return s
}

func size(width, height int) func(*question) {
	return func(q *question) { q.Preferences.Canvases = []canvas{{Width: width, Height: height}} }
}

func TestPlan(t *testing.T) {
	tests := []struct {
		what   string
		change func(*question)
		ladder []Rung
		want   string
	}{
		{"all", nil, DefaultLadder, "1920x1080 6000 60fps, 1280x720 3000 60fps, 854x480 1200 30fps, 640x360 600 30fps"},
		{"empty", nil, nil, "1920x1080 6000 60fps"},
		{"no rate", size(1920, 1080), DefaultLadder, "1920x1080 6000, 1280x720 3000, 854x480 1200, 640x360 600"},
		{"canvas between", size(1600, 900), DefaultLadder, "1600x900 4166, 1280x720 3000, 854x480 1200, 640x360 600"},
		{"canvas of a rung", size(1280, 720), DefaultLadder, "1280x720 3000, 854x480 1200, 640x360 600"},
		{"small canvas", size(320, 240), DefaultLadder, "320x240 266"},
		{"large canvas", size(3840, 2160), DefaultLadder, "1920x1080 6000, 1280x720 3000, 854x480 1200, 640x360 600"},
		{"upright", size(1080, 1920), DefaultLadder[:2], "1080x1920 6000, 720x1280 3000"},
		{"4:3", size(1440, 1080), DefaultLadder[:2], "1440x1080 6000, 960x720 3000"},
		{"no canvas", size(0, 0), DefaultLadder[:1], "1920x1080 6000"},
		{"silly canvas", size(1<<30, 4), DefaultLadder[:1], "1920x1080 6000"},
		{"25 fps", func(q *question) { q.Preferences.Canvases[0].FrameRate = rate{25, 1} }, DefaultLadder[2:], "854x480 1200 25fps, 640x360 600 25fps"},
		{"59.94 fps", func(q *question) { q.Preferences.Canvases[0].FrameRate = rate{60000, 1001} }, DefaultLadder[2:3], "854x480 1200 29.97fps"},
		{"144 fps", func(q *question) { q.Preferences.Canvases[0].FrameRate = rate{144, 1} }, DefaultLadder[2:3], "854x480 1200 28.8fps"},
		{"second canvas", func(q *question) {
			q.Preferences.Canvases = append(q.Preferences.Canvases, canvas{1080, 1920, rate{60, 1}})
		}, DefaultLadder[:1], "1920x1080 6000 60fps"},
		{"three tracks", func(q *question) { q.Preferences.MaxTracks = 3 }, DefaultLadder, "1920x1080 6000 60fps, 1280x720 3000 60fps, 640x360 600 30fps"},
		{"two tracks", func(q *question) { q.Preferences.MaxTracks = 2 }, DefaultLadder, "1920x1080 6000 60fps, 640x360 600 30fps"},
		{"one track", func(q *question) { q.Preferences.MaxTracks = 1 }, DefaultLadder, "1920x1080 6000 60fps"},
		{"enough", func(q *question) { q.Preferences.MaxBitrate = 10960 }, DefaultLadder, "1920x1080 6000 60fps, 1280x720 3000 60fps, 854x480 1200 30fps, 640x360 600 30fps"},
		{"8000", func(q *question) { q.Preferences.MaxBitrate = 8000 }, DefaultLadder, "1920x1080 4355 60fps, 1280x720 2177 60fps, 854x480 871 30fps, 640x360 435 30fps"},
		{"6000", func(q *question) { q.Preferences.MaxBitrate = 6000 }, DefaultLadder, "1920x1080 4492 60fps, 854x480 898 30fps, 640x360 449 30fps"},
		{"2500", func(q *question) { q.Preferences.MaxBitrate = 2500 }, DefaultLadder, "1280x720 1950 60fps, 640x360 390 30fps"},
		{"300", func(q *question) { q.Preferences.MaxBitrate = 300 }, DefaultLadder, "640x360 140 30fps"},
		{"less than sound", func(q *question) { q.Preferences.MaxBitrate = 100 }, DefaultLadder, "640x360 50 30fps"},
		{"4 cores", func(q *question) { q.Capabilities.GPUs = nil; q.Capabilities.CPU.Cores = 4 }, DefaultLadder, "1920x1080 6000 60fps, 640x360 600 30fps"},
		{"1 core", func(q *question) { q.Capabilities.GPUs = nil; q.Capabilities.CPU.Cores = 1 }, DefaultLadder, "1920x1080 6000 60fps"},
		{"4 cores and hardware", func(q *question) { q.Capabilities.CPU.Cores = 4 }, DefaultLadder[1:], "1280x720 3000 60fps, 854x480 1200 30fps, 640x360 600 30fps"},
		{
			"codecs", nil,
			[]Rung{{Height: 1080, Bitrate: 5000, Codec: media.HEVC}, {Height: 720, Bitrate: 2000, Codec: media.AV1}, {Height: 720, Bitrate: 3000}},
			"1920x1080 5000 60fps HEVC, 1280x720 2000 60fps, 1280x720 3000 60fps",
		},
		{
			"codecs that the client lacks", func(q *question) { q.Client.Codecs = []string{"h264"} },
			[]Rung{{Height: 1080, Bitrate: 5000, Codec: media.HEVC}},
			"1920x1080 5000 60fps",
		},
	}
	for _, tt := range tests {
		q := ask(tt.change)
		var got []string
		total := q.soundBitrate()
		for _, r := range plan(q, tt.ladder) {
			got = append(got, r.String())
			total += r.Bitrate
			if r.Width%2 != 0 || r.Height%2 != 0 {
				t.Errorf("%s: %v is odd", tt.what, r)
			}
		}
		if s := strings.Join(got, ", "); s != tt.want {
			t.Errorf("%s:\n got %s\nwant %s", tt.what, s, tt.want)
		}
		if most := q.Preferences.MaxBitrate; most > 250 && total > most {
			t.Errorf("%s: %d kbit/s in all", tt.what, total)
		}
	}
}

func TestEveryLadderHasARungThatFits(t *testing.T) {
	ladders := [][]Rung{nil, DefaultLadder, slices.Repeat(DefaultLadder, 4), {{Height: 4320, Bitrate: 50, Codec: media.AV1}}}
	for _, ladder := range ladders {
		for _, height := range []int{16, 17, 480, 1081, 16384} {
			for _, bitrate := range []int{0, 1, 200, 5000} {
				for tracks := range 12 {
					q := ask(func(q *question) {
						size(height+height/3, height)(q)
						q.Preferences.MaxTracks, q.Preferences.MaxBitrate = tracks, bitrate
					})
					all := plan(q, ladder)
					if len(all) == 0 || len(all) > MaxRungs || tracks > 0 && len(all) > tracks {
						t.Fatalf("%d high, at most %d tracks and %d kbit/s: %v", height, tracks, bitrate, all)
					}
				}
			}
		}
	}
}

func TestEncoder(t *testing.T) {
	tests := []struct {
		system, version, model string
		vendor                 uint32
		codec                  media.Codec
		want                   string
	}{
		{"Windows", "32.1.0", "NVIDIA GeForce RTX 3060", nvidia, media.H264, "obs_nvenc_h264_tex"},
		{"Linux", "31.0.0-rc1", "NVIDIA GeForce RTX 3060", nvidia, media.HEVC, "obs_nvenc_hevc_tex"},
		{"Windows", "32.1.0", "NVIDIA GeForce RTX 3060", nvidia, media.AV1, "obs_nvenc_h264_tex"},
		{"Windows", "32.1.0", "NVIDIA GeForce RTX 4070", nvidia, media.AV1, "obs_nvenc_av1_tex"},
		{"Windows", "30.2.2", "NVIDIA GeForce RTX 4070", nvidia, media.H264, "jim_nvenc"},
		{"Windows", "32.1.0", "AMD Radeon RX 6600", amd, media.H264, "h264_texture_amf"},
		{"Windows", "32.1.0", "AMD Radeon RX 7600", amd, media.AV1, "av1_texture_amf"},
		{"Ubuntu", "32.1.0", "AMD Radeon RX 6600", amd, media.HEVC, "hevc_ffmpeg_vaapi_tex"},
		{"Windows", "32.1.0", "Intel(R) Arc(TM) A380", intel, media.AV1, "obs_qsv11_av1"},
		{"Windows", "32.1.0", "Intel(R) UHD Graphics 630", intel, media.AV1, "obs_qsv11_v2"},
		{"macOS", "32.1.0", "Apple M2", apple, media.HEVC, "com.apple.videotoolbox.videoencoder.ave.hevc"},
		{"macOS", "32.1.0", "Apple M2", apple, media.AV1, "com.apple.videotoolbox.videoencoder.ave.avc"},
		{"Windows", "32.1.0", "Microsoft Basic Render Driver", 0x1414, media.HEVC, "obs_x264"},
		{"", "", "", 0, media.AV1, "obs_x264"},
	}
	for _, tt := range tests {
		q := ask(func(q *question) {
			q.Client.Version, q.Capabilities.System.Name = tt.version, tt.system
			q.Capabilities.GPUs = []gpu{{tt.model, tt.vendor}}
		})
		if e := q.encoder(tt.codec); e.id != tt.want {
			t.Errorf("%s, %s, %s, %v: %s, want %s", tt.system, tt.version, tt.model, tt.codec, e.id, tt.want)
		}
	}
}

func TestTheAdapterThatComposes(t *testing.T) {
	q := ask(func(q *question) {
		q.Capabilities.GPUs = []gpu{{"Intel(R) UHD Graphics 770", intel}, {"NVIDIA GeForce RTX 3060", nvidia}}
		q.Preferences.GPU = 1
	})
	if e := q.encoder(media.H264); e.id != "obs_nvenc_h264_tex" {
		t.Error(e.id)
	}
	q.Preferences.GPU = 7
	if e := q.encoder(media.H264); e.id != "obs_qsv11_v2" {
		t.Error(e.id)
	}
}
