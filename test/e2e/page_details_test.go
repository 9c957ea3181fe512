package e2e

import (
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/millrace-live/millrace/amf"
	"github.com/millrace-live/millrace/flv"
	"github.com/millrace-live/millrace/rtmp/message"
)

// A viewer who has fallen behind comes nearer by a faster play, not by a jump.
func TestPageCatchesUp(t *testing.T) {
	s := start(t, "--open")
	publish(t, clip(t, "long", 100), s.rtmpURL("live/lag"))
	s.waitState(t, "live/lag", "live")
	page := browser(t)
	see(t, page, 10*time.Second, "open the page", chromedp.Navigate(s.url("/live/lag")))
	plays(t, page, 15*time.Second)
	for _, way := range []struct{ label, file string }{{"HTTP-FLV", `\.flv$`}, {"Low-latency HLS", `\.m3u8`}} {
		by(t, page, way.label, way.file)
		plays(t, page, 20*time.Second)
		time.Sleep(8 * time.Second) // it finds its place
		fast := see(t, page, 30*time.Second, "a faster play", chromedp.Evaluate[map[string]float64](`new Promise((done) => {
			const video = document.querySelector('video');
			let rate = 1, jump = 0, said = 0, before = video.currentTime - 1.4, at = performance.now();
			video.currentTime = before;
			const timer = setInterval(() => {
				const now = performance.now();
				rate = Math.max(rate, video.playbackRate);
				jump = Math.max(jump, video.currentTime - before - (now - at) / 1000 * video.playbackRate);
				if (document.querySelector('.delay em')) said = 1;
				before = video.currentTime;
				at = now;
			}, 100);
			setTimeout(() => { clearInterval(timer); done({ rate, jump, said }); }, 6000);
		})`, chromedp.EvalAwaitPromise))
		t.Logf("%s: %v", way.label, fast)
		if fast["rate"] < 1.05 || fast["rate"] > 1.1 || fast["jump"] > 0.7 || fast["said"] != 1 {
			t.Errorf("%s: behind by 1.4 s it did not play faster, or jumped, or did not say so: %v", way.label, fast)
		}
	}
}

// sendWithClock sends a file in real time as an encoder that tells every second what
// its clock said so long ago, until it can send no more.
func sendWithClock(s *sender, file string, ago time.Duration) {
	f, err := os.Open(file)
	if err != nil {
		return
	}
	defer f.Close()
	said := time.Duration(-1)
	for tags := flv.NewReader(f); ; {
		kind, ms, body, err := tags.Next()
		if err != nil {
			return
		}
		at := time.Duration(ms) * time.Millisecond
		time.Sleep(time.Until(s.began.Add(at)))
		if second := at.Truncate(time.Second); second > said {
			said = second
			info := amf.NewObject("sd", "01-02-2026", "st", time.Now().UTC().Add(-ago).Format("15:04:05.000"))
			payload, err := amf.Append(nil, "onFI", info)
			if err != nil || s.stream.WriteMessage(&message.Message{Type: message.Data, Timestamp: ms, Payload: payload}) != nil {
				return
			}
		}
		if s.stream.WriteMessage(&message.Message{Type: message.Type(kind), Timestamp: ms, Payload: body}) != nil {
			return
		}
	}
}

// An encoder that sends its clock has the delay counted from there, and the page says
// so.
func TestPageTellsWhoseClock(t *testing.T) {
	parallelInBrowser(t)
	s := start(t, "--open")
	file := clip(t, "long", 60)
	sender := dialSender(t, s.rtmpURL("live/clock"))
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		sendWithClock(sender, file, 2*time.Second)
	}()
	t.Cleanup(func() {
		sender.stream.Close()
		<-ended
	})
	s.waitState(t, "live/clock", "live")
	page := browser(t)
	see(t, page, 10*time.Second, "open the page", chromedp.Navigate(s.url("/live/clock")))
	plays(t, page, 15*time.Second)
	press(t, page, "i")
	textHas(t, page, 10*time.Second, "Delay since the encoder")
	time.Sleep(5 * time.Second)
	says := statistics(t, page)
	if late := seconds(t, says["Delay since the encoder"]); late < 2.3 || late > 6 {
		t.Errorf("two seconds more than since the server, and it says %v", says)
	}
	screenshot(t, page, "page-clock")
}

// Copying works where the browser has no clipboard for pages: without https.
func TestPageCopiesWithoutHTTPS(t *testing.T) {
	parallelInBrowser(t)
	s := start(t, "--open")
	page := browser(t, chromedp.Flag("host-resolver-rules", "MAP studio.test 127.0.0.1"))
	beforeScripts(t, page, `addEventListener('copy', () => (window.copied = document.activeElement.value));`)
	_, port, _ := strings.Cut(s.http, ":")
	see(t, page, 10*time.Second, "open the page", chromedp.Navigate("http://studio.test:"+port+"/live/copy"))
	holds(t, page, "the addresses", `document.querySelectorAll('.copyline').length > 4`)
	if see(t, page, 5*time.Second, "whether this is a test", chromedp.Evaluate[bool](`isSecureContext || !!navigator.clipboard`)) {
		t.Fatal("the page has the clipboard of https pages")
	}
	for i := range 3 {
		at := `document.querySelectorAll('.copyline')[` + strconv.Itoa(i) + `]`
		see(t, page, 5*time.Second, "the button", chromedp.Evaluate[bool](`(`+at+`.scrollIntoView(), `+at+`.querySelector('button').focus(), true)`))
		press(t, page, "\r")
		holds(t, page, "the button to say so", at+`.querySelector('button').textContent === 'Copied'`)
		got := see(t, page, 5*time.Second, "what was copied", chromedp.Evaluate[string](`window.copied ?? ''`))
		want := see(t, page, 5*time.Second, "what stands there", chromedp.Evaluate[string](at+`.querySelector('code').textContent`))
		if got != want || !strings.Contains(want, "studio.test") {
			t.Errorf("copied %q of %q", got, want)
		}
	}
}

// The picture goes into a window of its own and comes back.
func TestPagePictureInPicture(t *testing.T) {
	parallelInBrowser(t)
	s := start(t, "--open")
	publish(t, clip(t, "long", 60), s.rtmpURL("live/inset"))
	s.waitState(t, "live/inset", "live")
	page := browser(t)
	see(t, page, 10*time.Second, "open the page", chromedp.Navigate(s.url("/live/inset")))
	plays(t, page, 15*time.Second)
	holds(t, page, "the button", `!!document.querySelector('button[aria-label="Picture in picture"]')`)
	press(t, page, "p")
	holds(t, page, "the window", `document.pictureInPictureElement === document.querySelector('video')`)
	holds(t, page, "the button to leave it", `!!document.querySelector('button[aria-label="Leave picture in picture"]')`)
	plays(t, page, 10*time.Second)
	press(t, page, "p")
	holds(t, page, "the page", `!document.pictureInPictureElement`)
}
