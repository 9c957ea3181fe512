package e2e

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// backEnd lets everybody in, and keeps what it was asked.
type backEnd struct {
	url string
	mu  sync.Mutex
	got []string
}

func newBackEnd(t *testing.T) *backEnd {
	t.Helper()
	b := &backEnd{}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		b.mu.Lock()
		b.got = append(b.got, string(body))
		b.mu.Unlock()
		io.WriteString(w, "0") // what SRS wants to read
	}))
	t.Cleanup(s.Close)
	b.url = s.URL
	return b
}

// asked waits until the back end was asked something with a mark in it, and returns
// that.
func (b *backEnd) asked(t *testing.T, mark string) (question string) {
	t.Helper()
	wait(t, 15*time.Second, "the back end to be asked with "+mark, func() bool {
		b.mu.Lock()
		defer b.mu.Unlock()
		for _, q := range b.got {
			if strings.Contains(q, mark) {
				question = q
				return true
			}
		}
		return false
	})
	return question
}

// Back ends made for nginx-rtmp and SRS get from FFmpeg what those would hand on,
// letter by letter.
func TestControlClientsOfBackEnds(t *testing.T) {
	t.Parallel()
	nginx, srs := newBackEnd(t), newBackEnd(t)
	config := filepath.Join(t.TempDir(), "millrace.yaml")
	text := fmt.Sprintf(`
apps: {live: {}, srs: {}}
authorizers:
  - {url: "%[1]s", mode: nginx-rtmp, apps: [live], on-connect: ["%[1]s"]}
  - {url: "%[2]s", mode: srs, apps: [srs], on-connect: ["%[2]s"]}
`, nginx.url, srs.url)
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	s := start(t, "--config", config, "--open")
	const site, args = "?site=a%20b&k=1+2", "?user=bob&sign=%41%zz&&e="
	for _, app := range []string{"live", "srs"} {
		endless(t, s.rtmpURL(app+site+"/cam"+args))
		s.waitState(t, app+"/cam", "live")
		launch(t, "ffmpeg", "-hide_banner", "-loglevel", "warning", "-rtmp_pageurl", "http://a.example/p?a=1&b=2",
			"-rtmp_swfurl", "http://a.example/p.swf", "-i", s.rtmpURL(app+site+"/cam?token=%2F"), "-f", "null", "-")
	}
	check := func(question string, wants ...string) {
		t.Helper()
		for _, want := range wants {
			if !strings.Contains(question, want) {
				t.Errorf("%q is not in %s", want, question)
			}
		}
	}
	tcURL := "tcurl=rtmp://" + s.rtmp + "/live%3Fsite=a%2520b%26k=1%2B2&"
	check(nginx.asked(t, "call=connect"), "app=live&", tcURL, "&site=a%20b&k=1+2")
	check(nginx.asked(t, "call=publish"), "app=live&flashver=FMLE/3.0%20(compatible%3B%20Lavf", tcURL, "&pageurl=&",
		"&name=cam&type=live&user=bob&sign=%41%zz&&e=")
	check(nginx.asked(t, "call=play"), "&swfurl=http://a.example/p.swf&", tcURL,
		"&pageurl=http://a.example/p%3Fa=1%26b=2&", "&name=cam&start=4294965296&duration=0&reset=0&token=%2F")

	tcURL = `"tcUrl":"rtmp://` + s.rtmp + `/srs"`
	check(srs.asked(t, `"on_connect"`), tcURL, `"param":"?site=a%20b&k=1+2"`)
	check(srs.asked(t, `"on_publish"`), tcURL, `"app":"srs"`, `"stream":"cam"`, `"param":"?user=bob&sign=%41%zz&&e=&site=a%20b&k=1+2"`)
	check(srs.asked(t, `"on_play"`), tcURL, `"param":"?token=%2F&site=a%20b&k=1+2"`, `"pageUrl":"http://a.example/p?a=1&b=2"`)
}
