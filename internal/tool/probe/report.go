package probe

import "time"

// Report is what was measured of a stream. Times are in seconds, rates in bits
// a second.
type Report struct {
	// URL is the address without its secrets.
	URL string `json:"url,omitempty"`
	// Seconds is how much of the stream was measured, by its own clock.
	Seconds float64 `json:"seconds"`
	// Encoder is what the encoder calls itself.
	Encoder string  `json:"encoder,omitempty"`
	Bitrate float64 `json:"bitrate"`
	Video   *Video  `json:"video,omitempty"`
	Audio   *Audio  `json:"audio,omitempty"`
	// OtherTracks describes tracks beyond the first of each kind.
	OtherTracks []string `json:"other_tracks,omitempty"`
	// AVOffset is by how much the timestamps of the sound are ahead of those of
	// the picture at the same place of the stream; nil without either.
	AVOffset *float64 `json:"av_offset,omitempty"`
	// Jumps is how often the clock of the stream jumped, TrackChanges how often
	// its sequence headers changed, Damaged how many messages could not be read.
	Jumps        int `json:"clock_jumps"`
	TrackChanges int `json:"track_changes"`
	Damaged      int `json:"damaged"`
	// Behind is by how much the latest frame came later than the promptest.
	Behind float64 `json:"behind"`
	// Metadata says whether there was an onMetaData, Lies where it is wrong.
	Metadata bool  `json:"metadata"`
	Lies     []Lie `json:"metadata_lies,omitempty"`
	// Ended is set when the stream ended before the time was over.
	Ended  bool     `json:"ended,omitempty"`
	Advice []Advice `json:"advice"`
}

// Video is the picture of a Report.
type Video struct {
	Codec       string `json:"codec"`
	CodecString string `json:"codec_string,omitempty"`
	// What the sequence header says; absent where it could not be read.
	Configured      bool    `json:"configured"`
	Profile         string  `json:"profile,omitempty"`
	Level           string  `json:"level,omitempty"`
	Width           int     `json:"width,omitempty"`
	Height          int     `json:"height,omitempty"`
	Chroma          string  `json:"chroma,omitempty"` // 4:2:0 and so on
	BitDepth        int     `json:"bit_depth,omitempty"`
	Interlaced      bool    `json:"interlaced,omitempty"`
	Range           string  `json:"range,omitempty"` // of light, as HLS names it: SDR, HLG, PQ
	StatedFrameRate float64 `json:"stated_frame_rate,omitempty"`

	Frames    int     `json:"frames"`
	FrameRate float64 `json:"frame_rate"`
	// UnevenSteps is the part of the steps from frame to frame, 0 to 1, that are
	// far from the usual one.
	UnevenSteps float64 `json:"uneven_steps"`
	Bitrate     Rate    `json:"bitrate"`
	Keys        Keys    `json:"keyframes"`
	// BFrames is the longest run of frames that are shown before one that was
	// decoded earlier.
	BFrames int  `json:"b_frames"`
	Gaps    Gaps `json:"gaps"`
	// Backward counts frames whose time goes back.
	Backward int `json:"backward"`
}

// Audio is the sound of a Report.
type Audio struct {
	Codec       string `json:"codec"`
	CodecString string `json:"codec_string,omitempty"`
	Configured  bool   `json:"configured"`
	SampleRate  int    `json:"sample_rate,omitempty"`
	Channels    int    `json:"channels,omitempty"`
	Layout      string `json:"layout,omitempty"` // what people call the channels

	Frames  int  `json:"frames"`
	Bitrate Rate `json:"bitrate"`
	// Drift is by how much the timestamps have run ahead of the samples over
	// the time that was measured.
	Drift    float64 `json:"drift"`
	Gaps     Gaps    `json:"gaps"`
	Backward int     `json:"backward"`
}

// Rate is a bit rate and its steadiness: the lowest and the highest of windows
// of so many seconds, one group of pictures at least.
type Rate struct {
	Mean   float64 `json:"mean"`
	Lowest float64 `json:"lowest"`
	Peak   float64 `json:"peak"`
	Window float64 `json:"window"`
}

// Keys are the distances of key frames.
type Keys struct {
	Count    int     `json:"count"`
	Mean     float64 `json:"mean,omitempty"`
	Shortest float64 `json:"shortest,omitempty"`
	Longest  float64 `json:"longest,omitempty"`
	// Open counts key frames of H.264 and HEVC that are no IDR pictures: frames
	// behind them may need some in front of them.
	Open int `json:"open,omitempty"`
}

// Gaps are holes in the timestamps of a track.
type Gaps struct {
	Count   int     `json:"count"`
	Seconds float64 `json:"seconds"`
}

// Lie is a property of onMetaData that is not so.
type Lie struct {
	Property string `json:"property"`
	Says     string `json:"says"`
	Is       string `json:"is"`
}

// Severity is how much viewers will feel.
type Severity string

// The severities.
const (
	Problem Severity = "problem" // viewers will have trouble
	Warning Severity = "warning" // some viewers will
	Note    Severity = "note"    // none, but it could be better
)

// Advice is one thing that troubles viewers, and its mend.
type Advice struct {
	ID       string   `json:"id"`
	Severity Severity `json:"severity"`
	// Text says what is so and what comes of it.
	Text string `json:"text"`
	// OBS and FFmpeg say what to set, where there is something.
	OBS    string `json:"obs,omitempty"`
	FFmpeg string `json:"ffmpeg,omitempty"`
}

// Count returns how many pieces of advice have that severity.
func (r *Report) Count(s Severity) int {
	n := 0
	for _, a := range r.Advice {
		if a.Severity == s {
			n++
		}
	}
	return n
}

func seconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1e6 }
