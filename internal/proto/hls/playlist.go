package hls

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"strings"
)

// text is a playlist, rendered once for all who ask.
type text struct{ plain, zipped []byte }

func newText(s string) text {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	z.Write([]byte(s)) //nolint:errcheck // a bytes.Buffer takes everything
	z.Close()
	return text{plain: []byte(s), zipped: b.Bytes()}
}

// version is the lowest that has EXT-X-MAP in a playlist of media (§8).
const version = 6

// dateLayout has milliseconds and a zone (§4.4.4.6).
const dateLayout = "2006-01-02T15:04:05.000Z07:00"

// mediaPlaylist writes the playlist of a rendition (§4.4.3, §4.4.4).
func (p *presentation) mediaPlaylist(r *rendition) string {
	var b strings.Builder
	b.Grow(1024)
	fmt.Fprintf(&b, "#EXTM3U\n#EXT-X-VERSION:%d\n#EXT-X-TARGETDURATION:%d\n", version, p.target)
	items := r.items[r.listed:]
	removed := 0 // discontinuity tags that have left the playlist
	if len(items) > 0 {
		fmt.Fprintf(&b, "#EXT-X-MEDIA-SEQUENCE:%d\n", items[0].number)
		removed = items[0].broken
		if items[0].breaks {
			removed--
		}
	}
	fmt.Fprintf(&b, "#EXT-X-DISCONTINUITY-SEQUENCE:%d\n", removed)
	for i, it := range items {
		if it.breaks {
			b.WriteString("#EXT-X-DISCONTINUITY\n")
		}
		if i == 0 || it.init != items[i-1].init {
			uri := name{initialization, p.id, r.track, it.init}
			fmt.Fprintf(&b, "#EXT-X-MAP:URI=\"%s\"\n", uri)
		}
		fmt.Fprintf(&b, "#EXT-X-PROGRAM-DATE-TIME:%s\n", it.Wall.Format(dateLayout))
		fmt.Fprintf(&b, "#EXTINF:%.5f,\n%s\n", it.Length().Seconds(), name{segment, p.id, r.track, it.number})
	}
	if p.ended {
		b.WriteString("#EXT-X-ENDLIST\n")
	}
	return b.String()
}
