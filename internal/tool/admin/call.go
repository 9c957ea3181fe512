package admin

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/millrace-live/millrace/internal/tool"
)

// Request is one that a server is asked.
type Request struct {
	Method string // GET if empty
	// Path is behind /api/v1/, its parts escaped (see [Path]).
	Path  string
	Query url.Values
	// Body is sent as JSON, unless it is nil.
	Body any
	// IfRevision is the revision that what is changed must have; 0: any.
	IfRevision int64
}

// Path joins the parts of a path, each of which may be the name of a stream.
func Path(parts ...string) string {
	escaped := make([]string, len(parts))
	for i, p := range parts {
		escaped[i] = url.PathEscape(p)
	}
	return strings.Join(escaped, "/")
}

// Call asks the server and returns the JSON of its answer, which is empty for
// what has none. Errors of type [*tool.Error] have the exit status.
func Call(ctx context.Context, s Server, r Request) ([]byte, error) {
	c, err := s.open()
	if err != nil {
		return nil, err
	}
	return c.call(ctx, r)
}

func (c *client) call(ctx context.Context, r Request) ([]byte, error) {
	res, err := c.send(ctx, r)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer))
	if err != nil {
		return nil, &tool.Error{Status: tool.Lost, Err: err, Text: fmt.Sprintf("the server's answer broke off: %v", err)}
	}
	return body, c.judge(res, body)
}

func (c *client) send(ctx context.Context, r Request) (*http.Response, error) {
	method := r.Method
	if method == "" {
		method = http.MethodGet
	}
	var body io.Reader
	if r.Body != nil {
		b, err := json.Marshal(r.Body)
		if err != nil {
			return nil, fmt.Errorf("ask the server: %w", err)
		}
		body = bytes.NewReader(b)
	}
	address := c.base.JoinPath("api", "v1").String() + "/" + r.Path
	if len(r.Query) > 0 {
		address += "?" + r.Query.Encode()
	}
	req, err := http.NewRequestWithContext(ctx, method, address, body)
	if err != nil {
		return nil, fmt.Errorf("ask the server: %w", err)
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if r.IfRevision != 0 {
		req.Header.Set("If-Match", strconv.Quote(strconv.FormatInt(r.IfRevision, 10)))
	}
	if c.token != "" {
		req.Header.Set("Authorization", "Bearer "+c.token)
	}
	res, err := c.http.Do(req)
	if err != nil {
		if why, ok := errors.AsType[*url.Error](err); ok {
			err = why.Err
		}
		return nil, &tool.Error{Status: tool.Unreachable, Err: err, Text: fmt.Sprintf(
			"no server answers at %s (%v): start it, or correct the address, which is from %s", c.base, err, c.named)}
	}
	return res, nil
}

// list reads page after page of a list that stands in field of the answer; limit
// 0 is all. What it returns is the answer with the first page, with all of the
// list in it.
func (c *client) list(ctx context.Context, r Request, field, cursor string, limit int) ([]byte, error) {
	query := url.Values{}
	maps.Copy(query, r.Query)
	r.Query = query
	var first map[string]json.RawMessage
	items := []json.RawMessage{}
	for {
		if left := limit - len(items); limit > 0 && (left < pageSize || len(items) == 0) {
			query.Set("limit", strconv.Itoa(min(left, pageSize)))
		}
		body, err := c.call(ctx, r)
		if err != nil {
			return nil, err
		}
		var answer map[string]json.RawMessage
		var page []json.RawMessage
		if err := json.Unmarshal(body, &answer); err != nil {
			return nil, fmt.Errorf("cannot read the server's answer: %w", err)
		}
		if err := json.Unmarshal(answer[field], &page); err != nil {
			return nil, fmt.Errorf("cannot read the server's answer: %w", err)
		}
		items = append(items, page...)
		var next any
		if answer["next"] != nil {
			_ = json.Unmarshal(answer["next"], &next) // one that cannot be read is none
		}
		last := next == nil || next == "" || len(page) == 0 || limit > 0 && len(items) >= limit
		switch {
		case last && first == nil:
			return body, nil
		case first == nil:
			first = answer
		}
		if last {
			return joined(first, field, items)
		}
		if n, ok := next.(float64); ok {
			next = int64(n)
		}
		query.Set(cursor, fmt.Sprint(next))
		if query.Get("limit") == "" {
			query.Set("limit", strconv.Itoa(pageSize))
		}
	}
}
