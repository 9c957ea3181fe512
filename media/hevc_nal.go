package media

// The H.265 nal_unit_type values that packagers tell apart (H.265 table 7-1).
const (
	HEVCNALRASLN     = 8  // leading pictures that a CRA picture before them leaves undecodable
	HEVCNALRASLR     = 9  // the same, and others refer to them
	HEVCNALBLA       = 16 // the first of the pictures that decoding can begin at
	HEVCNALIDR       = 19 // with RADL pictures
	HEVCNALIDRN      = 20 // without leading pictures
	HEVCNALCRA       = 21
	HEVCNALVPS       = 32
	HEVCNALSPS       = 33
	HEVCNALPPS       = 34
	HEVCNALDelimiter = 35
	HEVCNALFiller    = 38
	HEVCNALSEI       = 39 // in front of its picture
	HEVCNALSuffixSEI = 40 // behind it
)

// HEVCNALType returns the nal_unit_type of an H.265 NAL unit, 63 (unspecified)
// for one without a header.
func HEVCNALType(nal []byte) uint8 {
	if len(nal) < 2 {
		return 63
	}
	return nal[0] >> 1 & 0x3f
}
