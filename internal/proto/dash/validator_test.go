package dash

import (
	"encoding/xml"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// element is XML as it stands.
type element struct {
	name       string
	attributes map[string]string
	children   []*element
	text       string
}

func parseXML(t *testing.T, text string) *element {
	t.Helper()
	d := xml.NewDecoder(strings.NewReader(text))
	root := &element{}
	open := []*element{root}
	for {
		token, err := d.Token()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatalf("%v in\n%s", err, text)
		}
		switch token := token.(type) {
		case xml.StartElement:
			e := &element{name: token.Name.Local, attributes: make(map[string]string)}
			for _, a := range token.Attr {
				if _, twice := e.attributes[a.Name.Local]; twice {
					t.Fatalf("%s has %s twice", e.name, a.Name.Local)
				}
				e.attributes[a.Name.Local] = a.Value
			}
			parent := open[len(open)-1]
			parent.children = append(parent.children, e)
			open = append(open, e)
		case xml.EndElement:
			open = open[:len(open)-1]
		case xml.CharData:
			open[len(open)-1].text += string(token)
		}
	}
	if len(root.children) != 1 || root.children[0].name != "MPD" {
		t.Fatalf("no MPD:\n%s", text)
	}
	return root.children[0]
}

func (e *element) all(name string) (some []*element) {
	for _, c := range e.children {
		if c.name == name {
			some = append(some, c)
		}
	}
	return some
}

func (e *element) first(name string) *element {
	if some := e.all(name); len(some) > 0 {
		return some[0]
	}
	return nil
}

// The sequences of the schema (ISO/IEC 23009-1 annex B), as far as a live stream
// needs them.
var (
	base = "FramePacking AudioChannelConfiguration ContentProtection OutputProtection EssentialProperty SupplementalProperty " +
		"InbandEventStream Switching RandomAccess GroupLabel Label ProducerReferenceTime ContentPopularityRate Resync "
	sequences = map[string]string{
		"MPD": "ProgramInformation BaseURL Location PatchLocation ServiceDescription InitializationSet InitializationGroup " +
			"InitializationPresentation ContentProtection Period Metrics EssentialProperty SupplementalProperty UTCTiming LeapSecondInformation",
		"ServiceDescription": "Scope Latency PlaybackRate OperatingQuality OperatingBandwidth",
		"Period": "BaseURL SegmentBase SegmentList SegmentTemplate AssetIdentifier EventStream ServiceDescription ContentProtection " +
			"AdaptationSet Subset SupplementalProperty EmptyAdaptationSet GroupLabel Preselection",
		"AdaptationSet":         base + "Accessibility Role Rating Viewpoint ContentComponent BaseURL SegmentBase SegmentList SegmentTemplate Representation",
		"Representation":        base + "BaseURL ExtendedBandwidth SubRepresentation SegmentBase SegmentList SegmentTemplate",
		"SegmentTemplate":       "Initialization RepresentationIndex FailoverContent SegmentTimeline BitstreamSwitching",
		"SegmentTimeline":       "S",
		"ProducerReferenceTime": "UTCTiming",
	}
	required = map[string]string{
		"MPD":                       "id profiles type availabilityStartTime publishTime minBufferTime maxSegmentDuration",
		"Period":                    "id start",
		"AdaptationSet":             "id contentType mimeType",
		"Representation":            "id bandwidth codecs",
		"SegmentTemplate":           "media initialization timescale presentationTimeOffset",
		"S":                         "t d",
		"UTCTiming":                 "schemeIdUri value",
		"Role":                      "schemeIdUri value",
		"ProducerReferenceTime":     "id wallClockTime presentationTime type inband",
		"AudioChannelConfiguration": "schemeIdUri value",
		"SupplementalProperty":      "schemeIdUri",
		"InbandEventStream":         "schemeIdUri",
		"Latency":                   "target",
	}
	// forms are the lexical forms of attributes.
	forms = map[string]*regexp.Regexp{
		"availabilityStartTime": instant, "publishTime": instant, "wallClockTime": instant,
		"minBufferTime": period8601, "minimumUpdatePeriod": period8601, "timeShiftBufferDepth": period8601, "start": period8601,
		"maxSegmentDuration": period8601, "suggestedPresentationDelay": period8601, "mediaPresentationDuration": period8601,
		"bandwidth": positive, "timescale": positive, "d": positive, "width": positive, "height": positive,
		"maxWidth": positive, "maxHeight": positive, "audioSamplingRate": positive, "t": number, "presentationTimeOffset": number,
		"r": number, "presentationTime": number, "target": positive, "min": decimals, "max": decimals,
		"availabilityTimeOffset": decimals, "availabilityTimeComplete": regexp.MustCompile(`^false$`),
		"frameRate": regexp.MustCompile(`^\d+(/[1-9]\d*)?$`), "sar": regexp.MustCompile(`^\d+:\d+$`),
		"type":         regexp.MustCompile(`^(static|dynamic|encoder)$`),
		"lang":         regexp.MustCompile(`^[a-zA-Z]{1,8}(-[a-zA-Z0-9]{1,8})*$`),
		"profiles":     regexp.MustCompile(`^urn:mpeg:dash:profile:isoff-live:2011(,[^ ,]+)*$`),
		"contentType":  regexp.MustCompile(`^(video|audio)$`),
		"codecs":       regexp.MustCompile(`^[A-Za-z0-9.\-]+$`),
		"startWithSAP": regexp.MustCompile(`^[1-6]$`),
		"schemeIdUri":  regexp.MustCompile(`^(urn|tag|https):`),
	}
	instant    = regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$`)
	period8601 = regexp.MustCompile(`^PT\d+(\.\d+)?S$`)
	positive   = regexp.MustCompile(`^[1-9]\d*$`)
	number     = regexp.MustCompile(`^\d+$`)
	decimals   = regexp.MustCompile(`^\d+(\.\d+)?$`)
)

// form checks an element and what is in it against the schema.
func (e *element) form(t *testing.T) {
	t.Helper()
	for name := range strings.FieldsSeq(required[e.name]) {
		if _, there := e.attributes[name]; !there {
			t.Errorf("%s without %s", e.name, name)
		}
	}
	for name, value := range e.attributes {
		if form := forms[name]; form != nil && !form.MatchString(value) {
			t.Errorf("%s has %s=%q", e.name, name, value)
		}
	}
	order, known := sequences[e.name]
	if !known && len(e.children) > 0 {
		t.Errorf("%s has children", e.name)
	}
	names, at := strings.Fields(order), 0
	for _, c := range e.children {
		i := slices.Index(names, c.name)
		if i < 0 || i < at {
			t.Errorf("%s has %s at a place where it must not be", e.name, c.name)
		}
		at = i
		c.form(t)
	}
}

// parsed is what a manifest promises.
type parsed struct {
	root      *element
	static    bool
	begun     time.Time // availabilityStartTime
	published time.Time
	end       time.Duration
	depth     time.Duration
	latency   time.Duration
	periods   []parsedPeriod
	text      string
}

type parsedPeriod struct {
	id     string
	start  time.Duration
	tracks []parsedTrack
}

// parsedTrack is a Representation.
type parsedTrack struct {
	id, set, init string
	early         time.Duration
	segments      []parsedSegment
}

// parsedSegment has its time on the line of the manifest.
type parsedSegment struct {
	uri           string
	start, length time.Duration
}

func (p parsedPeriod) track(id string) *parsedTrack {
	for i := range p.tracks {
		if p.tracks[i].id == id {
			return &p.tracks[i]
		}
	}
	return nil
}

func iso(t *testing.T, s string) time.Duration {
	t.Helper()
	if s == "" {
		return 0
	}
	f, err := strconv.ParseFloat(strings.TrimSuffix(strings.TrimPrefix(s, "PT"), "S"), 64)
	if err != nil {
		t.Errorf("%q is no duration", s)
	}
	return time.Duration(f * float64(time.Second))
}

func integer(t *testing.T, s string) int64 {
	t.Helper()
	if s == "" {
		return 0
	}
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		t.Errorf("%q is no number", s)
	}
	return n
}

func moment(t *testing.T, s string) time.Time {
	t.Helper()
	at, err := time.Parse(time.RFC3339, s)
	if err != nil {
		t.Error(err)
	}
	return at
}

// check holds a manifest against what the standard asks of it.
func check(t *testing.T, text string) *parsed {
	t.Helper()
	root := parseXML(t, text)
	root.form(t)
	a := root.attributes
	p := &parsed{
		root: root, text: text, static: a["type"] == "static", begun: moment(t, a["availabilityStartTime"]),
		published: moment(t, a["publishTime"]), end: iso(t, a["mediaPresentationDuration"]), depth: iso(t, a["timeShiftBufferDepth"]),
	}
	must := func(ok bool, format string, values ...any) {
		t.Helper()
		if !ok {
			t.Errorf(format+" in\n%s", append(values, text)...)
		}
	}
	// §5.3.1.2: what only a dynamic presentation has, and what a static one must.
	for _, name := range []string{"minimumUpdatePeriod", "timeShiftBufferDepth", "suggestedPresentationDelay"} {
		_, there := a[name]
		must(there != p.static, "%s of a %s manifest", name, a["type"])
	}
	must(p.static == (p.end > 0), "mediaPresentationDuration of a %s manifest", a["type"])
	must(!p.published.Before(p.begun), "published before it began")
	must(root.first("UTCTiming") != nil, "no clock")
	lowLatency := strings.Contains(a["profiles"], "low-latency")
	if !p.static {
		l := root.first("ServiceDescription").first("Latency")
		must(l != nil, "no latency")
		p.latency = time.Duration(integer(t, l.attributes["target"])) * time.Millisecond
		must(integer(t, l.attributes["min"]) <= integer(t, l.attributes["target"]) &&
			integer(t, l.attributes["target"]) <= integer(t, l.attributes["max"]), "latency out of its bounds")
		must(lowLatency == (l.attributes["referenceId"] != ""), "low latency %v with reference %q", lowLatency, l.attributes["referenceId"])
	}
	ids := make(map[string]bool)
	longest := iso(t, a["maxSegmentDuration"])
	must(len(root.all("Period")) > 0, "no period")
	for i, e := range root.all("Period") {
		period := parsedPeriod{id: e.attributes["id"], start: iso(t, e.attributes["start"])}
		must(!ids[period.id], "period %s twice", period.id)
		ids[period.id] = true
		must(i == 0 || period.start > p.periods[i-1].start, "period %s does not start behind the one before", period.id)
		sets, representations, producers := make(map[string]bool), make(map[string]bool), make(map[string]bool)
		must(len(e.all("AdaptationSet")) > 0, "an empty period")
		for _, set := range e.all("AdaptationSet") {
			must(!sets[set.attributes["id"]], "two adaptation sets %s", set.attributes["id"])
			sets[set.attributes["id"]] = true
			must(set.attributes["mimeType"] == set.attributes["contentType"]+"/mp4", "type %q", set.attributes["mimeType"])
			if producer := set.first("ProducerReferenceTime"); producer != nil {
				must(!producers[producer.attributes["id"]], "two producer times %s", producer.attributes["id"])
				producers[producer.attributes["id"]] = true
				of, whole := producer.first("UTCTiming"), root.first("UTCTiming")
				must(of != nil && fmt.Sprint(of.attributes) == fmt.Sprint(whole.attributes), "a producer by another clock (§5.12.2)")
			}
			for _, r := range set.all("Representation") {
				id := r.attributes["id"]
				must(!representations[id], "two representations %s", id)
				representations[id] = true
				track := parseTrack(t, must, period.start, r)
				track.set = set.attributes["id"]
				for _, s := range track.segments {
					must(s.length <= longest, "a segment of %v is longer than maxSegmentDuration %v (§5.3.1.2)", s.length, longest)
					must(!p.static || s.start+s.length <= p.end+time.Millisecond, "a segment behind the end")
				}
				must(lowLatency || track.early == 0, "%s: %v early without low latency", id, track.early)
				period.tracks = append(period.tracks, track)
			}
		}
		must(!lowLatency || producers["0"], "the producer time that Latency refers to is not there (§K.3)")
		p.periods = append(p.periods, period)
	}
	return p
}

func parseTrack(t *testing.T, must func(bool, string, ...any), start time.Duration, r *element) parsedTrack {
	t.Helper()
	template := r.first("SegmentTemplate")
	a := template.attributes
	scale := integer(t, a["timescale"])
	track := parsedTrack{id: r.attributes["id"], init: a["initialization"]}
	if a["availabilityTimeOffset"] != "" {
		track.early = iso(t, a["availabilityTimeOffset"])
		must(a["availabilityTimeComplete"] == "false", "segments are early and complete")
	}
	must(strings.Count(a["media"], "$Time$") == 1, "media is %q", a["media"])
	offset := integer(t, a["presentationTimeOffset"])
	var last int64
	entries := template.first("SegmentTimeline").all("S")
	must(len(entries) > 0, "%s has no segments", track.id)
	for i, s := range entries {
		at, d := integer(t, s.attributes["t"]), integer(t, s.attributes["d"])
		must(i == 0 || at == last, "%s: a gap or an overlap in the timeline, %d behind %d (§5.3.9.6)", track.id, at, last)
		for range integer(t, s.attributes["r"]) + 1 {
			track.segments = append(track.segments, parsedSegment{
				uri:    strings.Replace(a["media"], "$Time$", strconv.FormatInt(at, 10), 1),
				start:  start + time.Duration(float64(at-offset)/float64(scale)*float64(time.Second)),
				length: time.Duration(float64(d) / float64(scale) * float64(time.Second)),
			})
			at += d
		}
		last = at
	}
	// Media before the start of its period is not shown (§5.3.2.1).
	must(track.segments[0].start >= start-time.Millisecond, "%s begins at %v, before its period at %v", track.id, track.segments[0].start, start)
	return track
}
