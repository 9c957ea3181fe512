package dash

import (
	"encoding/xml"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// The elements of a manifest, as far as this door writes them. Fields stand in the
// order of the schema (§5.3 ff., annex B), which players need not keep to and
// validators do.

type mpd struct {
	XMLName               xml.Name `xml:"MPD"`
	Namespace             string   `xml:"xmlns,attr"`
	ID                    string   `xml:"id,attr"`
	Profiles              string   `xml:"profiles,attr"`
	Type                  string   `xml:"type,attr"`
	AvailabilityStartTime date     `xml:"availabilityStartTime,attr"`
	PublishTime           date     `xml:"publishTime,attr"`
	Duration              duration `xml:"mediaPresentationDuration,attr,omitempty"`
	MinimumUpdatePeriod   duration `xml:"minimumUpdatePeriod,attr,omitempty"`
	MinBufferTime         duration `xml:"minBufferTime,attr"`
	TimeShiftBufferDepth  duration `xml:"timeShiftBufferDepth,attr,omitempty"`
	PresentationDelay     duration `xml:"suggestedPresentationDelay,attr,omitempty"`
	MaxSegmentDuration    duration `xml:"maxSegmentDuration,attr"`

	Service *serviceDescription `xml:"ServiceDescription"`
	Periods []*period           `xml:"Period"`
	Clock   *descriptor         `xml:"UTCTiming"`
}

type serviceDescription struct {
	ID           int          `xml:"id,attr"`
	Latency      latency      `xml:"Latency"`
	PlaybackRate playbackRate `xml:"PlaybackRate"`
}

// latency is in milliseconds (§K.4.2.1).
type latency struct {
	Reference *int  `xml:"referenceId,attr"`
	Target    int64 `xml:"target,attr"`
	Max       int64 `xml:"max,attr"`
	Min       int64 `xml:"min,attr"`
}

type playbackRate struct {
	Max string `xml:"max,attr"`
	Min string `xml:"min,attr"`
}

type period struct {
	ID    string           `xml:"id,attr"`
	Start duration         `xml:"start,attr"`
	Sets  []*adaptationSet `xml:"AdaptationSet"`
}

type adaptationSet struct {
	ID          int    `xml:"id,attr"`
	ContentType string `xml:"contentType,attr"`
	MimeType    string `xml:"mimeType,attr"`
	Language    string `xml:"lang,attr,omitempty"`
	Alignment   bool   `xml:"segmentAlignment,attr,omitempty"`
	StartsWith  int    `xml:"startWithSAP,attr,omitempty"`
	MaxWidth    int    `xml:"maxWidth,attr,omitempty"`
	MaxHeight   int    `xml:"maxHeight,attr,omitempty"`

	Supplemental    []descriptor      `xml:"SupplementalProperty"`
	Events          []descriptor      `xml:"InbandEventStream"`
	Label           string            `xml:"Label,omitempty"`
	Producer        *producerTime     `xml:"ProducerReferenceTime"`
	Roles           []descriptor      `xml:"Role"`
	Representations []*representation `xml:"Representation"`
}

// descriptor is a scheme with a value in it (§5.8.2).
type descriptor struct {
	Scheme string `xml:"schemeIdUri,attr"`
	Value  string `xml:"value,attr"`
}

// producerTime ties media to the wall clock (§5.12).
type producerTime struct {
	ID               int        `xml:"id,attr"`
	Inband           bool       `xml:"inband,attr"`
	Type             string     `xml:"type,attr"`
	WallClockTime    date       `xml:"wallClockTime,attr"`
	PresentationTime int64      `xml:"presentationTime,attr"`
	Clock            descriptor `xml:"UTCTiming"`
}

type representation struct {
	ID           string `xml:"id,attr"`
	Codecs       string `xml:"codecs,attr,omitempty"`
	Bandwidth    int64  `xml:"bandwidth,attr"`
	Width        int    `xml:"width,attr,omitempty"`
	Height       int    `xml:"height,attr,omitempty"`
	SampleAspect string `xml:"sar,attr,omitempty"`
	FrameRate    string `xml:"frameRate,attr,omitempty"`
	SampleRate   int    `xml:"audioSamplingRate,attr,omitempty"`

	Channels *descriptor      `xml:"AudioChannelConfiguration"`
	Template *segmentTemplate `xml:"SegmentTemplate"`
}

type segmentTemplate struct {
	Media          string  `xml:"media,attr"`
	Initialization string  `xml:"initialization,attr"`
	Timescale      uint32  `xml:"timescale,attr"`
	Offset         int64   `xml:"presentationTimeOffset,attr"`
	Early          seconds `xml:"availabilityTimeOffset,attr,omitempty"`
	Complete       *bool   `xml:"availabilityTimeComplete,attr"`

	Timeline timeline `xml:"SegmentTimeline"`
}

// timeline has the runs of segments of one duration, one after another (§5.3.9.6), as
// text: with time shift there are thousands, which encoding/xml takes long for.
type timeline struct {
	XML []byte `xml:",innerxml"`
}

// run is one of them.
type run struct {
	start, duration int64
	repeat          int
}

// add appends a run.
func (t *timeline) add(r run) {
	t.XML = append(t.XML, "\n            <S t=\""...)
	t.XML = strconv.AppendInt(t.XML, r.start, 10)
	t.XML = append(t.XML, `" d="`...)
	t.XML = strconv.AppendInt(t.XML, r.duration, 10)
	if r.repeat > 0 {
		t.XML = append(t.XML, `" r="`...)
		t.XML = strconv.AppendInt(t.XML, int64(r.repeat), 10)
	}
	t.XML = append(t.XML, `"/>`...)
}

// close ends the element on a line of its own.
func (t *timeline) close() { t.XML = append(t.XML, "\n          "...) }

// date is a moment as xs:dateTime.
type date struct{ time.Time }

const dateLayout = "2006-01-02T15:04:05.000Z"

func (d date) MarshalText() ([]byte, error) { return []byte(d.UTC().Format(dateLayout)), nil }

// duration is xs:duration, in seconds and milliseconds.
type duration time.Duration

func (d duration) MarshalText() ([]byte, error) {
	return []byte("PT" + decimal(time.Duration(d)) + "S"), nil
}

// seconds is a xs:double.
type seconds time.Duration

func (s seconds) MarshalText() ([]byte, error) { return []byte(decimal(time.Duration(s))), nil }

// decimal writes seconds, to the millisecond.
func decimal(d time.Duration) string {
	s := strconv.FormatFloat(float64(d.Milliseconds())/1000, 'f', 3, 64)
	return strings.TrimSuffix(strings.TrimRight(s, "0"), ".")
}

// text is the manifest as it is sent.
func (m *mpd) text() ([]byte, error) {
	b, err := xml.MarshalIndent(m, "", "  ")
	if err != nil {
		return nil, err
	}
	b = emptyElement.ReplaceAll(b, []byte("/>"))
	return append(append([]byte(xml.Header), b...), '\n'), nil
}

// emptyElement is the end of an element without content, which encoding/xml writes
// out. No text looks like it, since there a bracket is escaped.
var emptyElement = regexp.MustCompile(`></[A-Za-z]+>`)
