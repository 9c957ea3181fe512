package flv

import (
	"fmt"
	"math"

	"github.com/millrace-live/millrace/amf"
	"github.com/millrace-live/millrace/media"
)

// colorInfo is the one name that is defined for the metadata of video (Enhanced
// RTMP v2, "Metadata Frame").
const colorInfo = "colorInfo"

// metadata takes a packet of metadata: pairs of a name and a value. One that
// holds names besides colorInfo is passed on as it came.
func (d *Demuxer) metadata(dts int64, p *packet) error {
	dec := amf.NewDecoder(p.content)
	// The encoding is that of the connection, which the packet does not name; a
	// string's marker tells.
	const amf3String = 6
	if len(p.content) > 0 && p.content[0] == amf3String {
		dec = amf.NewDecoder3(p.content)
	}
	values, err := dec.All()
	// What precedes a fault is good.
	other := false
	for i := 0; i+1 < len(values); i += 2 {
		if values.String(i) != colorInfo {
			other = true
			continue
		}
		if err := d.color(p, readColor(values.Object(i+1))); err != nil {
			return err
		}
	}
	if err != nil {
		return fmt.Errorf("flv: read the metadata of video: %w", err)
	}
	if other {
		d.command(dts, p)
	}
	return nil
}

func (d *Demuxer) color(p *packet, c *media.ColorInfo) error {
	t := d.another(p, p.codec)
	if sameColor(t.Color, c) {
		return nil
	}
	t.Color = c
	return d.describe(t)
}

func sameColor(a, b *media.ColorInfo) bool {
	if a == nil || b == nil {
		return a == b
	}
	x, y := *a, *b
	x.Mastering, y.Mastering = nil, nil
	if a.Mastering == nil || b.Mastering == nil {
		return x == y && a.Mastering == b.Mastering
	}
	return x == y && *a.Mastering == *b.Mastering
}

// readColor reads the value of colorInfo, nil when it says nothing (Undefined,
// or an object that is empty or has empty parts): that resets what was said
// before.
func readColor(value amf.Properties) *media.ColorInfo {
	c := &media.ColorInfo{}
	config, light, display := value.Object("colorConfig"), value.Object("hdrCll"), value.Object("hdrMdcv")
	c.BitDepth = codePoint(config, "bitDepth")
	c.Primaries = codePoint(config, "colorPrimaries")
	c.Transfer = codePoint(config, "transferCharacteristics")
	c.Matrix = codePoint(config, "matrixCoefficients")
	c.MaxFALL, c.MaxCLL = amount(light, "maxFall"), amount(light, "maxCLL")
	if len(display) > 0 {
		c.Mastering = &media.MasteringDisplay{
			RedX: amount(display, "redX"), RedY: amount(display, "redY"),
			GreenX: amount(display, "greenX"), GreenY: amount(display, "greenY"),
			BlueX: amount(display, "blueX"), BlueY: amount(display, "blueY"),
			WhiteX: amount(display, "whitePointX"), WhiteY: amount(display, "whitePointY"),
			MaxLuminance: amount(display, "maxLuminance"), MinLuminance: amount(display, "minLuminance"),
		}
	}
	if *c == (media.ColorInfo{}) {
		return nil
	}
	return c
}

// codePoint reads a number of H.273, 0 when it is none.
func codePoint(ps amf.Properties, name string) uint8 {
	if n, ok := ps.Integer(name); ok && n >= 0 && n <= math.MaxUint8 {
		return uint8(n)
	}
	return 0
}

// amount reads a number of cd/m2 or of the chromaticity diagram, 0 when it is
// none.
func amount(ps amf.Properties, name string) float64 {
	if n := ps.Number(name); n > 0 && !math.IsInf(n, 0) {
		return n
	}
	return 0
}

// appendColor appends the metadata of c, which resets that of before when c is
// nil.
func appendColor(dst []byte, c *media.ColorInfo) []byte {
	if c == nil {
		return mustAppend(dst, colorInfo, amf.Undefined{})
	}
	config, value := amf.NewObject(), amf.NewObject()
	for _, n := range [...]struct {
		name  string
		value uint8
	}{
		{"bitDepth", c.BitDepth},
		{"colorPrimaries", c.Primaries},
		{"transferCharacteristics", c.Transfer},
		{"matrixCoefficients", c.Matrix},
	} {
		if n.value != 0 {
			config.Set(n.name, float64(n.value))
		}
	}
	value.Set("colorConfig", config)
	if c.MaxFALL != 0 || c.MaxCLL != 0 {
		value.Set("hdrCll", amf.NewObject("maxFall", c.MaxFALL, "maxCLL", c.MaxCLL))
	}
	if m := c.Mastering; m != nil {
		value.Set("hdrMdcv", amf.NewObject("redX", m.RedX, "redY", m.RedY, "greenX", m.GreenX, "greenY", m.GreenY,
			"blueX", m.BlueX, "blueY", m.BlueY, "whitePointX", m.WhiteX, "whitePointY", m.WhiteY,
			"maxLuminance", m.MaxLuminance, "minLuminance", m.MinLuminance))
	}
	return mustAppend(dst, colorInfo, value)
}

// mustAppend appends values that AMF0 has a form for.
func mustAppend(dst []byte, values ...amf.Value) []byte {
	b, err := amf.Append(dst, values...)
	if err != nil {
		panic(err)
	}
	return b
}
