package probe

import (
	"time"

	"github.com/millrace-live/millrace/media"
)

func (a *Analyzer) reportAudio(t *media.Track) *Audio {
	const window = time.Second
	s := &Audio{
		Codec: t.Codec.String(), CodecString: t.CodecString(), Configured: t.Config != nil,
		Frames: len(a.audio.all), Backward: a.audio.backward, Bitrate: a.audio.rate(window),
	}
	var missing time.Duration
	s.Gaps, missing = a.audio.gaps(median(a.audio.steps()))
	if c, ok := t.Format.(*media.AACConfig); ok {
		s.SampleRate, s.Channels = c.OutputSampleRate, c.Channels
		s.Drift = seconds(a.drift(c) - missing)
	} else if t.Codec == media.AAC {
		s.Configured = false
	}
	return s
}

// drift is by how much the timestamps run ahead of the samples. A joint of the
// stream's clock takes no part.
func (a *Analyzer) drift(c *media.AACConfig) time.Duration {
	if c.SampleRate <= 0 || c.FrameLength <= 0 {
		return 0
	}
	n := 0
	for i := 1; i < len(a.audio.all); i++ {
		if a.audio.all[i].segment == a.audio.all[i-1].segment {
			n++
		}
	}
	counted := time.Duration(n) * time.Duration(c.FrameLength) * time.Second / time.Duration(c.SampleRate)
	return a.audio.length() - counted
}
