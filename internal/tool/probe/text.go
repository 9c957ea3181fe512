package probe

import (
	"fmt"
	"io"
	"math"
	"strings"

	"github.com/millrace-live/millrace/internal/tool"
)

// WriteText writes the report for people.
func (r *Report) WriteText(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s, %.1f s of it\n", r.URL, r.Seconds)
	row := func(name, format string, args ...any) {
		fmt.Fprintf(&b, "%-10s%s\n", name, fmt.Sprintf(format, args...))
	}
	if r.Encoder != "" {
		row("encoder", "%s", r.Encoder)
	}
	if v := r.Video; v != nil {
		row("video", "%s", v.what())
		row("", "%s", v.how())
	} else {
		row("video", "none")
	}
	if s := r.Audio; s != nil {
		row("audio", "%s", s.what())
		row("", "%s", s.Bitrate.text())
	} else {
		row("audio", "none")
	}
	for _, t := range r.OtherTracks {
		row("besides", "%s", t)
	}
	if r.AVOffset != nil {
		row("A/V", "%s", offsetText(*r.AVOffset))
	}
	if r.Ended {
		row("", "the stream ended while it was measured")
	}
	b.WriteByte('\n')
	if len(r.Advice) == 0 {
		b.WriteString("Nothing in it will trouble viewers.\n")
	}
	for _, a := range r.Advice {
		paragraph(&b, strings.ToUpper(string(a.Severity)), a.Text)
		if a.OBS != "" {
			paragraph(&b, "  OBS", a.OBS)
		}
		if a.FFmpeg != "" {
			paragraph(&b, "  FFmpeg", a.FFmpeg)
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func (v *Video) what() string {
	parts := []string{strings.TrimSpace(v.Codec + " " + v.Profile + " " + v.Level)}
	if v.Width > 0 {
		parts = append(parts, fmt.Sprintf("%dx%d", v.Width, v.Height))
	}
	parts = append(parts, fmt.Sprintf("%.4g fps", v.FrameRate))
	if v.Chroma != "" {
		parts = append(parts, fmt.Sprintf("%s %d bit", v.Chroma, v.BitDepth))
	}
	if v.Range == "HLG" || v.Range == "PQ" {
		parts = append(parts, v.Range)
	}
	if v.Interlaced {
		parts = append(parts, "interlaced")
	}
	if v.CodecString != "" {
		parts = append(parts, v.CodecString)
	}
	return strings.Join(parts, ", ")
}

func (v *Video) how() string {
	keys := "no key frame"
	switch {
	case v.Keys.Count == 1:
		keys = "one key frame"
	case v.Keys.Count > 1:
		keys = fmt.Sprintf("key frame every %.3g s", v.Keys.Mean)
		if v.Keys.Longest-v.Keys.Shortest > 0.1 {
			keys += fmt.Sprintf(" (%.3g to %.3g)", v.Keys.Shortest, v.Keys.Longest)
		}
	}
	b := "no B-frames"
	switch {
	case v.BFrames == 1:
		b = "1 B-frame"
	case v.BFrames > 1:
		b = fmt.Sprintf("%d B-frames", v.BFrames)
	}
	return v.Bitrate.text() + ", " + keys + ", " + b
}

func (s *Audio) what() string {
	parts := []string{s.Codec}
	if s.SampleRate > 0 {
		parts = append(parts, fmt.Sprintf("%d Hz", s.SampleRate))
	}
	if s.Layout != "" {
		parts = append(parts, s.Layout)
	}
	if s.CodecString != "" {
		parts = append(parts, s.CodecString)
	}
	return strings.Join(parts, ", ")
}

func (r Rate) text() string {
	text := tool.Bits(r.Mean)
	const steady = 0.1
	if r.Mean > 0 && (r.Peak-r.Lowest)/r.Mean > steady {
		text += fmt.Sprintf(" (%s to %s over %.1f s)", tool.Bits(r.Lowest), tool.Bits(r.Peak), r.Window)
	}
	return text
}

func offsetText(offset float64) string {
	switch ms := math.Round(offset * 1000); {
	case ms > 0:
		return fmt.Sprintf("sound %.0f ms ahead of picture", ms)
	case ms < 0:
		return fmt.Sprintf("sound %.0f ms behind picture", -ms)
	}
	return "sound and picture together"
}

// paragraph writes a text behind its name, in lines that fit a terminal.
func paragraph(b *strings.Builder, name, text string) {
	const indent, width = 10, 100
	line := fmt.Sprintf("%-*s", indent, name)
	begun := false
	for word := range strings.FieldsSeq(text) {
		if begun && len(line)+1+len(word) > width {
			fmt.Fprintln(b, line)
			line, begun = strings.Repeat(" ", indent), false
		}
		if begun {
			line += " "
		}
		line += word
		begun = true
	}
	fmt.Fprintln(b, line)
}
