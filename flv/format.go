package flv

import "encoding/binary"

const (
	fileHeaderSize = 9
	tagHeaderSize  = 11
	// MaxTagSize is the most that the 24-bit size of a tag can say.
	MaxTagSize = 1<<24 - 1
)

// AppendFileHeader appends the header of a file or stream (FLV §E.2) and the
// PreviousTagSize of 0 that follows it.
func AppendFileHeader(dst []byte, audio, video bool) []byte {
	flags := byte(0)
	if audio {
		flags |= 4
	}
	if video {
		flags |= 1
	}
	return append(dst, 'F', 'L', 'V', 1, flags, 0, 0, 0, fileHeaderSize, 0, 0, 0, 0)
}

// AppendTagHeader appends the 11 bytes in front of a body of size bytes (FLV
// §E.4.1), which are at most [MaxTagSize].
func AppendTagHeader(dst []byte, t TagType, timestamp uint32, size int) []byte {
	return append(dst, byte(t),
		byte(size>>16), byte(size>>8), byte(size),
		byte(timestamp>>16), byte(timestamp>>8), byte(timestamp), byte(timestamp>>24),
		0, 0, 0)
}

// AppendPreviousTagSize appends the 4 bytes behind a body of size bytes.
func AppendPreviousTagSize(dst []byte, size int) []byte {
	return binary.BigEndian.AppendUint32(dst, uint32(tagHeaderSize+size))
}
