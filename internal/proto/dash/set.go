package dash

import (
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/millrace-live/millrace/media"
)

const (
	rolePrefix         = "urn:mpeg:dash:role:2011"
	connectivityScheme = "urn:mpeg:dash:period-connectivity:2015"
	eventScheme        = "https://aomedia.org/emsg/ID3"
	cicp               = "urn:mpeg:mpegB:cicp:"

	channelScheme = "urn:mpeg:dash:23003:3:audio_channel_configuration:2011"
	dolbyScheme   = "tag:dolby.com,2014:dash:audio_channel_configuration:2011"

	// headroom is added to measured rates, as a part of them: bandwidth is a promise
	// about segments that do not exist yet.
	headroom = 10
)

// groups are the tracks of each adaptation set: video among which a player may
// switch, and each audio track.
func (of *span) groups() [][]*listing {
	var all [][]*listing
	for _, l := range of.tracks {
		i := -1
		if l.track.Kind() == media.Video {
			i = slices.IndexFunc(all, func(g []*listing) bool { return switchable(g[0], l) })
		}
		if i < 0 {
			all = append(all, []*listing{l})
			continue
		}
		all[i] = append(all[i], l)
	}
	return all
}

// switchable reports whether players can go from one video track to the other
// without a new decoder, and without the screen's changing.
func switchable(a, b *listing) bool {
	return a.track.Kind() == media.Video && a.track.Codec() == b.track.Codec() &&
		a.header().Track.Range() == b.header().Track.Range()
}

// audioSets is where the identifiers of audio begin: those of video are below.
const audioSets = 256

// set makes the AdaptationSet of a group.
func (of *span) set(group []*listing, before *span, ended bool) *adaptationSet {
	main := group[0]
	t := main.header().Track
	set := &adaptationSet{ID: int(main.track.ID()), ContentType: "video", MimeType: "video/mp4", Alignment: aligned(group)}
	if t.Kind == media.Audio {
		set.ID += audioSets
		set.ContentType, set.MimeType = "audio", "audio/mp4"
		set.Language, set.Label = language(t.Language), t.Name
	}
	if startsWithSAP(group) {
		set.StartsWith = 1
	}
	set.Roles = []descriptor{{rolePrefix, of.role(main)}}
	if of.tracks[0].track.Kind() == t.Kind { // which carries the encoder's messages
		set.Events = []descriptor{{eventScheme, ""}}
	}
	set.Supplemental = light(t)
	if before != nil && connected(before, of, group) {
		set.Supplemental = append(set.Supplemental, descriptor{connectivityScheme, before.id()})
	}
	if main.track.PartTarget() > 0 {
		// The one that Latency refers to has the number 0.
		id := 0
		if main != of.tracks[0] {
			id = set.ID + 1
		}
		set.Producer = producer(main.first(), id)
	}
	for _, l := range group {
		r := of.representation(l, ended)
		set.MaxWidth, set.MaxHeight = max(set.MaxWidth, r.Width), max(set.MaxHeight, r.Height)
		set.Representations = append(set.Representations, r)
	}
	return set
}

// role is "main" for the first track of a kind.
func (of *span) role(l *listing) string {
	i := slices.IndexFunc(of.tracks, func(other *listing) bool { return other.track.Kind() == l.track.Kind() })
	if of.tracks[i] == l {
		return "main"
	}
	return "alternate"
}

// aligned reports whether the segments of all tracks begin at the same times
// (§5.3.3.2), as far as all of them are listed.
func aligned(group []*listing) bool {
	for _, l := range group[1:] {
		from := max(l.first().Start, group[0].first().Start)
		to := min(l.last().Start, group[0].last().Start)
		if !slices.Equal(startsBetween(group[0], from, to), startsBetween(l, from, to)) {
			return false
		}
	}
	return true
}

func startsBetween(l *listing, from, to int64) (starts []int64) {
	for _, s := range l.segments {
		if s.Start >= from && s.Start <= to {
			starts = append(starts, s.Start)
		}
	}
	return starts
}

// startsWithSAP reports whether each segment starts with a picture at which
// decoding can start.
func startsWithSAP(group []*listing) bool {
	for _, l := range group {
		for _, s := range l.segments {
			if !s.Independent {
				return false
			}
		}
	}
	return true
}

// connected reports whether the tracks of a set go on from the period before with
// the same headers (§5.3.2.4): players then keep their decoders.
func connected(before, of *span, group []*listing) bool {
	if before.show != of.show {
		return false
	}
	for _, l := range group {
		i := slices.IndexFunc(before.tracks, func(other *listing) bool { return other.track == l.track })
		if i < 0 || before.tracks[i].first().Init != l.first().Init {
			return false
		}
	}
	return true
}

// light says how pictures of high dynamic range are to be shown, by the code
// points of ISO/IEC 23091-2. Players that do not know these can show the rest.
func light(t *media.Track) []descriptor {
	if t.Kind != media.Video || t.Range() == "SDR" {
		return nil
	}
	l := t.Light()
	return []descriptor{
		{cicp + "ColourPrimaries", strconv.Itoa(int(l.Primaries))},
		{cicp + "TransferCharacteristics", strconv.Itoa(int(l.Transfer))},
		{cicp + "MatrixCoefficients", strconv.Itoa(int(l.Matrix))},
	}
}

var languageTag = regexp.MustCompile(`^[A-Za-z]{1,8}(-[A-Za-z0-9]{1,8})*$`)

// language is a tag that the schema takes (xs:language), "" if there is none.
func language(tag string) string {
	if !languageTag.MatchString(tag) || tag == "und" {
		return ""
	}
	return tag
}

// representation describes a track.
func (of *span) representation(l *listing, ended bool) *representation {
	t := l.header().Track
	peak, _ := l.track.Rates()
	r := &representation{
		ID: l.track.Name().String(), Codecs: codecs(t), Bandwidth: max(1, peak+peak/headroom), Template: of.template(l, ended),
	}
	if s := t.Sound(); t.Kind == media.Audio && s != nil {
		r.SampleRate = max(s.SampleRate, s.OutputSampleRate)
		r.Channels = channels(t, s.Channels)
	}
	if p := t.Picture(); t.Kind == media.Video && p != nil {
		r.Width, r.Height = p.Width, p.Height
		if p.SARWidth > 0 && p.SARHeight > 0 {
			r.SampleAspect = fmt.Sprintf("%d:%d", p.SARWidth, p.SARHeight)
		}
		rate := p.FrameRate
		if rate <= 0 {
			rate = counted(l)
		}
		r.FrameRate = frameRate(rate)
	}
	return r
}

// codecs is RFC 6381's name, with those of Opus and FLAC in the small letters that
// browsers know them by.
func codecs(t *media.Track) string {
	s := t.CodecString()
	if t.Codec == media.Opus || t.Codec == media.FLAC {
		s = strings.ToLower(s)
	}
	return s
}

// counted is how many pictures a second there are, 0 if that cannot be told.
func counted(l *listing) float64 {
	var samples int
	var ticks int64
	for i, s := range l.segments {
		if l.open && i == len(l.segments)-1 {
			break
		}
		samples += s.Samples
		ticks += s.Duration
	}
	if ticks <= 0 {
		return 0
	}
	return float64(samples) * float64(l.header().Timescale) / float64(ticks)
}

// frameRate writes a rate as a fraction of integers (§5.3.7.2); those of NTSC are
// exact.
func frameRate(rate float64) string {
	const near = 0.005
	switch whole, ntsc := math.Round(rate), math.Round(rate*1001/1000); {
	case rate <= 0 || rate > 1000:
		return ""
	case whole > 0 && math.Abs(rate-whole) < near:
		return strconv.Itoa(int(whole))
	case ntsc > 0 && math.Abs(rate-ntsc*1000/1001) < near:
		return strconv.Itoa(int(ntsc)*1000) + "/1001"
	}
	return strconv.Itoa(max(1, int(math.Round(rate*1000)))) + "/1000"
}

// channels says how many channels there are, and where: that of AC-3 by the mask
// of ETSI TS 102 366 §I.1.2.1, all others by ISO/IEC 23003-3 table 68. nil where
// neither has it.
func channels(t *media.Track, n int) *descriptor {
	if t.Codec == media.AC3 || t.Codec == media.EAC3 {
		mask := map[int]string{1: "4000", 2: "A000", 3: "E000", 6: "F801", 8: "FA01"}[n]
		if mask != "" {
			return &descriptor{dolbyScheme, mask}
		}
	}
	switch {
	case n < 1 || n > 8:
		return nil
	case n == 7:
		n = 11
	case n == 8:
		n = 12
	}
	return &descriptor{channelScheme, strconv.Itoa(n)}
}

// id is that of the period. Times rise along the timeline: no other has this one.
func (of *span) id() string { return "p" + strconv.FormatInt(of.start.Milliseconds(), 10) }
