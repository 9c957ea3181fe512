package hls

import (
	"bytes"
	"fmt"
	"time"

	"github.com/millrace-live/millrace/internal/window"
)

const (
	// version is the lowest that has EXT-X-MAP in a playlist of media (§8); the
	// tags of low latency need no other. A delta has a higher one.
	version      = 6
	deltaVersion = 9

	// dateLayout has milliseconds and a zone (§4.4.4.6).
	dateLayout = "2006-01-02T15:04:05.000Z07:00"

	// The Skip Boundary, of at least six target durations (§4.4.3.8).
	skipTargets = 6
	// Parts are listed of what lies no farther from the end than this (§6.2.2).
	partTargets = 3
	// A player keeps at least three parts away from the end (§4.4.3.8). A fourth
	// is for what a part is late: the frame behind it, and the way.
	partHoldBack = 4
)

// list is a media playlist that is being written.
type list struct {
	bytes.Buffer
	p      *presentation
	r      *rendition
	v      *window.View
	target time.Duration
}

// mediaPlaylist writes the playlist of a rendition (§4.4.3, §4.4.4).
func (p *presentation) mediaPlaylist(r *rendition, v *window.View, target time.Duration) []byte {
	l := list{p: p, r: r, v: v, target: target}
	l.Grow(8 << 10)
	l.header(version)
	l.segments(0)
	l.tail()
	return l.Bytes()
}

// deltaPlaylist writes the same without the segments beyond the Skip Boundary
// (§6.2.5.1); nil if there are none.
func (p *presentation) deltaPlaylist(r *rendition, v *window.View, target time.Duration) []byte {
	l := list{p: p, r: r, v: v, target: target}
	skipped, d := len(v.Segments), l.openLength()
	for skipped > 0 && d <= skipTargets*target {
		skipped--
		d += v.Segments[skipped].Length()
	}
	if d > skipTargets*target {
		skipped++ // it begins beyond
	}
	if skipped = min(skipped, len(v.Segments)); skipped == 0 {
		return nil
	}
	l.Grow(8 << 10)
	l.header(deltaVersion)
	fmt.Fprintf(&l, "#EXT-X-SKIP:SKIPPED-SEGMENTS=%d\n", skipped)
	l.segments(skipped)
	l.tail()
	return l.Bytes()
}

// header writes the tags of the whole playlist.
func (l *list) header(version int) {
	fmt.Fprintf(l, "#EXTM3U\n#EXT-X-VERSION:%d\n#EXT-X-TARGETDURATION:%d\n", version, l.target/time.Second)
	fmt.Fprintf(l, "#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,CAN-SKIP-UNTIL=%.1f", (skipTargets * l.target).Seconds())
	if l.parted() {
		// The longest of the presentation, since tracks are played together.
		fmt.Fprintf(l, ",PART-HOLD-BACK=%.3f\n#EXT-X-PART-INF:PART-TARGET=%.3f",
			(partHoldBack * l.p.PartTarget()).Seconds(), l.r.PartTarget().Seconds())
	}
	first := l.v.Segments[0]
	removed := first.Broken // discontinuity tags that have left the playlist
	if first.Breaks {
		removed--
	}
	fmt.Fprintf(l, "\n#EXT-X-MEDIA-SEQUENCE:%d\n#EXT-X-DISCONTINUITY-SEQUENCE:%d\n", first.Number, removed)
}

// parted reports whether the playlist has parts.
func (l *list) parted() bool { return l.r.PartTarget() > 0 }

// openLength is that of the parts of the open segment.
func (l *list) openLength() time.Duration {
	if l.v.Open == nil {
		return 0
	}
	return l.v.Open.Length()
}

// segments writes the segments but for the first ones, which are skipped, and
// what is there of the open one.
func (l *list) segments(skipped int) {
	fromEnd := l.openLength() // of the end of a segment
	for _, s := range l.v.Segments {
		fromEnd += s.Length()
	}
	var before *window.Segment
	for i, s := range l.v.Segments {
		fromEnd -= s.Length()
		if i >= skipped {
			l.head(s, before)
			if fromEnd < partTargets*l.target {
				l.parts(s)
			}
			uri := name{resource: segment, presentation: l.p.ID(), track: l.r.name, number: s.Number}
			fmt.Fprintf(l, "#EXTINF:%.5f,\n%s\n", s.Length().Seconds(), uri)
		}
		before = s
	}
	if l.v.Open != nil {
		l.head(l.v.Open, before)
		l.parts(l.v.Open)
	}
}

// head writes the tags in front of a segment and its parts.
func (l *list) head(s, before *window.Segment) {
	if s.Breaks {
		l.WriteString("#EXT-X-DISCONTINUITY\n")
	}
	if before == nil || s.Init != before.Init {
		uri := name{resource: initialization, presentation: l.p.ID(), track: l.r.name, number: s.Init}
		fmt.Fprintf(l, "#EXT-X-MAP:URI=\"%s\"\n", uri)
	}
	fmt.Fprintf(l, "#EXT-X-PROGRAM-DATE-TIME:%s\n", s.Wall.Format(dateLayout))
}

// parts writes an EXT-X-PART for each part of a segment (§4.4.4.9).
func (l *list) parts(s *window.Segment) {
	if !l.parted() {
		return
	}
	for i, part := range s.Parts {
		// A part of one access unit may be longer, after a pause of the encoder's,
		// and there is no way to say so that Apple's players would take.
		length := min(part.Length(), l.r.PartTarget())
		fmt.Fprintf(l, "#EXT-X-PART:DURATION=%.5f,URI=\"%s\"", length.Seconds(), l.part(s.Number, i))
		if part.Independent {
			l.WriteString(",INDEPENDENT=YES")
		}
		l.WriteByte('\n')
	}
}

func (l *list) part(number uint64, index int) name {
	return name{resource: part, presentation: l.p.ID(), track: l.r.name, number: number, index: index}
}

// tail writes what comes behind the segments.
func (l *list) tail() {
	if l.v.Ended {
		l.WriteString("#EXT-X-ENDLIST\n")
		return
	}
	if l.parted() {
		next := 0
		if l.v.Open != nil {
			next = len(l.v.Open.Parts)
		}
		fmt.Fprintf(l, "#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"%s\"\n", l.part(l.v.Next, next))
	}
	for _, other := range l.p.renditions {
		v := other.View()
		last := v.Last()
		if other == l.r || len(v.Segments) == 0 {
			continue
		}
		fmt.Fprintf(l, "#EXT-X-RENDITION-REPORT:URI=\"%s\",LAST-MSN=%d", l.p.playlistOf(other), last.Number)
		if other.PartTarget() > 0 {
			fmt.Fprintf(l, ",LAST-PART=%d", len(last.Parts)-1)
		}
		l.WriteByte('\n')
	}
}
