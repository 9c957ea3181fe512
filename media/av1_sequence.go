package media

import (
	"encoding/binary"
	"fmt"
)

// av1SequenceHeader is what an AV1 sequence header says.
type av1SequenceHeader struct {
	profile, level, chromaPosition uint8
	high                           bool
	Picture
}

// parseAV1SequenceHeader reads the payload of a sequence header OBU (AV1
// §5.5.1).
func parseAV1SequenceHeader(b []byte) (av1SequenceHeader, error) {
	r := &bits{b: b}
	h := av1SequenceHeader{Picture: unstatedPicture()}
	h.ReorderFrames = 0 // a temporal unit shows one frame
	if h.profile = uint8(r.read(3)); h.profile > 2 {
		r.fail(fmt.Errorf("profile %d is reserved", h.profile))
	}
	r.skip(1)           // still_picture
	reduced := r.flag() // reduced_still_picture_header
	if reduced {
		h.level = uint8(r.read(5))
	} else {
		h.readOperatingPoints(r)
	}
	widthBits, heightBits := int(r.read(4))+1, int(r.read(4))+1
	width, height := int64(r.read(widthBits))+1, int64(r.read(heightBits))+1
	h.setSize(r, width, height)
	if !reduced && r.flag() { // frame_id_numbers_present_flag
		r.skip(4 + 3)
	}
	r.skip(3) // use_128x128_superblock, enable_filter_intra, enable_intra_edge_filter
	if !reduced {
		h.skipTools(r)
	}
	r.skip(3) // enable_superres, enable_cdef, enable_restoration
	h.readColor(r)
	return h, r.err
}

func (h *av1SequenceHeader) readOperatingPoints(r *bits) {
	decoderModel, delayBits := false, 0
	if r.flag() { // timing_info_present_flag
		tick, scale := r.read(32), r.read(32)
		if r.flag() { // equal_picture_interval
			ticks := uvlc(r) + 1 // num_ticks_per_picture_minus_1
			h.setFrameRate(r, float64(scale), float64(tick)*float64(ticks))
		}
		if decoderModel = r.flag(); decoderModel {
			delayBits = int(r.read(5)) + 1
			r.skip(32 + 5 + 5)
		}
	}
	displayDelay := r.flag()     // initial_display_delay_present_flag
	points := int(r.read(5)) + 1 // operating_points_cnt_minus_1
	for i := range points {
		r.skip(12) // operating_point_idc
		level, high := uint8(r.read(5)), false
		if level > 7 {
			high = r.flag() // seq_tier
		}
		if i == 0 {
			h.level, h.high = level, high
		}
		if decoderModel && r.flag() {
			r.skip(2*delayBits + 1)
		}
		if displayDelay && r.flag() {
			r.skip(4)
		}
	}
}

// uvlc reads a variable-length number (AV1 §4.10.3).
func uvlc(r *bits) uint64 {
	zeros := 0
	for r.err == nil && !r.flag() {
		zeros++
	}
	if zeros >= 32 {
		return 1<<32 - 1
	}
	return uint64(r.read(zeros)) + 1<<zeros - 1
}

// skipTools passes over which coding tools there are.
func (h *av1SequenceHeader) skipTools(r *bits) {
	r.skip(4)             // interintra, masked compound, warped motion, dual filter
	orderHint := r.flag() // enable_order_hint
	if orderHint {
		r.skip(2) // enable_jnt_comp, enable_ref_frame_mvs
	}
	const choose = 2
	screenTools := uint32(choose)
	if !r.flag() { // seq_choose_screen_content_tools
		screenTools = r.read(1)
	}
	if screenTools > 0 && !r.flag() { // seq_choose_integer_mv
		r.skip(1)
	}
	if orderHint {
		r.skip(3) // order_hint_bits_minus_1
	}
}

// readColor reads color_config (AV1 §5.5.2).
func (h *av1SequenceHeader) readColor(r *bits) {
	h.BitDepth = 8
	if r.flag() { // high_bitdepth
		h.BitDepth = 10
		if h.profile == 2 && r.flag() { // twelve_bit
			h.BitDepth = 12
		}
	}
	h.ChromaBitDepth = h.BitDepth
	mono := h.profile != 1 && r.flag()
	if r.flag() { // color_description_present_flag
		h.Color.Primaries, h.Color.Transfer, h.Color.Matrix = uint8(r.read(8)), uint8(r.read(8)), uint8(r.read(8))
	}
	const bt709, sRGB, identity = 1, 13, 0
	subX, subY := true, true
	switch {
	case mono:
		h.Color.FullRange = r.flag()
	case h.Color == Color{Primaries: bt709, Transfer: sRGB, Matrix: identity}:
		h.Color.FullRange, subX, subY = true, false, false
	default:
		h.Color.FullRange = r.flag()
		switch {
		case h.profile == 1:
			subX, subY = false, false
		case h.profile == 2 && h.BitDepth == 12:
			subX = r.flag()
			subY = subX && r.flag()
		case h.profile == 2:
			subY = false
		}
		if subX && subY {
			h.chromaPosition = uint8(r.read(2))
		}
	}
	h.ChromaFormat = av1Chroma(mono, subX, subY)
}

// The metadata types that speak of light (AV1 §6.7.1).
const (
	av1ContentLight     = 1
	av1MasteringDisplay = 2
)

// isAV1Light reports whether the payload of a metadata OBU speaks of light.
func isAV1Light(b []byte) bool {
	kind, n := leb128(b)
	size := len(b) - n
	return n > 0 && (kind == av1ContentLight && size >= 4 || kind == av1MasteringDisplay && size >= 24)
}

// readAV1Light reads the payload of a metadata OBU that speaks of light (AV1
// §5.8.3, §5.8.4).
func readAV1Light(b []byte, l *Light) {
	kind, n := leb128(b)
	b = b[n:]
	if kind == av1ContentLight {
		l.MaxCLL, l.MaxFALL = float64(binary.BigEndian.Uint16(b)), float64(binary.BigEndian.Uint16(b[2:]))
		return
	}
	at := func(i int) float64 { return float64(binary.BigEndian.Uint16(b[2*i:])) / (1 << 16) }
	l.Mastering = &MasteringDisplay{
		RedX: at(0), RedY: at(1), GreenX: at(2), GreenY: at(3), BlueX: at(4), BlueY: at(5), WhiteX: at(6), WhiteY: at(7),
		MaxLuminance: float64(binary.BigEndian.Uint32(b[16:])) / (1 << 8),
		MinLuminance: float64(binary.BigEndian.Uint32(b[20:])) / (1 << 14),
	}
}
