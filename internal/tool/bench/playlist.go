package bench

import (
	"bytes"
	"strconv"
	"time"
)

// place is where a part is to be found: a segment's media sequence number, and
// the part's index in it.
type place struct {
	segment uint64
	part    int
}

func (p place) before(q place) bool {
	return p.segment < q.segment || p.segment == q.segment && p.part < q.part
}

// item is what a viewer loads: a part, or a segment whose parts are not listed.
type item struct {
	uri    string
	length time.Duration
	// made is when its last frame was over at the server: its
	// EXT-X-PROGRAM-DATE-TIME, moved on by all durations since. Zero if the
	// playlist has no dates.
	made time.Time
	next place // what follows it
}

// playlist is what a viewer makes of a media playlist (rfc8216bis §4.4.3,
// §4.4.4). It scans only what it needs, since a thousand viewers read ten
// thousand playlists a second here.
type playlist struct {
	target, partTarget, holdBack, partHoldBack time.Duration

	blocks, skips, ended bool

	header string // URI of the newest EXT-X-MAP
	hint   string // URI of the part to come
	items  []item // from the place that was asked for on
	end    place  // what comes behind the last one
}

var (
	lineInfo      = []byte("#EXTINF:")
	linePart      = []byte("#EXT-X-PART:")
	lineDate      = []byte("#EXT-X-PROGRAM-DATE-TIME:")
	lineSequence  = []byte("#EXT-X-MEDIA-SEQUENCE:")
	lineSkip      = []byte("#EXT-X-SKIP:")
	lineTarget    = []byte("#EXT-X-TARGETDURATION:")
	lineControl   = []byte("#EXT-X-SERVER-CONTROL:")
	linePartInf   = []byte("#EXT-X-PART-INF:")
	lineMap       = []byte("#EXT-X-MAP:")
	lineHint      = []byte("#EXT-X-PRELOAD-HINT:")
	lineEnd       = []byte("#EXT-X-ENDLIST")
	lineVariant   = []byte("#EXT-X-STREAM-INF:")
	lineRendition = []byte("#EXT-X-MEDIA:")
)

// scan reads a playlist anew; items are those from a place on.
func (l *playlist) scan(text []byte, from place) {
	*l = playlist{items: l.items[:0], header: l.header}
	var (
		at      place
		parts   time.Duration // of the segment's parts
		length  time.Duration // its EXTINF
		date    []byte        // the newest date,
		since   time.Duration // and how long ago it was
		dated   time.Time     // date, if somebody needed to know
		current = func() time.Time {
			if dated.IsZero() && date != nil {
				dated, _ = time.Parse(time.RFC3339Nano, string(date)) // a damaged one counts as none
			}
			if dated.IsZero() {
				return dated
			}
			return dated.Add(since)
		}
		add = func(uri []byte, length time.Duration, next place) {
			made := current()
			if !made.IsZero() {
				made = made.Add(length)
			}
			l.items = append(l.items, item{uri: string(uri), length: length, made: made, next: next})
		}
	)
	for len(text) > 0 {
		var line []byte
		line, text = cutLine(text)
		if len(line) == 0 {
			continue
		}
		if line[0] != '#' { // the segment's address
			if at.part == 0 && !at.before(from) {
				add(line, length, place{at.segment + 1, 0})
			}
			since += length - parts
			at, parts = place{at.segment + 1, 0}, 0
			continue
		}
		if rest, ok := bytes.CutPrefix(line, linePart); ok {
			d := decimal(attribute(rest, "DURATION"))
			next := place{at.segment, at.part + 1}
			if !at.before(from) {
				add(attribute(rest, "URI"), d, next)
			}
			at, parts, since = next, parts+d, since+d
		} else if rest, ok := bytes.CutPrefix(line, lineInfo); ok {
			length = decimal(rest)
		} else if rest, ok := bytes.CutPrefix(line, lineDate); ok {
			date, since, dated = rest, 0, time.Time{}
		} else {
			l.tag(line, &at)
		}
	}
	l.end = at
}

// tag reads those that a playlist has few of.
func (l *playlist) tag(line []byte, at *place) {
	if rest, ok := bytes.CutPrefix(line, lineHint); ok {
		l.hint = string(attribute(rest, "URI"))
	} else if rest, ok := bytes.CutPrefix(line, lineMap); ok {
		if uri := attribute(rest, "URI"); string(uri) != l.header {
			l.header = string(uri)
		}
	} else if rest, ok := bytes.CutPrefix(line, lineSequence); ok {
		at.segment, _ = strconv.ParseUint(string(rest), 10, 64) // else 0, as without the tag
	} else if rest, ok := bytes.CutPrefix(line, lineSkip); ok {
		n, _ := strconv.ParseUint(string(attribute(rest, "SKIPPED-SEGMENTS")), 10, 64)
		at.segment += n
	} else if rest, ok := bytes.CutPrefix(line, lineTarget); ok {
		l.target = decimal(rest)
	} else if rest, ok := bytes.CutPrefix(line, linePartInf); ok {
		l.partTarget = decimal(attribute(rest, "PART-TARGET"))
	} else if rest, ok := bytes.CutPrefix(line, lineControl); ok {
		l.blocks = string(attribute(rest, "CAN-BLOCK-RELOAD")) == "YES"
		l.skips = attribute(rest, "CAN-SKIP-UNTIL") != nil
		l.holdBack = decimal(attribute(rest, "HOLD-BACK"))
		l.partHoldBack = decimal(attribute(rest, "PART-HOLD-BACK"))
	} else if bytes.HasPrefix(line, lineEnd) {
		l.ended = true
	}
}

// join keeps the items that a player begins with: those nearer to the end than it
// holds back, and what it needs to fill that (§6.3.3).
func (l *playlist) join() {
	back := l.partHoldBack
	if l.partTarget == 0 {
		if back = l.holdBack; back == 0 {
			const targets = 3
			back = targets * l.target
		}
	}
	first, kept := len(l.items), time.Duration(0)
	for first > 0 && kept < back {
		first--
		kept += l.items[first].length
	}
	l.items = l.items[first:]
}

// variant finds what a player begins with in a multivariant playlist: the first
// variant, and the sound that belongs to it, "" if it has none of its own. It
// reports false for a media playlist.
func variant(text []byte) (picture, sound string, ok bool) {
	var group []byte
	for rest := text; len(rest) > 0; {
		var line []byte
		line, rest = cutLine(rest)
		if attributes, found := bytes.CutPrefix(line, lineVariant); found {
			group = attribute(attributes, "AUDIO")
			for len(rest) > 0 && !ok {
				if line, rest = cutLine(rest); len(line) > 0 && line[0] != '#' {
					picture, ok = string(line), true
				}
			}
			break
		}
	}
	if !ok || group == nil {
		return picture, "", ok
	}
	for rest := text; len(rest) > 0; {
		var line []byte
		line, rest = cutLine(rest)
		a, found := bytes.CutPrefix(line, lineRendition)
		if !found || string(attribute(a, "TYPE")) != "AUDIO" || !bytes.Equal(attribute(a, "GROUP-ID"), group) {
			continue
		}
		if uri := attribute(a, "URI"); sound == "" || string(attribute(a, "DEFAULT")) == "YES" {
			sound = string(uri)
		}
	}
	return picture, sound, true
}

// cutLine returns the first line without its end, and the rest.
func cutLine(text []byte) (line, rest []byte) {
	line, rest, _ = bytes.Cut(text, []byte{'\n'})
	return bytes.TrimSuffix(line, []byte("\r")), rest
}

// attribute finds a value in an attribute list (§4.2), without its quotes; nil if
// it is not there.
func attribute(list []byte, name string) []byte {
	for len(list) > 0 {
		i := bytes.IndexByte(list, '=')
		if i < 0 {
			return nil
		}
		key, value := list[:i], list[i+1:]
		if len(value) > 0 && value[0] == '"' {
			end := bytes.IndexByte(value[1:], '"')
			if end < 0 {
				return nil
			}
			value, list = value[1:1+end], value[end+2:]
		} else {
			value, list, _ = bytes.Cut(value, []byte{','})
		}
		if string(key) == name {
			return value
		}
		list = bytes.TrimPrefix(list, []byte(","))
	}
	return nil
}

// decimal reads seconds, up to anything that is no number.
func decimal(text []byte) time.Duration {
	const longest = 1 << 30 // seconds
	var d time.Duration
	unit := time.Duration(0) // of the next digit behind the point
	for _, c := range text {
		switch {
		case c == '.' && unit == 0:
			unit = time.Second / 10
		case c < '0' || c > '9' || d > longest*time.Second/10:
			return d
		case unit > 0:
			d += time.Duration(c-'0') * unit
			if unit /= 10; unit == 0 {
				return d
			}
		default:
			d = 10*d + time.Duration(c-'0')*time.Second
		}
	}
	return d
}
