package hls

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"strings"

	"github.com/millrace-live/millrace/media"
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
			uri := name{initialization, p.id, r.kind, it.init}
			fmt.Fprintf(&b, "#EXT-X-MAP:URI=\"%s\"\n", uri)
		}
		fmt.Fprintf(&b, "#EXT-X-PROGRAM-DATE-TIME:%s\n", it.Wall.Format(dateLayout))
		fmt.Fprintf(&b, "#EXTINF:%.5f,\n%s\n", it.Length().Seconds(), name{segment, p.id, r.kind, it.number})
	}
	if p.ended {
		b.WriteString("#EXT-X-ENDLIST\n")
	}
	return b.String()
}

// indexPlaylist writes the multivariant playlist (§4.4.6).
func (p *presentation) indexPlaylist() string {
	var b strings.Builder
	fmt.Fprintf(&b, "#EXTM3U\n#EXT-X-VERSION:%d\n", version)
	if p.independent() {
		b.WriteString("#EXT-X-INDEPENDENT-SEGMENTS\n")
	}
	all := p.renditions()
	main := all[0] // the picture, or the sound where there is none
	codecs := make([]string, 0, len(all))
	var peak, average int64
	for _, r := range all {
		codecs = append(codecs, r.newest().Header.Track.CodecString())
		peak += r.meter.highest()
		average += r.meter.average()
	}
	if p.video != nil && p.audio != nil {
		fmt.Fprintf(&b, "#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"audio\",NAME=\"audio\",LANGUAGE=\"und\","+
			"DEFAULT=YES,AUTOSELECT=YES,CHANNELS=\"%d\",URI=\"%s\"\n",
			p.audio.newest().Header.Track.Sound().Channels, name{resource: playlist, presentation: p.id, kind: media.Audio})
	}
	fmt.Fprintf(&b, "#EXT-X-STREAM-INF:BANDWIDTH=%d,AVERAGE-BANDWIDTH=%d,CODECS=\"%s\"",
		peak+peak/headroom, average+average/headroom, strings.Join(codecs, ","))
	if p.video != nil {
		pic := p.video.newest().Header.Track.Picture()
		fmt.Fprintf(&b, ",RESOLUTION=%dx%d", pic.Width, pic.Height)
		if rate := p.video.frameRate(); rate > 0 {
			fmt.Fprintf(&b, ",FRAME-RATE=%.3f", rate)
		}
		fmt.Fprintf(&b, ",VIDEO-RANGE=%s", videoRange(&pic.Color))
		if p.audio != nil {
			b.WriteString(`,AUDIO="audio"`)
		}
	}
	fmt.Fprintf(&b, "\n%s\n", name{resource: playlist, presentation: p.id, kind: main.kind})
	return b.String()
}

// headroom is added to measured rates, as a part of them. BANDWIDTH is a
// promise about segments that do not exist yet; Apple's validator lets a live
// stream pass it by a quarter.
const headroom = 10

// frameRate is what the stream states, else what was counted.
func (r *rendition) frameRate() float64 {
	s := r.newest()
	if stated := s.Header.Track.Picture().FrameRate; stated > 0 {
		return stated
	}
	if s.Length() <= 0 {
		return 0
	}
	return float64(s.Samples) / s.Length().Seconds()
}

func (r *rendition) newest() *item { return &r.items[len(r.items)-1] }

// videoRange is the attribute for a transfer characteristic (§4.4.6.2).
func videoRange(c *media.Color) string {
	switch c.Transfer {
	case 16:
		return "PQ"
	case 18:
		return "HLG"
	default:
		return "SDR"
	}
}
