package admin

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"strconv"
	"time"

	"github.com/millrace-live/millrace/internal/tool"
)

// Filter says which sessions are listed. What is empty lists all.
type Filter struct {
	Stream   string
	Role     string // publisher or player
	Protocol string
	// Limit is how many at most; 0: all.
	Limit int
}

// sessionPage is what GET /api/v1/sessions answers.
type sessionPage struct {
	Time     time.Time         `json:"time"`
	Sessions []json.RawMessage `json:"sessions"`
	Next     string            `json:"next,omitempty"`
}

type session struct {
	ID, Role, Protocol, Stream, Software, Remote string
	Since                                        time.Time
	BytesIn                                      uint64 `json:"bytes_in"`
	BytesOut                                     uint64 `json:"bytes_out"`
	Drops                                        uint64
	Lag, RTT                                     float64
}

// pageSize is the largest page that the API gives.
const pageSize = 1000

// ListSessions writes who is connected to w: a table, or one JSON object with
// all of them. Errors of type [*tool.Error] have the exit status.
func ListSessions(ctx context.Context, s Server, f Filter, asJSON bool, w io.Writer) error {
	c, err := s.open()
	if err != nil {
		return err
	}
	all, err := c.sessions(ctx, f)
	if err != nil {
		return err
	}
	if asJSON {
		b, err := json.Marshal(all)
		if err != nil {
			return fmt.Errorf("write the answer: %w", err)
		}
		return write(w, append(b, '\n'))
	}
	if len(all.Sessions) == 0 {
		return write(w, []byte("Nobody is connected.\n"))
	}
	t := table{{"SESSION", "ROLE", "PROTOCOL", "STREAM", "FOR", "BYTES", "RTT", "LAG", "DROPS", "REMOTE", "SOFTWARE"}}
	for _, raw := range all.Sessions {
		var st session
		if err := json.Unmarshal(raw, &st); err != nil {
			return fmt.Errorf("cannot read the server's answer: %w", err)
		}
		t = append(t, st.row(all.Time))
	}
	return t.write(w)
}

func (s *session) row(now time.Time) []string {
	row := []string{
		s.ID, s.Role, s.Protocol, s.Stream, tool.Clock(now.Sub(s.Since)), tool.Bytes(s.BytesIn + s.BytesOut), "-", "-", "-",
		"-", "-",
	}
	if s.RTT > 0 {
		row[6] = fmt.Sprintf("%.0f ms", s.RTT*1000)
	}
	if s.Role == "player" {
		row[7], row[8] = fmt.Sprintf("%.1f s", s.Lag), fmt.Sprint(s.Drops)
	}
	if s.Remote != "" {
		row[9] = s.Remote
	}
	if s.Software != "" {
		row[10] = s.Software
	}
	return row
}

// sessions reads page after page.
func (c *client) sessions(ctx context.Context, f Filter) (all sessionPage, err error) {
	query := url.Values{"limit": {strconv.Itoa(pageSize)}}
	for name, value := range map[string]string{"stream": f.Stream, "role": f.Role, "protocol": f.Protocol} {
		if value != "" {
			query.Set(name, value)
		}
	}
	all.Sessions = []json.RawMessage{}
	for {
		if left := f.Limit - len(all.Sessions); f.Limit > 0 && left < pageSize {
			query.Set("limit", strconv.Itoa(left))
		}
		body, err := c.get(ctx, "sessions", query)
		if err != nil {
			return all, err
		}
		var page sessionPage
		if err := json.Unmarshal(body, &page); err != nil {
			return all, fmt.Errorf("cannot read the server's answer: %w", err)
		}
		all.Time = page.Time
		all.Sessions = append(all.Sessions, page.Sessions...)
		if page.Next == "" || f.Limit > 0 && len(all.Sessions) >= f.Limit {
			return all, nil
		}
		query.Set("cursor", page.Next)
	}
}
