package e2e

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// late is by how many seconds the picture on show is older than what is live, by the
// page's own bar.
func late(t *testing.T, page context.Context) float64 {
	t.Helper()
	return see(t, page, 5*time.Second, "how late the page says to be", chromedp.Evaluate[float64](`(() => {
		const text = document.querySelector('.timeline .late')?.textContent ?? '';
		if (text === 'live') return 0;
		const [seconds, minutes] = text.replace('−', '').split(':').reverse().map(Number);
		return seconds + 60 * minutes;
	})()`))
}

// The past can be gone back to on the page, by bar and by keys, and left again.
func TestPageTimeShift(t *testing.T) {
	parallelInBrowser(t)
	s := start(t, "--open", "--time-shift", "10m")
	publish(t, clip(t, "long", 150), s.rtmpURL("live/past"))
	s.waitState(t, "live/past", "live")
	wait(t, 15*time.Second, "the playlist", func() bool { return s.get("/live/past/index.m3u8").status == 200 })
	for _, way := range []struct{ name, label, file string }{{name: "HLS"}, {"DASH", "DASH", `\.mpd$`}} {
		t.Run(way.name, func(t *testing.T) {
			if way.label != "" && testing.Short() {
				t.Skip("one protocol is enough for a short run")
			}
			page := browser(t)
			see(t, page, 10*time.Second, "open the page", chromedp.Navigate(s.url("/live/past")))
			plays(t, page, 15*time.Second)
			if way.label != "" {
				by(t, page, way.label, way.file)
				plays(t, page, 20*time.Second)
			}
			see(t, page, 40*time.Second, "half a minute to go back to", chromedp.Poll[bool](`(() => {
				const bar = document.querySelector('input[aria-label="Time"]');
				return !!bar && bar.max - bar.min > 30000;
			})()`))
			holds(t, page, "live", `!!document.querySelector('.live-mark.on')`)

			// By the bar: twenty seconds.
			see(t, page, 5*time.Second, "drag the bar", chromedp.Evaluate[bool](`(() => {
				const bar = document.querySelector('input[aria-label="Time"]');
				bar.value = bar.max - 20000;
				for (const type of ['input', 'change']) bar.dispatchEvent(new Event(type, { bubbles: true }));
				return true;
			})()`))
			plays(t, page, 10*time.Second)
			if got := late(t, page); got < 17 || got > 24 {
				t.Errorf("20 s back, the page says %v", got)
			}
			screenshot(t, page, "page-past-"+way.name)
			holds(t, page, "the mark of live to be off", `!document.querySelector('.live-mark.on')`)
			time.Sleep(5 * time.Second) // it stays there
			if got := late(t, page); got < 17 || got > 24 {
				t.Errorf("5 s later it is %v s behind", got)
			}

			// By keys: ten seconds back, ten on.
			see(t, page, 5*time.Second, "the focus", chromedp.Evaluate[bool](`(document.querySelector('.player').focus(), true)`))
			press(t, page, kb.ArrowLeft)
			plays(t, page, 10*time.Second)
			if got := late(t, page); got < 26 || got > 35 {
				t.Errorf("30 s back, the page says %v", got)
			}
			press(t, page, kb.ArrowRight)
			plays(t, page, 10*time.Second)
			if got := late(t, page); got < 17 || got > 25 {
				t.Errorf("20 s back again, the page says %v", got)
			}

			// A pause loses nothing.
			press(t, page, " ")
			from := see(t, page, 5*time.Second, "where it paused", chromedp.Evaluate[float64](position))
			time.Sleep(4 * time.Second)
			press(t, page, " ")
			plays(t, page, 10*time.Second)
			if at := see(t, page, 5*time.Second, "where it goes on", chromedp.Evaluate[float64](position)); at < from || at > from+4 {
				t.Errorf("paused at %v, it goes on at %v", from, at)
			}

			press(t, page, "l")
			holds(t, page, "live again", `!!document.querySelector('.live-mark.on') && !!document.querySelector('.delay')`)
			plays(t, page, 10*time.Second)
			if way.label == "" {
				wait(t, 20*time.Second, "a short delay", func() bool {
					text := see(t, page, 5*time.Second, "the delay", chromedp.Evaluate[string](`document.querySelector('.delay')?.firstChild.textContent ?? ''`))
					return text != "" && seconds(t, text) < 3
				})
			}
		})
	}
}

// An address may name where to begin. By HTTP-FLV, and where nothing is kept, there is
// no bar.
func TestPageBeginsInThePast(t *testing.T) {
	parallelInBrowser(t)
	s := start(t, "--open", "--time-shift", "10m")
	publish(t, clip(t, "long", 100), s.rtmpURL("live/then"))
	s.waitState(t, "live/then", "live")
	wait(t, 15*time.Second, "the playlist", func() bool { return s.get("/live/then/index.m3u8").status == 200 })
	time.Sleep(40 * time.Second)
	page := browser(t)
	for _, start := range []string{"-25", time.Now().Add(-25 * time.Second).UTC().Format(time.RFC3339)} {
		see(t, page, 10*time.Second, "open the page", chromedp.Navigate(s.url("/live/then?start="+start)))
		plays(t, page, 15*time.Second)
		if got := late(t, page); got < 18 || got > 36 {
			t.Errorf("from %s the page says to be %v s behind", start, got)
		}
	}
	see(t, page, 10*time.Second, "open the page", chromedp.Navigate(s.url("/live/then?start=soon")))
	plays(t, page, 15*time.Second)
	holds(t, page, "live", `!!document.querySelector('.live-mark.on')`)
	by(t, page, "HTTP-FLV", `\.flv$`)
	plays(t, page, 15*time.Second)
	holds(t, page, "no bar", `!document.querySelector('.timeline')`)

	other := startIn(t, t.TempDir(), "--open")
	publish(t, clip(t, "long", 60), other.rtmpURL("live/now"))
	other.waitState(t, "live/now", "live")
	see(t, page, 10*time.Second, "open the page", chromedp.Navigate(other.url("/live/now")))
	plays(t, page, 15*time.Second)
	time.Sleep(10 * time.Second)
	holds(t, page, "no bar without time shift", `!document.querySelector('.timeline')`)
}

// The page names its playback to the server, in headers alone, and keeps the name.
func TestPageNamesItsPlayback(t *testing.T) {
	parallelInBrowser(t)
	s := start(t, "--open")
	publish(t, clip(t, "long", 60), s.rtmpURL("live/cmcd"))
	s.waitState(t, "live/cmcd", "live")
	page := browser(t)
	beforeScripts(t, page, `
		window.sessions = {};
		window.addressed = 0;
		const note = (url, name, value) => {
			if (/CMCD=/.test(url)) window.addressed++;
			if (/^cmcd-session$/i.test(name)) window.sessions[/sid="([^"]*)"/.exec(value)?.[1]] = new URL(url, location.href).origin;
		};
		const open = XMLHttpRequest.prototype.open, set = XMLHttpRequest.prototype.setRequestHeader, get = window.fetch;
		XMLHttpRequest.prototype.open = function (method, url, ...more) { this.address = url; return open.call(this, method, url, ...more); };
		XMLHttpRequest.prototype.setRequestHeader = function (name, value) { note(this.address, name, value); return set.call(this, name, value); };
		window.fetch = (input, options) => {
			const url = input.url ?? String(input);
			for (const [name, value] of new Headers(options?.headers ?? input.headers ?? {})) note(url, name, value);
			return get(input, options);
		};`)
	see(t, page, 10*time.Second, "open the page", chromedp.Navigate(s.url("/live/cmcd")))
	plays(t, page, 15*time.Second)
	by(t, page, "DASH", `\.mpd$`)
	plays(t, page, 15*time.Second)
	time.Sleep(3 * time.Second)
	named := see(t, page, 5*time.Second, "the names", chromedp.Evaluate[map[string]string](`window.sessions`))
	if len(named) != 1 {
		t.Errorf("the playback was named %v", named)
	}
	for id, origin := range named {
		if len(id) != 36 || !strings.HasPrefix(s.url("/"), origin+"/") {
			t.Errorf("the name %q was sent to %s", id, origin)
		}
	}
	if n := see(t, page, 5*time.Second, "addresses", chromedp.Evaluate[int](`window.addressed`)); n != 0 {
		t.Errorf("%d addresses carry CMCD, by which caches would tell them apart", n)
	}
}
