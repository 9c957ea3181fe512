package obs

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/millrace-live/millrace/internal/hub"
	"github.com/millrace-live/millrace/media"
)

var update = flag.Bool("update", false, "write the golden files anew")

// door lets in who has the key.
type door struct{ asked *hub.PublishRequest }

func (d *door) Publish(_ context.Context, req *hub.PublishRequest) (hub.Grant, error) {
	d.asked = req
	switch {
	case req.Name == "tls-only" && req.Plain():
		return hub.Grant{}, &hub.Refusal{Code: hub.Plain, Reason: "set the server to rtmps"}
	case req.Name == "room7-key", req.Name == "tls-only":
		return hub.Grant{Stream: "event/room7"}, nil
	case req.Name == "fault":
		return hub.Grant{}, io.ErrUnexpectedEOF
	}
	return hub.Grant{}, &hub.Refusal{Code: hub.BadKey, Reason: "this <key> is not known"}
}

func newService(log io.Writer) (*Service, *door) {
	d := &door{}
	return &Service{
		Access: d, Logger: slog.New(slog.NewTextHandler(log, nil)),
		Endpoints: func(_ *http.Request, app, _ string) []Endpoint {
			return []Endpoint{{"RTMPS", "rtmps://live.example/" + app + "/{stream_key}"}, {"RTMP", "rtmp://live.example/" + app + "/{stream_key}"}}
		},
	}, d
}

func post(s *Service, body string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(body))
	r.RemoteAddr = "203.0.113.5:5000"
	w := httptest.NewRecorder()
	s.ServeApp(w, r, "event")
	return w
}

func read(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

var config = regexp.MustCompile(`"config_id": "[0-9a-f]{20}"`)

// golden compares an answer with the file, but for its identifier.
func golden(t *testing.T, name string, w *httptest.ResponseRecorder) {
	t.Helper()
	if w.Code != http.StatusOK || w.Header().Get("Content-Type") != "application/json" || w.Header().Get("Cache-Control") != "no-store" {
		t.Errorf("%s: %d %v", name, w.Code, w.Header())
	}
	got := config.ReplaceAllString(w.Body.String(), `"config_id": "ID"`)
	if *update {
		if err := os.WriteFile(filepath.Join("testdata", name), []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if want := read(t, name); got != want {
		t.Errorf("%s:\n%s", name, got)
	}
}

func TestAnswers(t *testing.T) {
	s, d := newService(io.Discard)
	golden(t, "obs-32.answer.json", post(s, read(t, "obs-32.json")))
	if d.asked.App != "event" || d.asked.Name != "room7-key" || d.asked.Query.Get("ref") != "1" || !d.asked.Plain() {
		t.Errorf("asked %+v", d.asked)
	}
	golden(t, "obs-30.answer.json", post(s, read(t, "obs-30.json")))
	golden(t, "nothing.answer.json", post(s, `{"authentication":"room7-key"}`))
}

func TestIssued(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, _ := newService(io.Discard)
		s.SetLadders(map[string][]Rung{"event": {{Height: 720, Bitrate: 2000, Codec: media.H264}}})
		id := func() string {
			var a struct{ Meta meta }
			if err := json.Unmarshal(post(s, read(t, "obs-32.json")).Body.Bytes(), &a); err != nil {
				t.Fatal(err)
			}
			return a.Meta.Config
		}
		first := id()
		got, ok := s.Issued(first)
		if !ok || got.Stream != "event/room7" || len(got.Renditions) != 1 || got.Renditions[0] != (Rendition{1280, 720, 2000, media.H264}) {
			t.Errorf("%+v, %v", got, ok)
		}
		if _, ok := s.Issued(""); ok {
			t.Error("found without an identifier")
		}
		time.Sleep(keepTime)
		if _, ok := s.Issued(first); !ok {
			t.Error("forgotten within a day")
		}
		time.Sleep(time.Second)
		if _, ok := s.Issued(first); ok {
			t.Error("kept longer than a day")
		}
		second := id()
		if len(s.issued.byID) != 1 {
			t.Errorf("%d are kept", len(s.issued.byID))
		}
		for range maxIssued {
			s.issued.put(Issued{At: time.Now()})
		}
		if _, ok := s.Issued(second); ok || len(s.issued.byID) != maxIssued || len(s.issued.oldest) != maxIssued {
			t.Errorf("%d and %d are kept", len(s.issued.byID), len(s.issued.oldest))
		}
	})
}

func TestRefusedInOBSWords(t *testing.T) {
	for key, want := range map[string]string{
		"wrong-secret": "Millrace: this &lt;key&gt; is not known",
		"tls-only":     "Millrace: a stream key must not be sent without TLS here: ask at the https address",
		"fault":        "Millrace: the server could not find out whether this stream key may publish",
		"":             "Millrace: this &lt;key&gt; is not known",
	} {
		var log bytes.Buffer
		s, _ := newService(&log)
		w := post(s, fmt.Sprintf(`{"authentication":%q,"client":{"name":"obs-studio","version":"32"}}`, key))
		var a answer
		if err := json.Unmarshal(w.Body.Bytes(), &a); err != nil || w.Code != http.StatusOK {
			t.Fatal(w.Code, err)
		}
		if a.Status.Result != "error" || a.Status.HTML == nil || *a.Status.HTML != want || a.Meta != nil || a.Video != nil || a.Audio != nil {
			t.Errorf("%q: %s", key, w.Body)
		}
		if log.Len() == 0 || key != "" && key != "fault" && strings.Contains(log.String(), key) {
			t.Errorf("%q: the log has %s", key, &log)
		}
	}
}

func TestKeysAreNotLogged(t *testing.T) {
	var log bytes.Buffer
	s, _ := newService(&log)
	post(s, read(t, "obs-32.json"))
	if log.Len() == 0 || strings.Contains(log.String(), "room7-key") {
		t.Error(log.String())
	}
}

func TestWhatIsNoQuestion(t *testing.T) {
	for _, body := range []string{"", "{", "[]", "null!", `"text"`, "5", `{"authentication":"` + strings.Repeat("x", maxQuestion) + `"}`} {
		s, _ := newService(io.Discard)
		if w := post(s, body); w.Code != http.StatusBadRequest {
			t.Errorf("%.20q: %d", body, w.Code)
		}
	}
	s, _ := newService(io.Discard)
	w := httptest.NewRecorder()
	s.ServeApp(w, httptest.NewRequest(http.MethodPut, "/", nil), "live")
	if w.Code != http.StatusMethodNotAllowed || w.Header().Get("Allow") != "GET, HEAD, POST" {
		t.Errorf("PUT: %d", w.Code)
	}
}

// Members of other types than they should have are as good as missing.
func TestOddMembers(t *testing.T) {
	s, _ := newService(io.Discard)
	w := post(s, `{"client":5,"capabilities":{"gpu":"none","cpu":[1],"system":null},"authentication":"room7-key",
		"preferences":{"maximum_video_tracks":-4,"maximum_aggregate_bitrate":"lots","audio_channels":1e9,
		"canvases":[{"width":-1,"height":1.5,"framerate":{"numerator":1,"denominator":0}}]}}`)
	golden(t, "nothing.answer.json", w)
}

func TestPaste(t *testing.T) {
	get := func(query, bearer string) *httptest.ResponseRecorder {
		s, _ := newService(io.Discard)
		r := httptest.NewRequest(http.MethodGet, "/?"+query, nil)
		if bearer != "" {
			r.Header.Set("Authorization", "Bearer "+bearer)
		}
		w := httptest.NewRecorder()
		s.ServeApp(w, r, "event")
		return w
	}
	golden(t, "paste.json", get("", "room7-key"))
	golden(t, "paste.json", get("key=room7-key", ""))
	golden(t, "paste-nvenc.json", get("key=room7-key&canvas=1280x720&fps=60000/1001&encoder=nvenc&tracks=2", ""))
	for query, status := range map[string]int{
		"": 401, "key=wrong": 401, "key=room7-key&canvas=big": 400, "key=room7-key&fps=0": 400, "key=room7-key&fps=1/0": 400,
		"key=room7-key&tracks=0": 400, "key=room7-key&encoder=theora": 400, "key=fault": 500,
	} {
		w := get(query, "")
		if w.Code != status || w.Header().Get("Content-Type") != "application/problem+json" {
			t.Errorf("%s: %d %s", query, w.Code, w.Body)
		}
	}
}

func FuzzQuestion(f *testing.F) {
	for _, name := range []string{"obs-32.json", "obs-30.json"} {
		b, err := os.ReadFile(filepath.Join("testdata", name))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		q, err := parseQuestion(body)
		if err != nil {
			return
		}
		for _, ladder := range [][]Rung{nil, DefaultLadder} {
			all := plan(q, ladder)
			if len(all) == 0 || len(all) > MaxRungs {
				t.Fatalf("%d renditions", len(all))
			}
			for _, r := range all {
				if r.Width < 2 || r.Height < 2 || r.Width > 2*maxSide*maxSide || r.Bitrate < 1 {
					t.Fatalf("%v", r)
				}
			}
			if _, err := json.Marshal(answerTo(q, all, "id")); err != nil {
				t.Fatal(err)
			}
		}
	})
}
