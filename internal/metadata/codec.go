package metadata

import (
	"encoding/binary"
	"slices"
	"strings"

	"github.com/millrace-live/millrace/amf"
	"github.com/millrace-live/millrace/flv"
	"github.com/millrace-live/millrace/media"
)

// legacyIDs are the numbers that onMetaData has for codecs (FLV §E.4.2, §E.4.3),
// and those that the field has added; the first one is written.
var legacyIDs = map[media.Codec][]float64{
	media.H263: {2, 8}, media.Screen: {3}, media.VP6: {4}, media.VP6Alpha: {5}, media.Screen2: {6}, media.H264: {7},
	media.HEVC: {12}, media.AV1: {13}, media.VP8: {14},
	media.PCM: {3, 0}, media.ADPCM: {1}, media.MP3: {2, 14}, media.Nellymoser: {6, 4, 5}, media.G711A: {7}, media.G711U: {8},
	media.AAC: {10}, media.Speex: {11}, media.Opus: {13},
}

// CodecID returns the number by which onMetaData names a codec in videocodecid
// and audiocodecid: that of the Flash days for what had one, else the FourCC as
// a number (Enhanced RTMP v2, "Enhancing onMetaData"); 0 for what has neither.
func CodecID(c media.Codec) float64 {
	switch c {
	case media.HEVC, media.AV1, media.VP8, media.Opus: // what the field has added is no standard
	default:
		if ids := legacyIDs[c]; ids != nil {
			return ids[0]
		}
	}
	return fourCCNumber(c)
}

func fourCCNumber(c media.Codec) float64 {
	if name := flv.FourCC(c); name != "" {
		return float64(binary.BigEndian.Uint32([]byte(name)))
	}
	return 0
}

// names reports whether v is one of the ways in which encoders name c: a number
// or, as Flash Media Live Encoder does, a word.
func names(v amf.Value, c media.Codec) bool {
	switch v := v.(type) {
	case string:
		return strings.EqualFold(v, flv.FourCC(c)) || strings.EqualFold(letters(v), letters(c.String()))
	case float64:
		return slices.Contains(legacyIDs[c], v) || v == fourCCNumber(c)
	}
	return false
}

// letters leaves out what people put between the letters of a codec's name.
func letters(s string) string { return strings.NewReplacer(".", "", "-", "", " ", "").Replace(s) }
