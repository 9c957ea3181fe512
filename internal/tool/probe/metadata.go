package probe

import (
	"fmt"
	"math"
	"strconv"

	"github.com/millrace-live/millrace/amf"
	"github.com/millrace-live/millrace/flv"
	"github.com/millrace-live/millrace/internal/tool"
	"github.com/millrace-live/millrace/media"
)

// readMetadata compares onMetaData with what was measured. Properties that are
// absent, or 0, say nothing.
func (r *Report) readMetadata(payload []byte) {
	values, err := amf.Decode(payload)
	if err != nil || len(values) < 2 || values.String(0) != "onMetaData" {
		return
	}
	r.Metadata = true
	p := values.Object(1)
	for _, name := range []string{"encoder", "videoencoder", "audioencoder", "creator", "metadatacreator"} {
		if v := p.String(name); v != "" {
			const longest = 200
			r.Encoder = tool.Printable(v[:min(len(v), longest)])
			break
		}
	}
	if v := r.Video; v != nil {
		r.compare(p, "width", float64(v.Width), 0)
		r.compare(p, "height", float64(v.Height), 0)
		const frameRateSlack = 0.05
		rate := "framerate"
		if p.Number(rate) == 0 {
			rate = "fps"
		}
		// A rate that varies cannot be stated, which is another matter.
		if v.UnevenSteps < unevenSteps {
			r.compare(p, rate, v.FrameRate, frameRateSlack)
		}
		r.compareRate(p, "videodatarate", v.Bitrate)
		r.compareCodec(p, "videocodecid", v.Codec, videoCodecs)
	} else {
		r.absent(p, "videocodecid", "no picture")
	}
	if s := r.Audio; s != nil {
		// HE-AAC whose record does not signal it plays at twice the rate.
		if p.Number("audiosamplerate") != 2*float64(s.SampleRate) {
			r.compare(p, "audiosamplerate", float64(s.SampleRate), 0)
		}
		r.compare(p, "audiochannels", float64(s.Channels), 0)
		if stereo, ok := p.Get("stereo").(bool); ok && (stereo && s.Channels == 1 || !stereo && s.Channels == 2) {
			r.lie("stereo", strconv.FormatBool(stereo), fmt.Sprintf("%d channels", s.Channels))
		}
		r.compareRate(p, "audiodatarate", s.Bitrate)
		r.compareCodec(p, "audiocodecid", s.Codec, audioCodecs)
	} else {
		r.absent(p, "audiocodecid", "no sound")
	}
}

func (r *Report) lie(property, says, is string) {
	r.Lies = append(r.Lies, Lie{property, tool.Printable(says), is})
}

func (r *Report) compare(p amf.Properties, name string, is, slack float64) {
	says := p.Number(name)
	if is == 0 || says == 0 || math.Abs(says-is) <= slack*is {
		return
	}
	r.lie(name, number(says), number(is))
}

// compareRate allows for an encoder that needs less than it may: a target is no
// lie. kbit/s.
func (r *Report) compareRate(p amf.Properties, name string, is Rate) {
	const allowed = 1.5
	says, mean := p.Number(name), is.Mean/1000
	if says == 0 || mean == 0 || mean <= allowed*says && says <= 10*mean {
		return
	}
	r.lie(name, number(says)+" kbit/s", number(mean)+" kbit/s")
}

// The codecs by their numbers (FLV §E.4.2.1, §E.4.3.1), with those that some
// encoders use beside; FourCCs are more than a byte.
var (
	videoCodecs = map[uint32]media.Codec{
		2: media.H263, 3: media.Screen, 4: media.VP6, 5: media.VP6, 6: media.Screen, 7: media.H264, 12: media.HEVC,
	}
	audioCodecs = map[uint32]media.Codec{
		0: media.PCM, 1: media.ADPCM, 2: media.MP3, 3: media.PCM, 4: media.Nellymoser, 5: media.Nellymoser,
		6: media.Nellymoser, 7: media.G711A, 8: media.G711U, 10: media.AAC, 11: media.Speex, 14: media.MP3,
	}
)

// compareCodec judges only codecs that have a FourCC: the old ones have several
// numbers.
func (r *Report) compareCodec(p amf.Properties, name, is string, numbers map[uint32]media.Codec) {
	says := media.Unknown
	switch v := p.Get(name).(type) {
	case float64:
		if !(v >= 0 && v <= math.MaxUint32) {
			return
		}
		n := uint32(v)
		if says = numbers[n]; says == media.Unknown {
			says = codecOf(string([]byte{byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n)}))
		}
	case string:
		says = codecOf(v)
	}
	if says != media.Unknown && says.String() != is && hasFourCC(is) {
		r.lie(name, says.String(), is)
	}
}

// codecOf knows the other name of HEVC besides, whose parameter sets stand among
// the frames.
func codecOf(fourCC string) media.Codec {
	if fourCC == "hev1" {
		return media.HEVC
	}
	return flv.CodecOf(fourCC)
}

func hasFourCC(codec string) bool {
	for c := media.Unknown; c <= media.Speex; c++ {
		if c.String() == codec {
			return flv.FourCC(c) != ""
		}
	}
	return false
}

func (r *Report) absent(p amf.Properties, name, is string) {
	switch v := p.Get(name).(type) {
	case float64:
		if v > 0 {
			r.lie(name, number(v), is)
		}
	case string:
		if v != "" {
			r.lie(name, v, is)
		}
	}
}

func number(v float64) string { return strconv.FormatFloat(math.Round(v*100)/100, 'f', -1, 64) }
