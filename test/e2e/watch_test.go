package e2e

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// scrape reads the metrics: the value of each line by its name and labels.
func (s *server) scrape(t *testing.T) map[string]float64 {
	t.Helper()
	a := s.get("/metrics")
	if a.status != http.StatusOK {
		t.Fatalf("GET /metrics: status %d: %s", a.status, a.body)
	}
	values := make(map[string]float64)
	for line := range strings.Lines(a.body) {
		line = strings.TrimSpace(line)
		i := strings.LastIndexByte(line, ' ')
		if i < 0 || line[0] == '#' {
			continue
		}
		v, err := strconv.ParseFloat(line[i+1:], 64)
		if err != nil {
			t.Fatalf("the metrics hold the line %q", line)
		}
		values[line[:i]] = v
	}
	return values
}

// waitMetric waits until a metric has that value.
func (s *server) waitMetric(t *testing.T, name string, want float64) {
	t.Helper()
	var got float64
	wait(t, 10*time.Second, name+" to be "+strconv.FormatFloat(want, 'g', -1, 64), func() bool {
		got = s.scrape(t)[name]
		return got == want
	})
}

type session struct {
	ID, Role, Protocol, Stream, Broadcast, Software, Remote string
	BytesIn                                                 int `json:"bytes_in"`
	BytesOut                                                int `json:"bytes_out"`
}

func (s *server) sessions(t *testing.T, query, token string) (sessions []session, text string) {
	t.Helper()
	req, err := http.NewRequest(http.MethodGet, s.url("/api/v1/sessions"+query), nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+token)
	resp, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var answer struct{ Sessions []json.RawMessage }
	if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("GET /api/v1/sessions%s: %s, %v", query, resp.Status, err)
	}
	for _, raw := range answer.Sessions {
		var one session
		if err := json.Unmarshal(raw, &one); err != nil {
			t.Fatal(err)
		}
		sessions, text = append(sessions, one), text+string(raw)
	}
	return sessions, text
}

// The numbers of the server move with what it does, and neither they nor the
// log give away what nobody should know.
func TestWatchingItRun(t *testing.T) {
	s := start(t, "--log-format", "json", "--log-level", "info")
	secret := func(name string) string {
		b, err := os.ReadFile(filepath.Join(s.data, name))
		if err != nil {
			t.Fatal(err)
		}
		return strings.TrimSpace(string(b))
	}
	key, token := secret("first-key.txt"), secret("admin.token")
	before := s.scrape(t)

	if code := publish(t, clip(t, "plain", 10), s.rtmpURL("live/main?key=wrong")).wait(t, 20*time.Second); code == 0 {
		t.Error("a wrong key was let in")
	}
	s.waitMetric(t, `millrace_refusals_total{code="bad-key",protocol="rtmp",role="publisher"}`, 1)

	publisher := publish(t, clip(t, "plain", 10), s.rtmpURL(key))
	s.waitState(t, "live/main", "live")
	players := []*reading{
		probe(t, s.rtmpURL("live/main")), probe(t, s.flvURL("live/main")), probe(t, s.hlsURL("live/main")),
	}
	s.waitMetric(t, `millrace_viewers{protocol="hls"}`, 1)
	s.waitMetric(t, `millrace_sessions{protocol="http-flv",role="player",tls="none"}`, 1)
	s.waitMetric(t, `millrace_sessions{protocol="rtmp",role="player",tls="none"}`, 1)
	now := s.scrape(t)
	for name, want := range map[string]float64{
		`millrace_streams{state="live"}`:                                     1,
		`millrace_sessions{protocol="rtmp",role="publisher",tls="none"}`:     1,
		`millrace_join_seconds_count{protocol="rtmp"}`:                       1,
		`millrace_join_seconds_count{protocol="http-flv"}`:                   1,
		`millrace_packagers`:                                                 1,
		`millrace_panics_total{where="rtmp"}`:                                0,
		`millrace_suppressed_log_lines_total`:                                0,
		`millrace_drops_total{protocol="rtmp",reason="too-slow",side="out"}`: 0,
	} {
		if now[name] != want {
			t.Errorf("%s is %v, want %v", name, now[name], want)
		}
	}
	for _, name := range []string{
		`millrace_received_bytes_total{protocol="rtmp"}`, `millrace_received_frames_total{kind="video",protocol="rtmp"}`,
		`millrace_received_frames_total{kind="audio",protocol="rtmp"}`, `millrace_sent_bytes_total{protocol="rtmp"}`,
		`millrace_sent_bytes_total{protocol="http-flv"}`, `millrace_ring_bytes`, `millrace_ring_seconds`,
		`millrace_segments_total`, `millrace_hls_requests_total{file="index",result="served"}`,
	} {
		if now[name] <= before[name] {
			t.Errorf("%s did not move: %v", name, now[name])
		}
	}

	// Who is connected, with addresses for the admin alone.
	sessions, text := s.sessions(t, "?stream=live/main", token)
	if len(sessions) != 4 || sessions[3].Protocol != "hls" || sessions[0].Role != "publisher" || sessions[0].BytesIn == 0 || sessions[1].BytesOut+sessions[2].BytesOut == 0 ||
		!strings.HasPrefix(sessions[0].Remote, "127.0.0.1:") || !strings.HasPrefix(sessions[1].Software+sessions[2].Software, "L") {
		t.Errorf("the sessions are %s", text)
	}
	if players, text := s.sessions(t, "?role=player&protocol=http-flv", "wrong"); len(players) != 1 || strings.Contains(text, "127.0.0.1") {
		t.Errorf("without the token the sessions are %s", text)
	}

	// The publisher vanishes and comes back.
	publisher.kill()
	s.waitMetric(t, "millrace_interruptions_total", 1)
	publisher = publish(t, clip(t, "plain", 10), s.rtmpURL(key), "-t", "4")
	s.waitMetric(t, "millrace_reconnects_total", 1)
	publisher.wait(t, 30*time.Second)
	for _, p := range players {
		p.wait(t, 30*time.Second)
	}
	for name, want := range map[string]float64{
		`millrace_streams{state="live"}`: 0,
		`millrace_ring_bytes`:            0,
		`millrace_session_ends_total{protocol="rtmp",reason="connection-lost",role="publisher"}`: 1,
		`millrace_session_ends_total{protocol="rtmp",reason="stopped",role="publisher"}`:         1,
		`millrace_session_ends_total{protocol="rtmp",reason="ended",role="player"}`:              1,
		`millrace_session_ends_total{protocol="http-flv",reason="ended",role="player"}`:          1,
	} {
		s.waitMetric(t, name, want)
	}
	after := s.scrape(t)
	for name, v := range now {
		if strings.Contains(name, "_total") && after[name] < v {
			t.Errorf("%s fell from %v to %v", name, v, after[name])
		}
	}

	metrics := s.get("/metrics").body
	for _, private := range []string{key, token, "127.0.0.1", "live/main", sessions[0].Broadcast, sessions[0].ID} {
		if strings.Contains(metrics, private) {
			t.Errorf("the metrics hold %q", private)
		}
	}
	checkLog(t, s.log.String(), sessions[0].Broadcast, key, token)
}

// checkLog checks that a broadcast is found by its one word, from its
// publisher's first line to its end, and that no secret stands anywhere.
func checkLog(t *testing.T, log, broadcast string, secrets ...string) {
	t.Helper()
	for _, private := range secrets {
		if strings.Contains(log, private) {
			t.Errorf("the log holds %q", private)
		}
	}
	found := make(map[string]int)
	for line := range strings.Lines(log) {
		var l struct{ Msg, Session, Broadcast, Stream string }
		if err := json.Unmarshal([]byte(line), &l); err != nil {
			t.Errorf("a line is no JSON: %s", line)
		}
		switch {
		case l.Broadcast == broadcast:
			found[l.Msg]++
		case l.Stream != "" && l.Msg != "publish refused":
			t.Errorf("a line about a stream without its broadcast: %s", line)
		}
		if strings.HasPrefix(l.Msg, "publish ") && l.Session == "" || strings.HasPrefix(l.Msg, "play ") && l.Session == "" {
			t.Errorf("a line about a session without it: %s", line)
		}
	}
	for msg, n := range map[string]int{
		"publish started": 2, "publish ended": 2, "play started": 2, "play ended": 2, "stream waits for its publisher": 1,
		"stream goes on": 1, "stream ended": 1,
	} {
		if found[msg] != n {
			t.Errorf("%d lines of the broadcast say %q, want %d:\n%s", found[msg], msg, n, log)
		}
	}
}
