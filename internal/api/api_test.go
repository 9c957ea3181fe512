package api

import (
	"encoding/json"
	"flag"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/millrace-live/millrace/internal/access"
	"github.com/millrace-live/millrace/internal/hub"
	"github.com/millrace-live/millrace/internal/store"
	"github.com/millrace-live/millrace/media"
)

var update = flag.Bool("update", false, "write the golden files anew")

// onAir is a hub with these streams.
type onAir []hub.StreamInfo

func (s onAir) Streams() []hub.StreamInfo { return s }

func (s onAir) Stream(name string) (hub.StreamInfo, bool) {
	for _, info := range s {
		if info.Name == name {
			return info, true
		}
	}
	return hub.StreamInfo{}, false
}

func (s onAir) PlainPublishers() []hub.PlainPublisher { return nil }

func (s onAir) Sessions(hub.SessionQuery) ([]hub.SessionInfo, bool) { return nil, false }

func streams() onAir {
	at := time.Date(2026, 11, 21, 8, 0, 0, 123456789, time.FixedZone("", 3600))
	return onAir{
		{Name: "live/sound only", State: hub.Reconnecting, Since: at, Tracks: []hub.TrackInfo{{Track: &media.Track{Kind: media.Audio, Codec: media.MP3, Format: &media.MP3Config{Layer: 3}}}}},
		{Name: "live/over", State: hub.Ended},
		{
			Name: "live/cam1", State: hub.Live, Broadcast: "k3v5qmz2ab", RingTime: 11984 * time.Millisecond, RingBytes: 5, Since: at, Bitrate: 4628000, BytesIn: 1, BytesOut: 2, Frames: 3, Drops: 4,
			KeyInterval: 2 * time.Second, Viewers: map[string]int{"rtmp": 1, "hls": 3}, ViewersTotal: 4, WaitingTotal: 1,
			Tracks: []hub.TrackInfo{
				{
					Track: &media.Track{Kind: media.Video, Codec: media.H264, Format: &media.AVCConfig{
						Profile: 100, Level: 40, Picture: media.Picture{Width: 1920, Height: 1080, FrameRate: 30},
					}},
					Bitrate: 4500000, FrameRate: 29.912,
				},
				{
					Track: &media.Track{Kind: media.Audio, Codec: media.AAC, Format: &media.AACConfig{
						ObjectType: 2, Sound: media.Sound{SampleRate: 48000, OutputSampleRate: 48000, Channels: 2},
					}},
					Bitrate: 128000,
				},
				{
					Track: &media.Track{
						Kind: media.Video, ID: 2, Codec: media.HEVC, Name: "2160p",
						Format: &media.HEVCConfig{
							HEVCProfile: media.HEVCProfile{Profile: 2, Level: 150},
							Picture: media.Picture{
								Width: 3840, Height: 2160, FrameRate: 60, BitDepth: 10,
								Color: media.Color{Primaries: 9, Transfer: 16, Matrix: 9},
							},
						},
					},
					Bitrate: 16000000, FrameRate: 59.94,
				},
				{Track: &media.Track{Kind: media.Video, ID: 3, Codec: media.VP8}, Bitrate: 1000000, FrameRate: 30},
				{Track: &media.Track{
					Kind: media.Audio, ID: 1, Codec: media.EAC3, Name: "Kommentar", Language: "de",
					Layout: &media.Layout{Order: media.NativeOrder, Mask: 0x60f, Count: 6},
					Format: &media.AC3Config{Enhanced: true, Sound: media.Sound{SampleRate: 48000, OutputSampleRate: 48000, Channels: 6}},
				}},
			},
			Publisher: &hub.PublisherInfo{
				Session: "0a1b", Protocol: "rtmp", Software: "obs-output 29.0", Since: at, Remote: netip.MustParseAddrPort("192.0.2.7:5000"),
				Clock: &hub.EncoderClock{Source: "sei", Delay: 123456 * time.Microsecond},
			},
		},
	}
}

func get(t *testing.T, a *API, path, token string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequest(http.MethodGet, "http://example.com:8080"+path, nil)
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	w := httptest.NewRecorder()
	a.ServeHTTP(w, r)
	return w
}

func TestStreamsGolden(t *testing.T) {
	a := New(streams(), Site{RTMPPort: 1935}, access.Token{})
	a.Outputs = []Output{{"hls", func(t *media.Track) string {
		if t.Codec == media.VP8 {
			return "VP8 has no packaging"
		}
		return ""
	}}}
	a.Shift = func(stream string) (shift TimeShift, ok bool) {
		oldest := time.Date(2026, 11, 21, 7, 30, 0, 5e6, time.FixedZone("", 3600))
		return TimeShift{Window: 2 * time.Hour, Available: 95432 * time.Millisecond, Oldest: oldest}, stream == "live/cam1"
	}
	w := get(t, a, "/api/v1/streams", "")
	if w.Code != http.StatusOK || w.Header().Get("Content-Type") != "application/json" {
		t.Fatalf("%d, %v", w.Code, w.Header())
	}
	var answer map[string]any
	if err := json.Unmarshal(w.Body.Bytes(), &answer); err != nil {
		t.Fatal(err)
	}
	if _, err := time.Parse("2006-01-02T15:04:05.000Z", answer["time"].(string)); err != nil {
		t.Error(err)
	}
	delete(answer, "time")
	got, _ := json.MarshalIndent(answer, "", "  ")
	const golden = "testdata/streams.json"
	if *update {
		if err := os.WriteFile(golden, append(got, '\n'), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if strings.TrimSpace(string(want)) != string(got) {
		t.Errorf("another answer than %s:\n%s", golden, got)
	}
}

func TestNoStreamsIsAnEmptyList(t *testing.T) {
	w := get(t, New(onAir{}, Site{}, access.Token{}), "/api/v1/streams", "")
	if !strings.Contains(w.Body.String(), `"streams":[]`) {
		t.Error(w.Body)
	}
}

func TestOneStream(t *testing.T) {
	a := New(streams(), Site{RTMPPort: 1935}, access.Token{})
	for path, want := range map[string]int{
		"/api/v1/streams/live/cam1": 200, "/api/v1/streams/live/sound%20only": 200,
		"/api/v1/streams/live/over": 404, "/api/v1/streams/live/none": 404, "/api/v1/nothing": 404, "/api/": 404,
	} {
		w := get(t, a, path, "")
		if w.Code != want {
			t.Errorf("%s: %d, want %d", path, w.Code, want)
		}
		if want == 200 && !strings.Contains(w.Body.String(), `"time":"20`) {
			t.Errorf("%s does not tell the server's time: %s", path, w.Body)
		}
		if want == 404 && (w.Header().Get("Content-Type") != "application/problem+json" || !strings.Contains(w.Body.String(), `"status":404`)) {
			t.Errorf("%s: no problem document: %v %s", path, w.Header(), w.Body)
		}
	}
}

// The viewers of all protocols, those among them that few know, add up.
func TestViewersAddUp(t *testing.T) {
	info := hub.StreamInfo{Name: "live/a", State: hub.Live, Viewers: map[string]int{
		"rtmp": 1, "rtmps": 2, "http-flv": 3, "ws-flv": 4, "ts": 5, "hls": 6, "dash": 7,
	}, ViewersTotal: 28}
	w := get(t, New(onAir{info}, Site{}, access.Token{}), "/api/v1/streams/live/a", "")
	var answer struct {
		Viewers      map[string]int
		ViewersTotal int `json:"viewers_total"`
	}
	if err := json.Unmarshal(w.Body.Bytes(), &answer); err != nil {
		t.Fatal(err)
	}
	sum := 0
	for _, n := range answer.Viewers {
		sum += n
	}
	if sum != answer.ViewersTotal || !maps.Equal(answer.Viewers, info.Viewers) {
		t.Errorf("%v, %d together", answer.Viewers, answer.ViewersTotal)
	}
}

func TestPublishersAddressIsForTheAdmin(t *testing.T) {
	f, err := store.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	token, err := access.LoadToken(f)
	if err != nil {
		t.Fatal(err)
	}
	text, _ := f.Read(access.TokenFile)
	a := New(streams(), Site{}, token)
	for bearer, want := range map[string]bool{strings.TrimSpace(string(text)): true, "x": false, "": false} {
		for _, path := range []string{"/api/v1/streams", "/api/v1/streams/live/cam1"} {
			if got := strings.Contains(get(t, a, path, bearer).Body.String(), "192.0.2.7"); got != want {
				t.Errorf("%s with %q: shows the address: %v", path, bearer, got)
			}
		}
	}
}

func TestAddresses(t *testing.T) {
	public, _ := url.Parse("https://tv.example.org/")
	tests := []struct {
		site            Site
		host, stream    string
		page, hls, rtmp string
	}{
		{Site{RTMPPort: 1935}, "localhost:8080", "live/a", "http://localhost:8080/live/a", "http://localhost:8080/live/a/index.m3u8", "rtmp://localhost/live/a"},
		{Site{RTMPPort: 41935}, "10.0.0.1:8080", "live/a", "http://10.0.0.1:8080/live/a", "http://10.0.0.1:8080/live/a/index.m3u8", "rtmp://10.0.0.1:41935/live/a"},
		{Site{RTMPPort: 1935}, "[2001:db8::1]:8080", "live/a", "http://[2001:db8::1]:8080/live/a", "http://[2001:db8::1]:8080/live/a/index.m3u8", "rtmp://[2001:db8::1]/live/a"},
		{Site{RTMPPort: 19350}, "[2001:db8::1]:8080", "live/a", "http://[2001:db8::1]:8080/live/a", "http://[2001:db8::1]:8080/live/a/index.m3u8", "rtmp://[2001:db8::1]:19350/live/a"},
		{Site{Public: public, RTMPPort: 1935}, "localhost:8080", "live/a b/ü#", "https://tv.example.org/live/a%20b/%C3%BC%23", "https://tv.example.org/live/a%20b/%C3%BC%23/index.m3u8", "rtmp://tv.example.org/live/a b/ü#"},
	}
	for _, tt := range tests {
		a := tt.site.Addresses(&http.Request{Host: tt.host}, tt.stream)
		if ingest, _, _ := strings.Cut(tt.rtmp, "/live/"); tt.site.Ingest(&http.Request{Host: tt.host}) != ingest+"/live" {
			t.Errorf("encoders are sent to %s", tt.site.Ingest(&http.Request{Host: tt.host}))
		}
		if a.Page != tt.page || a.HLS != tt.hls || a.RTMP != tt.rtmp {
			t.Errorf("%s at %s:\n%+v", tt.stream, tt.host, a)
		}
	}
}

func TestFrameRate(t *testing.T) {
	for _, tt := range []struct{ declared, measured, want float64 }{
		{30, 29.9, 30}, {30, 0, 30}, {30, 15.01234, 15.01}, {0, 24.999, 25}, {0, 0, 0}, {29.97003, 30, 29.97},
	} {
		if got := frameRate(tt.declared, tt.measured); got != tt.want {
			t.Errorf("declared %v, measured %v: %v, want %v", tt.declared, tt.measured, got, tt.want)
		}
	}
}
