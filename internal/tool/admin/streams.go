package admin

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/millrace-live/millrace/internal/tool"
)

// streamList is what is read of GET /api/v1/streams.
type streamList struct {
	Time    time.Time
	Streams []listedStream
}

type listedStream struct {
	Name, State string
	Since       time.Time
	Video       *struct {
		Codec         string
		Width, Height int
		FrameRate     float64 `json:"frame_rate"`
	}
	Audio *struct {
		Codec      string
		SampleRate int `json:"sample_rate"`
		Channels   int
	}
	Bitrate   float64
	Viewers   int `json:"viewers_total"`
	Waiting   int `json:"waiting_total"`
	Publisher *struct{ Protocol, Encoder, Address string }
	// Visibility is there for those who manage the stream.
	Visibility string
}

// ListStreams writes the streams that a query asks for to w, a table or what the
// API answers, limit of them or, if that is 0, all: without a token those that are
// on air. Errors of type [*tool.Error] have the exit status.
func ListStreams(ctx context.Context, s Server, query url.Values, limit int, asJSON bool, w io.Writer) error {
	c, err := s.open()
	if err != nil {
		return err
	}
	body, err := c.list(ctx, Request{Path: "streams", Query: query}, "streams", "cursor", limit)
	if err != nil {
		return err
	}
	if asJSON {
		return writeJSON(w, body)
	}
	var list streamList
	if err := json.Unmarshal(body, &list); err != nil {
		return fmt.Errorf("cannot read the server's answer: %w", err)
	}
	if len(list.Streams) == 0 {
		if len(query) > 0 || c.token != "" {
			return write(w, []byte("There is no such stream.\n"))
		}
		return write(w, []byte("No stream is on air.\n"))
	}
	t := table{{"STREAM", "STATE", "FOR", "VIDEO", "AUDIO", "RATE", "VIEWERS", "PUBLISHER"}}
	managed := slices.ContainsFunc(list.Streams, func(st listedStream) bool { return st.Visibility != "" })
	if managed {
		t[0] = append(t[0], "VISIBILITY")
	}
	for _, st := range list.Streams {
		row := []string{
			st.Name, st.State, tool.Clock(list.Time.Sub(st.Since)), "-", "-", tool.Bits(st.Bitrate), fmt.Sprint(st.Viewers), "-",
		}
		if v := st.Video; v != nil {
			row[3] = v.Codec
			if v.Width > 0 {
				row[3] += fmt.Sprintf(" %dx%d", v.Width, v.Height)
			}
			if v.FrameRate > 0 {
				row[3] += fmt.Sprintf(" %.4g/s", v.FrameRate)
			}
		}
		if a := st.Audio; a != nil {
			row[4] = a.Codec
			if a.SampleRate > 0 {
				row[4] += fmt.Sprintf(" %.4g kHz %d ch", float64(a.SampleRate)/1000, a.Channels)
			}
		}
		if st.Waiting > 0 {
			row[6] += fmt.Sprintf(" (%d waiting)", st.Waiting)
		}
		if p := st.Publisher; p != nil {
			row[7] = strings.Join(strings.Fields(p.Protocol+" "+p.Address+" "+p.Encoder), " ")
		}
		if st.State == "idle" {
			row[2], row[5] = "-", "-"
		}
		if managed {
			row = append(row, cmp.Or(st.Visibility, "-"))
		}
		t = append(t, row)
	}
	return t.write(w)
}
