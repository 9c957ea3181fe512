package httpts

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/millrace-live/millrace/internal/window"
	"github.com/millrace-live/millrace/media"
)

const (
	// version is the lowest that has durations in fractions (RFC 8216 §7): nothing
	// here needs more, and the oldest players know no other.
	version = 3

	// dateLayout has milliseconds and a zone (§4.3.2.6).
	dateLayout = "2006-01-02T15:04:05.000Z07:00"

	// headroom is added to measured rates, as a part of them: BANDWIDTH is a promise
	// about segments that do not exist yet.
	headroom = 10
)

// playlist writes the media playlist (§4.3.3); "" if there is nothing to list.
func (s *shelf) playlist(show string) string {
	list := s.list()
	if len(list) == 0 {
		return ""
	}
	first := list[0]
	removed := first.broken // discontinuity tags that have left the playlist
	if first.breaks {
		removed--
	}
	var b strings.Builder
	fmt.Fprintf(&b, "#EXTM3U\n#EXT-X-VERSION:%d\n#EXT-X-TARGETDURATION:%d\n#EXT-X-MEDIA-SEQUENCE:%d\n#EXT-X-DISCONTINUITY-SEQUENCE:%d\n",
		version, s.target/time.Second, first.number, removed)
	for _, c := range list {
		if c.breaks {
			b.WriteString("#EXT-X-DISCONTINUITY\n")
		}
		fmt.Fprintf(&b, "#EXT-X-PROGRAM-DATE-TIME:%s\n#EXTINF:%.5f,\n%s\n",
			c.wall.UTC().Format(dateLayout), c.Length().Seconds(), name{segment, show, c.number})
	}
	if s.ended {
		b.WriteString("#EXT-X-ENDLIST\n")
	}
	return b.String()
}

// index writes the multivariant playlist (§4.3.4) of the one variant that there is,
// which has these tracks; "" if there is nothing to list.
func (s *shelf) index(show string, tracks []*media.Track) string {
	list := s.list()
	if len(list) == 0 {
		return ""
	}
	var b strings.Builder
	fmt.Fprintf(&b, "#EXTM3U\n#EXT-X-VERSION:%d\n", version)
	if !slices.ContainsFunc(list, func(c *shelved) bool { return !c.Independent }) {
		b.WriteString("#EXT-X-INDEPENDENT-SEGMENTS\n")
	}
	peak, average := s.rates()
	fmt.Fprintf(&b, "#EXT-X-STREAM-INF:BANDWIDTH=%d,AVERAGE-BANDWIDTH=%d", peak+peak/headroom, average+average/headroom)
	if codecs := codecsOf(tracks); len(codecs) > 0 {
		fmt.Fprintf(&b, ",CODECS=\"%s\"", strings.Join(codecs, ","))
	}
	if len(tracks) > 0 && tracks[0].Kind == media.Video {
		picture := tracks[0].Picture()
		if picture.Width > 0 && picture.Height > 0 {
			fmt.Fprintf(&b, ",RESOLUTION=%dx%d", picture.Width, picture.Height)
		}
		if picture.FrameRate > 0 {
			fmt.Fprintf(&b, ",FRAME-RATE=%.3f", picture.FrameRate)
		}
	}
	fmt.Fprintf(&b, "\n%s\n", name{resource: playlist, show: show})
	return b.String()
}

// rates are those of the stored segments in bits a second: the highest of one that
// is long enough to count (§4.3.4.2), and the mean.
func (s *shelf) rates() (peak, average int64) {
	var bytes int64
	var length time.Duration
	for _, c := range s.stored {
		if c.Length() >= s.target/2 {
			peak = max(peak, window.Bitrate(int64(len(c.Bytes)), c.Length()))
		}
		bytes, length = bytes+int64(len(c.Bytes)), length+c.Length()
	}
	average = window.Bitrate(bytes, length)
	return max(peak, average, 1), max(average, 1)
}

// codecsOf names the codecs of tracks, or none at all where one has no name: a
// player believes that the list is whole.
func codecsOf(tracks []*media.Track) (codecs []string) {
	for _, t := range tracks {
		c := t.CodecString()
		if c == "" {
			return nil
		}
		if !slices.Contains(codecs, c) {
			codecs = append(codecs, c)
		}
	}
	return codecs
}
