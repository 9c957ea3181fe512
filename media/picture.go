package media

import "fmt"

// Unspecified is the H.273 code point for a colour property that the stream
// does not state.
const Unspecified = 2

// Color says how sample values become light, in the code points of
// ITU-T H.273.
type Color struct {
	Primaries, Transfer, Matrix uint8 // Unspecified (2) when not stated
	FullRange                   bool
}

var unstatedColor = Color{Primaries: Unspecified, Transfer: Unspecified, Matrix: Unspecified}

// Picture is what a video configuration says of the pictures that it decodes.
type Picture struct {
	// Width and Height are what is shown, in samples: the coded size less the
	// cropping (1080, not 1088). The sample aspect ratio is not applied. 0 when
	// no frame has said it yet (VP8, VP9).
	Width, Height int
	// SARWidth and SARHeight are the sample aspect ratio; 1 and 1 when it is
	// not stated.
	SARWidth, SARHeight int
	// FrameRate is frames a second, 0 when not stated. Encoders lie about it
	// when their rate varies: it is for display, never for timing.
	FrameRate float64
	// Interlaced is set when the stream may hold fields.
	Interlaced bool
	// ReorderFrames is how many frames can precede a frame in decoding order
	// and follow it in output order; 0 means that DTS equals PTS, -1 that the
	// stream does not say.
	ReorderFrames int
	// ChromaFormat is 0 monochrome, 1 4:2:0, 2 4:2:2, 3 4:4:4.
	ChromaFormat uint8
	// BitDepth and ChromaBitDepth are bits a sample.
	BitDepth, ChromaBitDepth uint8
	Color                    Color
	Light                    Light
}

func (p *Picture) picture() *Picture { return p }

// unstatedPicture is what holds where a bitstream says nothing else.
func unstatedPicture() Picture {
	return Picture{
		SARWidth: 1, SARHeight: 1, ReorderFrames: -1, ChromaFormat: 1, BitDepth: 8, ChromaBitDepth: 8, Color: unstatedColor,
	}
}

// setSize keeps the size within what can be written; another one fails r.
func (p *Picture) setSize(r *bits, width, height int64) {
	if r.err == nil && (width < 1 || height < 1 || width > maxDimension || height > maxDimension) {
		r.fail(fmt.Errorf("picture size %dx%d is out of bounds", width, height))
	}
	if r.err == nil {
		p.Width, p.Height = int(width), int(height)
	}
}

// setFrameRate takes a rate that is one.
func (p *Picture) setFrameRate(r *bits, scale, tick float64) {
	if rate := scale / tick; r.err == nil && tick > 0 && rate <= maxFrameRate {
		p.FrameRate = rate
	}
}

// maxFrameRate is where a stated rate is no rate: encoders of varying frame
// rate put the rate of their clock (90,000 and more) there.
const maxFrameRate = 1000

// maxDimension is the most that the 16-bit fields of MP4 sample entries hold.
const maxDimension = 65535
