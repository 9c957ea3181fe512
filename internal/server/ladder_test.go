package server

import (
	"crypto/tls"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/millrace-live/millrace/internal/config"
	"github.com/millrace-live/millrace/internal/obs"
	"github.com/millrace-live/millrace/media"
	"github.com/millrace-live/millrace/rtmp"
)

func TestLadders(t *testing.T) {
	s, _, err := load(t, `
apps:
  live: {multitrack: [{height: 720, bitrate: 2500, fps: 30, codec: hevc}, {height: 360, bitrate: 500}]}
  one: {multitrack: []}
  other: {grace: 1m}
`)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string][]obs.Rung{
		"live": {{Height: 720, Bitrate: 2500, FPS: 30, Codec: media.HEVC}, {Height: 360, Bitrate: 500, Codec: media.H264}},
		"one":  {},
	}
	if got := s.ladders(); !reflect.DeepEqual(got, want) {
		t.Errorf("%+v", got)
	}
}

func TestLadderFaults(t *testing.T) {
	for file, want := range map[string]string{
		"apps: {live: {multitrack: [{bitrate: 500}]}}":                                             "apps.live.multitrack[0].height: height must be from 64 to 4320",
		"apps: {live: {multitrack: [{height: 360}]}}":                                              "apps.live.multitrack[0].bitrate: bitrate must be from 50 to 200000",
		"apps: {live: {multitrack: [{height: 360, bitrate: 500, fps: -1}]}}":                       "f.yaml:1:61: fps must be from 0 to 240",
		"apps: {live: {multitrack: [{height: 360, bitrate: 500, codec: vp9}]}}":                    `"vp9" is not a choice; give h264, hevc or av1`,
		"apps: {live: {multitrack: [" + strings.Repeat("{height: 360, bitrate: 500},", 11) + "]}}": "OBS sends at most 10 tracks, and these are 11",
		"apps: {live: {multitrack: 720}}":                                                          "must be a list",
	} {
		if _, _, err := load(t, file); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", file, err, want)
		}
	}
}

// The example shows the ladder that is asked for without any.
func TestDocsExampleHasTheDefaultLadder(t *testing.T) {
	name := filepath.Join(t.TempDir(), "f.yaml")
	if err := os.WriteFile(name, []byte(commentedOut.ReplaceAllString(example(t), "$1$2")), 0o600); err != nil {
		t.Fatal(err)
	}
	s, _, _, err := LoadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if got := s.ladders()["event"]; !reflect.DeepEqual(got, obs.DefaultLadder) {
		t.Errorf("%+v", got)
	}
}

// askLadder asks a running server as OBS does.
func askLadder(t *testing.T, client *http.Client, url, key string) (tracks, protocols []string, config, refused string) {
	t.Helper()
	question := fmt.Sprintf(`{"schema_version":"2025-01-25","authentication":%q,
		"preferences":{"canvases":[{"width":1280,"height":720,"framerate":{"numerator":60,"denominator":1}}]}}`, key)
	resp, err := client.Post(url, "application/json", strings.NewReader(question))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var answer struct {
		Meta struct {
			Config string `json:"config_id"`
		}
		Status struct {
			Result  string
			Message string `json:"html_en_us"`
		}
		Endpoints []struct {
			Protocol string
			URL      string `json:"url_template"`
		} `json:"ingest_endpoints"`
		Encoders []struct {
			Width, Height int
			Settings      struct{ Bitrate int }
		} `json:"encoder_configurations"`
	}
	if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("%s: %d, %v", url, resp.StatusCode, err)
	}
	for _, e := range answer.Encoders {
		tracks = append(tracks, fmt.Sprintf("%dx%d %d", e.Width, e.Height, e.Settings.Bitrate))
	}
	for _, e := range answer.Endpoints {
		if !strings.Contains(e.URL, "/live/{stream_key}") {
			t.Errorf("address %s", e.URL)
		}
		protocols = append(protocols, e.Protocol)
	}
	if answer.Status.Result == "error" {
		refused = answer.Status.Message
	}
	return tracks, protocols, answer.Meta.Config, refused
}

// Every listener tells OBS what to send, and only those who may publish.
func TestLadderOfTheServer(t *testing.T) {
	r := start(t, func(s *Settings, _ *Options) {
		s.Admin = "127.0.0.1:0"
		s.Apps = map[string]AppSettings{"live": {
			Multitrack: []RungSettings{{Height: 720, Bitrate: 2000}, {Height: 360, Bitrate: 500, FPS: 30}},
		}}
		s.Keys = []KeySettings{{Stream: "live/cam", Key: config.NewSecret("a-long-secret")}}
	})
	const path = "/.well-known/obs-multitrack/live"
	insecure := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}}
	defer insecure.CloseIdleConnections()
	for url, best := range map[string]string{
		"http://" + r.http: "RTMP", "http://" + r.admin: "RTMP", "http://" + r.rtmp: "RTMP", "https://" + r.rtmps: "RTMPS",
	} {
		tracks, protocols, config, refused := askLadder(t, insecure, url+path, "a-long-secret")
		if !slices.Equal(tracks, []string{"1280x720 2000", "640x360 500"}) || len(protocols) != 2 || protocols[0] != best || config == "" || refused != "" {
			t.Errorf("%s: %v, %v, %q, %q", url, tracks, protocols, config, refused)
		}
		if tracks, _, _, refused := askLadder(t, insecure, url+path, "another"); tracks != nil || !strings.Contains(refused, "a stream key is needed") {
			t.Errorf("%s: %v, %q", url, tracks, refused)
		}
	}
	for _, none := range []string{"/.well-known/obs-multitrack", "/.well-known/obs-multitrack/", "/.well-known/other/live"} {
		if resp, _ := get(t, http.MethodGet, r.http, none); resp.StatusCode != http.StatusNotFound {
			t.Errorf("%s: %d", none, resp.StatusCode)
		}
	}
	if strings.Contains(r.log.String(), "a-long-secret") {
		t.Error("the log has the key")
	}
}

// The publisher that was given a ladder is told of in the log.
func TestLadderIsNamedInTheLog(t *testing.T) {
	r := start(t, func(s *Settings, _ *Options) {
		s.Keys = []KeySettings{{Stream: "live/cam", Key: config.NewSecret("a-long-secret")}}
	})
	_, _, id, _ := askLadder(t, http.DefaultClient, "http://"+r.http+"/.well-known/obs-multitrack/live", "a-long-secret")
	d := rtmp.Dialer{}
	st, err := d.Publish(t.Context(), "rtmp://"+r.rtmp+"/live/a-long-secret?clientConfigId="+id)
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	if log := r.log.String(); !strings.Contains(log, "1280x720 H.264 3000 kbit/s, 854x480 H.264 1200 kbit/s, 640x360 H.264 600 kbit/s") {
		t.Error(log)
	}
}

// Where nobody may come in plain, OBS is not sent there, and a key that comes so
// is refused.
func TestLadderWithoutPlain(t *testing.T) {
	r := start(t, func(s *Settings, _ *Options) {
		s.Apps = map[string]AppSettings{"live": {RuleSettings: RuleSettings{Plain: "refuse"}}}
		s.Keys = []KeySettings{{Stream: "live/cam", Key: config.NewSecret("a-long-secret")}}
	})
	const path = "/.well-known/obs-multitrack/live"
	insecure := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}}
	defer insecure.CloseIdleConnections()
	if _, protocols, _, refused := askLadder(t, insecure, "https://"+r.rtmps+path, "a-long-secret"); !slices.Equal(protocols, []string{"RTMPS"}) {
		t.Errorf("%v, %q", protocols, refused)
	}
	if tracks, _, _, refused := askLadder(t, insecure, "http://"+r.http+path, "a-long-secret"); tracks != nil || !strings.Contains(refused, "https") {
		t.Errorf("%v, %q", tracks, refused)
	}
}
