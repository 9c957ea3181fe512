package hls

import (
	"fmt"
	"slices"
	"strings"

	"github.com/millrace-live/millrace/internal/window"
	"github.com/millrace-live/millrace/media"
)

// group is the sound of one codec: renditions among which a viewer chooses by
// language or name, and which no player mixes with those of another codec.
type group struct {
	id      string
	members []*rendition
}

// groups sorts sound by codec; the default track's comes first.
func groups(sounds []*rendition) []group {
	var all []group
	for _, r := range sounds {
		i := slices.IndexFunc(all, func(g group) bool { return g.members[0].Codec() == r.Codec() })
		if i < 0 {
			i = len(all)
			all = append(all, group{id: groupID(r.Codec())})
		}
		all[i].members = append(all[i].members, r)
	}
	return all
}

// groupID is the codec's name in small letters.
func groupID(c media.Codec) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9', r == '-':
			return r
		default:
			return -1
		}
	}, strings.ToLower(c.String()))
}

// indexPlaylist writes the multivariant playlist (§4.4.6): each video track as
// a variant, with each codec of sound once. The default tracks come first,
// since players begin with the first variant. The playlists are asked for what is in the
// query.
func (p *presentation) indexPlaylist(query string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "#EXTM3U\n#EXT-X-VERSION:%d\n", version)
	if p.independent() {
		b.WriteString("#EXT-X-INDEPENDENT-SEGMENTS\n")
	}
	pictures, sounds := p.of(media.Video), groups(p.of(media.Audio))
	// Sound alone needs no group as long as there is nothing to choose.
	grouped := len(pictures) > 0 || len(sounds) > 0 && len(sounds[0].members) > 1
	if grouped {
		for _, g := range sounds {
			p.writeGroup(&b, g, query)
		}
	}
	for _, r := range pictures {
		if len(sounds) == 0 {
			p.writeVariant(&b, r, group{}, query)
		}
		for _, g := range sounds {
			p.writeVariant(&b, r, g, query)
		}
	}
	if len(pictures) == 0 {
		for _, g := range sounds {
			if !grouped {
				g.id = ""
			}
			p.writeVariant(&b, nil, g, query)
		}
	}
	return b.String()
}

// writeGroup writes an EXT-X-MEDIA for each member (§4.4.6.1).
func (p *presentation) writeGroup(b *strings.Builder, g group, query string) {
	names := make(map[string]bool)
	for i, r := range g.members {
		t := r.last().Header.Track
		language := printable(t.Language)
		chosen := "DEFAULT=NO,AUTOSELECT=NO"
		switch {
		case i == 0:
			chosen = "DEFAULT=YES,AUTOSELECT=YES"
		case language != "":
			// Only a language lets a player choose by itself.
			chosen = "DEFAULT=NO,AUTOSELECT=YES"
		}
		if language == "" {
			language = "und"
		}
		fmt.Fprintf(b, "#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"%s\",NAME=\"%s\",LANGUAGE=\"%s\",%s,CHANNELS=\"%d\",URI=\"%s%s\"\n",
			g.id, unused(names, label(t)), language, chosen, t.Sound().Channels, p.playlistOf(r), suffix(query))
	}
}

// label is what a viewer reads in a menu of tracks.
func label(t *media.Track) string {
	for _, s := range [...]string{printable(t.Name), printable(t.Language)} {
		if s != "" {
			return s
		}
	}
	if t.ID == 0 {
		return "audio"
	}
	return fmt.Sprintf("audio %d", t.ID+1)
}

// unused returns s, or s with a number where a group has that name (§4.4.6.1.1).
func unused(names map[string]bool, s string) string {
	unique := s
	for i := 2; names[unique]; i++ {
		unique = fmt.Sprintf("%s (%d)", s, i)
	}
	names[unique] = true
	return unique
}

// printable leaves out what no quoted string can have (§4.2).
func printable(s string) string {
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		if r < ' ' || r == '"' || r == 0x7f {
			return -1
		}
		return r
	}, s))
}

// writeVariant writes an EXT-X-STREAM-INF (§4.4.6.2) of a picture, nil where
// there is none, with the sound of a group, if it has any.
func (p *presentation) writeVariant(b *strings.Builder, picture *rendition, g group, query string) {
	var (
		codecs        []string
		peak, average int64 // of the sound that takes most
	)
	main := picture
	if picture != nil {
		codecs = append(codecs, picture.last().Header.Track.CodecString())
	} else {
		main = g.members[0]
	}
	for _, r := range g.members {
		if c := r.last().Header.Track.CodecString(); !slices.Contains(codecs, c) {
			codecs = append(codecs, c)
		}
		highest, mean := r.Rates()
		peak, average = max(peak, highest), max(average, mean)
	}
	if picture != nil {
		highest, mean := picture.Rates()
		peak += highest
		average += mean
	}
	fmt.Fprintf(b, "#EXT-X-STREAM-INF:BANDWIDTH=%d,AVERAGE-BANDWIDTH=%d,CODECS=\"%s\"",
		peak+peak/headroom, average+average/headroom, strings.Join(codecs, ","))
	if picture != nil {
		pic := picture.last().Header.Track.Picture()
		fmt.Fprintf(b, ",RESOLUTION=%dx%d", pic.Width, pic.Height)
		if rate := picture.frameRate(); rate > 0 {
			fmt.Fprintf(b, ",FRAME-RATE=%.3f", rate)
		}
		fmt.Fprintf(b, ",VIDEO-RANGE=%s", picture.last().Header.Track.Range())
	}
	if g.id != "" {
		fmt.Fprintf(b, ",AUDIO=\"%s\"", g.id)
	}
	fmt.Fprintf(b, "\n%s%s\n", p.playlistOf(main), suffix(query))
}

func (p *presentation) playlistOf(r *rendition) name {
	return name{resource: playlist, presentation: p.ID(), track: r.name}
}

// headroom is added to measured rates, as a part of them. BANDWIDTH is a
// promise about segments that do not exist yet; Apple's validator lets a live
// stream pass it by a quarter.
const headroom = 10

// frameRate is what the stream states, else what was counted.
func (r *rendition) frameRate() float64 {
	s := r.last()
	if stated := s.Header.Track.Picture().FrameRate; stated > 0 {
		return stated
	}
	if s.Length() <= 0 {
		return 0
	}
	return float64(s.Samples) / s.Length().Seconds()
}

// last is the newest whole segment; a rendition that is shown has one.
func (r *rendition) last() *window.Segment {
	segments := r.View().Segments
	return segments[len(segments)-1]
}
