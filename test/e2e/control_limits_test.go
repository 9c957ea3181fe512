package e2e

import (
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"
)

// Viewers of all outputs share the places that there are, and who finds none is
// told why.
func TestControlViewersOfFilesAreLimited(t *testing.T) {
	t.Parallel()
	s := start(t, "--open", "--max-viewers", "2")
	publish(t, clip(t, "long", 60), s.rtmpURL("live/full"))
	s.waitState(t, "live/full", "live")
	ask := func(player, path string) (int, string) {
		t.Helper()
		r, err := http.NewRequest(http.MethodGet, s.url(path), nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("User-Agent", player)
		resp, err := (&http.Client{Timeout: 20 * time.Second}).Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		body, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
		if err != nil {
			t.Fatal(err)
		}
		return resp.StatusCode, string(body)
	}
	var playlist, header string
	wait(t, 20*time.Second, "playlist and manifest", func() bool {
		_, index := ask("one", "/live/full/index.m3u8")
		_, manifest := ask("one", "/live/full/manifest.mpd")
		playlist = regexp.MustCompile(`(?m)^[^#\s]+\.m3u8`).FindString(index)
		if m := dashMedia.FindStringSubmatch(manifest); m != nil {
			header = m[1]
		}
		return playlist != "" && header != ""
	})
	for _, player := range []string{"one", "two", "one"} {
		if status, body := ask(player, "/live/full/"+playlist); status != http.StatusOK {
			t.Errorf("%s: %d %s", player, status, body)
		}
	}
	for _, path := range []string{playlist, header} {
		if status, body := ask("three", "/live/full/"+path); status != http.StatusServiceUnavailable || !strings.Contains(body, "max-viewers") {
			t.Errorf("a third of %s: %d %s", path, status, body)
		}
	}
	if status, body := ask("three", "/live/full.flv"); status != http.StatusServiceUnavailable || !strings.Contains(body, "max-viewers") {
		t.Errorf("a third by HTTP-FLV: %d %.300s", status, body)
	}
}
