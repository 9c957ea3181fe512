package window

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/millrace-live/millrace/internal/hub"
	"github.com/millrace-live/millrace/internal/hub/hubtest"
)

// house is a hub with a store in front.
type house struct {
	*hubtest.Hub
	store *Store
}

// bubble runs a test on a clock of its own.
func bubble(t *testing.T, o Options, test func(t *testing.T, h *house)) {
	synctest.Test(t, func(t *testing.T) {
		h := &house{Hub: hubtest.New(t)}
		h.store = New(h.Registry, o)
		defer func() {
			h.store.Close()
			h.Hub.Close()
		}()
		test(t, h)
	})
}

// open returns the stream as a door sees it.
func (h *house) open(protocol string) (*Stream, *Presentation) {
	h.T.Helper()
	s, err := h.store.Open(context.Background(), hub.PlayRequest{Stream: hubtest.Stream, Protocol: protocol})
	if err != nil {
		h.T.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 6*time.Second)
	defer cancel()
	p, err := s.Live(ctx)
	if err != nil {
		h.T.Fatal(err)
	}
	return s, p
}
