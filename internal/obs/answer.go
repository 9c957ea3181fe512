package obs

// answer is what OBS makes its encoders and its connection of.
type answer struct {
	Meta      *meta      `json:"meta,omitempty"`
	Status    status     `json:"status"`
	Endpoints []Endpoint `json:"ingest_endpoints,omitempty"`
	Video     []video    `json:"encoder_configurations,omitempty"`
	Audio     *audio     `json:"audio_configurations,omitempty"`
}

// meta must have all of its members or not be there.
type meta struct {
	Service string `json:"service"`
	Schema  string `json:"schema_version"`
	// Config comes back with the stream's name, as clientConfigId.
	Config string `json:"config_id"`
}

type status struct {
	Result string  `json:"result"` // "success" or "error"
	HTML   *string `json:"html_en_us"`
}

// Endpoint is an address that OBS can send to.
type Endpoint struct {
	Protocol string `json:"protocol"` // "RTMP" or "RTMPS"
	// URL is the server's address with "{stream_key}" behind the app.
	URL string `json:"url_template"`
}

// video is one encoder; its place in the list is the number of its track.
type video struct {
	Type      string         `json:"type"`
	Width     int            `json:"width"`
	Height    int            `json:"height"`
	FrameRate *rate          `json:"framerate"` // null is that of the canvas
	Scale     string         `json:"gpu_scale_type"`
	Color     string         `json:"colorspace"`
	Range     string         `json:"range"`
	Format    string         `json:"format"`
	Settings  map[string]any `json:"settings"`
	Canvas    int            `json:"canvas_index"`
}

type audio struct {
	Live []sound `json:"live"`
	VOD  []sound `json:"vod,omitempty"`
}

type sound struct {
	Codec    string         `json:"codec"`
	Track    int            `json:"track_id"`
	Channels int            `json:"channels"`
	Settings map[string]any `json:"settings"`
}

// answerTo makes an answer with the renditions of a ladder.
func answerTo(q *question, all []rendition, config string) *answer {
	a := &answer{
		Meta:   &meta{Service: "Millrace", Schema: q.schema(), Config: config},
		Status: status{Result: "success"},
		Audio:  &audio{Live: []sound{newSound(q, 1)}},
	}
	if q.Preferences.VODTrack {
		a.Audio.VOD = []sound{newSound(q, 2)}
	}
	for _, r := range all {
		v := video{
			Type: r.encoder.id, Width: r.Width, Height: r.Height,
			Scale: "OBS_SCALE_BICUBIC", Color: "VIDEO_CS_709", Range: "VIDEO_RANGE_PARTIAL", Format: "VIDEO_FORMAT_NV12",
			Settings: r.encoder.settings(r.Bitrate),
		}
		if r.rate.known() {
			v.FrameRate = &r.rate
		}
		a.Video = append(a.Video, v)
	}
	return a
}

func newSound(q *question, track int) sound {
	return sound{Codec: "aac", Track: track, Channels: q.channels(), Settings: map[string]any{"bitrate": q.soundBitrate()}}
}

// channels are those that OBS mixes: with fewer it would not start.
func (q *question) channels() int {
	const most = 8
	if n := q.Preferences.Channels; n >= 1 && n <= most {
		return n
	}
	return 2
}

// soundBitrate is that of one audio track in kbit/s.
func (q *question) soundBitrate() int {
	const stereo, more = 160, 64
	if n := q.channels(); n > 2 {
		return n * more
	}
	return stereo
}

// refuse is the answer that makes OBS say a sentence and not go on air.
func refuse(html string) *answer { return &answer{Status: status{Result: "error", HTML: &html}} }
