package api

import (
	"math"

	"github.com/millrace-live/millrace/internal/hub"
	"github.com/millrace-live/millrace/media"
)

// Track is one of a stream's tracks.
type Track struct {
	Kind string `json:"kind"`
	ID   int    `json:"id"`
	// Default is what a player gets that takes one of each kind.
	Default bool   `json:"default"`
	Name    string `json:"name,omitempty"`
	// Language is a tag of BCP 47.
	Language string `json:"language,omitempty"`
	Video    *Video `json:"video,omitempty"`
	Audio    *Audio `json:"audio,omitempty"`
}

// Video is the picture of a track.
type Video struct {
	Codec       string  `json:"codec"`
	Profile     string  `json:"profile,omitempty"`
	Level       string  `json:"level,omitempty"`
	CodecString string  `json:"codec_string,omitempty"`
	Width       int     `json:"width,omitempty"`
	Height      int     `json:"height,omitempty"`
	FrameRate   float64 `json:"frame_rate,omitempty"`
	BitDepth    int     `json:"bit_depth,omitempty"`
	// Range is the range of light as HLS names it: SDR, HLG or PQ; absent where
	// the picture is not known.
	Range            string  `json:"range,omitempty"`
	Bitrate          int64   `json:"bitrate"`
	KeyframeInterval float64 `json:"keyframe_interval,omitempty"` // seconds
}

// Audio is the sound of a track.
type Audio struct {
	Codec       string `json:"codec"`
	CodecString string `json:"codec_string,omitempty"`
	SampleRate  int    `json:"sample_rate,omitempty"`
	Channels    int    `json:"channels,omitempty"`
	// Layout is what people call the channels: stereo, 5.1.
	Layout  string `json:"layout,omitempty"`
	Bitrate int64  `json:"bitrate"`
}

// Unplayable is a track that the players of a protocol cannot get.
type Unplayable struct {
	Protocol string `json:"protocol"`
	Kind     string `json:"kind"`
	Track    int    `json:"track"`
	Reason   string `json:"reason"`
}

// addTracks fills in what there is to say of a stream's tracks.
func (a *API) addTracks(s *Stream, info *hub.StreamInfo) {
	s.Tracks = make([]Track, 0, len(info.Tracks))
	for _, t := range info.Tracks {
		if t.Track == nil {
			continue
		}
		entry := Track{Kind: t.Kind.String(), ID: int(t.ID), Name: t.Name, Language: t.Language}
		switch t.Kind {
		case media.Video:
			entry.Video = newVideo(t)
			if s.Video == nil {
				s.Video, entry.Default = entry.Video, true
				s.Video.KeyframeInterval = round(info.KeyInterval.Seconds(), 2)
			}
		case media.Audio:
			entry.Audio = newAudio(t)
			if s.Audio == nil {
				s.Audio, entry.Default = entry.Audio, true
			}
		default:
			continue
		}
		s.Tracks = append(s.Tracks, entry)
		for _, o := range a.Outputs {
			if reason := o.Refuses(t.Track); reason != "" {
				s.Unplayable = append(s.Unplayable, Unplayable{o.Protocol, entry.Kind, entry.ID, reason})
			}
		}
	}
}

func newVideo(t hub.TrackInfo) *Video {
	v := &Video{
		Codec: t.Codec.String(), CodecString: t.CodecString(), FrameRate: round(t.FrameRate, 2), Bitrate: t.Bitrate,
	}
	if f, ok := t.Format.(media.NamedFormat); ok {
		v.Profile, v.Level = f.ProfileName(), f.LevelName()
	}
	if p := t.Picture(); p != nil {
		v.Width, v.Height, v.BitDepth = p.Width, p.Height, int(p.BitDepth)
		v.FrameRate = frameRate(p.FrameRate, t.FrameRate)
		v.Range = t.Range()
	}
	return v
}

func newAudio(t hub.TrackInfo) *Audio {
	a := &Audio{Codec: t.Codec.String(), CodecString: t.CodecString(), Layout: t.ChannelsName(), Bitrate: t.Bitrate}
	if s := t.Sound(); s != nil {
		a.SampleRate, a.Channels = s.OutputSampleRate, s.Channels
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
