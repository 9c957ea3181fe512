package cmaf

import "github.com/millrace-live/millrace/media"

func checkAVC(t *media.Track) string {
	c, ok := t.Format.(*media.AVCConfig)
	switch {
	case !ok:
		return "has no sequence header in a form that is understood"
	case c.Width <= 0 || c.Height <= 0 || c.Width > 0xffff || c.Height > 0xffff:
		return "states no possible picture size"
	}
	return ""
}

func avcTimescale(*media.Track) uint32 { return videoTimescale }

// appendAVC appends the sample entry avc1 (ISO/IEC 14496-15 §5.4.2.1). Encoders
// that repeat their parameter sets in the stream would call for avc3 by the
// letter; players read both, and Apple's take only avc1.
func appendAVC(w *boxes, t *media.Track) {
	c := t.Format.(*media.AVCConfig)
	at := w.open("avc1")
	w.visualSampleEntry(&c.Picture)
	avcC := w.open("avcC")
	w.b = c.Append(w.b)
	w.close(avcC)
	w.color(&c.Color)
	w.pixelAspect(&c.Picture)
	w.close(at)
}

// visualSampleEntry appends what every video sample entry begins with
// (ISO/IEC 14496-12 §12.1.3).
func (w *boxes) visualSampleEntry(p *media.Picture) {
	w.zeros(6)
	w.u16(1) // data_reference_index
	w.zeros(16)
	w.u16(uint16(p.Width))
	w.u16(uint16(p.Height))
	w.u32(0x00480000) // 72 dpi
	w.u32(0x00480000)
	w.u32(0)
	w.u16(1) // frame_count
	w.zeros(32)
	w.u16(0x0018) // depth
	w.u16(0xffff)
}

func (w *boxes) color(c *media.Color) {
	if c.Primaries == media.Unspecified && c.Transfer == media.Unspecified && c.Matrix == media.Unspecified {
		return
	}
	at := w.open("colr")
	w.text("nclx")
	w.u16(uint16(c.Primaries))
	w.u16(uint16(c.Transfer))
	w.u16(uint16(c.Matrix))
	var full uint8
	if c.FullRange {
		full = 0x80
	}
	w.u8(full)
	w.close(at)
}

func (w *boxes) pixelAspect(p *media.Picture) {
	if p.SARWidth == p.SARHeight {
		return
	}
	at := w.open("pasp")
	w.u32(uint32(p.SARWidth))
	w.u32(uint32(p.SARHeight))
	w.close(at)
}

// displaySize is the size in square samples: the width stretched by the sample
// aspect ratio.
func displaySize(p *media.Picture) (width, height uint32) {
	w := int64(p.Width)
	if p.SARWidth > 0 && p.SARHeight > 0 {
		w = (w*int64(p.SARWidth) + int64(p.SARHeight)/2) / int64(p.SARHeight)
	}
	return uint32(min(w, 0xffff)), uint32(p.Height)
}
