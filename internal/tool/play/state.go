package play

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/millrace-live/millrace/internal/tool"
)

// State is how a play goes on: a line of text, or a line of JSON.
type State struct {
	// Event is progress, or end for the last one.
	Event string `json:"event"`
	// Time is seconds since the first frame, Media how much of the stream has
	// come, which is more by what the server sends at the beginning.
	Time  float64 `json:"time"`
	Media float64 `json:"media"`
	Bytes uint64  `json:"bytes"`
	Video *Video  `json:"video,omitempty"`
	Audio *Audio  `json:"audio,omitempty"`
	// Others are the tracks beside the default ones.
	Others []Other `json:"others,omitempty"`
	// Jumps is how often the clock of the stream jumped, Damaged how many
	// messages could not be read.
	Jumps   int `json:"jumps"`
	Damaged int `json:"damaged"`
	// Behind is by how many seconds the newest frame came later than the
	// promptest: how far the network is behind.
	Behind float64 `json:"behind"`
	// Delay is seconds from the encoder to here by the encoder's wall clock, if
	// it sends that (onFI).
	Delay *float64 `json:"delay,omitempty"`
	// Files are what was written.
	Files []string `json:"files,omitempty"`
	// Reason is why it ended.
	Reason string `json:"reason,omitempty"`
}

// Video is the picture of a State. Rates are those of the last seconds.
type Video struct {
	Bitrate     float64 `json:"bitrate"`
	FrameRate   float64 `json:"frame_rate"`
	KeyInterval float64 `json:"keyframe_interval,omitempty"` // seconds between the last two
	Gaps        Gaps    `json:"gaps"`
}

// Audio is the sound of a State.
type Audio struct {
	Bitrate float64 `json:"bitrate"`
	Gaps    Gaps    `json:"gaps"`
}

// Other is a track of a State that is not a default one.
type Other struct {
	Kind    string  `json:"kind"`
	Track   uint8   `json:"track"`
	Codec   string  `json:"codec"`
	Bitrate float64 `json:"bitrate"`
	Gaps    Gaps    `json:"gaps"`
}

// Gaps are holes in the timestamps of a track: frames that were dropped.
type Gaps struct {
	Count   int     `json:"count"`
	Seconds float64 `json:"seconds"`
}

func seconds(d time.Duration) float64 { return float64(d.Milliseconds()) / 1000 }

func duration(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }

// state gives what was measured up to now.
func (m *meter) state(now time.Time) State {
	s := State{Media: seconds(m.length), Jumps: m.jumps, Behind: seconds(m.behind)}
	if m.tracks == nil {
		return s
	}
	s.Time = seconds(now.Sub(m.first))
	gaps := func(t *trackMeter) Gaps { return Gaps{t.gaps, seconds(t.missing)} }
	if t := m.tracks[m.video]; t != nil && t.frames > 0 {
		s.Video = &Video{8 * t.rate.PerSecond(), t.count.PerSecond(), seconds(t.keyDistance), gaps(t)}
	}
	if t := m.tracks[m.audio]; t != nil && t.frames > 0 {
		s.Audio = &Audio{8 * t.rate.PerSecond(), gaps(t)}
	}
	for id, t := range m.tracks {
		if id != m.video && id != m.audio {
			s.Others = append(s.Others, Other{id.kind.String(), id.id, t.codec.String(), 8 * t.rate.PerSecond(), gaps(t)})
		}
	}
	slices.SortFunc(s.Others, func(a, b Other) int { return cmp.Or(-cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Track, b.Track)) })
	if m.delay.known {
		late := seconds(m.delay.value)
		s.Delay = &late
	}
	return s
}

func (s State) String() string {
	if s.Video == nil && s.Audio == nil {
		return "waiting for the stream"
	}
	parts := []string{tool.Clock(duration(s.Media))}
	var holes Gaps
	if v := s.Video; v != nil {
		text := fmt.Sprintf("video %s %.4g fps", tool.Bits(v.Bitrate), v.FrameRate)
		if v.KeyInterval > 0 {
			text += fmt.Sprintf(" key %.3g s", v.KeyInterval)
		}
		parts = append(parts, text)
		holes = v.Gaps
	}
	if a := s.Audio; a != nil {
		parts = append(parts, "audio "+tool.Bits(a.Bitrate))
		holes.Count += a.Gaps.Count
		holes.Seconds = max(holes.Seconds, a.Gaps.Seconds)
	}
	if len(s.Others) > 0 {
		var rate float64
		for _, o := range s.Others {
			rate += o.Bitrate
			holes.Count += o.Gaps.Count
			holes.Seconds = max(holes.Seconds, o.Gaps.Seconds)
		}
		parts = append(parts, fmt.Sprintf("%s %s", plural(len(s.Others), "more track"), tool.Bits(rate)))
	}
	if holes.Count == 0 {
		parts = append(parts, "no gaps")
	} else {
		parts = append(parts, fmt.Sprintf("%s (%.1f s)", plural(holes.Count, "gap"), holes.Seconds))
	}
	if s.Jumps > 0 {
		parts = append(parts, plural(s.Jumps, "clock jump"))
	}
	if s.Damaged > 0 {
		parts = append(parts, plural(s.Damaged, "unreadable message"))
	}
	const noticeable = 0.3
	if s.Behind >= noticeable {
		parts = append(parts, fmt.Sprintf("%.1f s behind", s.Behind))
	}
	if s.Delay != nil {
		parts = append(parts, fmt.Sprintf("delay %.1f s", *s.Delay))
	}
	return strings.Join(parts, " · ")
}

func plural(n int, what string) string {
	if n != 1 {
		what += "s"
	}
	return fmt.Sprintf("%d %s", n, what)
}
