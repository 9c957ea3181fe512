package metadata

import (
	"math"

	"github.com/millrace-live/millrace/amf"
	"github.com/millrace-live/millrace/media"
)

// corrections returns the properties among said that are not true of the
// default tracks, with what is. What was not said is not added, and of what the
// bitstream does not state nothing is known to be wrong.
func corrections(said amf.Properties, tracks *media.TrackSet) amf.Properties {
	c := corrector{said: said}
	if t := tracks.Default(media.Video); t != nil {
		c.codec("videocodecid", t.Codec)
		if p := t.Picture(); p != nil {
			c.picture(p)
		}
	}
	if t := tracks.Default(media.Audio); t != nil {
		c.codec("audiocodecid", t.Codec)
		if s := t.Sound(); s != nil {
			c.sound(s, t.Codec)
		}
	}
	return c.mended
}

type corrector struct {
	said, mended amf.Properties
}

func (c *corrector) codec(name string, codec media.Codec) {
	v, ok := c.said.Lookup(name)
	truth := CodecID(codec)
	if n, isInt := v.(int); isInt {
		v = float64(n)
	}
	if ok && truth != 0 && !names(v, codec) {
		c.mended.Set(name, truth)
	}
}

// number corrects a property that was said and fits none of what may be said.
// The first of these is the truth; 0 is not known.
func (c *corrector) number(name string, tolerance float64, truths ...float64) {
	if _, ok := c.said.Lookup(name); !ok || truths[0] == 0 {
		return
	}
	v := c.said.Number(name)
	for _, t := range truths {
		if math.Abs(v-t) <= t*tolerance {
			return
		}
	}
	c.mended.Set(name, truths[0])
}

func (c *corrector) picture(p *media.Picture) {
	// Some encoders say the size with the sample aspect ratio applied, to the
	// width or to the height, and rounded.
	wide, high, shape, rounding := float64(p.Width), float64(p.Height), 1.0, 0.0
	if p.SARWidth > 0 && p.SARHeight > 0 && p.SARWidth != p.SARHeight {
		shape, rounding = float64(p.SARWidth)/float64(p.SARHeight), 0.005
	}
	c.number("width", rounding, wide, wide*shape)
	c.number("height", rounding, high, high/shape)
	// Timing in a bitstream that counts ticks of a clock is no frame rate, and
	// that of fields is twice it.
	const slowest, fastest = 1, 240
	if p.FrameRate >= slowest && p.FrameRate <= fastest {
		c.number("framerate", 0.01, p.FrameRate, p.FrameRate/2, p.FrameRate*2)
	}
}

func (c *corrector) sound(s *media.Sound, codec media.Codec) {
	rate, output, channels := float64(s.SampleRate), float64(s.OutputSampleRate), float64(s.Channels)
	// A configuration need not state that spectral band replication doubles the
	// rate, and parametric stereo the channels (ISO/IEC 14496-3 §1.6.5.2).
	implicit := codec == media.AAC && s.SampleRate <= 24000
	if implicit {
		c.number("audiosamplerate", 0, output, rate, 2*rate)
	} else {
		c.number("audiosamplerate", 0, output, rate)
	}
	if implicit && s.Channels == 1 {
		return
	}
	c.number("audiochannels", 0, channels)
	// Of more than two channels some say that they are stereo, and some not.
	if stereo, ok := c.said.Get("stereo").(bool); ok && (s.Channels == 1 && stereo || s.Channels == 2 && !stereo) {
		c.mended.Set("stereo", !stereo)
	}
}
