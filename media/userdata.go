package media

import "iter"

// UUID names the meaning of user data that no standard registers.
type UUID [16]byte

// UserData iterates over what an encoder says for whom it may concern in a bare
// frame of t: unregistered user data in SEI messages (H.264 and H.265 §D.2.6)
// and in private metadata OBUs that begin with a UUID (AV1 §6.7.1). The bytes
// are those behind the UUID.
func (t *Track) UserData(frame []byte) iter.Seq2[UUID, []byte] {
	return func(yield func(UUID, []byte) bool) {
		switch format := t.Format.(type) {
		case *AVCConfig:
			for nal := range NALUnits(frame, format.LengthSize) {
				if NALType(nal) == NALSEI && !userDataOf(nal, 1, yield) {
					return
				}
			}
		case *HEVCConfig:
			for nal := range NALUnits(frame, format.LengthSize) {
				kind := HEVCNALType(nal)
				if (kind == HEVCNALSEI || kind == HEVCNALSuffixSEI) && !userDataOf(nal, 2, yield) {
					return
				}
			}
		case *AV1Config:
			for kind, b := range OBUs(frame) {
				if kind != OBUMetadata {
					continue
				}
				// Metadata of these types is nobody's (AV1 §6.7.1).
				const first, last = 6, 31
				number, n := leb128(b)
				if n > 0 && number >= first && number <= last && !cutUserData(b[n:], yield) {
					return
				}
			}
		}
	}
}

func userDataOf(nal []byte, header int, yield func(UUID, []byte) bool) bool {
	const unregistered = 5
	for kind, message := range seiMessages(nal, header) {
		if kind == unregistered && !cutUserData(message, yield) {
			return false
		}
	}
	return true
}

// cutUserData reports whether to go on.
func cutUserData(b []byte, yield func(UUID, []byte) bool) bool {
	const length = len(UUID{})
	return len(b) < length || yield(UUID(b[:length]), b[length:])
}
