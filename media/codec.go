package media

// Codec names a coding of sound or picture.
type Codec uint8

// The codecs that Millrace can tell apart. [ParseConfig] and [Inspect] read those
// that players of today can show; the others are carried as they came.
const (
	Unknown Codec = iota
	// Video.
	H264
	HEVC
	VVC
	AV1
	VP8
	VP9
	H263 // Sorenson Spark
	Screen
	Screen2
	VP6
	VP6Alpha
	// Audio.
	AAC
	MP3
	Opus
	FLAC
	AC3
	EAC3
	PCM
	ADPCM
	Nellymoser
	G711A
	G711U
	Speex
)

var codecNames = [...]string{
	"unknown", "H.264", "HEVC", "VVC", "AV1", "VP8", "VP9", "Sorenson H.263", "Screen video", "Screen video 2", "VP6", "VP6 alpha",
	"AAC", "MP3", "Opus", "FLAC", "AC-3", "E-AC-3", "PCM", "ADPCM", "Nellymoser", "G.711 A-law", "G.711 mu-law", "Speex",
}

// String returns the codec's name as people write it.
func (c Codec) String() string {
	if int(c) < len(codecNames) {
		return codecNames[c]
	}
	return codecNames[Unknown]
}
