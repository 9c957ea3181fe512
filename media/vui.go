package media

import "errors"

var errHRD = errors.New("more than 32 coded picture buffers")

// sampleAspectRatios is H.264 table E-1 by aspect_ratio_idc, from 1.
var sampleAspectRatios = [...][2]int{
	{1, 1},
	{12, 11},
	{10, 11},
	{16, 11},
	{40, 33},
	{24, 11},
	{20, 11},
	{32, 11},
	{80, 33},
	{18, 11},
	{15, 11},
	{64, 33},
	{160, 99},
	{4, 3},
	{3, 2},
	{2, 1},
}

// parseVUI reads video usability information (H.264 §E.1.1) into p, up to where
// it ends or breaks.
func parseVUI(r *bits, p *Picture) {
	parseAspectRatio(r, p)
	if r.flag() { // overscan_info_present_flag
		r.skip(1)
	}
	if r.flag() { // video_signal_type_present_flag
		parseColor(r, &p.Color)
	}
	if r.flag() { // chroma_loc_info_present_flag
		r.ue()
		r.ue()
	}
	if r.flag() { // timing_info_present_flag
		tick, scale := r.read(32), r.read(32)
		r.skip(1) // fixed_frame_rate_flag
		// A tick is a field (§E.2.1), so two make a frame.
		p.setFrameRate(r, float64(scale), 2*float64(tick))
	}
	nal, vcl := parseHRD(r), parseHRD(r)
	if nal || vcl {
		r.skip(1) // low_delay_hrd_flag
	}
	r.skip(1)     // pic_struct_present_flag
	if r.flag() { // bitstream_restriction_flag
		r.skip(1) // motion_vectors_over_pic_boundaries_flag
		r.ue()    // max_bytes_per_pic_denom
		r.ue()    // max_bits_per_mb_denom
		r.ue()    // log2_max_mv_length_horizontal
		r.ue()    // log2_max_mv_length_vertical
		// No stream needs more than the 16 frames of the largest DPB (§A.3.1).
		if n := r.ue(); r.err == nil && n <= 16 {
			p.ReorderFrames = int(n)
		}
	}
}

func parseAspectRatio(r *bits, p *Picture) {
	const extended = 255
	if !r.flag() { // aspect_ratio_info_present_flag
		return
	}
	w, h := 0, 0
	switch idc := int(r.read(8)); {
	case idc == extended:
		w, h = int(r.read(16)), int(r.read(16))
	case idc >= 1 && idc <= len(sampleAspectRatios):
		w, h = sampleAspectRatios[idc-1][0], sampleAspectRatios[idc-1][1]
	}
	if w > 0 && h > 0 {
		p.SARWidth, p.SARHeight = w, h
	}
}

func parseColor(r *bits, c *Color) {
	r.skip(3) // video_format
	c.FullRange = r.flag()
	if r.flag() { // colour_description_present_flag
		described := Color{
			Primaries: uint8(r.read(8)), Transfer: uint8(r.read(8)), Matrix: uint8(r.read(8)),
			FullRange: c.FullRange,
		}
		if r.err == nil {
			*c = described
		}
	}
}

// parseHRD passes over hypothetical reference decoder parameters (§E.1.2) and
// reports whether there were any.
func parseHRD(r *bits) bool {
	if !r.flag() {
		return false
	}
	n := r.ue() // cpb_cnt_minus1, at most 31 (§E.2.2)
	if n > 31 {
		r.fail(errHRD)
	}
	r.skip(8) // bit_rate_scale, cpb_size_scale
	for i := uint32(0); i <= n && r.err == nil; i++ {
		r.ue()
		r.ue()
		r.skip(1)
	}
	r.skip(20) // three delay lengths, time_offset_length
	return true
}
