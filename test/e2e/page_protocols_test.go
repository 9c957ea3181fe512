package e2e

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// ways are the protocols that a viewer can choose, with the file that each loads.
var ways = []struct{ label, file, name string }{
	{"HTTP-FLV", `\.flv$`, "flv"},
	{"DASH", `\.mpd$`, "dash"},
	{"Low-latency HLS", `\.m3u8`, "hls"},
}

// by has the player of a page go over to a protocol and waits until it has fetched
// something by it.
func by(t *testing.T, page context.Context, label, file string) {
	t.Helper()
	see(t, page, 5*time.Second, "forget what was fetched", chromedp.Evaluate[bool](
		`performance.setResourceTimingBufferSize(5000); performance.clearResourceTimings(); true`))
	choose(t, page, "Protocol", fmt.Sprintf("option.text === '%s'", label))
	// A connection that never ends is not among the resources: the statistics name the protocol.
	if file != `\.flv$` {
		see(t, page, 20*time.Second, "a request by "+label, chromedp.Poll[bool](fmt.Sprintf(
			`performance.getEntriesByType('resource').some(({ name }) => /%s/.test(name))`, file)))
	}
	see(t, page, 20*time.Second, "the first frame by "+label, chromedp.Poll[bool](
		`document.querySelector('.delay') !== null`))
}

// press types a key, wherever the focus is.
func press(t *testing.T, page context.Context, key string) {
	t.Helper()
	see(t, page, 5*time.Second, "the key "+key, chromedp.KeyEvent(key))
}

// statistics returns what the overlay says, which is open.
func statistics(t *testing.T, page context.Context) map[string]string {
	t.Helper()
	return see(t, page, 5*time.Second, "the statistics", chromedp.Evaluate[map[string]string](`Object.fromEntries(
		[...document.querySelectorAll('.statistics dl > div')].map((row) => [row.children[0].textContent, row.children[1].textContent]))`))
}

// seconds reads a span as the page writes it, "1.4 s".
func seconds(t *testing.T, text string) float64 {
	t.Helper()
	v, err := strconv.ParseFloat(strings.TrimSuffix(text, " s"), 64)
	if err != nil {
		t.Errorf("%q is no time", text)
	}
	return v
}

// Each protocol plays when a viewer chooses it, says how far behind it is, and the
// statistics tell of it.
func TestPageByEachProtocol(t *testing.T) {
	parallelInBrowser(t)
	s := start(t, "--open")
	publish(t, clip(t, "long", 60), s.rtmpURL("live/ways"))
	s.waitState(t, "live/ways", "live")
	page := browser(t)
	see(t, page, 10*time.Second, "open the page", chromedp.Navigate(s.url("/live/ways")))
	plays(t, page, 15*time.Second)
	press(t, page, "i")
	for _, way := range ways {
		by(t, page, way.label, way.file)
		plays(t, page, 20*time.Second)
		time.Sleep(5 * time.Second) // it finds its place
		plays(t, page, 10*time.Second)
		says := statistics(t, page)
		t.Logf("%s: %v", way.label, says)
		screenshot(t, page, "page-by-"+way.name)
		delay := seconds(t, says["Delay since arrival at server"])
		if limit := map[string]float64{"flv": 2, "hls": 4, "dash": 8}[way.name]; delay <= 0 || delay > limit {
			t.Errorf("%s is %v s behind", way.label, delay)
		}
		if says["Protocol"] != way.label || says["Resolution"] != "320×180" || !strings.Contains(says["Codecs"], "avc1") ||
			!strings.Contains(says["Codecs"], "mp4a") || !strings.HasSuffix(says["Bit rate"], "b/s") ||
			strings.HasSuffix(says["Dropped frames"], "of 0") || seconds(t, says["Buffer"]) <= 0 {
			t.Errorf("%s: the statistics say %v", way.label, says)
		}
	}
	wait(t, 10*time.Second, "viewers of the others to be gone", func() bool {
		return s.stream(t, "live/ways").Viewers["http-flv"] == 0
	})
}

// Qualities and sounds are there by DASH as by HLS.
func TestPageTracksByDASH(t *testing.T) {
	parallelInBrowser(t)
	s := start(t, "--open")
	libavPublishes(t, multitrackClip(t, "page-dash-tracks", 60, withAVC, withAAC), s.rtmpURL("live/choice"))
	s.waitState(t, "live/choice", "live")
	page := browser(t)
	see(t, page, 10*time.Second, "open the page", chromedp.Navigate(s.url("/live/choice")))
	plays(t, page, 20*time.Second)
	by(t, page, "DASH", `\.mpd$`)
	plays(t, page, 20*time.Second)
	for _, height := range []int{360, 180, 360} {
		choose(t, page, "Quality", fmt.Sprintf(`option.text === '%dp'`, height))
		see(t, page, 25*time.Second, fmt.Sprintf("a picture %d lines high", height), chromedp.Poll[bool](
			fmt.Sprintf(`document.querySelector('video').videoHeight === %d`, height)))
		plays(t, page, 10*time.Second)
	}
	choose(t, page, "Sound track", `option.index === 1`)
	see(t, page, 10*time.Second, "the other sound to be chosen", chromedp.Poll[bool](
		`document.querySelector('select[aria-label="Sound track"]').selectedIndex === 1`))
	plays(t, page, 10*time.Second)
	screenshot(t, page, "page-dash-tracks")

	// The choice outlives a change of the protocol.
	by(t, page, "Low-latency HLS", `\.m3u8`)
	see(t, page, 20*time.Second, "the same choice by HLS", chromedp.Poll[bool](
		`document.querySelector('select[aria-label="Sound track"]')?.selectedIndex === 1`))
}

// What a browser has no decoder for is said, not tried for ever; the page plays
// when the encoder sends something else.
func TestPageSaysWhatItCannotPlay(t *testing.T) {
	parallelInBrowser(t)
	s := start(t, "--open")
	page := browser(t)
	// As a browser without a decoder for H.264.
	beforeScripts(t, page, `
		const real = MediaSource.isTypeSupported.bind(MediaSource);
		MediaSource.isTypeSupported = (type) => !/avc1/.test(type) && real(type);`)
	publisher := publish(t, clip(t, "long", 60), s.rtmpURL("live/odd"))
	s.waitState(t, "live/odd", "live")
	see(t, page, 10*time.Second, "open the page", chromedp.Navigate(s.url("/live/odd")))
	textHas(t, page, 15*time.Second, "cannot play the stream")
	screenshot(t, page, "page-unplayable")
	publisher.interrupt(t)
	s.waitState(t, "live/odd", "")
	libavPublishes(t, enhancedClip(t, "page-vp9-flac", 40, libavWrites, withVP9, withFLAC), s.rtmpURL("live/odd"))
	plays(t, page, 25*time.Second)
}
