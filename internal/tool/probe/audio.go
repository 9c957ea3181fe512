package probe

import (
	"time"

	"github.com/millrace-live/millrace/media"
)

func (a *Analyzer) reportAudio(t *media.Track) *Audio {
	const window = time.Second
	s := &Audio{
		Codec: t.Codec.String(), CodecString: t.CodecString(), Configured: t.Format != nil, Layout: t.ChannelsName(),
		Frames: len(a.audio.all), Backward: a.audio.backward, Bitrate: a.audio.rate(window),
	}
	var missing time.Duration
	s.Gaps, missing = a.audio.gaps(median(a.audio.steps()))
	if sound := t.Sound(); sound != nil {
		s.SampleRate, s.Channels = sound.OutputSampleRate, sound.Channels
		s.Drift = seconds(a.drift(sound.SampleRate, missing))
	}
	return s
}

// drift is by how much the timestamps run ahead of the samples; what is missing
// and joints of the stream's clock take no part. It is 0 where frames do not say
// how many samples they hold.
func (a *Analyzer) drift(rate int, missing time.Duration) time.Duration {
	samples := 0
	for i := 1; i < len(a.audio.all); i++ {
		before := a.audio.all[i-1]
		if before.samples == 0 {
			return 0
		}
		if a.audio.all[i].segment == before.segment {
			samples += before.samples
		}
	}
	if rate <= 0 || samples == 0 {
		return 0
	}
	return a.audio.length() - missing - time.Duration(samples)*time.Second/time.Duration(rate)
}
