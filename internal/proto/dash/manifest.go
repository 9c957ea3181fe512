package dash

import (
	"compress/gzip"
	"strconv"
	"time"

	"github.com/millrace-live/millrace/internal/deliver"
	"github.com/millrace-live/millrace/internal/window"
)

const (
	namespace   = "urn:mpeg:dash:schema:mpd:2011"
	profileLive = "urn:mpeg:dash:profile:isoff-live:2011"
	// profileLowLatency is that of the DASH-IF's guidelines.
	profileLowLatency = "http://www.dashif.org/guidelines/low-latency-live-v5"

	// minBuffer goes with bandwidth: at that rate a player that has so much may
	// begin.
	minBuffer = time.Second
	// A player hears of another segment by loading the manifest again: with parts
	// within a quarter of what it is behind.
	updatePeriod, updatePeriodOfParts = time.Second, 500 * time.Millisecond
)

// utc is the clock of this server (§5.8.4.11).
var utc = descriptor{"urn:mpeg:dash:utc:http-iso:2014", clockName}

// manifest returns the newest manifest. Former are the presentations before this
// one that are still to be had.
func (s *show) manifest(former []*show) (*deliver.Text, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var spans []*span
	edge, _ := s.window()
	for _, f := range former {
		// They slide out of the window as they would have, had they gone on; their
		// files are there for longer.
		_, depth := f.window()
		f.mu.Lock()
		spans = append(spans, f.spans(edge-depth)...)
		f.mu.Unlock()
	}
	spans = append(spans, s.spans(0)...)
	ended := s.Tracks()[0].View().Ended
	state := stateOf(spans, ended)
	if s.newest != nil && equal(s.state, state) {
		return s.newest, nil
	}
	// It rises with each change, and players compare it.
	s.publish = maxTime(time.Now().Truncate(time.Millisecond), s.publish.Add(time.Millisecond))
	b, err := s.describe(spans, ended).text()
	if err != nil {
		return nil, err
	}
	s.state = state
	s.newest = deliver.NewText(b, s.id+"-"+strconv.FormatInt(s.publish.UnixMilli(), 36), gzip.BestSpeed)
	return s.newest, nil
}

func maxTime(a, b time.Time) time.Time {
	if a.Before(b) {
		return b
	}
	return a
}

// stateOf is what a manifest depends on: parts that come do not change it.
func stateOf(spans []*span, ended bool) []int64 {
	state := make([]int64, 1, 16)
	if ended {
		state[0] = 1
	}
	for _, of := range spans {
		state = append(state, int64(of.period.Number))
		for _, l := range of.tracks {
			state = append(state, l.first().Start, l.last().Start, l.duration(len(l.segments)-1))
			if l.open {
				state = append(state, -1)
			}
		}
	}
	return state
}

func equal(a, b []int64) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}

// describe makes the manifest of what is listed.
func (s *show) describe(spans []*span, ended bool) *mpd {
	m := &mpd{
		Namespace: namespace, ID: s.id, Profiles: profileLive, Type: "dynamic",
		AvailabilityStartTime: date{s.begun}, PublishTime: date{s.publish},
		MinBufferTime: duration(minBuffer), Clock: &utc,
	}
	var first, last time.Duration
	for i, of := range spans {
		for j, l := range of.tracks {
			if begins := start(l.first()); i == 0 && (j == 0 || begins < first) {
				first = begins
			}
			last = max(last, l.end())
			for k := range l.segments {
				length := mediaTime(l.duration(k), l.header().Timescale)
				m.MaxSegmentDuration = max(m.MaxSegmentDuration, duration(roundUp(length)))
			}
		}
		var before *span
		if i > 0 {
			before = spans[i-1]
		}
		m.Periods = append(m.Periods, of.describe(before, ended))
	}
	if ended {
		m.Type, m.Duration = "static", duration(roundUp(last))
		return m
	}
	m.TimeShiftBufferDepth = duration((last - first + time.Second - 1).Truncate(time.Second))
	m.MinimumUpdatePeriod = duration(updatePeriod)
	delay := s.delay()
	m.PresentationDelay = duration(delay)
	m.Service = &serviceDescription{
		Latency: latency{
			Target: delay.Milliseconds(), Min: (delay * 2 / 3).Milliseconds(), Max: (2 * delay).Milliseconds(),
		},
		// What ears do not notice.
		PlaybackRate: playbackRate{Min: "0.96", Max: "1.04"},
	}
	if s.PartTarget() > 0 {
		m.Service.Latency.Reference = new(int) // the ProducerReferenceTime of the main track
		m.Profiles += "," + profileLowLatency
		m.MinimumUpdatePeriod = duration(updatePeriodOfParts)
	}
	return m
}

// delay is how far behind what arrives players are to be: five parts, and the two
// seconds in which they hear of a segment and fetch it; without parts three
// segments, as everywhere.
func (s *show) delay() time.Duration {
	if parts := s.PartTarget(); parts > 0 {
		return 2*time.Second + 5*parts
	}
	return 3 * s.Target()
}

// roundUp returns whole milliseconds.
func roundUp(d time.Duration) time.Duration {
	return (d + time.Millisecond - 1).Truncate(time.Millisecond)
}

// describe makes a Period.
func (of *span) describe(before *span, ended bool) *period {
	p := &period{
		// Times rise along the timeline: no other period has this one.
		ID: of.id(), Start: duration(of.start),
	}
	for _, group := range of.groups() {
		p.Sets = append(p.Sets, of.set(group, before, ended))
	}
	return p
}

// template says where the segments of a track are, and when.
func (of *span) template(l *listing, ended bool) *segmentTemplate {
	header := l.header()
	base := of.show.ID() + "-" + nameOf(l.track).String() + "-" + strconv.FormatUint(l.first().Init, 10)
	t := &segmentTemplate{
		Media: base + "-$Time$.m4s", Initialization: base + ".m4s",
		Timescale: header.Timescale, Offset: ticks(of.start, header.Timescale),
	}
	var longest int64
	for i, s := range l.segments {
		d := l.duration(i)
		longest = max(longest, d)
		if n := len(t.Timeline); n > 0 {
			if r := t.Timeline[n-1]; r.Duration == d && r.Start+int64(r.Repeat+1)*d == s.Start {
				r.Repeat++
				continue
			}
		}
		t.Timeline = append(t.Timeline, &run{Start: s.Start, Duration: d})
	}
	if part := l.track.PartTarget(); part > 0 && !ended {
		// A segment can be asked for as soon as it has a part.
		if early := mediaTime(longest, header.Timescale) - part; early >= time.Millisecond {
			t.Early, t.Complete = seconds(early), new(bool)
		}
	}
	return t
}

// producer ties the first listed segment to the wall clock.
func producer(s *window.Segment, id int) *producerTime {
	return &producerTime{
		ID: id, Inband: true, Type: "encoder", WallClockTime: date{s.Wall}, PresentationTime: s.Start, Clock: utc,
	}
}
