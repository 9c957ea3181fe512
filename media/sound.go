package media

// Sound is what an audio configuration says of the sound that it decodes.
type Sound struct {
	// SampleRate is the core coder's, in Hz: FrameLength samples of it are the
	// duration of a frame. OutputSampleRate is the decoder's, twice that with
	// SBR.
	SampleRate, OutputSampleRate int
	// Channels is how many the decoder puts out: 2 for a mono core with PS.
	Channels int
	// FrameLength is samples a frame at SampleRate (AAC 1024 or 960, 512 or 480
	// for its low delay object types); 0 when frames differ, as in Opus and FLAC.
	FrameLength int
}

func (s *Sound) sound() *Sound { return s }

// Layout says which channel of a sound is which speaker (Enhanced RTMP v2,
// MultichannelConfig).
type Layout struct {
	Order ChannelOrder
	// Mask has the bits of the channels in the native order.
	Mask uint32
	// Channels are the speakers in their order when that is custom: numbers of
	// the mask's bits, 0xfe unused, 0xff unknown.
	Channels []uint8
	// Count is how many channels there are.
	Count uint8
}

// ChannelOrder is how a [Layout] names its channels.
type ChannelOrder uint8

// The orders of channels.
const (
	UnspecifiedOrder ChannelOrder = iota
	NativeOrder
	CustomOrder
)
