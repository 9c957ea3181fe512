package mp4

import (
	"encoding/binary"
	"reflect"

	"github.com/millrace-live/millrace/media"
)

// The transfer characteristics of high dynamic range (ITU-T H.273).
const (
	transferPQ  = 16
	transferHLG = 18
)

// color reads what a sample entry says of the light of its pictures: colr, mdcv
// and clli (§12.1.5, §12.1.6). It is nil for pictures of standard range, of
// which the bitstream says enough.
func (f *file) color(where box) (*media.ColorInfo, error) {
	c := media.ColorInfo{Color: media.Color{Primaries: media.Unspecified, Transfer: media.Unspecified, Matrix: media.Unspecified}}
	high := false
	s := f.boxes(where.body, where.end)
	for b, ok := s.next(); ok; b, ok = s.next() {
		var buf [24]byte
		p, err := f.head(b, buf[:])
		if err != nil {
			return nil, err
		}
		switch {
		case b.kind == "colr" && len(p) >= 11 && string(p[:4]) == "nclx":
			c.Primaries, c.Transfer, c.Matrix, c.FullRange = p[5], p[7], p[9], p[10]&0x80 != 0
			high = high || c.Transfer == transferPQ || c.Transfer == transferHLG
		case b.kind == "mdcv" && len(p) == 24:
			c.Mastering = media.ReadMasteringDisplay(buf)
			high = true
		case b.kind == "clli" && len(p) >= 4:
			c.MaxCLL, c.MaxFALL = float64(binary.BigEndian.Uint16(p)), float64(binary.BigEndian.Uint16(p[2:]))
			high = true
		}
	}
	if s.err != nil || !high {
		return nil, s.err
	}
	return &c, nil
}

// withoutEcho returns t without what its sample entry says of the light, if the
// bitstream says all of it.
func withoutEcho(t *media.Track) *media.Track {
	if t.Color == nil {
		return t
	}
	alone := *t
	if alone.Color = nil; reflect.DeepEqual(alone.Light(), t.Light()) {
		return &alone
	}
	return t
}
