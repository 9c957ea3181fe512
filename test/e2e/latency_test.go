package e2e

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/png"
	"io"
	"math"
	"os"
	"os/exec"
	"slices"
	"testing"
	"time"

	cdp "github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

// The picture of a camera whose pictures tell when they were taken: the number of
// milliseconds since the camera was switched on, in binary, as black and white
// squares, and below each its contrary, so that a picture in which something else
// lies over them is known for it.
const (
	cameraWidth, cameraHeight = 640, 360
	cameraRate                = 30
	clockBits                 = 20 // seventeen minutes
	clockSquare               = cameraWidth / clockBits
	clockTop                  = cameraHeight/2 - clockSquare
)

// camera makes pictures in real time.
type camera struct {
	on    time.Time
	frame []byte // planar YUV 4:2:0
}

func newCamera() *camera {
	frame := bytes.Repeat([]byte{128}, cameraWidth*cameraHeight*3/2)
	return &camera{on: time.Now(), frame: frame}
}

// paint draws the picture of now: a pattern that moves, so that there is something
// to code, and the clock.
func (c *camera) paint(n int) {
	for y := range cameraHeight {
		row := c.frame[y*cameraWidth:][:cameraWidth]
		for x := range row {
			row[x] = byte(40 + (x+4*n+y/2)%160)
		}
	}
	now := time.Since(c.on).Milliseconds()
	for bit := range clockBits {
		set := now>>(clockBits-1-bit)&1 == 1
		for y := range 2 * clockSquare {
			luma := byte(16)
			if set == (y < clockSquare) {
				luma = 235
			}
			row := c.frame[(clockTop+y)*cameraWidth+bit*clockSquare:][:clockSquare]
			for x := range row {
				row[x] = luma
			}
		}
	}
}

// shoot writes a picture every thirtieth of a second until nobody takes them.
func (c *camera) shoot(w io.Writer) {
	for n := 0; ; n++ {
		time.Sleep(time.Until(c.on.Add(time.Duration(n) * time.Second / cameraRate)))
		c.paint(n)
		if _, err := w.Write(c.frame); err != nil {
			return
		}
	}
}

// errNoClock is what a picture gives that shows no clock.
var errNoClock = errors.New("no clock in the picture")

// readClock returns the time in a screenshot of the picture, of any size.
func readClock(shot image.Image) (time.Duration, error) {
	bounds := shot.Bounds()
	scale := float64(bounds.Dx()) / cameraWidth
	light := func(column, row int) float64 {
		x := bounds.Min.X + int((float64(column)+0.5)*clockSquare*scale)
		y := bounds.Min.Y + int((clockTop+(float64(row)+0.5)*clockSquare)*scale)
		const reach = 3
		sum := 0.0
		for dy := -reach; dy <= reach; dy++ {
			for dx := -reach; dx <= reach; dx++ {
				r, g, b, _ := shot.At(x+dx, y+dy).RGBA()
				sum += float64(r+g+b) / 3 / math.MaxUint16
			}
		}
		return sum / float64((2*reach+1)*(2*reach+1))
	}
	ms := 0
	for bit := range clockBits {
		above, below := light(bit, 0), light(bit, 1)
		if math.Abs(above-below) < 0.5 {
			return 0, errNoClock
		}
		ms <<= 1
		if above > below {
			ms |= 1
		}
	}
	return time.Duration(ms) * time.Millisecond, nil
}

func TestClockInPicture(t *testing.T) {
	c := newCamera()
	for _, ms := range []int64{0, 1, 33, 123456, 1<<clockBits - 100} {
		c.on = time.Now().Add(-time.Duration(ms) * time.Millisecond)
		c.paint(int(ms))
		painted := image.YCbCr{
			Y: c.frame[:cameraWidth*cameraHeight], Cb: c.frame[cameraWidth*cameraHeight:][:cameraWidth*cameraHeight/4],
			Cr: c.frame[cameraWidth*cameraHeight*5/4:], YStride: cameraWidth, CStride: cameraWidth / 2,
			SubsampleRatio: image.YCbCrSubsampleRatio420, Rect: image.Rect(0, 0, cameraWidth, cameraHeight),
		}
		got, err := readClock(&painted)
		if off := got.Milliseconds() - ms; err != nil || off < 0 || off > 50 {
			t.Errorf("%d ms read as %v: %v", ms, got, err)
		}
	}
	if _, err := readClock(image.NewGray(image.Rect(0, 0, cameraWidth, cameraHeight))); !errors.Is(err, errNoClock) {
		t.Errorf("a black picture: %v", err)
	}
}

// publishCamera has FFmpeg code the pictures of a camera, with a tone, for as little
// delay as it can, with a key frame a second.
func publishCamera(t *testing.T, url string) *camera {
	t.Helper()
	cmd := exec.Command("ffmpeg", "-hide_banner", "-loglevel", "error",
		"-probesize", "32", "-analyzeduration", "0", "-fflags", "nobuffer",
		"-f", "rawvideo", "-pix_fmt", "yuv420p", "-video_size", fmt.Sprintf("%dx%d", cameraWidth, cameraHeight),
		"-framerate", fmt.Sprint(cameraRate), "-i", "pipe:0",
		"-f", "lavfi", "-i", "sine=frequency=440:sample_rate=48000",
		"-c:v", "libx264", "-preset", "ultrafast", "-tune", "zerolatency", "-g", fmt.Sprint(cameraRate), "-b:v", "1500k",
		"-c:a", "aac", "-b:a", "96k", "-flush_packets", "1", "-f", "flv", url)
	pictures, err := cmd.StdinPipe()
	if err != nil {
		t.Fatalf("open a pipe to FFmpeg: %v", err)
	}
	said := &output{}
	cmd.Stdout, cmd.Stderr = said, said
	if err := cmd.Start(); err != nil {
		t.Fatalf("start FFmpeg: %v", err)
	}
	c := newCamera()
	go c.shoot(pictures)
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
		if t.Failed() {
			t.Logf("FFmpeg printed:\n%.3000s", said)
		}
	})
	return c
}

// delays are how old pictures were on the screen, and by how much each may be wrong.
type delays struct {
	ages        []time.Duration // sorted
	uncertainty time.Duration   // the greatest
}

func (d *delays) median() time.Duration  { return d.ages[len(d.ages)/2] }
func (d *delays) longest() time.Duration { return d.ages[len(d.ages)-1] }

func (d *delays) String() string {
	return fmt.Sprintf("median %4d ms, max %4d ms, min %4d ms (%d screenshots, each ± %d ms)", d.median().Milliseconds(),
		d.longest().Milliseconds(), d.ages[0].Milliseconds(), len(d.ages), d.uncertainty.Milliseconds())
}

// look takes screenshots of the picture on the screen and says how old each was. A
// screenshot is of some moment between being asked for and being there: the middle
// is taken.
func look(t *testing.T, page context.Context, c *camera, shots int) *delays {
	t.Helper()
	at := see(t, page, 5*time.Second, "where the picture is", chromedp.Evaluate[cdp.Viewport](`(() => {
		const video = document.querySelector('video'), box = video.getBoundingClientRect();
		const scale = Math.min(box.width / video.videoWidth, box.height / video.videoHeight);
		const width = video.videoWidth * scale, height = video.videoHeight * scale;
		return { x: box.x + scrollX + (box.width - width) / 2, y: box.y + scrollY + (box.height - height) / 2, width, height, scale: 1 };
	})()`))
	quick := true
	d := &delays{}
	for try := 0; len(d.ages) < shots && try < 2*shots; try++ {
		asked := time.Now()
		shot, err := chromedp.Call(page, cdp.CaptureScreenshot, cdp.CaptureScreenshotParams{Clip: &at, OptimizeForSpeed: &quick})
		took := time.Since(asked)
		if err != nil {
			t.Fatalf("take a screenshot: %v", err)
		}
		picture, err := png.Decode(bytes.NewReader(shot.Data))
		if err != nil {
			t.Fatalf("decode a screenshot: %v", err)
		}
		taken, err := readClock(picture)
		if err != nil {
			screenshot(t, page, "latency-unread")
			continue
		}
		d.ages = append(d.ages, asked.Add(took/2).Sub(c.on)-taken)
		d.uncertainty = max(d.uncertainty, took/2)
		time.Sleep(271 * time.Millisecond) // in step with nothing
	}
	if len(d.ages) < shots {
		t.Fatalf("the clock could be read in %d screenshots of %d", len(d.ages), 2*shots)
	}
	slices.Sort(d.ages)
	return d
}

// From the camera to the screen, by each protocol: how old is the picture that a
// viewer sees.
func TestGlassToGlass(t *testing.T) {
	const settle, shots = 7 * time.Second, 20
	if os.Getenv("MILLRACE_SLOW") != "" {
		t.Skip("a slow server says nothing about delay")
	}
	for _, c := range []struct {
		name, label, file string
		flags             []string
		goal              time.Duration // of the median; 0 for none
	}{
		{name: "HTTP-FLV", label: "HTTP-FLV", file: `\.flv$`, goal: 700 * time.Millisecond},
		{name: "LL-HLS", label: "Low-latency HLS", file: `\.m3u8`, goal: 1500 * time.Millisecond},
		{name: "DASH", label: "DASH", file: `\.mpd$`},
		{name: "plain HLS", label: "Low-latency HLS", file: `\.m3u8`, flags: []string{"--part-length", "0"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.goal == 0 && os.Getenv("MILLRACE_LATENCY") != "all" {
				t.Skip("it has no goal; MILLRACE_LATENCY=all measures it as well")
			}
			s := start(t, append([]string{"--open"}, c.flags...)...)
			camera := publishCamera(t, s.rtmpURL("live/glass"))
			s.waitState(t, "live/glass", "live")
			page := browser(t)
			see(t, page, 10*time.Second, "open the page", chromedp.Navigate(s.url("/live/glass")))
			plays(t, page, 20*time.Second)
			by(t, page, c.label, c.file)
			plays(t, page, 20*time.Second)
			// A machine that has others to serve as well holds a browser up now and then.
			for tries := 5; ; tries-- {
				time.Sleep(settle)
				d := look(t, page, camera, shots)
				said := see(t, page, 5*time.Second, "what the page says", chromedp.Evaluate[string](`document.querySelector('.delay')?.textContent ?? ''`))
				t.Logf("%-9s %v; the page says %q", c.name, d, said)
				screenshot(t, page, "latency-"+c.name)
				if c.goal == 0 || d.median() <= c.goal {
					return
				}
				if tries == 0 {
					t.Fatalf("%s: %v from glass to glass, more than %v", c.name, d.median(), c.goal)
				}
			}
		})
	}
}
