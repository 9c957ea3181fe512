package media

// AC3Config is what the frames of AC-3 or E-AC-3 say of themselves (ETSI TS 102
// 366); neither has a configuration record.
type AC3Config struct {
	Sound
	// Enhanced is set for E-AC-3.
	Enhanced bool
	// BitRateCode is half of frmsizecod, for AC-3 (§4.4.1.3).
	BitRateCode uint8
	// DataRate is in kbit/s, of the first frame where frames differ.
	DataRate int
	// Substreams are the independent substreams; AC-3 has one.
	Substreams [8]AC3Substream
	// Independent is how many there are.
	Independent int
	// JOC is the complexity index of objects (Dolby Atmos) in E-AC-3, 0 when
	// there are none (ETSI TS 103 420).
	JOC uint8
}

// AC3Substream is an independent substream.
type AC3Substream struct {
	SampleRateCode, ID, Mode, ChannelMode uint8 // fscod, bsid, bsmod, acmod
	LFE                                   bool
	// Dependent is how many substreams add channels to it, and Locations which
	// ones (chan_loc of dec3).
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

var ac3Channels = [8]int{2, 1, 2, 3, 3, 4, 4, 5}

// channels is how many an acmod means, with the LFE.
func (s *AC3Substream) channels() int {
	n := ac3Channels[s.ChannelMode&7]
	if s.LFE {
		n++
	}
	return n
}
