package admin

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
)

// List writes a list of the API to w: a table, or JSON as the API has it, with
// all pages in one. limit 0 is all.
func List(ctx context.Context, s Server, k Kind, r Request, limit int, asJSON bool, w io.Writer) error {
	c, err := s.open()
	if err != nil {
		return err
	}
	cursor := k.cursor
	if cursor == "" {
		cursor = "cursor"
	}
	body, err := c.list(ctx, r, k.field, cursor, limit)
	if err != nil {
		return err
	}
	return k.Write(w, body, asJSON)
}

// joined is the answer of a first page with the items of all.
func joined(answer map[string]json.RawMessage, field string, items []json.RawMessage) ([]byte, error) {
	list, err := json.Marshal(items)
	if err != nil {
		return nil, fmt.Errorf("cannot read the server's answer: %w", err)
	}
	answer[field] = list
	delete(answer, "next")
	body, err := json.Marshal(answer)
	if err != nil {
		return nil, fmt.Errorf("cannot read the server's answer: %w", err)
	}
	return body, nil
}

// Do asks the server and writes its answer: with asJSON as it came, else by
// tell. What has no answer is told with an empty body, and {} in JSON.
func Do(ctx context.Context, s Server, r Request, asJSON bool, w io.Writer, tell func(io.Writer, []byte) error) error {
	body, err := Call(ctx, s, r)
	if err != nil {
		return err
	}
	switch {
	case !asJSON:
		return tell(w, body)
	case len(body) == 0:
		body = []byte("{}")
	}
	return writeJSON(w, body)
}
