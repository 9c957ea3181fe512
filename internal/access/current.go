package access

import (
	"context"
	"net/http"
	"sync/atomic"

	"github.com/millrace-live/millrace/internal/hub"
	"github.com/millrace-live/millrace/rtmp"
)

// Current is the [hub.Access] of a server whose settings change while it runs:
// the Control in force, which is replaced as a whole and never altered. Set
// comes before the first use. What was granted before a change stays.
type Current struct{ control atomic.Pointer[Control] }

// Set puts c in force. It must not be changed from then on.
func (a *Current) Set(c *Control) { a.control.Store(c) }

// Publish implements [hub.Access].
func (a *Current) Publish(ctx context.Context, req *hub.PublishRequest) (hub.Grant, error) {
	return a.control.Load().Publish(ctx, req)
}

// Play implements [hub.Access].
func (a *Current) Play(ctx context.Context, req *hub.PlayRequest) error {
	return a.control.Load().Play(ctx, req)
}

// DemandedSWF is that of the Control in force.
func (a *Current) DemandedSWF(connect string) (app string, files []rtmp.SWF) {
	return a.control.Load().DemandedSWF(connect)
}

// RefusesPlain reports whether the stream's rule is that nobody comes without
// TLS.
func (a *Current) RefusesPlain(stream string) bool {
	rules, _ := a.control.Load().rules(stream, nil)
	return rules.Plain == RefusePlain
}

// Viewer is that of the Control in force.
func (a *Current) Viewer(r *http.Request, path string) (stream string, permit hub.Permit, err error) {
	return a.control.Load().Viewer(r, path)
}

// Admit is that of the Control in force.
func (a *Current) Admit(ctx context.Context, req *hub.PublishRequest, stream, owner string) (hub.Grant, error) {
	return a.control.Load().Admit(ctx, req, stream, owner)
}
