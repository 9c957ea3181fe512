package dash

import (
	"compress/gzip"
	"errors"
	"slices"
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

// edition is a manifest of what was listed once.
type edition struct {
	state   []int64
	publish time.Time
	text    *deliver.Text
}

// past is what else belongs into the manifest of a presentation.
type past struct {
	// former are the presentations of the broadcast that were before this one.
	former []*show
	// depth is how far back viewers may seek, 0 if that is what each window holds.
	depth time.Duration
}

// errNothing says that nothing is listed of a span.
var errNothing = errors.New("there is nothing of that time, or no longer")

// manifest returns the newest manifest, of a span or of all. Ended says that nothing
// will follow in it.
func (s *show) manifest(before past, ended bool, want deliver.Span) (*deliver.Text, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.look(before)
	if len(s.listed) == 0 {
		return nil, errNothing
	}
	if want.All() {
		next, err := s.edit(s.newest, s.listed, ended, 0)
		if err != nil {
			return nil, err
		}
		s.newest = next
		return next.text, nil
	}
	spans := cut(s.listed, want, ended)
	if len(spans) == 0 {
		return nil, errNothing
	}
	var zero time.Duration
	if !want.End.IsZero() {
		// It is whole, and no update of what is on air: it begins at 0.
		ended, zero = true, spans[0].start
	}
	var err error
	of := s.spans.Update(want.Key(), func(before *edition) *edition {
		var next *edition
		if next, err = s.edit(before, spans, ended, zero); err != nil {
			return before
		}
		return next
	})
	if err != nil {
		return nil, err
	}
	return of.text, nil
}

// look lists what is in the windows now, if that has changed. s.mu is held.
func (s *show) look(before past) {
	var views []*window.View
	for _, f := range append(slices.Clip(before.former), s) {
		for _, track := range f.Tracks() {
			views = append(views, track.View())
		}
	}
	if slices.Equal(views, s.views) {
		return
	}
	s.views, s.listed = views, nil
	edge, _, there := s.window()
	if !there {
		return
	}
	for _, f := range before.former {
		// They slide out of the window as they would have, had they gone on; their
		// files are there for longer.
		_, depth, there := f.window()
		if !there {
			continue
		}
		if before.depth > 0 {
			depth = before.depth
		}
		f.mu.Lock()
		s.listed = append(s.listed, f.list(edge-depth)...)
		f.mu.Unlock()
	}
	s.listed = append(s.listed, s.list(0)...)
}

// edit returns the edition of a manifest that lists spans, which is the one before if
// that says the same. Times begin at zero.
func (s *show) edit(before *edition, spans []*span, ended bool, zero time.Duration) (*edition, error) {
	state := stateOf(spans, ended)
	next := &edition{state: state, publish: time.Now().Truncate(time.Millisecond)}
	if before != nil {
		if slices.Equal(before.state, state) {
			return before, nil
		}
		// It rises with each change, and players compare it.
		next.publish = maxTime(next.publish, before.publish.Add(time.Millisecond))
	}
	b, err := s.describe(spans, ended, next.publish, zero).text()
	if err != nil {
		return nil, err
	}
	next.text = deliver.NewText(b, s.id+"-"+strconv.FormatInt(next.publish.UnixMilli(), 36), gzip.BestSpeed)
	return next, nil
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

// describe makes the manifest of what is listed, with times from zero on.
func (s *show) describe(spans []*span, ended bool, publish time.Time, zero time.Duration) *mpd {
	m := &mpd{
		Namespace: namespace, ID: s.id, Profiles: profileLive, Type: "dynamic",
		AvailabilityStartTime: date{s.begun}, PublishTime: date{publish},
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
		p := of.describe(before, ended)
		p.Start -= duration(zero)
		m.Periods = append(m.Periods, p)
	}
	if ended {
		m.Type, m.Duration = "static", duration(roundUp(last-zero))
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
	base := of.show.ID() + "-" + l.track.Name().String() + "-" + strconv.FormatUint(l.first().Init, 10)
	t := &segmentTemplate{
		Media: base + "-$Time$.m4s", Initialization: base + ".m4s",
		Timescale: header.Timescale, Offset: ticks(of.start, header.Timescale),
	}
	var longest int64
	var now run
	for i, s := range l.segments {
		d := l.duration(i)
		longest = max(longest, d)
		switch {
		case i == 0:
			now = run{start: s.Start, duration: d}
		case now.duration == d && now.start+int64(now.repeat+1)*d == s.Start:
			now.repeat++
		default:
			t.Timeline.add(now)
			now = run{start: s.Start, duration: d}
		}
	}
	t.Timeline.add(now)
	t.Timeline.close()
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
