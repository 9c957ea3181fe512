package hls

import (
	"testing"

	"github.com/millrace-live/millrace/internal/hub/hubtest"
	"github.com/millrace-live/millrace/internal/window"
)

// house is a hub with an HLS handler in front.
type house struct {
	*hubtest.Hub
	window *window.Store
	hls    *Handler
}

// settings are those of a house.
type settings struct {
	window window.Options
	hls    Options
}

// newHouse is for use within a synctest bubble; close ends what it started.
func newHouse(t *testing.T, o settings) *house {
	h := &house{Hub: hubtest.New(t)}
	h.window = window.New(h.Registry, o.window)
	h.hls = New(h.window, o.hls)
	h.Door = h.hls.ServeStream
	return h
}

func (h *house) close() {
	h.window.Close()
	h.Hub.Close()
}
