package rtmp

import (
	"math"
	"slices"

	"github.com/millrace-live/millrace/amf"
	"github.com/millrace-live/millrace/flv"
	"github.com/millrace-live/millrace/media"
)

// Ability is what a peer can do with a codec (Enhanced RTMP v2, FourCcInfoMask).
type Ability uint8

// The abilities.
const (
	CanDecode  Ability = 1
	CanEncode  Ability = 2
	CanForward Ability = 4
)

// Features are what a peer can do beyond RTMP 1.0 (Enhanced RTMP v2,
// CapsExMask).
type Features uint32

// The features.
const (
	FeatureReconnect  Features = 1 // it follows reconnect requests
	FeatureMultitrack Features = 2
	FeatureModEx      Features = 4 // it reads packet modifiers
	FeatureNano       Features = 8 // it uses offsets of nanoseconds
)

// VideoFunctions are what a peer does with pictures (videoFunction of connect).
type VideoFunctions uint32

// The functions.
const (
	VideoSeek           VideoFunctions = 1
	VideoHDR            VideoFunctions = 2 // it understands colorInfo
	VideoMetadata       VideoFunctions = 4 // it takes metadata packets
	VideoLargeScaleTile VideoFunctions = 8
)

// Capabilities are what a peer says of itself when a connection begins: a client
// in connect, a server in its answer (Enhanced RTMP v2, "Enhancing NetConnection
// connect Command"). The zero value is a peer that says nothing.
type Capabilities struct {
	// Announced says that the peer speaks Enhanced RTMP: one of fourCcList,
	// videoFourCcInfoMap, audioFourCcInfoMap and capsEx was there.
	Announced bool
	// FourCCs are the codecs of fourCcList; "*" is all.
	FourCCs []string
	// Video and Audio are videoFourCcInfoMap and audioFourCcInfoMap; "*" is any
	// codec.
	Video, Audio  map[string]Ability
	Features      Features
	VideoFunction VideoFunctions
	// ObjectEncoding is 0 (AMF0) or 3 (AMF3).
	ObjectEncoding int
}

// maxFourCCs bounds what is kept of each list: there are a dozen codecs.
const maxFourCCs = 64

// ParseCapabilities reads them from the properties of connect, or from the
// answer's. What has another type than it should have counts as absent.
func ParseCapabilities(p amf.Properties) Capabilities {
	c := Capabilities{
		Video: abilities(p, "videoFourCcInfoMap"), Audio: abilities(p, "audioFourCcInfoMap"),
		Features: Features(flags(p, "capsEx")), VideoFunction: VideoFunctions(flags(p, "videoFunction")),
	}
	for _, v := range p.List("fourCcList") {
		if s, ok := v.(string); ok && isFourCC(s) && len(c.FourCCs) < maxFourCCs {
			c.FourCCs = append(c.FourCCs, s)
		}
	}
	for _, name := range [...]string{"fourCcList", "videoFourCcInfoMap", "audioFourCcInfoMap", "capsEx"} {
		switch p.Get(name).(type) {
		case nil, amf.Undefined:
		default:
			c.Announced = true
		}
	}
	if flags(p, "objectEncoding") == 3 {
		c.ObjectEncoding = 3
	}
	return c
}

// isFourCC reports whether s can be a name in a list of codecs.
func isFourCC(s string) bool { return len(s) == 4 || s == "*" }

func abilities(p amf.Properties, name string) map[string]Ability {
	var m map[string]Ability
	codecs := p.Object(name)
	for _, codec := range codecs {
		if isFourCC(codec.Name) && len(m) < maxFourCCs {
			if m == nil {
				m = make(map[string]Ability)
			}
			m[codec.Name] = Ability(flags(codecs, codec.Name))
		}
	}
	return m
}

// flags reads a number whose bits count; 0 if it is none.
func flags(p amf.Properties, name string) uint32 {
	n, ok := p.Integer(name)
	if !ok || n < 0 || n > math.MaxUint32 {
		return 0
	}
	return uint32(n)
}

// Accept is what may be sent to the peer: nothing that it says it cannot take. One
// that announces nothing gets what the zero [flv.Accept] is.
func (c *Capabilities) Accept() flv.Accept {
	if !c.Announced {
		return flv.Accept{}
	}
	const nano = FeatureModEx | FeatureNano
	return flv.Accept{
		Tracks:   c.Features&FeatureMultitrack != 0,
		Nano:     c.Features&nano == nano,
		Metadata: c.VideoFunction&(VideoHDR|VideoMetadata) != 0,
		Channels: len(c.Audio) > 0 || c.Features != 0,
		Codecs:   c.codecs(),
	}
}

// codecs are those that the peer decodes or forwards; 0 is all, and the answer for
// a peer that names none.
func (c *Capabilities) codecs() flv.CodecSet {
	// What has a legacy form is always taken; it keeps the set of who takes
	// nothing else from being 0.
	set, all := flv.CodecSet(0).With(media.H264), true
	for codec := media.H264; codec <= media.EAC3; codec++ {
		fourCC, m := flv.FourCC(codec), c.Video
		if codec >= media.AAC {
			m = c.Audio
		}
		switch {
		case fourCC == "":
		case c.takes(m, fourCC):
			set = set.With(codec)
		default:
			all = false
		}
	}
	if all {
		return 0
	}
	return set
}

// takes reports whether the peer takes a codec of the kind whose map m is. The map
// says it better than fourCcList, and who has neither says nothing of that kind.
func (c *Capabilities) takes(m map[string]Ability, fourCC string) bool {
	switch {
	case len(m) > 0:
		return (m["*"]|m[fourCC])&(CanDecode|CanForward) != 0
	case len(c.FourCCs) > 0:
		return slices.Contains(c.FourCCs, "*") || slices.Contains(c.FourCCs, fourCC)
	}
	return true
}

// Capabilities are what the peer announced: to a server in connect, to a client
// in the answer.
func (s *Session) Capabilities() Capabilities {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.peer
}

// ours are the capabilities of this package, which carries everything from one
// side to the other.
func ours(features Features) amf.Properties {
	forward := func() *amf.Object { return amf.NewObject("*", float64(CanForward)) }
	return amf.NewObject(
		"fourCcList", amf.NewArray("*"), "videoFourCcInfoMap", forward(), "audioFourCcInfoMap", forward(),
		"capsEx", float64(features), "videoFunction", float64(VideoSeek|VideoHDR|VideoMetadata),
	).Properties
}

const allFeatures = FeatureReconnect | FeatureMultitrack | FeatureModEx | FeatureNano

// peerOf reads what connect, or the answer to it, says of the peer.
func peerOf(properties, info amf.Value) Capabilities {
	p := amf.PropertiesOf(properties)
	c := ParseCapabilities(p)
	if c.Announced {
		return c
	}
	// Servers write it here or there.
	return ParseCapabilities(amf.PropertiesOf(info))
}
