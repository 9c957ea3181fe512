package api

import (
	"fmt"
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
	if c := t.AVC; c != nil {
		v.Profile, v.Level = avcProfile(c), avcLevel(c)
		v.Width, v.Height = c.Width, c.Height
		v.FrameRate = frameRate(c.FrameRate, t.FrameRate)
	}
	return v
}

func newAudio(t hub.TrackInfo) *audio {
	a := &audio{Codec: t.Codec.String(), CodecString: t.CodecString(), Bitrate: t.Bitrate}
	if c := t.AAC; c != nil {
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

// avcProfile names profile_idc (ISO/IEC 14496-10, A.2).
func avcProfile(c *media.AVCConfig) string {
	const constraintSet1 = 0x40
	switch c.Profile {
	case 66:
		if c.Compat&constraintSet1 != 0 {
			return "Constrained Baseline"
		}
		return "Baseline"
	case 77:
		return "Main"
	case 88:
		return "Extended"
	case 100:
		return "High"
	case 110:
		return "High 10"
	case 122:
		return "High 4:2:2"
	case 244:
		return "High 4:4:4 Predictive"
	}
	return fmt.Sprintf("profile %d", c.Profile)
}

// avcLevel writes level_idc as people do; level 1b has two codings (ISO/IEC
// 14496-10, A.3).
func avcLevel(c *media.AVCConfig) string {
	const constraintSet3 = 0x10
	if c.Level == 9 || c.Level == 11 && c.Profile <= 88 && c.Compat&constraintSet3 != 0 {
		return "1b"
	}
	return fmt.Sprintf("%d.%d", c.Level/10, c.Level%10)
}
