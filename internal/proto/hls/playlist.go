package hls

import (
	"fmt"
	"strings"
	"time"

	"github.com/millrace-live/millrace/internal/window"
)

// version is the lowest that has EXT-X-MAP in a playlist of media (§8).
const version = 6

// dateLayout has milliseconds and a zone (§4.4.4.6).
const dateLayout = "2006-01-02T15:04:05.000Z07:00"

// mediaPlaylist writes the playlist of a rendition (§4.4.3, §4.4.4).
func (p *presentation) mediaPlaylist(r *rendition, v *window.View, target time.Duration) string {
	var b strings.Builder
	b.Grow(4096)
	fmt.Fprintf(&b, "#EXTM3U\n#EXT-X-VERSION:%d\n#EXT-X-TARGETDURATION:%d\n", version, target/time.Second)
	first := v.Segments[0]
	fmt.Fprintf(&b, "#EXT-X-MEDIA-SEQUENCE:%d\n", first.Number)
	removed := first.Broken // discontinuity tags that have left the playlist
	if first.Breaks {
		removed--
	}
	fmt.Fprintf(&b, "#EXT-X-DISCONTINUITY-SEQUENCE:%d\n", removed)
	var before *window.Segment
	for _, s := range v.Segments {
		p.writeHead(&b, r, s, before)
		fmt.Fprintf(&b, "#EXTINF:%.5f,\n%s\n", s.Length().Seconds(), name{resource: segment, presentation: p.ID(), track: r.name, number: s.Number})
		before = s
	}
	if v.Ended {
		b.WriteString("#EXT-X-ENDLIST\n")
	}
	return b.String()
}

// writeHead writes the tags in front of a segment and its parts.
func (p *presentation) writeHead(b *strings.Builder, r *rendition, s, before *window.Segment) {
	if s.Breaks {
		b.WriteString("#EXT-X-DISCONTINUITY\n")
	}
	if before == nil || s.Init != before.Init {
		uri := name{resource: initialization, presentation: p.ID(), track: r.name, number: s.Init}
		fmt.Fprintf(b, "#EXT-X-MAP:URI=\"%s\"\n", uri)
	}
	fmt.Fprintf(b, "#EXT-X-PROGRAM-DATE-TIME:%s\n", s.Wall.Format(dateLayout))
}
