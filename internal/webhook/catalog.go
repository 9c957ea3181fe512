package webhook

import (
	"context"

	"github.com/millrace-live/millrace/internal/catalog"
	"github.com/millrace-live/millrace/internal/config"
)

// Catalog is what a Deliverer needs of a [catalog.Catalog].
type Catalog interface {
	Webhook(id string) (*catalog.Webhook, bool)
	Webhooks() []*catalog.Webhook
	WebhookSecret(id string) (config.Secret, bool)
	ChangeWebhook(ctx context.Context, by catalog.Actor, id string, revision int64, change func(*catalog.Webhook) error) (*catalog.Webhook, error)
}

// Of returns o with the endpoints of a catalogue.
func (o Options) Of(c Catalog) Options {
	o.Endpoints = func() []Endpoint {
		var all []Endpoint
		for _, h := range c.Webhooks() {
			if e, ok := EndpointOf(c, h); ok && !h.Disabled {
				all = append(all, e)
			}
		}
		return all
	}
	o.Known = func(id string) bool {
		_, ok := c.Webhook(id)
		return ok
	}
	o.Disable = func(ctx context.Context, id, _ string) error {
		_, err := c.ChangeWebhook(ctx, catalog.System, id, 0, func(h *catalog.Webhook) error {
			h.Disabled = true
			return nil
		})
		return err
	}
	return o
}

// EndpointOf returns a webhook with its secret.
func EndpointOf(c Catalog, h *catalog.Webhook) (Endpoint, bool) {
	secret, ok := c.WebhookSecret(h.ID)
	return Endpoint{ID: h.ID, URL: h.URL, Secret: secret}, ok
}

// Changed takes a change of the catalogue; it belongs into
// [catalog.Options].OnChange.
func (d *Deliverer) Changed(c catalog.Changed) {
	if c.Kind != catalog.KindWebhook {
		return
	}
	if h, _ := c.After.(*catalog.Webhook); h == nil && !c.Elsewhere {
		d.mu.Lock()
		d.deleted = append(d.deleted, c.ID)
		d.mu.Unlock()
	}
	d.Wake(nil)
}

// forget removes what was to be delivered to endpoints that were deleted.
func (d *Deliverer) forget(ctx context.Context) {
	d.mu.Lock()
	deleted := d.deleted
	d.deleted = nil
	d.mu.Unlock()
	for n, id := range deleted {
		if err := d.o.Store.Forget(ctx, id); err != nil {
			d.mu.Lock()
			d.deleted = append(d.deleted, deleted[n:]...)
			d.mu.Unlock()
			return
		}
	}
}
