package obs

import (
	"maps"
	"slices"
	"strings"

	"github.com/millrace-live/millrace/media"
)

// encoder is one of OBS's, by the identifier under which its plugin registers
// it.
type encoder struct {
	id    string
	codec media.Codec
	// more are settings beside the bit rate and the distance of key frames.
	more map[string]any
}

const x264 = "obs_x264"

// OBS's question does not list its encoders, and it does not start with one
// that it lacks: they follow from the graphics adapter's vendor and the system.
const (
	nvidia = 0x10de
	amd    = 0x1002
	intel  = 0x8086
	apple  = 0x106b
)

// family is the encoders of one vendor on one system.
type family struct {
	ids map[media.Codec]string
	// more are the settings of H.264; the others have no profile that matters.
	more map[string]any
	// av1 are words in the names of those models that have AV1.
	av1 []string
}

var (
	high  = map[string]any{"profile": "high", "bf": 2}
	nvenc = family{
		ids:  map[media.Codec]string{media.H264: "obs_nvenc_h264_tex", media.HEVC: "obs_nvenc_hevc_tex", media.AV1: "obs_nvenc_av1_tex"},
		more: high, av1: []string{"RTX 40", "RTX 50", "Ada", "Blackwell"},
	}
	// nvencOld is what they were called before OBS 31.
	nvencOld = family{
		ids:  map[media.Codec]string{media.H264: "jim_nvenc", media.HEVC: "jim_hevc_nvenc", media.AV1: "jim_av1_nvenc"},
		more: high, av1: nvenc.av1,
	}
	quickSync = family{
		ids:  map[media.Codec]string{media.H264: "obs_qsv11_v2", media.HEVC: "obs_qsv11_hevc", media.AV1: "obs_qsv11_av1"},
		more: map[string]any{"profile": "high", "bframes": 2}, av1: []string{"Arc"},
	}
	amf = family{
		ids:  map[media.Codec]string{media.H264: "h264_texture_amf", media.HEVC: "h265_texture_amf", media.AV1: "av1_texture_amf"},
		more: map[string]any{"profile": "high"}, av1: []string{"RX 7", "RX 9", "780M", "890M"},
	}
	vaapi = family{
		ids:  map[media.Codec]string{media.H264: "ffmpeg_vaapi_tex", media.HEVC: "hevc_ffmpeg_vaapi_tex", media.AV1: "av1_ffmpeg_vaapi_tex"},
		more: map[string]any{"profile": "High"}, av1: []string{"RX 7", "RX 9"},
	}
	videoToolbox = family{
		ids: map[media.Codec]string{
			media.H264: "com.apple.videotoolbox.videoencoder.ave.avc", media.HEVC: "com.apple.videotoolbox.videoencoder.ave.hevc",
		},
		more: map[string]any{"profile": "high"},
	}
)

// codecNames are what OBS calls codecs.
var codecNames = map[media.Codec]string{media.H264: "h264", media.HEVC: "h265", media.AV1: "av1"}

// family is that of the adapter which composes the pictures.
func (q *question) family() (family, bool) {
	windows := strings.Contains(strings.ToLower(q.Capabilities.System.Name), "windows")
	switch q.gpu().Vendor {
	case nvidia:
		if v := q.major(); v > 0 && v < 31 {
			return nvencOld, true
		}
		return nvenc, true
	case intel:
		return quickSync, true
	case amd:
		if windows {
			return amf, true
		}
		return vaapi, true
	case apple:
		return videoToolbox, true
	}
	return family{}, false
}

// encoder is one for that codec, or for H.264 if this OBS has none.
func (q *question) encoder(c media.Codec) encoder {
	f, ok := q.family()
	if !ok {
		return encoder{x264, media.H264, map[string]any{"profile": "high", "preset": "veryfast", "bf": 2}}
	}
	if !q.hasHardware(f, c) {
		c = media.H264
	}
	if c == media.H264 {
		return encoder{f.ids[c], c, f.more}
	}
	return encoder{f.ids[c], c, nil}
}

// hasHardware reports whether the adapter encodes c. OBS names the codecs of
// all of its encoders: HEVC is made by hardware alone, AV1 by software, too.
func (q *question) hasHardware(f family, c media.Codec) bool {
	if f.ids[c] == "" || !slices.Contains(q.Client.Codecs, codecNames[c]) {
		return false
	}
	return c != media.AV1 || slices.ContainsFunc(f.av1, func(word string) bool { return strings.Contains(q.gpu().Model, word) })
}

// keyInterval is the distance of key frames in seconds. It is the same for all
// tracks, so that they begin together and viewers can change at any of them.
const keyInterval = 2

func (e encoder) settings(bitrate int) map[string]any {
	s := map[string]any{"rate_control": "CBR", "bitrate": bitrate, "keyint_sec": keyInterval}
	maps.Copy(s, e.more)
	return s
}
