package media

import mathbits "math/bits"

// AC3Config is what the frames of AC-3 or E-AC-3 say of themselves (ETSI TS 102
// 366): all that MP4's dac3 and dec3 hold. Neither coding has a record of its
// own.
type AC3Config struct {
	Sound
	// Enhanced is set for E-AC-3.
	Enhanced bool
	// BitRateCode is frmsizecod without its last bit, for AC-3 (§4.4.1.3).
	BitRateCode uint8
	// DataRate is in kbit/s, of the first frame where frames differ.
	DataRate int
	// Substreams are the independent ones, of which there are Independent; one
	// in AC-3.
	Substreams  [8]AC3Substream
	Independent int
	// JOC is the complexity of the objects of Dolby Atmos in E-AC-3, 0 when there
	// are none (ETSI TS 103 420).
	JOC uint8
}

// AC3Substream is an independent substream.
type AC3Substream struct {
	SampleRateCode, ID, Mode, ChannelMode uint8 // fscod, bsid, bsmod, acmod
	LFE                                   bool
	// Dependent is how many substreams add channels to it, and Locations which
	// ones, as chan_loc of dec3 has them.
	Dependent uint8
	Locations uint16
}

// CodecString returns "ac-3" or "ec-3", the name of the sample entry.
func (c *AC3Config) CodecString() string {
	if c.Enhanced {
		return "ec-3"
	}
	return "ac-3"
}

// channels is how many come out of it.
func (s *AC3Substream) channels() int {
	const pairs = 0b0_0111_0011 // the locations that are two channels (table F.6.1)
	n := [8]int{2, 1, 2, 3, 3, 4, 4, 5}[s.ChannelMode&7]
	if s.LFE {
		n++
	}
	return n + mathbits.OnesCount16(s.Locations) + mathbits.OnesCount16(s.Locations&pairs)
}
