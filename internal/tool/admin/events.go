package admin

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/millrace-live/millrace/internal/tool"
)

// Following is which events are shown.
type Following struct {
	Types  []string
	Apps   []string
	Stream string
	// After is the id of the last event that was seen; "": what comes next, or,
	// without Follow, all that the server still has.
	After string
	// Follow goes on with what comes.
	Follow bool
}

// quiet is how long nothing comes when there is no more.
const quiet = time.Second

// following is how long a follower waits before it comes back; tests do not.
var following = 3 * time.Second

// Events writes events to w, a line each, until ctx ends or, unless they are
// followed, nothing more comes. In JSON each line is a CloudEvent.
func Events(ctx context.Context, s Server, f Following, asJSON bool, w io.Writer) error {
	c, err := s.open()
	if err != nil {
		return err
	}
	c.http.Timeout = 0 // an answer has no end
	if f.After == "" && !f.Follow {
		f.After = "0"
	}
	for first := true; ; first = false {
		err := c.follow(ctx, &f, asJSON, w)
		switch {
		case ctx.Err() != nil, err == nil && !f.Follow:
			return nil //nolint:nilerr // it was stopped, by whatever error that shows
		case first && err != nil && !isLost(err), !f.Follow && err != nil, errors.Is(err, errWrite):
			return err
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(following):
		}
	}
}

var errWrite = errors.New("write the events")

func isLost(err error) bool { return tool.StatusOf(err) == tool.Lost }

// follow reads one answer. f.After is then where the next goes on.
func (c *client) follow(ctx context.Context, f *Following, asJSON bool, w io.Writer) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	query := url.Values{}
	for name, value := range map[string]string{
		"type": strings.Join(f.Types, ","), "app": strings.Join(f.Apps, ","), "stream": f.Stream, "after": f.After,
	} {
		if value != "" {
			query.Set(name, value)
		}
	}
	res, err := c.send(ctx, Request{Path: "events", Query: query})
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK || !strings.HasPrefix(res.Header.Get("Content-Type"), "text/event-stream") {
		body, _ := io.ReadAll(io.LimitReader(res.Body, 1<<20)) // what was read of it is judged
		if err := c.judge(res, body); err != nil {
			return err
		}
		return c.judge(&http.Response{StatusCode: http.StatusNotFound, Request: res.Request}, nil)
	}
	if !f.Follow {
		// The server keeps the answer open.
		end := time.AfterFunc(quiet, cancel)
		defer end.Stop()
		w = &alive{w, end}
	}
	err = f.read(res.Body, asJSON, w)
	if !f.Follow && ctx.Err() != nil && !errors.Is(err, errWrite) {
		return nil
	}
	return err
}

// alive puts the end off with each event.
type alive struct {
	io.Writer
	end *time.Timer
}

func (a *alive) Write(b []byte) (int, error) {
	a.end.Reset(quiet)
	return a.Writer.Write(b) //nolint:wrapcheck // it stands for the writer
}

// read reads server-sent events.
func (f *Following) read(from io.Reader, asJSON bool, w io.Writer) error {
	lines := bufio.NewScanner(from)
	lines.Buffer(make([]byte, 64<<10), 4<<20)
	var data strings.Builder
	id := f.After
	for lines.Scan() {
		name, value, _ := strings.Cut(lines.Text(), ":")
		value = strings.TrimPrefix(value, " ")
		switch name {
		case "id":
			id = value
		case "data":
			if data.Len() > 0 {
				data.WriteByte('\n')
			}
			data.WriteString(value)
		case "":
			if lines.Text() != "" || data.Len() == 0 {
				continue
			}
			if err := writeEvent(w, data.String(), asJSON); err != nil {
				return err
			}
			f.After = id
			data.Reset()
		}
	}
	return &tool.Error{Status: tool.Lost, Err: lines.Err(), Text: "the server ended the feed of its events"}
}

func writeEvent(w io.Writer, data string, asJSON bool) error {
	text := strings.ReplaceAll(data, "\n", " ")
	if !asJSON {
		o := fields([]byte(data))
		parts := []string{cell(o["time"]), fmt.Sprintf("%-20s", strings.TrimPrefix(cell(o["type"]), "live.millrace.")), cell(o["subject"])}
		details := map[string]json.RawMessage{}
		for name, value := range fields(o["data"]) {
			if name != "stream" {
				details[name] = value
			}
		}
		if len(details) > 0 {
			b, _ := json.Marshal(details) // it came from JSON
			parts = append(parts, cell(b))
		}
		text = tool.Printable(strings.Join(parts, "  "))
	}
	if _, err := io.WriteString(w, text+"\n"); err != nil {
		return fmt.Errorf("%w: %w", errWrite, err)
	}
	return nil
}
