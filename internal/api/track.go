package api

import (
	"math"
	"time"

	"github.com/millrace-live/millrace/internal/hub"
	"github.com/millrace-live/millrace/media"
)

func newVideo(t hub.TrackInfo, keyInterval time.Duration) *video {
	v := &video{
		Codec: t.Codec.String(), CodecString: t.CodecString(), FrameRate: round(t.FrameRate, 2), Bitrate: t.Bitrate,
		KeyframeInterval: round(keyInterval.Seconds(), 2),
	}
	if c, ok := t.Format.(*media.AVCConfig); ok {
		v.Profile, v.Level = c.ProfileName(), c.LevelName()
		v.Width, v.Height = c.Width, c.Height
		v.FrameRate = frameRate(c.FrameRate, t.FrameRate)
	}
	return v
}

func newAudio(t hub.TrackInfo) *audio {
	a := &audio{Codec: t.Codec.String(), CodecString: t.CodecString(), Bitrate: t.Bitrate}
	if c, ok := t.Format.(*media.AACConfig); ok {
		a.SampleRate, a.Channels = c.OutputSampleRate, c.Channels
	}
	return a
}

// frameRate is what the stream says of itself as long as that is what comes: a
// steady number reads better than a measured one, but encoders lie.
func frameRate(declared, measured float64) float64 {
	if declared > 0 && (measured == 0 || math.Abs(measured-declared) < declared*0.03) {
		return round(declared, 2)
	}
	return round(measured, 2)
}

func round(f float64, digits int) float64 {
	scale := math.Pow10(digits)
	return math.Round(f*scale) / scale
}
