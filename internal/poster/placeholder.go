package poster

import (
	"bytes"
	"image"
	"image/color"
	"image/jpeg"
	"math"
	"sync"
	"time"
)

// placeholder is what stands in for a picture: the mark of the house on the dark
// ground of its pages.
var placeholder = sync.OnceValue(func() *picture {
	const width, height, size = 640, 360, 150
	ground := color.RGBA{0x0d, 0x16, 0x1b, 0xff}
	ink := color.RGBA{0x12, 0x93, 0xb4, 0xff}
	m := image.NewRGBA(image.Rect(0, 0, width, height))
	for i := range m.Pix {
		m.Pix[i] = [...]uint8{ground.R, ground.G, ground.B, ground.A}[i%4]
	}
	lines := mark()
	const left, top, scale = (width - size) / 2, (height - size) / 2, markSize / float64(size)
	for y := range size {
		for x := range size {
			p := point{(float64(x) + .5) * scale, (float64(y) + .5) * scale}
			// What the pen covers of this pixel.
			cover := 0.0
			for _, l := range lines {
				cover = max(cover, min(1, (l.pen/2-l.distance(p))/scale+.5))
			}
			m.SetRGBA(left+x, top+y, blend(ground, ink, cover))
		}
	}
	var b bytes.Buffer
	// A buffer takes everything, and the size is one that JPEG has.
	_ = jpeg.Encode(&b, m, &jpeg.Options{Quality: 85})
	return newPicture(b.Bytes(), time.Time{})
})

func blend(a, b color.RGBA, part float64) color.RGBA {
	mix := func(a, b uint8) uint8 { return uint8(math.Round(float64(a) + (float64(b)-float64(a))*part)) }
	return color.RGBA{mix(a.R, b.R), mix(a.G, b.G), mix(a.B, b.B), 0xff}
}

type point struct{ x, y float64 }

// line is drawn with a round pen, from one point to the next.
type line struct {
	points []point
	pen    float64
}

// distance is that of p from the nearest point of the line.
func (l line) distance(p point) float64 {
	nearest := math.Inf(1)
	for i := 1; i < len(l.points); i++ {
		a, b := l.points[i-1], l.points[i]
		along := ((p.x-a.x)*(b.x-a.x) + (p.y-a.y)*(b.y-a.y)) / ((b.x-a.x)*(b.x-a.x) + (b.y-a.y)*(b.y-a.y))
		along = max(0, min(1, along))
		nearest = min(nearest, math.Hypot(p.x-a.x-along*(b.x-a.x), p.y-a.y-along*(b.y-a.y)))
	}
	return nearest
}

// markSize is the side of the square that the mark is drawn in.
const markSize = 32

// mark is the mill wheel on the water of web/src/mark.svg.
func mark() []line {
	const bold, fine, hub = 2.2, 1.3, 4.6
	const x, y, radius = 16, 14, 7.4
	around := func(turn, r float64) point {
		return point{x + r*math.Sin(2*math.Pi*turn), y - r*math.Cos(2*math.Pi*turn)}
	}
	lines := []line{{[]point{{x - .01, y}, {x + .01, y}}, hub}}
	rim, water := line{pen: bold}, line{pen: bold}
	for i := range 65 {
		rim.points = append(rim.points, around(float64(i)/64, radius))
		along := float64(i) / 64
		water.points = append(water.points, point{2.5 + 27*along, 27.2 - 1.05*math.Sin(3*math.Pi*along)})
	}
	lines = append(lines, rim, water)
	for i := range 8 {
		turn := float64(i) / 8
		lines = append(lines, line{[]point{around(turn, radius), around(turn+.0447, 12.28)}, bold})
		if i < 4 {
			lines = append(lines, line{[]point{around(turn, radius), around(turn+.5, radius)}, fine})
		}
	}
	return lines
}
