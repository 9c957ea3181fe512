package ts

import (
	"slices"

	"github.com/millrace-live/millrace/media"
)

var adtsRates = []int{96000, 88200, 64000, 48000, 44100, 32000, 24000, 22050, 16000, 12000, 11025, 8000, 7350}

const (
	adtsHeader  = 7
	longestADTS = 1<<13 - 1
)

// adts is AAC with the header of ADTS (ISO/IEC 13818-7 §6.2) in front of each
// frame.
type adts struct{ header [adtsHeader]byte }

func codeAAC(t *media.Track) (stream, packing, string) {
	c, ok := t.Format.(*media.AACConfig)
	if !ok {
		return stream{}, nil, unconfigured
	}
	rate, channels := slices.Index(adtsRates, c.SampleRate), channelConfiguration(t.Config)
	switch {
	case c.ObjectType < 1 || c.ObjectType > 4:
		return stream{}, nil, "is of an object type that ADTS cannot name"
	case rate < 0:
		return stream{}, nil, "has a sample rate that ADTS cannot name"
	case channels < 1 || channels > 7:
		return stream{}, nil, "has channels that ADTS cannot name"
	case c.FrameLength != 1024:
		return stream{}, nil, "has frames of a length that ADTS cannot name"
	}
	// SBR and PS are left to be found in the frames, as they are everywhere in
	// MPEG-TS: the header has the core coder.
	a := &adts{[adtsHeader]byte{
		0xff, 0xf1, byte(c.ObjectType-1)<<6 | byte(rate)<<2 | byte(channels)>>2, byte(channels) << 6, 0, 0x1f, 0xfc,
	}}
	return stream{kind: 0x0f, id: idAudio}, a, ""
}

// channelConfiguration reads that field of an AudioSpecificConfig (ISO/IEC
// 14496-3 §1.6.2.1); -1 if it is not there.
func channelConfiguration(config []byte) int {
	at := 0
	read := func(n int) (v int) {
		for range n {
			if at/8 >= len(config) {
				v, at = 0, len(config)*8
				continue
			}
			v = v<<1 | int(config[at/8]>>(7-at%8)&1)
			at++
		}
		return v
	}
	if read(5) == 31 {
		read(6)
	}
	if read(4) == 15 {
		read(24)
	}
	if at+4 > len(config)*8 {
		return -1
	}
	return read(4)
}

func (a *adts) pack(pieces [][]byte, f *media.Frame) [][]byte {
	n := adtsHeader + len(f.Payload)
	if n > longestADTS {
		return pieces
	}
	a.header[3] = a.header[3]&0xfc | byte(n>>11)
	a.header[4], a.header[5] = byte(n>>3), byte(n)<<5|0x1f
	return append(pieces, a.header[:], f.Payload)
}
