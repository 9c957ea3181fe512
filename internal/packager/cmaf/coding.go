package cmaf

import "github.com/millrace-live/millrace/media"

// coding is what the packager knows of a codec.
type coding struct {
	// brand is that of the codec's binding, to be among a file's compatible
	// ones; "" if it has none.
	brand string
	// check reports what the track lacks, "" when nothing.
	check func(*media.Track) string
	// write appends the sample entry (ISO/IEC 14496-12 §8.5.2).
	write func(*boxes, *media.Track)
	// strip, if set, takes off an access unit what a sample may not have.
	strip func([]byte) []byte
}

func (c coding) sample(accessUnit []byte) []byte {
	if c.strip == nil {
		return accessUnit
	}
	return c.strip(accessUnit)
}

// codings are the codecs that have a packaging: the name of the sample entry,
// and the box in it that configures a decoder.
var codings = map[media.Codec]coding{
	media.H264: pictures("avc1", func(w *boxes, c *media.AVCConfig) { w.box("avcC", c.Append) }),
	media.HEVC: pictures("hvc1", func(w *boxes, c *media.HEVCConfig) { w.box("hvcC", c.Append) }),
	media.VVC:  pictures("vvc1", appendVVC),
	media.AV1:  withoutDelimiters(pictures("av01", func(w *boxes, c *media.AV1Config) { w.box("av1C", c.Append) })),
	media.VP8:  pictures("vp08", func(w *boxes, c *media.VPConfig) { w.box("vpcC", c.Append) }),
	media.VP9:  pictures("vp09", func(w *boxes, c *media.VPConfig) { w.box("vpcC", c.Append) }),

	media.AAC:  sounds("mp4a", appendAAC),
	media.MP3:  sounds("mp4a", appendMP3),
	media.Opus: sounds("Opus", appendOpus),
	media.FLAC: sounds("fLaC", appendFLAC),
	media.AC3:  branded("dby1", sounds("ac-3", appendAC3)),
	media.EAC3: branded("dby1", sounds("ec-3", appendEAC3)),
}

const unconfigured = "has no sequence header in a form that is understood"

// pictures is the coding of a video codec whose configuration is a C.
func pictures[C media.Format](entry string, config func(*boxes, C)) coding {
	return coding{
		check: func(t *media.Track) string {
			if _, ok := t.Format.(C); !ok {
				return unconfigured
			}
			if p := t.Picture(); p.Width <= 0 || p.Height <= 0 || p.Width > 0xffff || p.Height > 0xffff {
				return "states no possible picture size"
			}
			return ""
		},
		write: func(w *boxes, t *media.Track) {
			at := w.open(entry)
			w.visualSampleEntry(t.Picture())
			config(w, t.Format.(C))
			w.colors(t)
			w.close(at)
		},
	}
}

// sounds is the coding of an audio codec whose configuration is a C.
func sounds[C media.Format](entry string, config func(*boxes, C, []byte)) coding {
	return coding{
		check: func(t *media.Track) string {
			s := t.Sound()
			switch _, ok := t.Format.(C); {
			case !ok:
				return unconfigured
			case s.SampleRate <= 0:
				return "states no sample rate"
			case len(t.Config) > maxAudioConfig:
				return "has a sequence header out of all proportion"
			}
			return ""
		},
		write: func(w *boxes, t *media.Track) {
			s := t.Sound()
			at := w.open(entry)
			w.audioSampleEntry(s.Channels, sampleSize(t.Format), s.SampleRate)
			config(w, t.Format.(C), t.Config)
			w.close(at)
		},
	}
}

// maxAudioConfig is above the longest that there is, an OpusHead of 255
// channels.
const maxAudioConfig = 512

func branded(brand string, c coding) coding {
	c.brand = brand
	return c
}

// withoutDelimiters is AV1: the samples of a file tell where a temporal unit
// begins (AV1 Codec ISO Media File Format Binding §2.4), and encoders send the
// delimiter of the bitstream all the same.
func withoutDelimiters(c coding) coding {
	c.brand = "av01"
	c.strip = func(b []byte) []byte {
		const delimiter = media.OBUTemporalDelimiter<<3 | 2 // with a size, which is 0
		for len(b) > 2 && b[0] == delimiter && b[1] == 0 {
			b = b[2:]
		}
		return b
	}
	return c
}

// sampleSize is that of FLAC's samples; other codings have none, and 16 stands
// for it.
func sampleSize(f media.Format) int {
	if c, ok := f.(*media.FLACConfig); ok {
		return int(c.BitDepth)
	}
	return 16
}
