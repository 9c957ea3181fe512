package hubtest

import (
	"encoding/hex"

	"github.com/millrace-live/millrace/media"
)

// 160x90 H.264 High and mono AAC-LC at 44.1 kHz, as FFmpeg makes them.
var (
	avcC = mustDecode("0164000bffe100196764000bacd9428df93011000003000100000300320f14299601000468efbcb0fdf8f800")
	asc  = mustDecode("1208")
)

// Video returns a track of H.264, 160x90 in size. Each identifier above 0 is a rung of
// a ladder, half as wide and high as the one before.
func Video(id uint8) *media.Track {
	c, err := media.ParseAVCConfig(avcC)
	if err != nil {
		panic(err)
	}
	c.Width, c.Height = c.Width>>id, c.Height>>id
	return &media.Track{Kind: media.Video, ID: id, Codec: media.H264, Config: avcC, Format: c}
}

// Audio returns the default track of sound, of AAC-LC.
func Audio() *media.Track {
	c, err := media.ParseAACConfig(asc)
	if err != nil {
		panic(err)
	}
	return &media.Track{Kind: media.Audio, Codec: media.AAC, Config: asc, Format: c}
}

// Tracks makes a set of tracks.
func Tracks(ts ...*media.Track) *media.TrackSet {
	var s *media.TrackSet
	for _, t := range ts {
		s = s.With(t)
	}
	return s
}

func mustDecode(s string) []byte {
	b, err := hex.DecodeString(s)
	if err != nil {
		panic(err)
	}
	return b
}
