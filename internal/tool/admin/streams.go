package admin

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/millrace-live/millrace/internal/tool"
)

// streamList is what is read of GET /api/v1/streams.
type streamList struct {
	Time    time.Time
	Streams []struct {
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
	}
}

// ListStreams writes what is on air to w: a table, or what the API answered.
// Errors of type [*tool.Error] have the exit status.
func ListStreams(ctx context.Context, s Server, asJSON bool, w io.Writer) error {
	c, err := s.open()
	if err != nil {
		return err
	}
	body, err := c.get(ctx, "streams", nil)
	if err != nil {
		return err
	}
	if asJSON {
		return write(w, body)
	}
	var list streamList
	if err := json.Unmarshal(body, &list); err != nil {
		return fmt.Errorf("cannot read the server's answer: %w", err)
	}
	if len(list.Streams) == 0 {
		return write(w, []byte("No stream is on air.\n"))
	}
	t := table{{"STREAM", "STATE", "FOR", "VIDEO", "AUDIO", "RATE", "VIEWERS", "PUBLISHER"}}
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
		t = append(t, row)
	}
	return t.write(w)
}
