package media

import (
	"encoding/binary"
	"math"
)

// Light is how bright the pictures are and which display they were made on:
// what players need to show high dynamic range. Zero means that it is not
// stated.
type Light struct {
	// MaxCLL and MaxFALL are the content and the frame average light level, in
	// cd/m2 (CTA-861.3).
	MaxCLL, MaxFALL float64
	// Mastering is the mastering display, nil when it is not stated.
	Mastering *MasteringDisplay
}

// Units returns the display in the units of SMPTE ST 2086 as the SEI message
// and MP4's mdcv have them: x and y of green, blue, red and the white point in
// steps of 0.00002, luminances in steps of 0.0001 cd/m2.
func (m *MasteringDisplay) Units() (points [4][2]uint16, maximum, minimum uint32) {
	for i, p := range [4][2]float64{
		{m.GreenX, m.GreenY}, {m.BlueX, m.BlueY}, {m.RedX, m.RedY}, {m.WhiteX, m.WhiteY},
	} {
		for j, v := range p {
			points[i][j] = uint16(clampRound(v*50000, math.MaxUint16))
		}
	}
	return points, uint32(clampRound(m.MaxLuminance*10000, math.MaxUint32)),
		uint32(clampRound(m.MinLuminance*10000, math.MaxUint32))
}

// ReadMasteringDisplay reads what [MasteringDisplay.Units] makes, as the SEI
// message and mdcv have it: the points, then the luminances.
func ReadMasteringDisplay(b [24]byte) *MasteringDisplay {
	at := func(i int) float64 { return float64(binary.BigEndian.Uint16(b[2*i:])) / 50000 }
	return &MasteringDisplay{
		GreenX: at(0), GreenY: at(1), BlueX: at(2), BlueY: at(3), RedX: at(4), RedY: at(5), WhiteX: at(6), WhiteY: at(7),
		MaxLuminance: float64(binary.BigEndian.Uint32(b[16:])) / 10000,
		MinLuminance: float64(binary.BigEndian.Uint32(b[20:])) / 10000,
	}
}

// clampRound rounds to the nearest whole number of 0 to most; what is none
// becomes 0.
func clampRound(v, most float64) float64 {
	if !(v > 0) {
		return 0
	}
	return math.Round(min(v, most))
}

// LightLevels returns the levels as whole cd/m2, as the SEI message and MP4's
// clli have them.
func (l *Light) LightLevels() (maxCLL, maxFALL uint16) {
	return uint16(clampRound(l.MaxCLL, math.MaxUint16)), uint16(clampRound(l.MaxFALL, math.MaxUint16))
}

// readHEVCLight reads the SEI messages of a NAL unit that speak of light: 137,
// mastering display colour volume, and 144, content light level (H.265
// §D.2.28, §D.2.35).
func readHEVCLight(nal []byte, l *Light) {
	for kind, message := range seiMessages(nal, 2) {
		switch {
		case kind == 137 && len(message) >= 24:
			l.Mastering = ReadMasteringDisplay([24]byte(message))
		case kind == 144 && len(message) >= 4:
			l.MaxCLL = float64(binary.BigEndian.Uint16(message))
			l.MaxFALL = float64(binary.BigEndian.Uint16(message[2:]))
		}
	}
}

// Light returns what is known of the light and the colour of a video track:
// what the encoder says beside the bitstream goes before what the bitstream
// says.
func (t *Track) Light() ColorInfo {
	known := ColorInfo{Color: unstatedColor}
	if p := t.Picture(); p != nil {
		known = ColorInfo{Color: p.Color, BitDepth: p.BitDepth, Light: p.Light}
	}
	said := t.Color
	if said == nil {
		return known
	}
	for _, point := range []struct{ to, from *uint8 }{
		{&known.Primaries, &said.Primaries}, {&known.Transfer, &said.Transfer}, {&known.Matrix, &said.Matrix},
	} {
		if *point.from != 0 && *point.from != Unspecified {
			*point.to = *point.from
		}
	}
	known.FullRange = known.FullRange || said.FullRange
	if known.BitDepth == 0 {
		known.BitDepth = said.BitDepth
	}
	if said.MaxCLL > 0 || said.MaxFALL > 0 {
		known.MaxCLL, known.MaxFALL = said.MaxCLL, said.MaxFALL
	}
	if said.Mastering != nil {
		known.Mastering = said.Mastering
	}
	return known
}

// Range returns the range of light of a video track as HLS names it: "PQ", "HLG",
// or "SDR" for all else.
func (t *Track) Range() string {
	const pq, hlg = 16, 18 // H.273 table 3
	switch t.Light().Transfer {
	case pq:
		return "PQ"
	case hlg:
		return "HLG"
	}
	return "SDR"
}
