package ts

// Stream identifiers of PES packets (table 2-22). Private stream 1 is that of
// codecs from outside of MPEG.
const (
	idVideo   = 0xe0
	idAudio   = 0xc0
	idPrivate = 0xbd
)

// longestPES is what PES_packet_length can state.
const longestPES = 0xffff

// putPES writes the header of a PES packet for size bytes of payload, with its
// times in ticks, and returns the header's length (§2.4.3.6). Each packet has an
// access unit from its beginning.
func putPES(b []byte, id uint8, size int, present, decode int64) int {
	const marked, aligned = 0x80, 0x04
	b[0], b[1], b[2], b[3] = 0, 0, 1, id
	b[6] = marked | aligned
	n := 14
	if present == decode {
		b[7], b[8] = 0x80, 5
		putStamp(b[9:], 2, present)
	} else {
		n = 19
		b[7], b[8] = 0xc0, 10
		putStamp(b[9:], 3, present)
		putStamp(b[14:], 1, decode)
	}
	// With its length a player needs not wait for the next packet to know that
	// this one is whole. Only pictures may leave it out.
	length := n - 6 + size
	if length > longestPES {
		length = 0
	}
	b[4], b[5] = byte(length>>8), byte(length)
	return n
}

func putStamp(b []byte, prefix uint8, stamp int64) {
	v := uint64(stamp) & stampMask
	b[0] = prefix<<4 | byte(v>>30)<<1 | 1
	b[1], b[2] = byte(v>>22), byte(v>>15)<<1|1
	b[3], b[4] = byte(v>>7), byte(v)<<1|1
}
