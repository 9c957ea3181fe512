package hubtest

import (
	"context"
	"testing"
	"time"

	"github.com/millrace-live/millrace/internal/hub"
)

// Hub is a hub that lets everyone publish and play. The stream of all that it does is
// [Stream].
type Hub struct {
	T        *testing.T // which fails; a fuzz target sets it anew for each input
	Registry *hub.Registry
	Door     Door // whom Do and Get ask
}

// Stream is the stream that is published and asked for.
const Stream = "live/cam"

// New opens a hub; Close closes it.
func New(t *testing.T) *Hub {
	return &Hub{T: t, Registry: hub.New(hub.Options{Access: hub.Everyone{}})}
}

// Close shuts the hub down; the test fails if somebody does not leave for a minute.
func (h *Hub) Close() {
	h.T.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if err := h.Registry.Shutdown(ctx); err != nil {
		h.T.Error(err)
	}
}
