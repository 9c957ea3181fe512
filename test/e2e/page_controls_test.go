package e2e

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	cdp "github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// holds polls for a condition in the page.
func holds(t *testing.T, page context.Context, what, condition string) {
	t.Helper()
	see(t, page, 10*time.Second, what, chromedp.Poll[bool](condition))
}

// The keys do what the help says.
func TestPageKeys(t *testing.T) {
	parallelInBrowser(t)
	s := start(t, "--open")
	publish(t, clip(t, "long", 60), s.rtmpURL("live/keys"))
	s.waitState(t, "live/keys", "live")
	page := browser(t)
	see(t, page, 10*time.Second, "open the page", chromedp.Navigate(s.url("/live/keys")))
	plays(t, page, 15*time.Second)

	const video = `document.querySelector('video')`
	press(t, page, " ")
	holds(t, page, "a pause", video+`.paused`)
	press(t, page, "k")
	holds(t, page, "play", `!`+video+`.paused`)
	muted := see(t, page, 5*time.Second, "the sound", chromedp.Evaluate[bool](video+`.muted`))
	press(t, page, "m")
	holds(t, page, "the other sound", video+`.muted !== `+map[bool]string{true: "true", false: "false"}[muted])

	// Arrows scroll the page until the player has the focus.
	see(t, page, 5*time.Second, "full volume", chromedp.Evaluate[bool](`(`+video+`.volume = 1, `+video+`.muted = false, true)`))
	press(t, page, kb.ArrowDown)
	if v := see(t, page, 5*time.Second, "the volume", chromedp.Evaluate[float64](video+`.volume`)); v != 1 {
		t.Errorf("an arrow outside of the player set the volume to %v", v)
	}
	see(t, page, 5*time.Second, "the focus", chromedp.Evaluate[bool](`(document.querySelector('.player').focus(), scrollTo(0, 0), true)`))
	press(t, page, kb.ArrowDown)
	press(t, page, kb.ArrowDown)
	press(t, page, kb.ArrowUp)
	holds(t, page, "less volume", video+`.volume === 0.95`)

	press(t, page, "?")
	textHas(t, page, 5*time.Second, "Go to the live edge")
	screenshot(t, page, "page-help")
	press(t, page, kb.Escape)
	holds(t, page, "the help to close", `!document.querySelector('.help')`)
	press(t, page, "i")
	textHas(t, page, 5*time.Second, "Dropped frames")
	press(t, page, "i")
	holds(t, page, "the statistics to close", `!document.querySelector('.statistics')`)
	press(t, page, "f")
	holds(t, page, "full screen", `document.fullscreenElement?.classList.contains('player')`)
	plays(t, page, 10*time.Second)
	press(t, page, "f")
	holds(t, page, "the page", `!document.fullscreenElement`)

	see(t, page, 5*time.Second, "open the settings", chromedp.Click(`button[aria-label="Settings"]`))
	holds(t, page, "the settings", `document.querySelector('.settings').checkVisibility()`)
	screenshot(t, page, "page-settings")
	// Headless Chromium has no mouse, and the button is for those who have.
	see(t, page, 5*time.Second, "open the help", chromedp.Evaluate[bool](`(document.querySelector('.keyboard-only').click(), true)`))
	holds(t, page, "the help in place of the settings", `!document.querySelector('.settings').checkVisibility() &&
		!!document.querySelector('.help')`)
}

// Everything that can be operated has a name, and text stands out from its ground.
func TestPageNamesAndContrast(t *testing.T) {
	parallelInBrowser(t)
	s := start(t, "--open")
	publish(t, clip(t, "long", 60), s.rtmpURL("live/names"))
	s.waitState(t, "live/names", "live")
	page := browser(t)
	for _, scheme := range []string{"light", "dark"} {
		_, err := chromedp.Call(page, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
			Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}},
		})
		if err != nil {
			t.Fatalf("be %s: %v", scheme, err)
		}
		see(t, page, 10*time.Second, "open the page", chromedp.Navigate(s.url("/live/names")))
		plays(t, page, 15*time.Second)
		press(t, page, "i")
		see(t, page, 5*time.Second, "open the settings", chromedp.Click(`button[aria-label="Settings"]`))
		holds(t, page, "the statistics", `!!document.querySelector('.statistics')`)
		for _, fault := range see(t, page, 10*time.Second, "look at names and colours", chromedp.Evaluate[[]string](namesAndContrast)) {
			t.Errorf("%s: %s", scheme, fault)
		}
	}
}

// namesAndContrast lists what WCAG 2.2 would object to: 4.1.2 (names) and 1.4.3
// (contrast, of text on a ground of one colour).
const namesAndContrast = `(() => {
	const faults = [];
	for (const e of document.querySelectorAll('button, a, select, input, video')) {
		const name = e.getAttribute('aria-label') || e.labels?.[0]?.textContent || e.textContent;
		if (!name?.trim()) faults.push('no name: ' + e.outerHTML.slice(0, 120));
	}
	const context = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
	const blend = (colours) => {
		context.fillStyle = '#fff';
		context.fillRect(0, 0, 1, 1);
		for (const colour of colours) { context.fillStyle = colour; context.fillRect(0, 0, 1, 1); }
		return [...context.getImageData(0, 0, 1, 1).data].slice(0, 3);
	};
	const light = (rgb) => {
		const [r, g, b] = rgb.map((v) => (v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
		return 0.2126 * r + 0.7152 * g + 0.0722 * b;
	};
	for (const e of document.querySelectorAll('body *')) {
		const text = [...e.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim());
		if (!text || !e.checkVisibility({ opacityProperty: true }) || e.closest('.controls, .offscreen, option, noscript')) continue;
		const grounds = [];
		for (let at = e; at; at = at.parentElement) grounds.unshift(getComputedStyle(at).backgroundColor);
		const ground = light(blend(grounds)), ink = light(blend([...grounds, getComputedStyle(e).color]));
		const contrast = (Math.max(ground, ink) + 0.05) / (Math.min(ground, ink) + 0.05);
		if (contrast < 4.5) faults.push('contrast ' + contrast.toFixed(2) + ': ' + e.outerHTML.slice(0, 120));
	}
	return faults;
})()`

// On a phone nothing is wider than the screen, and what lies above the picture is
// within it.
func TestPageOnPhone(t *testing.T) {
	parallelInBrowser(t)
	s := start(t, "--open")
	publish(t, clip(t, "long", 60), s.rtmpURL("live/a-rather-long-name-of-a-stream"))
	s.waitState(t, "live/a-rather-long-name-of-a-stream", "live")
	page := browser(t)
	for _, width := range []int64{320, 390} {
		see(t, page, 5*time.Second, "be a phone", chromedp.EmulateViewport(width, 780, chromedp.EmulateMobile, chromedp.EmulateTouch))
		see(t, page, 10*time.Second, "open the page", chromedp.Navigate(s.url("/live/a-rather-long-name-of-a-stream")))
		plays(t, page, 15*time.Second)
		press(t, page, "i")
		holds(t, page, "the statistics", `!!document.querySelector('.statistics')`)
		phone(t, page, width, "statistics")
		press(t, page, "i")
		see(t, page, 5*time.Second, "open the settings", chromedp.Click(`button[aria-label="Settings"]`))
		holds(t, page, "the settings", `document.querySelector('.settings').checkVisibility()`)
		phone(t, page, width, "settings")
	}
}

func phone(t *testing.T, page context.Context, width int64, what string) {
	t.Helper()
	screenshot(t, page, "phone-"+what)
	wide := see(t, page, 5*time.Second, "how wide the page is", chromedp.Evaluate[int64](`document.documentElement.scrollWidth`))
	if wide > width {
		t.Errorf("with %s the page is %d wide, the screen %d", what, wide, width)
	}
	for _, outside := range see(t, page, 5*time.Second, "what is outside of the player", chromedp.Evaluate[[]string](`(() => {
		const box = document.querySelector('.player').getBoundingClientRect();
		return [...document.querySelectorAll('.panel:not([hidden]), .controls > *')].filter((e) => {
			const r = e.getBoundingClientRect();
			return r.width && (r.left < box.left - 1 || r.right > box.right + 1 || r.top < box.top - 1 || r.bottom > box.bottom + 1);
		}).map((e) => e.outerHTML.slice(0, 100));
	})()`)) {
		t.Errorf("%d wide: outside of the player: %s", width, outside)
	}
}

// beforeScripts has a script run before those of each page that is opened.
func beforeScripts(t *testing.T, page context.Context, script string) {
	t.Helper()
	_, err := chromedp.Call(page, cdp.AddScriptToEvaluateOnNewDocument, cdp.AddScriptToEvaluateOnNewDocumentParams{Source: script})
	if err != nil {
		t.Fatalf("have a script run before the page's: %v", err)
	}
}

// On an iPhone the browser plays by itself, and over plain HTTP the page says what
// that costs.
func TestPageOnPhoneOverPlainHTTP(t *testing.T) {
	parallelInBrowser(t)
	s := start(t, "--open")
	page := browser(t)
	beforeScripts(t, page, `
		Object.defineProperty(navigator, 'vendor', { get: () => 'Apple Computer, Inc.' });
		HTMLMediaElement.prototype.canPlayType = () => 'maybe';
		delete globalThis.MediaSource;`)
	see(t, page, 10*time.Second, "open the page", chromedp.Navigate(s.url("/live/none")))
	textHas(t, page, 10*time.Second, "HTTP/2 over TLS")
	screenshot(t, page, "page-plain-iphone")
	if see(t, page, 5*time.Second, "what was loaded", chromedp.Evaluate[bool](
		`performance.getEntriesByType('resource').some(({ name }) => /(hls|shaka|mpegts)-[^/]*\.js/.test(name))`)) {
		t.Error("a browser that plays by itself was given a player")
	}
}

// The snippet of the page puts the player into another site's page, where it plays.
func TestPageEmbed(t *testing.T) {
	parallelInBrowser(t)
	s := start(t, "--open")
	publish(t, clip(t, "long", 60), s.rtmpURL("live/framed"))
	s.waitState(t, "live/framed", "live")
	page := browser(t)
	see(t, page, 10*time.Second, "open the page", chromedp.Navigate(s.url("/live/framed")))
	textHas(t, page, 10*time.Second, "<iframe")
	snippet := see(t, page, 5*time.Second, "the snippet", chromedp.Evaluate[string](
		`[...document.querySelectorAll('.copyline code')].map((e) => e.textContent).find((text) => text.startsWith('<iframe'))`))
	for _, address := range []string{"/live/framed.ts", "/live/framed/manifest.mpd", "/live/framed/index.m3u8", "/live/framed.flv"} {
		textHas(t, page, 5*time.Second, s.url(address))
	}

	site := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		w.Write([]byte("<!doctype html><title>a site</title><h1>Our camera</h1>" + snippet))
	}))
	defer site.Close()
	// By another name, so that it is another site.
	see(t, page, 10*time.Second, "open the site", chromedp.Navigate(strings.Replace(site.URL, "127.0.0.1", "localhost", 1)))
	s.waitMetric(t, `millrace_viewers{protocol="hls"}`, 1)
	time.Sleep(2 * time.Second)
	screenshot(t, page, "page-framed")

	see(t, page, 10*time.Second, "open the player alone", chromedp.Navigate(s.url("/embed/live/framed")))
	plays(t, page, 15*time.Second)
	screenshot(t, page, "page-embed")
}
