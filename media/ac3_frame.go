package media

// ac3Rates are the sample rates of fscod.
var ac3Rates = [3]int{48000, 44100, 32000}

// ac3BitRates are kbit/s by frmsizecod >> 1 (ETSI TS 102 366 table 4.13).
var ac3BitRates = [19]int{32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384, 448, 512, 576, 640}

// ac3BlockSamples is how many samples an audio block holds; a syncframe of AC-3
// has six blocks.
const ac3BlockSamples = 256

// inspect returns what an access unit says that c does not.
func (c *AC3Config) inspect(unit []byte) *AC3Config {
	said, ok := readAC3(unit)
	if !ok {
		return c
	}
	if c != nil {
		// The rate of E-AC-3 changes from frame to frame, and the complexity of
		// objects stands in some of them only.
		if said.Enhanced && c.Enhanced {
			said.DataRate, said.JOC = c.DataRate, max(said.JOC, c.JOC)
		}
		if said == *c {
			return c
		}
	}
	n := said
	return &n
}

// samples returns how many samples the access unit holds.
func (c *AC3Config) samples(unit []byte) int {
	said, _ := readAC3(unit)
	return said.FrameLength
}

// readAC3 reads the syncframes of an access unit: of AC-3 one, of E-AC-3 those
// of all substreams, and several of each where they are short of six blocks.
// What is no syncframe ends it.
func readAC3(b []byte) (c AC3Config, ok bool) {
	size := 0
	for len(b) > 0 {
		f, ok := readAC3Frame(b)
		if !ok || !c.add(&f) {
			break
		}
		size += f.size
		b = b[min(f.size, len(b)):]
	}
	if c.FrameLength == 0 {
		return c, false
	}
	c.OutputSampleRate = c.SampleRate
	first := &c.Substreams[0]
	c.Channels = first.channels()
	c.DataRate = ac3BitRates[c.BitRateCode]
	if c.Enhanced {
		bits := 8 * int64(size)
		c.DataRate = int((bits*int64(c.SampleRate)/int64(c.FrameLength) + 500) / 1000)
	}
	return c, true
}

// add takes a syncframe of the access unit, unless it cannot belong to it.
func (c *AC3Config) add(f *ac3Frame) bool {
	c.JOC = max(c.JOC, f.joc)
	// An AC-3 frame may have channels added by E-AC-3.
	c.Enhanced = c.Enhanced || f.enhanced
	switch {
	case f.dependent && c.Independent == 0:
		return false
	case f.dependent:
		s := &c.Substreams[c.Independent-1]
		s.Dependent = max(s.Dependent, f.substream+1)
		s.Locations |= f.locations
		return true
	case int(f.substream) == c.Independent:
		c.Substreams[c.Independent] = f.AC3Substream
		c.Independent++
	case int(f.substream) > c.Independent:
		return false
	}
	if f.substream == 0 {
		c.BitRateCode, c.SampleRate = f.bitRateCode, f.rate
		c.FrameLength += f.samples
	}
	return true
}

// ac3Frame is a syncframe.
type ac3Frame struct {
	AC3Substream
	enhanced, dependent bool
	substream           uint8
	locations           uint16
	bitRateCode, joc    uint8
	rate, samples, size int // size in bytes
}

// readAC3Frame reads the head of a syncframe of either coding, which bsid tells
// apart: it stands at the same place in both (ETSI TS 102 366 §E.1.3.1.6).
func readAC3Frame(b []byte) (f ac3Frame, ok bool) {
	const syncWord, newestAC3, newestEAC3 = 0x0b77, 10, 16
	r := bits{b: b}
	if len(b) < 6 || r.read(16) != syncWord {
		return f, false
	}
	switch id := b[5] >> 3; {
	case id <= newestAC3:
		f.readAC3(&r)
	case id <= newestEAC3:
		f.readEAC3(&r)
	default:
		return f, false
	}
	return f, r.err == nil && f.samples > 0
}

// readAC3 reads syncinfo and bsi (§4.3.1, §4.3.2) up to lfeon; samples stay 0
// where a code is reserved.
func (f *ac3Frame) readAC3(r *bits) {
	r.skip(16) // crc1
	f.SampleRateCode = uint8(r.read(2))
	code := uint8(r.read(6)) // frmsizecod
	f.ID, f.Mode, f.ChannelMode = uint8(r.read(5)), uint8(r.read(3)), uint8(r.read(3))
	f.bitRateCode = code >> 1
	if int(f.SampleRateCode) >= len(ac3Rates) || int(f.bitRateCode) >= len(ac3BitRates) {
		return
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
	f.rate, f.samples = ac3Rates[f.SampleRateCode], 6*ac3BlockSamples
	words := ac3BitRates[f.bitRateCode] * 96000 / f.rate
	if f.rate == 44100 {
		words += int(code & 1)
	}
	f.size = 2 * words
	if f.ID > 8 { // half and quarter rates, in the same frames
		f.rate >>= f.ID - 8
	}
}

// readEAC3 reads syncinfo and bsi (§E.1.2.1, §E.1.2.2).
func (f *ac3Frame) readEAC3(r *bits) {
	const dependent, converted, reserved = 1, 2, 3
	kind := r.read(2) // strmtyp
	f.enhanced, f.dependent = true, kind == dependent
	f.substream = uint8(r.read(3))
	f.size = 2 * (int(r.read(11)) + 1)
	f.SampleRateCode = uint8(r.read(2))
	low := r.read(2) // fscod2 or numblkscod
	if kind == reserved || f.SampleRateCode == 3 && low == 3 {
		return
	}
	blocks := 6
	if f.SampleRateCode == 3 {
		f.rate = ac3Rates[low] / 2
	} else {
		f.rate, blocks = ac3Rates[f.SampleRateCode], [4]int{1, 2, 3, 6}[low]
	}
	f.samples = blocks * ac3BlockSamples
	f.ChannelMode, f.LFE, f.ID = uint8(r.read(3)), r.flag(), uint8(r.read(5))
	for range f.programs() {
		r.skip(5)    // dialnorm
		skipIf(r, 8) // compr
	}
	if f.dependent && r.flag() { // chanmape
		f.locations = dec3Locations(uint16(r.read(16)))
	}
	if r.flag() { // mixmdate
		f.skipMixing(r, kind, blocks)
	}
	if r.flag() { // infomdate
		f.readInfo(r)
	}
	if kind == 0 && blocks != 6 {
		r.skip(1) // convsync
	}
	if kind == converted && (blocks == 6 || r.flag()) { // blkid
		r.skip(6) // frmsizecod
	}
	if r.flag() { // addbsie
		f.readAddition(r)
	}
}

// programs is 2 for dual mono, which states all of it twice.
func (f *ac3Frame) programs() int {
	if f.ChannelMode == 0 {
		return 2
	}
	return 1
}

// skipIf passes over n bits if the one in front of them is set.
func skipIf(r *bits, n int) {
	if r.flag() {
		r.skip(n)
	}
}

// skipMixing passes over what is for mixing two programs.
func (f *ac3Frame) skipMixing(r *bits, kind uint32, blocks int) {
	if f.ChannelMode > 2 {
		r.skip(2) // dmixmod
	}
	if f.ChannelMode > 2 && f.ChannelMode&1 != 0 {
		r.skip(6) // centre mix levels
	}
	if f.ChannelMode&4 != 0 {
		r.skip(6) // surround mix levels
	}
	if f.LFE {
		skipIf(r, 5) // lfemixlevcod
	}
	if kind != 0 {
		return
	}
	for range f.programs() {
		skipIf(r, 6) // pgmscl
	}
	skipIf(r, 6)       // extpgmscl
	switch r.read(2) { // mixdef
	case 1:
		r.skip(5)
	case 2:
		r.skip(12)
	case 3:
		r.skip(8 * (int(r.read(5)) + 2))
	}
	if f.ChannelMode < 2 {
		for range f.programs() {
			skipIf(r, 14) // panmean, paninfo
		}
	}
	if r.flag() { // frmmixcfginfoe
		for range blocks {
			if blocks == 1 || r.flag() {
				r.skip(5) // blkmixcfginfo
			}
		}
	}
}

func (f *ac3Frame) readInfo(r *bits) {
	f.Mode = uint8(r.read(3))
	r.skip(2) // copyrightb, origbs
	if f.ChannelMode == 2 {
		r.skip(4) // dsurmod, dheadphonmod
	}
	if f.ChannelMode >= 6 {
		r.skip(2) // dsurexmod
	}
	for range f.programs() {
		skipIf(r, 8) // mixlevel, roomtyp, adconvtyp
	}
	if f.SampleRateCode < 3 {
		r.skip(1) // sourcefscod
	}
}

// readAddition reads the additional information, where objects announce
// themselves (ETSI TS 103 420 §8.3).
func (f *ac3Frame) readAddition(r *bits) {
	size := int(r.read(6)) + 1
	if size < 2 {
		return
	}
	r.skip(7)
	if typeA := r.flag(); typeA { // flag_ec3_extension_type_a
		f.joc = uint8(r.read(8)) // complexity_index_type_a
	}
}

// dec3Locations turns a chanmap, whose highest bit is the left channel (table
// E.1.4), into chan_loc, whose lowest bit is the first of the channels that AC-3
// has not (table F.6.1).
func dec3Locations(chanmap uint16) (locations uint16) {
	for i, bit := range [9]int{5, 6, 7, 8, 9, 10, 11, 12, 14} {
		if chanmap&(0x8000>>bit) != 0 {
			locations |= 1 << i
		}
	}
	return locations
}
