package api

import (
	"github.com/millrace-live/millrace/internal/access"
	"github.com/millrace-live/millrace/internal/event"
	"github.com/millrace-live/millrace/internal/guard"
	"github.com/millrace-live/millrace/internal/hub"
	"github.com/millrace-live/millrace/internal/webhook"
)

// What the server gives the API fits.
var (
	_ Kicker   = (*hub.Registry)(nil)
	_ Events   = (*event.Feed)(nil)
	_ Webhooks = (*webhook.Deliverer)(nil)
	_ Guard    = (*guard.Guard)(nil)
	_          = API{Viewer: (*access.Current)(nil).Viewer}
)
