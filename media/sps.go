package media

import (
	"errors"
	"fmt"
)

// SPS is an H.264 sequence parameter set (H.264 §7.3.2.1.1), as far as players
// and packagers need it.
type SPS struct {
	Profile, Compat, Level uint8
	Picture
}

// ParseSPS reads a sequence parameter set: a whole NAL unit with its header
// byte, emulation prevention still in it. Damage within the VUI costs only what
// the VUI says, since encoders get that wrong and decoders hardly need it.
func ParseSPS(nal []byte) (*SPS, error) {
	s, err := parseSPS(nal)
	if err != nil {
		return nil, fmt.Errorf("media: parse SPS: %w", err)
	}
	return s, nil
}

func parseSPS(nal []byte) (*SPS, error) {
	if NALType(nal) != NALSPS {
		return nil, fmt.Errorf("NAL unit type is %d, not %d", NALType(nal), NALSPS)
	}
	r := &bits{b: unescape(nal)}
	r.skip(8)
	s := &SPS{
		Profile: uint8(r.read(8)),
		Compat:  uint8(r.read(8)),
		Level:   uint8(r.read(8)),
		Picture: unstatedPicture(),
	}
	r.ue() // seq_parameter_set_id
	separatePlanes := false
	if hasChromaFormat(s.Profile) {
		separatePlanes = parseChroma(r, &s.Picture)
	}
	r.ue() // log2_max_frame_num_minus4
	inOrder := skipOrderCount(r)
	r.ue()    // max_num_ref_frames
	r.skip(1) // gaps_in_frame_num_value_allowed_flag
	parseSize(r, &s.Picture, separatePlanes)
	if r.err != nil {
		return nil, r.err
	}
	// Neither Baseline pictures nor order count type 2 can be reordered
	// (§A.2.1, §8.2.1.3).
	if inOrder || s.Profile == 66 {
		s.ReorderFrames = 0
	}
	if r.flag() {
		parseVUI(r, &s.Picture)
	}
	return s, nil
}

// hasChromaFormat lists the profiles whose SPS states its chroma format
// (§7.3.2.1.1).
func hasChromaFormat(profile uint8) bool {
	switch profile {
	case 100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135:
		return true
	}
	return false
}

func parseChroma(r *bits, p *Picture) (separatePlanes bool) {
	format := r.ue()
	if format > 3 {
		r.fail(fmt.Errorf("chroma format %d does not exist", format))
	}
	if format == 3 {
		separatePlanes = r.flag()
	}
	luma, chroma := r.ue(), r.ue()
	if luma > 6 || chroma > 6 {
		r.fail(fmt.Errorf("bit depths %d and %d are above 14", luma+8, chroma+8))
	}
	p.ChromaFormat, p.BitDepth, p.ChromaBitDepth = uint8(format), uint8(luma+8), uint8(chroma+8)
	r.skip(1) // qpprime_y_zero_transform_bypass_flag
	if r.flag() {
		lists := 8
		if format == 3 {
			lists = 12
		}
		for i := range lists {
			if !r.flag() {
				continue
			}
			if i < 6 {
				skipScalingList(r, 16)
			} else {
				skipScalingList(r, 64)
			}
		}
	}
	return separatePlanes
}

// skipScalingList passes over a scaling list, whose deltas stop when the next
// scale is zero (§7.3.2.1.1.1).
func skipScalingList(r *bits, size int) {
	last, next := int32(8), int32(8)
	for range size {
		if next != 0 {
			next = (last + r.se() + 256) & 0xff
		}
		if next != 0 {
			last = next
		}
	}
}

// skipOrderCount passes over the picture order count fields and reports whether
// they say that output order is decoding order.
func skipOrderCount(r *bits) (inOrder bool) {
	switch r.ue() {
	case 0:
		r.ue() // log2_max_pic_order_cnt_lsb_minus4
	case 1:
		r.skip(1) // delta_pic_order_always_zero_flag
		r.se()    // offset_for_non_ref_pic
		r.se()    // offset_for_top_to_bottom_field
		n := r.ue()
		if n > 255 {
			r.fail(fmt.Errorf("%d reference frames in a picture order cycle are above 255", n))
		}
		for i := uint32(0); i < n && r.err == nil; i++ {
			r.se()
		}
	case 2:
		return true
	default:
		r.fail(errors.New("picture order count type is above 2"))
	}
	return false
}

func parseSize(r *bits, p *Picture, separatePlanes bool) {
	mbs, units := int64(r.ue())+1, int64(r.ue())+1
	p.Interlaced = !r.flag() // frame_mbs_only_flag
	frameMaps := int64(1)
	if p.Interlaced {
		frameMaps = 2
		r.skip(1) // mb_adaptive_frame_field_flag
	}
	r.skip(1) // direct_8x8_inference_flag
	width, height := 16*mbs, 16*units*frameMaps
	if r.flag() {
		// Crop units (§7.4.2.1.1, equations 7-19 to 7-22).
		unitX, unitY := int64(1), frameMaps
		if !separatePlanes {
			if p.ChromaFormat == 1 || p.ChromaFormat == 2 {
				unitX = 2
			}
			if p.ChromaFormat == 1 {
				unitY *= 2
			}
		}
		left, right, top, bottom := r.ue(), r.ue(), r.ue(), r.ue()
		width -= unitX * (int64(left) + int64(right))
		height -= unitY * (int64(top) + int64(bottom))
	}
	p.setSize(r, width, height)
}
