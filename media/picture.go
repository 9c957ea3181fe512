package media

// Unspecified is the H.273 code point for a colour property that the stream
// does not state.
const Unspecified = 2

// Color says how sample values become light, in the code points of
// ITU-T H.273.
type Color struct {
	Primaries, Transfer, Matrix uint8 // Unspecified (2) when not stated
	FullRange                   bool
}

// Picture is what a video configuration says of the pictures that it decodes.
type Picture struct {
	// Width and Height are what is shown, in samples: the coded size less the
	// cropping (1080, not 1088). The sample aspect ratio is not applied.
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
}

func (p *Picture) picture() *Picture { return p }
