package cmaf

import "github.com/millrace-live/millrace/media"

// visualSampleEntry appends what every video sample entry begins with
// (ISO/IEC 14496-12 §12.1.3). Encoders that repeat their parameter sets in the
// stream would call for avc3 and hev1 by the letter; players read both, and
// Apple's take only avc1 and hvc1.
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

// appendVVC appends vvcC, a FullBox (ISO/IEC 14496-15 §11.2.4.2).
func appendVVC(w *boxes, c *media.VVCConfig) {
	at := w.openFull("vvcC", 0, 0)
	w.b = c.Append(w.b)
	w.close(at)
}

// colors appends what players need to show the samples in the right light
// (ISO/IEC 14496-12 §12.1.4 to §12.1.6).
func (w *boxes) colors(t *media.Track) {
	light := t.Light()
	w.color(&light.Color)
	w.pixelAspect(t.Picture())
	if m := light.Mastering; m != nil {
		points, brightest, darkest := m.Units()
		at := w.open("mdcv")
		for _, p := range points {
			w.u16(p[0])
			w.u16(p[1])
		}
		w.u32(brightest)
		w.u32(darkest)
		w.close(at)
	}
	if light.MaxCLL > 0 || light.MaxFALL > 0 {
		content, average := light.LightLevels()
		at := w.open("clli")
		w.u16(content)
		w.u16(average)
		w.close(at)
	}
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
