package e2e

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// Chromium's page plays AV1 with Opus and VP9 with FLAC: pictures move, and
// sound is decoded.
func TestPagePlaysNewCodecs(t *testing.T) {
	parallelInBrowser(t)
	s := start(t, "--open")
	page := browser(t)
	for _, c := range []struct {
		name  string
		coder []string
		sound []string
	}{
		{"page-av1-opus", withAV1, withOpus},
		{"page-vp9-flac", withVP9, withFLAC},
	} {
		t.Run(c.name, func(t *testing.T) {
			libavPublishes(t, enhancedClip(t, c.name, 40, libavWrites, c.coder, c.sound), s.rtmpURL("live/"+c.name))
			s.waitState(t, "live/"+c.name, "live")
			see(t, page, 10*time.Second, "open the page", chromedp.Navigate(s.url("/live/"+c.name)))
			plays(t, page, 20*time.Second)
			wait(t, 10*time.Second, "sound to be decoded", func() bool {
				return see(t, page, 5*time.Second, "the sound", chromedp.Evaluate[float64](
					`document.querySelector('video').webkitAudioDecodedByteCount`)) > 0
			})
			screenshot(t, page, c.name)
		})
	}
}

// The page shows one track of a multitrack stream and then the other, as its
// viewer chooses, and plays the sound that he chooses.
func TestPageSwitchesTracks(t *testing.T) {
	parallelInBrowser(t)
	s := start(t, "--open")
	file := multitrackClip(t, "page-tracks", 60, withAVC, withAAC)
	libavPublishes(t, file, s.rtmpURL("live/choice"))
	s.waitState(t, "live/choice", "live")
	page := browser(t)
	see(t, page, 10*time.Second, "open the page", chromedp.Navigate(s.url("/live/choice")))
	plays(t, page, 20*time.Second)
	for _, height := range []int{360, 180, 360} {
		choose(t, page, "Quality", fmt.Sprintf(`option.text === '%dp'`, height))
		see(t, page, 20*time.Second, fmt.Sprintf("a picture %d lines high", height), chromedp.Poll[bool](
			fmt.Sprintf(`document.querySelector('video').videoHeight === %d`, height)))
		plays(t, page, 10*time.Second)
	}
	screenshot(t, page, "page-tracks")
	const other = `performance.getEntriesByType('resource').some(({ name }) => /_audio1_.*m4s/.test(name))`
	if see(t, page, 5*time.Second, "what was fetched", chromedp.Evaluate[bool](other)) {
		t.Fatal("the page fetched the other sound before it was chosen")
	}
	choose(t, page, "Sound track", `option.index === 1`)
	see(t, page, 20*time.Second, "the other sound to be fetched", chromedp.Poll[bool](other))
	plays(t, page, 10*time.Second)
}

// choose picks the entry of a menu for which the condition holds.
func choose(t *testing.T, page context.Context, menu, condition string) {
	t.Helper()
	see(t, page, 20*time.Second, "the menu "+menu, chromedp.Poll[bool](fmt.Sprintf(`(() => {
		const menu = document.querySelector('select[aria-label="%s"]');
		const entry = [...menu?.options ?? []].find((option) => %s);
		if (!entry) return false;
		menu.value = entry.value;
		menu.dispatchEvent(new Event('change', { bubbles: true }));
		return true;
	})()`, menu, condition)))
}

// A viewer's page stays when the encoder goes over to another codec: it shows
// the new picture by itself.
func TestPageFollowsChangeOfCodec(t *testing.T) {
	parallelInBrowser(t)
	s := start(t, "--open")
	first := clip(t, "page-before", 15)
	second := enhancedClip(t, "page-after", 16, libavWrites, withAV1, []string{"-vf", "scale=640:360"}, withOpus)
	sender := dialSender(t, s.rtmpURL("live/follow"))
	sent := make(chan struct{})
	go func() {
		defer close(sent)
		sender.send(t, first, 0)
		sender.media = 15100 * time.Millisecond
		sender.send(t, second, 15100)
	}()
	t.Cleanup(func() { <-sent })
	s.waitState(t, "live/follow", "live")
	page := browser(t)
	see(t, page, 10*time.Second, "open the page", chromedp.Navigate(s.url("/live/follow")))
	plays(t, page, 12*time.Second)
	see(t, page, 30*time.Second, "the picture in AV1", chromedp.Poll[bool](`document.querySelector('video').videoWidth === 640`))
	plays(t, page, 10*time.Second)
	screenshot(t, page, "page-after-change")
}
