package media

import (
	"encoding/binary"
	"fmt"
)

// hevcSPS is an H.265 sequence parameter set (H.265 §7.3.2.2).
type hevcSPS struct {
	HEVCProfile
	Picture
	layers uint8
	nested bool
}

// parseHEVCSPS reads a whole NAL unit. Damage behind the size and the depth
// costs only what stands there.
func parseHEVCSPS(nal []byte) (*hevcSPS, error) {
	if t := HEVCNALType(nal); t != HEVCNALSPS {
		return nil, fmt.Errorf("NAL unit type is %d, not %d", t, HEVCNALSPS)
	}
	r := &bits{b: unescape(nal)}
	r.skip(16 + 4) // header, sps_video_parameter_set_id
	s := &hevcSPS{Picture: unstatedPicture()}
	subLayers := int(r.read(3)) // sps_max_sub_layers_minus1
	s.layers, s.nested = uint8(subLayers+1), r.flag()
	s.readProfile(r, subLayers)
	r.ue() // sps_seq_parameter_set_id
	s.readSize(r)
	luma, chroma := r.ue(), r.ue()
	if luma > 8 || chroma > 8 {
		r.fail(fmt.Errorf("bit depths %d and %d are above 16", luma+8, chroma+8))
	}
	s.BitDepth, s.ChromaBitDepth = uint8(luma+8), uint8(chroma+8)
	if r.err != nil {
		return nil, r.err
	}
	s.readTail(r, subLayers)
	return s, nil
}

// readProfile reads profile_tier_level (§7.3.3).
func (s *hevcSPS) readProfile(r *bits, subLayers int) {
	s.Space, s.High, s.Profile = uint8(r.read(2)), r.flag(), uint8(r.read(5))
	s.Compat = r.read(32)
	binary.BigEndian.PutUint32(s.Constraints[:], r.read(32))
	binary.BigEndian.PutUint16(s.Constraints[4:], uint16(r.read(16)))
	s.Level = uint8(r.read(8))
	var rest int
	for range subLayers {
		if r.flag() { // sub_layer_profile_present_flag
			rest += 88
		}
		if r.flag() { // sub_layer_level_present_flag
			rest += 8
		}
	}
	if subLayers > 0 {
		r.skip(2 * (8 - subLayers)) // reserved_zero_2bits
	}
	r.skip(rest)
}

func (s *hevcSPS) readSize(r *bits) {
	format := r.ue()
	if format > 3 {
		r.fail(fmt.Errorf("chroma format %d does not exist", format))
	}
	s.ChromaFormat = uint8(format)
	unitX, unitY := int64(1), int64(1) // SubWidthC, SubHeightC (§6.2)
	if format == 1 || format == 2 {
		unitX = 2
	}
	if format == 1 {
		unitY = 2
	}
	if format == 3 {
		r.skip(1) // separate_colour_plane_flag
	}
	width, height := int64(r.ue()), int64(r.ue())
	if r.flag() { // conformance_window_flag
		left, right, top, bottom := int64(r.ue()), int64(r.ue()), int64(r.ue()), int64(r.ue())
		width -= unitX * (left + right)
		height -= unitY * (top + bottom)
	}
	s.setSize(r, width, height)
}

// readTail reads what stands between the depth and the VUI, and the VUI.
func (s *hevcSPS) readTail(r *bits, subLayers int) {
	pocBits := r.ue() + 4 // log2_max_pic_order_cnt_lsb_minus4
	if pocBits > 16 {
		return
	}
	first := subLayers
	if r.flag() { // sps_sub_layer_ordering_info_present_flag
		first = 0
	}
	for i := first; i <= subLayers; i++ {
		r.ue() // sps_max_dec_pic_buffering_minus1
		// The last one is that of the whole stream.
		if n := r.ue(); r.err == nil && n <= 16 {
			s.ReorderFrames = int(n)
		}
		r.ue() // sps_max_latency_increase_plus1
	}
	for range 6 {
		r.ue() // sizes of coding and transform blocks, depths of their trees
	}
	if r.flag() { // scaling_list_enabled_flag
		if r.flag() { // sps_scaling_list_data_present_flag
			skipHEVCScalingLists(r)
		}
	}
	r.skip(2)     // amp_enabled_flag, sample_adaptive_offset_enabled_flag
	if r.flag() { // pcm_enabled_flag
		r.skip(8)
		r.ue()
		r.ue()
		r.skip(1)
	}
	skipReferenceSets(r)
	if r.flag() { // long_term_ref_pics_present_flag
		n := r.ue()
		if n > 32 {
			return
		}
		r.skip(int(n) * (int(pocBits) + 1))
	}
	r.skip(2)     // sps_temporal_mvp_enabled_flag, strong_intra_smoothing_enabled_flag
	if r.flag() { // vui_parameters_present_flag
		s.readVUI(r)
	}
}

// skipHEVCScalingLists passes over scaling_list_data (§7.3.4).
func skipHEVCScalingLists(r *bits) {
	for size := range 4 {
		step := 1
		if size == 3 {
			step = 3
		}
		for matrix := 0; matrix < 6 && r.err == nil; matrix += step {
			if !r.flag() { // scaling_list_pred_mode_flag
				r.ue()
				continue
			}
			if size > 1 {
				r.se() // scaling_list_dc_coef_minus8
			}
			for range min(64, 16<<(2*size)) {
				r.se()
			}
		}
	}
}

// skipReferenceSets passes over the short-term reference picture sets
// (§7.3.7), each of which may be told by its difference to the one before it.
func skipReferenceSets(r *bits) {
	n := r.ue()
	if n > 64 {
		r.fail(fmt.Errorf("%d reference picture sets are above 64", n))
	}
	pictures := uint32(0) // of the set before
	for i := uint32(0); i < n && r.err == nil; i++ {
		if i > 0 && r.flag() { // inter_ref_pic_set_prediction_flag
			r.skip(1) // delta_rps_sign
			r.ue()    // abs_delta_rps_minus1
			count := uint32(0)
			for j := uint32(0); j <= pictures && r.err == nil; j++ {
				used := r.flag()      // used_by_curr_pic_flag
				if used || r.flag() { // use_delta_flag
					count++
				}
			}
			pictures = count
			continue
		}
		negative, positive := r.ue(), r.ue()
		if negative > 16 || positive > 16 {
			r.fail(fmt.Errorf("reference picture set of %d and %d pictures", negative, positive))
		}
		pictures = negative + positive
		for j := uint32(0); j < pictures && r.err == nil; j++ {
			r.ue()    // delta_poc_minus1
			r.skip(1) // used_by_curr_pic_flag
		}
	}
}

// readVUI reads the video usability information up to its timing (§E.2.1).
func (s *hevcSPS) readVUI(r *bits) {
	parseAspectRatio(r, &s.Picture)
	if r.flag() { // overscan_info_present_flag
		r.skip(1)
	}
	if r.flag() { // video_signal_type_present_flag
		parseColor(r, &s.Color)
	}
	if r.flag() { // chroma_loc_info_present_flag
		r.ue()
		r.ue()
	}
	r.skip(1) // neutral_chroma_indication_flag
	fields := r.flag()
	if r.err == nil {
		s.Interlaced = fields
	}
	r.skip(1)     // frame_field_info_present_flag
	if r.flag() { // default_display_window_flag
		for range 4 {
			r.ue()
		}
	}
	if r.flag() { // vui_timing_info_present_flag
		tick, scale := r.read(32), r.read(32)
		// A tick is a picture (§E.3.1), unlike in H.264.
		s.setFrameRate(r, float64(scale), float64(tick))
	}
}
