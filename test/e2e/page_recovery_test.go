package e2e

import (
	"context"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// By each protocol the page comes back from a publisher who drops, and from a
// server that is started anew on the same port.
func TestPageRecoversByEachProtocol(t *testing.T) {
	parallelInBrowser(t)
	for _, way := range ways {
		t.Run(way.name, func(t *testing.T) {
			if way.name != "hls" && testing.Short() {
				t.Skip("one protocol is enough for a short run")
			}
			data := t.TempDir()
			s := startIn(t, data, "--open")
			file := clip(t, "long", 60)
			publisher := publish(t, file, s.rtmpURL("live/back"))
			s.waitState(t, "live/back", "live")
			page := browser(t)
			see(t, page, 10*time.Second, "open the page", chromedp.Navigate(s.url("/live/back")))
			plays(t, page, 15*time.Second)
			by(t, page, way.label, way.file)
			plays(t, page, 20*time.Second)

			publisher.kill()
			textHas(t, page, 15*time.Second, "reconnecting")
			screenshot(t, page, "page-dropped-"+way.name)
			publisher = publish(t, file, s.rtmpURL("live/back"))
			s.waitState(t, "live/back", "live")
			quiet(t, page)

			s.stop(t)
			textHas(t, page, 15*time.Second, "reconnecting")
			publisher.kill()
			again := startIn(t, data, "--open", "--http", s.http, "--rtmp", s.rtmp)
			publish(t, file, again.rtmpURL("live/back"))
			again.waitState(t, "live/back", "live")
			quiet(t, page)
			screenshot(t, page, "page-restarted-"+way.name)
		})
	}
}

// quiet waits until the page has nothing to say about its play, and plays.
func quiet(t *testing.T, page context.Context) {
	t.Helper()
	see(t, page, 40*time.Second, "no notice", chromedp.Poll[bool](`!document.querySelector('.notice')`))
	plays(t, page, 20*time.Second)
}
