package admin

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"

	"github.com/millrace-live/millrace/internal/tool"
)

// TestWebhook has the server send an event to a webhook and says what came of
// it. An error says that it was not delivered.
func TestWebhook(ctx context.Context, s Server, id string, asJSON bool, w io.Writer) error {
	body, err := Call(ctx, s, Request{Method: http.MethodPost, Path: Path("webhooks", id, "test")})
	if err != nil {
		return err
	}
	var said struct {
		Delivered bool
		Status    int
		Problem   string
		Seconds   float64
	}
	if err := json.Unmarshal(body, &said); err != nil {
		return fmt.Errorf("cannot read the server's answer: %w", err)
	}
	switch {
	case asJSON:
		err = writeJSON(w, body)
	case said.Delivered:
		err = write(w, fmt.Appendf(nil, "Delivered: the receiver answered %d after %.3g s.\n", said.Status, said.Seconds))
	}
	if err != nil || said.Delivered {
		return err
	}
	return errors.New("not delivered: " + tool.Printable(said.Problem))
}
