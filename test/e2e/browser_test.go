package e2e

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// screens are the tests that may have a browser at the same time: each decodes
// and draws with the processor alone.
var screens = make(chan struct{}, 2)

// parallelInBrowser has a test run beside others as soon as there is a browser
// for it.
func parallelInBrowser(t *testing.T) {
	t.Parallel()
	screens <- struct{}{}
	t.Cleanup(func() { <-screens })
}

// browser starts a headless Chromium that reaches nothing but this machine.
func browser(t *testing.T, more ...chromedp.ExecAllocatorOption) context.Context {
	t.Helper()
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.NoSandbox, chromedp.DisableGPU, chromedp.WindowSize(1280, 900),
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-background-networking", true),
		chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-sync", true),
		chromedp.UserDataDir(t.TempDir()))
	allocator, end := chromedp.NewExecAllocator(context.Background(), append(options, more...)...)
	t.Cleanup(end)
	ctx, cancel := chromedp.NewContext(allocator)
	t.Cleanup(cancel)
	if _, err := chromedp.Run(ctx, chromedp.Navigate("about:blank")); err != nil {
		t.Fatalf("start Chromium: %v", err)
	}
	// A browser remembers 250 files that it fetched, which is half a minute of
	// low-latency HLS, and tests look for later ones.
	beforeScripts(t, ctx, `performance.setResourceTimingBufferSize(100000);`)
	return ctx
}

// see runs an action in the page and fails the test when it does not work out
// within limit.
func see[T any](t *testing.T, page context.Context, limit time.Duration, what string, action chromedp.Action[T]) T {
	t.Helper()
	ctx, cancel := context.WithTimeout(page, limit)
	defer cancel()
	value, err := chromedp.Run(ctx, action)
	if err != nil {
		screenshot(t, page, "failed-"+t.Name())
		t.Fatalf("%s: %v", what, err)
	}
	return value
}

// screenshot keeps a picture of the page in the folder that SCREENSHOTS names.
func screenshot(t *testing.T, page context.Context, name string) {
	t.Helper()
	dir := os.Getenv("SCREENSHOTS")
	if dir == "" {
		return
	}
	png, err := chromedp.Run(page, chromedp.CaptureScreenshot())
	if err != nil {
		t.Logf("take a screenshot: %v", err)
		return
	}
	file := filepath.Join(dir, strings.ReplaceAll(name, "/", "-")+".png")
	if err := os.WriteFile(file, png, 0o600); err != nil {
		t.Logf("keep a screenshot: %v", err)
	}
}

const (
	playing = `(() => { const v = document.querySelector('video');
		return !!v && v.videoWidth > 0 && v.currentTime > 0 && v.readyState >= 2 })()`
	position = `document.querySelector('video').currentTime`
	pageText = `document.body.innerText`
)

// picture waits until the page shows one: twice the limit, since a machine that
// runs other tests says nothing about it.
func picture(t *testing.T, page context.Context, limit time.Duration) {
	t.Helper()
	see(t, page, 2*limit, "a picture", chromedp.Poll[bool](playing))
}

// plays waits until the page shows a moving picture.
func plays(t *testing.T, page context.Context, limit time.Duration) {
	t.Helper()
	picture(t, page, limit)
	from := see(t, page, limit, "the player's position", chromedp.Evaluate[float64](position))
	wait(t, limit, "the picture to move", func() bool {
		return see(t, page, limit, "the player's position", chromedp.Evaluate[float64](position)) > from+0.5
	})
}

func textHas(t *testing.T, page context.Context, limit time.Duration, want string) {
	t.Helper()
	wait(t, limit, "the page to say "+want, func() bool {
		text := see(t, page, limit, "the page's text", chromedp.Evaluate[string](pageText))
		return strings.Contains(strings.ToLower(text), strings.ToLower(want))
	})
}

// The page shows a picture within two seconds, survives its publisher and
// plays on when it returns.
func TestPageInChromium(t *testing.T) {
	s := start(t, "--open")
	file := clip(t, "long", 60)
	publisher := publish(t, file, s.rtmpURL("live/page"))
	s.waitState(t, "live/page", "live")
	wait(t, 15*time.Second, "a few seconds of the broadcast", func() bool {
		return s.stream(t, "live/page").Frames >= 5*(25+43)
	})

	page := browser(t)
	// The browser itself starts, and has other tests beside it.
	const limit, tries = 2 * time.Second, 3
	best := time.Hour
	for try := 0; try < tries && best > limit; try++ {
		opened := time.Now()
		see(t, page, 10*time.Second, "open the page", chromedp.Navigate(s.url("/live/page")))
		picture(t, page, 10*time.Second)
		best = min(best, time.Since(opened))
	}
	t.Logf("a picture %v after opening the page", best.Round(time.Millisecond))
	if best > limit && os.Getenv("MILLRACE_SLOW") == "" {
		t.Errorf("the picture came %v after opening the page, more than %v", best, limit)
	}
	plays(t, page, 10*time.Second)
	screenshot(t, page, "page")

	publisher.kill()
	textHas(t, page, 15*time.Second, "reconnecting")
	screenshot(t, page, "page-reconnecting")
	publish(t, file, s.rtmpURL("live/page"))
	s.waitState(t, "live/page", "live")
	plays(t, page, 20*time.Second)
	screenshot(t, page, "page-returned")
}

// The page of a stream that has not begun waits and starts by itself, and the
// home page lists it.
func TestPageWaitsAndHomeLists(t *testing.T) {
	parallelInBrowser(t)
	s := start(t, "--open")
	page := browser(t)
	see(t, page, 10*time.Second, "open the page", chromedp.Navigate(s.url("/live/soon")))
	textHas(t, page, 10*time.Second, "waiting")
	screenshot(t, page, "page-waiting")
	publish(t, clip(t, "long", 60), s.rtmpURL("live/soon"))
	plays(t, page, 25*time.Second)

	see(t, page, 10*time.Second, "open the home page", chromedp.Navigate(s.url("/")))
	textHas(t, page, 10*time.Second, "live/soon")
	textHas(t, page, 10*time.Second, "H.264")
	screenshot(t, page, "home")
}
