package cmaftest

import (
	"errors"
	"fmt"
	"slices"
)

// Track is what a header says of its track.
type Track struct {
	ID        uint32
	Timescale uint32
	Audio     bool
}

// CheckHeader reads a header: the media initialization section of a playlist.
func CheckHeader(file []byte) (t Track, err error) {
	top, err := walk(file, 0)
	if err != nil {
		return t, err
	}
	if len(top) != 2 || top[0].kind != "ftyp" || top[1].kind != "moov" {
		return t, errors.New("it must be ftyp and moov (RFC §3.1.2)")
	}
	if err := checkBrands(top[0]); err != nil {
		return t, err
	}
	moov := top[1]
	mvhd, err := inside(moov, "mvhd")
	if err != nil {
		return t, err
	}
	if _, d := times(mvhd); d != 0 {
		return t, fmt.Errorf("the movie is %d long, must be 0 (RFC §3.1.2)", d)
	}
	trak, err := inside(moov, "trak") // CMAF §7.3.2.1: one track a file
	if err != nil {
		return t, err
	}
	tkhd, err := inside(trak, "tkhd")
	if err != nil {
		return t, err
	}
	f := tkhd.fields()
	skip := 2
	if f.version == 1 {
		skip = 4
	}
	for range skip {
		f.u32()
	}
	t.ID = f.u32()
	mdhd, err := inside(trak, "mdia", "mdhd")
	if err != nil {
		return t, err
	}
	t.Timescale, _ = times(mdhd)
	if f.short || t.ID == 0 || t.Timescale == 0 {
		return t, fmt.Errorf("track %d of timescale %d (ISO §8.3.2, §8.4.2)", t.ID, t.Timescale)
	}
	hdlr, err := inside(trak, "mdia", "hdlr")
	if err != nil {
		return t, err
	}
	if len(hdlr.body) < 12 {
		return t, errors.New("hdlr is short (ISO §8.4.3)")
	}
	t.Audio = string(hdlr.body[8:12]) == "soun"
	for _, kind := range []string{"stts", "stsc", "stsz", "stco"} {
		table, err := inside(trak, "mdia", "minf", "stbl", kind)
		if err != nil {
			return t, err
		}
		f := table.fields()
		if kind == "stsz" {
			f.u32()
		}
		if n := f.u32(); n != 0 || f.short {
			return t, fmt.Errorf("%s has %d entries, there must be no samples (RFC §3.1.2, CMAF §7.3.2.1)", kind, n)
		}
	}
	trex, err := inside(moov, "mvex", "trex")
	if err != nil {
		return t, err
	}
	if f := trex.fields(); f.u32() != t.ID || f.u32() != 1 || f.short {
		return t, errors.New("trex is of another track or description (ISO §8.8.3)")
	}
	return t, nil
}

// times are the timescale and the duration of mvhd or mdhd.
func times(b box) (timescale uint32, duration uint64) {
	f := b.fields()
	if f.version == 1 {
		f.u64()
		f.u64()
		return f.u32(), f.u64()
	}
	f.u64()
	return f.u32(), uint64(f.u32())
}

// checkBrands reads ftyp or styp.
func checkBrands(b box) error {
	if len(b.body) < 8 || len(b.body)%4 != 0 {
		return fmt.Errorf("%s has %d bytes (ISO §4.3)", b.kind, len(b.body))
	}
	brands := []string{string(b.body[:4])}
	for i := 8; i < len(b.body); i += 4 {
		brands = append(brands, string(b.body[i:i+4]))
	}
	if b.kind == "ftyp" && (!slices.Contains(brands, "iso6") || !slices.Contains(brands, "cmfc")) {
		return fmt.Errorf("the brands are %q, must have iso6 (RFC §3.1.2) and cmfc (CMAF §7.2)", brands)
	}
	if b.kind == "styp" && !slices.ContainsFunc(brands, func(s string) bool { return s == "cmfs" || s == "cmff" || s == "cmfl" || s == "msdh" }) {
		return fmt.Errorf("the segment's brands are %q (CMAF §7.2)", brands)
	}
	return nil
}
