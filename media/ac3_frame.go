package media

// ac3Rates are the sample rates of fscod.
var ac3Rates = [3]int{48000, 44100, 32000}

// ac3BitRates are kbit/s by frmsizecod >> 1 (ETSI TS 102 366 table 4.13).
var ac3BitRates = [19]int{32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384, 448, 512, 576, 640}

// inspect returns what a frame says that c does not.
func (c *AC3Config) inspect(frame []byte) *AC3Config {
	said, ok := readAC3(frame)
	if !ok {
		return c
	}
	if c != nil {
		// The rate of E-AC-3 changes from frame to frame.
		if said.Enhanced {
			said.DataRate = c.DataRate
		}
		if said == *c {
			return c
		}
	}
	n := said
	return &n
}

// readAC3 reads the syncframes of one access unit: of AC-3 one, of E-AC-3 all
// its substreams, and all its blocks where they come in several syncframes.
func readAC3(b []byte) (c AC3Config, ok bool) {
	samples, bytes := 0, 0
	for len(b) > 0 {
		f, ok := readAC3Frame(b)
		if !ok {
			break
		}
		if f.dependent {
			if c.Independent == 0 {
				return c, false
			}
			s := &c.Substreams[c.Independent-1]
			s.Dependent = max(s.Dependent, f.substream+1)
			s.Locations |= f.locations
		} else {
			if f.substream == 0 {
				samples += f.samples
			}
			if int(f.substream) >= c.Independent {
				if c.Independent != int(f.substream) {
					return c, false
				}
				c.Substreams[f.substream] = f.AC3Substream
				c.Independent++
			}
			if f.substream == 0 {
				c.Enhanced, c.BitRateCode, c.SampleRate = f.enhanced, f.bitRateCode, f.rate
			}
		}
		c.JOC = max(c.JOC, f.joc)
		size := min(f.size, len(b))
		bytes += f.size
		b = b[size:]
	}
	if samples == 0 {
		return c, false
	}
	c.OutputSampleRate, c.FrameLength = c.SampleRate, samples
	c.DataRate = int((int64(bytes)*8*int64(c.SampleRate)/int64(samples) + 500) / 1000)
	if !c.Enhanced {
		c.DataRate = ac3BitRates[c.BitRateCode]
	}
	s := &c.Substreams[0]
	c.Channels = s.channels() + locationChannels(s.Locations)
	return c, true
}

// samples returns how many samples the access unit holds.
func (c *AC3Config) samples(frame []byte) int {
	if said, ok := readAC3(frame); ok {
		return said.FrameLength
	}
	return 0
}

// locationChannels is how many channels chan_loc adds: its bits stand for pairs
// but for the centre back, top and LFE2 (annex F.6.2.3).
func locationChannels(locations uint16) int {
	const pairs, single = 0b001100011, 0b110011100
	_ = single
	n := 0
	for i := range 9 {
		if locations&(1<<i) == 0 {
			continue
		}
		n++
		if pairs&(1<<i) != 0 {
			n++
		}
	}
	return n
}

// ac3Frame is one syncframe.
type ac3Frame struct {
	AC3Substream
	enhanced, dependent bool
	substream           uint8
	locations           uint16
	bitRateCode, joc    uint8
	rate, samples, size int
}

// readAC3Frame reads the head of a syncframe of either coding, told apart by
// bsid (ETSI TS 102 366 §4.4, §E.1.3.1).
func readAC3Frame(b []byte) (f ac3Frame, ok bool) {
	const syncWord, blockSamples = 0x0b77, 256
	r := bits{b: b}
	if r.read(16) != syncWord || len(b) < 8 {
		return f, false
	}
	id := b[5] >> 3
	if id <= 10 {
		r.skip(16) // crc1
		f.SampleRateCode = uint8(r.read(2))
		code := uint8(r.read(6))
		f.ID, f.Mode, f.ChannelMode = uint8(r.read(5)), uint8(r.read(3)), uint8(r.read(3))
		f.bitRateCode = code >> 1
		if f.SampleRateCode == 3 || int(f.bitRateCode) >= len(ac3BitRates) {
			return f, false
		}
		if f.ChannelMode&1 != 0 && f.ChannelMode != 1 {
			r.skip(2) // cmixlev
		}
		if f.ChannelMode&4 != 0 {
			r.skip(2) // surmixlev
		}
		if f.ChannelMode == 2 {
			r.skip(2) // dsurmod
		}
		f.LFE = r.flag()
		f.rate = ac3Rates[f.SampleRateCode]
		f.samples = 6 * blockSamples
		rate := ac3BitRates[f.bitRateCode]
		f.size = 2 * (rate * 96000 / f.rate) // words of 16 bits
		if f.rate == 44100 {
			f.size = 2 * (rate*96000/44100 + int(code&1))
		}
		// Half and quarter rates of bsid 9 and 10 have the same frames.
		if id > 8 {
			f.rate >>= id - 8
		}
		return f, r.err == nil
	}
	if id > 16 {
		return f, false
	}
	return readEAC3Frame(r, f)
}

func readEAC3Frame(r bits, f ac3Frame) (ac3Frame, bool) {
	const blockSamples = 256
	kind := r.read(2) // strmtyp
	f.enhanced, f.dependent = true, kind == 1
	f.substream = uint8(r.read(3))
	f.size = 2 * (int(r.read(11)) + 1)
	f.SampleRateCode = uint8(r.read(2))
	blocks := 6
	if f.SampleRateCode == 3 {
		half := r.read(2) // fscod2
		if half == 3 {
			return f, false
		}
		f.rate = ac3Rates[half] / 2
	} else {
		f.rate = ac3Rates[f.SampleRateCode]
		blocks = [4]int{1, 2, 3, 6}[r.read(2)]
	}
	f.samples = blocks * blockSamples
	f.ChannelMode, f.LFE = uint8(r.read(3)), r.flag()
	f.ID = uint8(r.read(5))
	return f, r.err == nil && kind != 3
}
