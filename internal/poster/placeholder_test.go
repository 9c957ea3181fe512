package poster

import (
	"bytes"
	"image/jpeg"
	"testing"
)

// The placeholder shows the wheel in the middle of a dark ground.
func TestPlaceholder(t *testing.T) {
	p := placeholder()
	if err := checkJPEG(p.jpeg); err != nil {
		t.Fatal(err)
	}
	m, err := jpeg.Decode(bytes.NewReader(p.jpeg))
	if err != nil {
		t.Fatal(err)
	}
	light := func(x, y int) uint32 {
		r, g, b, _ := m.At(x, y).RGBA()
		return (r + g + b) / 3 >> 8
	}
	size := m.Bounds().Size()
	// The hub of the wheel, the ground at the edge, and the rim beside the hub.
	hub, edge, rim := light(size.X/2, size.Y/2-9), light(10, 10), light(size.X/2+35, size.Y/2-9)
	if hub < 90 || rim < 90 || edge > 40 {
		t.Errorf("the hub has %d, the rim %d, the edge %d", hub, rim, edge)
	}
	if len(p.jpeg) > 20<<10 || !p.taken.IsZero() {
		t.Errorf("it has %d bytes and is of %v", len(p.jpeg), p.taken)
	}
}
