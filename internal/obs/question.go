package obs

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// schemas are those that are spoken, the newest first.
var schemas = []string{"2025-01-25", "2024-06-04"}

// question is what OBS says of itself, as far as it matters to the answer. What
// is missing or null stays zero.
type question struct {
	Schema         string `json:"schema_version"`
	Authentication string `json:"authentication"`
	Client         struct {
		Name    string   `json:"name"`
		Version string   `json:"version"`
		Codecs  []string `json:"supported_codecs"`
	} `json:"client"`
	Capabilities struct {
		CPU struct {
			Cores int `json:"physical_cores"`
		} `json:"cpu"`
		System struct {
			Name string `json:"name"`
		} `json:"system"`
		GPUs []gpu `json:"gpu"`
	} `json:"capabilities"`
	Preferences struct {
		MaxBitrate int      `json:"maximum_aggregate_bitrate"` // kbit/s of picture and sound
		MaxTracks  int      `json:"maximum_video_tracks"`
		VODTrack   bool     `json:"vod_track_audio"`
		GPU        int      `json:"composition_gpu_index"`
		Canvases   []canvas `json:"canvases"`
		canvas              // in the place of canvases before 2025-01-25
		Channels   int      `json:"audio_channels"`
	} `json:"preferences"`
}

// gpu is a graphics adapter.
type gpu struct {
	Model  string `json:"model"`
	Vendor uint32 `json:"vendor_id"` // by the PCI registry
}

// canvas is a picture that OBS composes, in the size of its output.
type canvas struct {
	Width     int  `json:"width"`
	Height    int  `json:"height"`
	FrameRate rate `json:"framerate"`
}

// rate is frames a second.
type rate struct {
	Numerator   int `json:"numerator"`
	Denominator int `json:"denominator"`
}

func (r rate) known() bool { return r.Numerator > 0 && r.Denominator > 0 }

func (r rate) float() float64 { return float64(r.Numerator) / float64(r.Denominator) }

// parseQuestion reads a question. A member of another type than it should have
// is left out: what OBS says of a machine differs between its versions.
func parseQuestion(body []byte) (*question, error) {
	q := &question{}
	err := json.Unmarshal(body, q)
	if _, ok := errors.AsType[*json.UnmarshalTypeError](err); err != nil && (!ok || body[0] != '{') {
		return nil, fmt.Errorf("read the question for a ladder: %w", err)
	}
	return q, nil
}

// schema is the one to answer in.
func (q *question) schema() string {
	if slices.Contains(schemas, q.Schema) {
		return q.Schema
	}
	return schemas[0]
}

// What a canvas has when OBS does not say, or says what none can have.
var usualCanvas = canvas{Width: 1920, Height: 1080}

const (
	minSide, maxSide = 16, 16384
	maxRate          = 1000
)

// canvas is the main one. A second one (an upright version of the same show)
// cannot be a rung of the same ladder, and is not asked for.
func (q *question) canvas() canvas {
	c := q.Preferences.canvas
	if len(q.Preferences.Canvases) > 0 {
		c = q.Preferences.Canvases[0]
	}
	if min(c.Width, c.Height) < minSide || max(c.Width, c.Height) > maxSide {
		c.Width, c.Height = usualCanvas.Width, usualCanvas.Height
	}
	if !c.FrameRate.known() || c.FrameRate.float() > maxRate || c.FrameRate.Denominator > 1<<20 {
		c.FrameRate = rate{}
	}
	return c
}

// gpu is the adapter that composes the pictures; encoders on it need not copy
// them. The zero value is none that is known.
func (q *question) gpu() gpu {
	all, i := q.Capabilities.GPUs, q.Preferences.GPU
	switch {
	case i >= 0 && i < len(all):
		return all[i]
	case len(all) > 0:
		return all[0]
	}
	return gpu{}
}

// major is the first number of OBS's version, 0 if that is not known.
func (q *question) major() int {
	first, _, _ := strings.Cut(q.Client.Version, ".")
	n, _ := strconv.Atoi(first) // 0 when it is none
	return n
}
