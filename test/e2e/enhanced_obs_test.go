package e2e

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// ladder is the part of an answer to OBS that this test looks at.
type ladder struct {
	Meta struct {
		Config string `json:"config_id"`
	}
	Status *struct {
		Result string
		HTML   *string `json:"html_en_us"`
	}
	Endpoints []struct {
		Protocol, Authentication string
		URL                      string `json:"url_template"`
	} `json:"ingest_endpoints"`
	Video []struct {
		Type          string
		Width, Height int
		Settings      map[string]any
	} `json:"encoder_configurations"`
	Audio struct{ Live []struct{ Codec string } } `json:"audio_configurations"`
}

// question is what OBS 32 asks, with the key and the member of preferences
// that a case is about.
func question(key, codecs, preferences string) string {
	return `{"service":"IVS","schema_version":"2025-01-25","authentication":"` + key + `",
	"client":{"name":"obs-studio","version":"32.1.0","supported_codecs":[` + codecs + `]},
	"capabilities":{"cpu":{"physical_cores":4,"logical_cores":8,"speed":3000,"name":"A CPU"},"memory":{"total":17179869184,"free":8000000000},
	"gaming_features":null,"system":{"version":"6.1","name":"Linux","build":0,"release":"12","revision":"","bits":64,"arm":false,"armEmulation":false},"gpu":null},
	"preferences":{` + preferences + `"vod_track_audio":false,"composition_gpu_index":null,"audio_samples_per_sec":48000,"audio_channels":2,
	"audio_max_buffering_ms":960,"audio_fixed_buffering":false,
	"canvases":[{"width":1920,"height":1080,"canvas_width":1920,"canvas_height":1080,"framerate":{"numerator":60,"denominator":1}}]}}`
}

func (s *server) askLadder(t *testing.T, app, body string) ladder {
	t.Helper()
	resp, err := client.Post(s.url("/.well-known/obs-multitrack/"+app), "application/json", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var l ladder
	if err := json.NewDecoder(resp.Body).Decode(&l); err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("the question about %s was answered with %s, %v", app, resp.Status, err)
	}
	return l
}

// OBS asks for its ladder with its stream key and gets one within its limits.
// What is then sent with the address and key of the answer is on air with every
// track; a wrong key is told in OBS's own words. No key stands in the log.
func TestLadderForOBS(t *testing.T) {
	t.Parallel()
	s := start(t)
	b, err := os.ReadFile(filepath.Join(s.data, "first-key.txt"))
	if err != nil {
		t.Fatal(err)
	}
	key := strings.TrimSpace(string(b))

	all := s.askLadder(t, "live", question(key, `"h264"`, ""))
	if all.Status != nil && all.Status.Result != "success" || len(all.Video) < 2 || len(all.Audio.Live) != 1 || all.Meta.Config == "" {
		t.Fatalf("the ladder is %+v", all)
	}
	for i, v := range all.Video {
		if v.Width%2+v.Height%2 != 0 || !strings.Contains(v.Type, "264") || v.Settings["bitrate"] == nil ||
			i > 0 && v.Height > all.Video[i-1].Height || v.Width*1080 != v.Height*1920 && v.Height%9 == 0 {
			t.Errorf("rendition %d is %+v", i, v)
		}
	}
	if one := s.askLadder(t, "live", question(key, `"h264","h265"`, `"maximum_video_tracks":1,`)); len(one.Video) != 1 {
		t.Errorf("whoever wants one track gets %+v", one.Video)
	}
	sum := 0.0
	for _, v := range s.askLadder(t, "live", question(key, `"h264"`, `"maximum_aggregate_bitrate":3000,`)).Video {
		kbits, _ := v.Settings["bitrate"].(float64)
		sum += kbits
	}
	if sum == 0 || sum > 3000 {
		t.Errorf("whoever has 3000 kbit/s is to send %v", sum)
	}
	wrong := s.askLadder(t, "live", question("no-such-key", `"h264"`, ""))
	if wrong.Status == nil || wrong.Status.Result != "error" || wrong.Status.HTML == nil || *wrong.Status.HTML == "" || len(wrong.Video) != 0 {
		t.Errorf("a wrong key is answered with %+v", wrong)
	}

	// As OBS makes its address of the answer.
	var url string
	for _, e := range all.Endpoints {
		if e.Protocol == "RTMP" {
			name := e.Authentication
			if name == "" {
				name = key
			}
			url = strings.Replace(e.URL, "{stream_key}", name+"?clientConfigId="+all.Meta.Config, 1)
		}
	}
	file := multitrackClip(t, "one-codec", 12, withAVC, withAAC)
	libavPublishes(t, file, url)
	s.waitState(t, "live/main", "live")
	wait(t, 20*time.Second, "both pictures to be listed", func() bool {
		return strings.Count(s.get("/live/main/index.m3u8").body, "RESOLUTION=") >= 2
	})
	if strings.Contains(s.log.String(), key) {
		t.Error("the log holds the stream key")
	}
}
