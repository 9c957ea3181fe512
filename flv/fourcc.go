package flv

import "github.com/millrace-live/millrace/media"

// fourCCSize is how many bytes a FourCC takes.
const fourCCSize = 4

// fourCCs is the FourCC of each codec that has an enhanced form (Enhanced RTMP
// v2, "Enhanced Video" and "Enhanced Audio").
var fourCCs = [...]string{
	media.H264: "avc1", media.HEVC: "hvc1", media.VVC: "vvc1", media.AV1: "av01", media.VP8: "vp08", media.VP9: "vp09",
	media.AAC: "mp4a", media.MP3: ".mp3", media.Opus: "Opus", media.FLAC: "fLaC", media.AC3: "ac-3", media.EAC3: "ec-3",
}

// FourCC returns the name of a codec in Enhanced RTMP, "" for one that has a
// legacy form alone.
func FourCC(c media.Codec) string {
	if int(c) < len(fourCCs) {
		return fourCCs[c]
	}
	return ""
}

// CodecOf returns the codec of a FourCC, [media.Unknown] for one that nobody
// here knows.
func CodecOf(fourCC string) media.Codec {
	if fourCC == "" {
		return media.Unknown
	}
	for c, name := range fourCCs {
		if name == fourCC {
			return media.Codec(c)
		}
	}
	return media.Unknown
}

// kindOf returns what a codec with a FourCC carries.
func kindOf(c media.Codec) media.Kind {
	if c < media.AAC {
		return media.Video
	}
	return media.Audio
}

// hasLegacyForm reports whether the frames of a codec that has a FourCC can be
// written in the form of the Flash days as well.
func hasLegacyForm(c media.Codec) bool {
	return c == media.H264 || c == media.AAC || c == media.MP3
}
