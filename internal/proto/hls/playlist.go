package hls

import (
	"strconv"
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
	// A player is not told to begin nearer to the end than this (§4.4.2.2).
	startTargets = 3
)

// list is a media playlist that is being written.
type list struct {
	b []byte
	p *presentation
	r *rendition
	*stretch
	target time.Duration
}

// mediaPlaylist writes the playlist of a rendition (§4.4.3, §4.4.4).
func (p *presentation) mediaPlaylist(r *rendition, s *stretch, target time.Duration) []byte {
	l := list{p: p, r: r, stretch: s, target: target}
	l.write(version, 0)
	return l.b
}

// deltaPlaylist writes the same without the segments beyond the Skip Boundary
// (§6.2.5.1); nil if there are none.
func (p *presentation) deltaPlaylist(r *rendition, s *stretch, target time.Duration) []byte {
	l := list{p: p, r: r, stretch: s, target: target}
	// The first that is kept begins within the boundary.
	kept, d := len(l.segments), l.openLength()
	for kept > 0 {
		if d += l.segments[kept-1].Length(); d > skipTargets*target {
			break
		}
		kept--
	}
	if kept == 0 {
		return nil
	}
	l.write(deltaVersion, kept)
	return l.b
}

// write writes all but the first segments, which are skipped.
func (l *list) write(v, skipped int) {
	const lineLength = 128 // what a segment takes, and a part
	l.b = make([]byte, 0, (len(l.segments)-skipped)*lineLength+8<<10)
	l.header(v)
	if skipped > 0 {
		l.add("#EXT-X-SKIP:SKIPPED-SEGMENTS=", skipped, "\n")
	}
	l.media(skipped)
	l.tail()
}

// header writes the tags of the whole playlist.
func (l *list) header(v int) {
	l.add("#EXTM3U\n#EXT-X-VERSION:", v, "\n#EXT-X-TARGETDURATION:", int(l.target/time.Second))
	l.add("\n#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,CAN-SKIP-UNTIL=", fixed{skipTargets * l.target, 1})
	if l.parted() {
		// The longest of the presentation, since tracks are played together.
		l.add(",PART-HOLD-BACK=", fixed{partHoldBack * l.p.PartTarget(), 3})
		l.add("\n#EXT-X-PART-INF:PART-TARGET=", fixed{l.r.PartTarget(), 3})
	}
	first := l.segments[0]
	removed := first.Broken // discontinuity tags that have left the playlist
	if first.Breaks {
		removed--
	}
	l.add("\n#EXT-X-MEDIA-SEQUENCE:", first.Number, "\n#EXT-X-DISCONTINUITY-SEQUENCE:", removed, "\n")
	if at, told := l.begin(l.target); told {
		l.add("#EXT-X-START:TIME-OFFSET=", fixed{at, 3}, ",PRECISE=YES\n")
	}
}

// parted reports whether the playlist has parts.
func (l *list) parted() bool { return l.r.PartTarget() > 0 && !l.whole }

// openLength is that of the parts of the open segment.
func (l *list) openLength() time.Duration {
	if l.open == nil {
		return 0
	}
	return l.open.Length()
}

// media writes the segments but for the first ones, which are skipped, and what is
// there of the open one.
func (l *list) media(skipped int) {
	parted, fromEnd := len(l.segments), l.openLength() // from the end of a segment
	for parted > 0 && fromEnd < partTargets*l.target {
		parted--
		fromEnd += l.segments[parted].Length()
	}
	lines := l.r.lines.of(l.p, l.r, l.stretch)
	var before *window.Segment
	if skipped > 0 {
		before = l.segments[skipped-1]
	}
	for i := skipped; i < len(l.segments); i++ {
		s, text := l.segments[i], lines[i]
		l.head(s, before)
		l.b = append(l.b, text[:dateLine]...)
		if i >= parted {
			l.parts(s)
		}
		l.b = append(l.b, text[dateLine:]...)
		before = s
	}
	if l.open != nil {
		l.head(l.open, before)
		l.b = appendDate(l.b, l.open)
		l.parts(l.open)
	}
}

// head writes the tags that only some segments have in front of them.
func (l *list) head(s, before *window.Segment) {
	if s.Breaks {
		l.add("#EXT-X-DISCONTINUITY\n")
	}
	if before == nil || s.Init != before.Init {
		l.add("#EXT-X-MAP:URI=\"", name{resource: initialization, presentation: l.p.ID(), track: l.r.name, number: s.Init}, "\"\n")
	}
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
		l.add("#EXT-X-PART:DURATION=", fixed{length, 5}, ",URI=\"", l.part(s.Number, i))
		if part.Independent {
			l.add("\",INDEPENDENT=YES\n")
		} else {
			l.add("\"\n")
		}
	}
}

func (l *list) part(number uint64, index int) name {
	return name{resource: part, presentation: l.p.ID(), track: l.r.name, number: number, index: index}
}

// tail writes what comes behind the segments.
func (l *list) tail() {
	if l.ended {
		l.add("#EXT-X-ENDLIST\n")
		return
	}
	if l.parted() {
		next := 0
		if l.open != nil {
			next = len(l.open.Parts)
		}
		l.add("#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"", l.part(l.view.Next, next), "\"\n")
	}
	for _, other := range l.p.renditions {
		v := other.View()
		last := v.Last()
		if other == l.r || len(v.Segments) == 0 {
			continue
		}
		l.add("#EXT-X-RENDITION-REPORT:URI=\"", l.p.playlistOf(other), suffix(l.query), "\",LAST-MSN=", last.Number)
		if other.PartTarget() > 0 {
			l.add(",LAST-PART=", len(last.Parts)-1)
		}
		l.add("\n")
	}
}

// fixed is a time in seconds with so many decimals.
type fixed struct {
	time.Duration
	decimals int
}

// add appends texts and values. A playlist of parts has some hundred of them and is
// written for each part, for which package fmt is slow.
func (l *list) add(values ...any) {
	for _, v := range values {
		switch v := v.(type) {
		case string:
			l.b = append(l.b, v...)
		case int:
			l.b = strconv.AppendInt(l.b, int64(v), 10)
		case uint64:
			l.b = strconv.AppendUint(l.b, v, 10)
		case fixed:
			l.b = strconv.AppendFloat(l.b, v.Seconds(), 'f', v.decimals, 64)
		case name:
			l.b = v.append(l.b)
		}
	}
}
