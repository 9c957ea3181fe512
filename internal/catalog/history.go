package catalog

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"time"

	"github.com/millrace-live/millrace/internal/database"
)

// FieldChange is one field of an object that changed.
type FieldChange struct {
	Field  string `json:"field"` // as the JSON of the object names it; "labels.city" for one label
	Before any    `json:"before"`
	After  any    `json:"after"`
}

// Actions of a Version and a Difference.
const (
	Created = "created"
	Altered = "changed"
	Deleted = "deleted"
)

// Version is one change in the history of an object. Of secrets it says nothing,
// or that they are others now.
type Version struct {
	Sequence int64         `json:"sequence"` // among the changes of all objects
	Kind     string        `json:"kind"`
	ID       string        `json:"id"`
	Stream   string        `json:"stream,omitempty"` // the path, of what belongs to one
	Revision int64         `json:"revision"`
	Action   string        `json:"action"`
	By       Actor         `json:"by"`
	Time     time.Time     `json:"time"`
	Changes  []FieldChange `json:"changes"`
}

// Difference is what Apply did, or would do, to one stream.
type Difference struct {
	Stream  string        `json:"stream"` // the path
	ID      string        `json:"id,omitempty"`
	Action  string        `json:"action"` // Created, Altered, Deleted
	Changes []FieldChange `json:"changes,omitempty"`
}

// The kinds of objects, by the prefix of their ids.
var kindOf = map[string]string{
	streamPrefix: KindStream, keyPrefix: KindKey, credentialPrefix: KindCredential, tokenPrefix: KindToken,
	webhookPrefix: KindWebhook, banPrefix: KindBan, signingPrefix: KindSigningKey,
}

// What documents hold that nobody is shown.
var hiddenFields = []string{"hash", "sealed"}

// Bounds of History and Audit.
const (
	defaultVersions = 100
	maxVersions     = 1000
)

func checkVersions(limit int) (int, error) {
	switch {
	case limit == 0:
		return defaultVersions, nil
	case limit < 1 || limit > maxVersions:
		return 0, &FaultError{"limit", "it is from 1 to 1000"}
	}
	return limit, nil
}

// History is what became of an object, newest first: at most limit (0: 100)
// changes before that of a Sequence (0: from the newest on). It goes back 90 days.
// An object that is deleted has one still.
func (c *Catalog) History(ctx context.Context, id string, before int64, limit int) ([]Version, error) {
	limit, err := checkVersions(limit)
	if err != nil {
		return nil, err
	}
	kind := kindOf[id[:min(len(id), len(streamPrefix))]]
	if kind == "" {
		return nil, &NotFoundError{"object", clipped(id)}
	}
	past, err := c.db.History(ctx, kind, id, before, limit)
	if err != nil {
		return nil, err
	}
	if len(past) == 0 && before == 0 && !c.has(kind, id) {
		return nil, &NotFoundError{kind, id}
	}
	versions := make([]Version, len(past))
	for i, p := range past {
		versions[i] = version(p)
	}
	return versions, nil
}

// Audit is History of all objects.
func (c *Catalog) Audit(ctx context.Context, before int64, limit int) ([]Version, error) {
	limit, err := checkVersions(limit)
	if err != nil {
		return nil, err
	}
	versions := make([]Version, 0, limit)
	for {
		past, err := c.db.Audit(ctx, before, gulp)
		if err != nil {
			return nil, err
		}
		for _, p := range past {
			before = p.Sequence
			switch p.Kind {
			case KindStream, KindKey, KindCredential, KindToken, KindWebhook, KindBan, KindSigningKey, KindRevocation:
				versions = append(versions, version(p))
			}
			if len(versions) == limit {
				return versions, nil
			}
		}
		if len(past) < gulp {
			return versions, nil
		}
	}
}

func version(p database.Past) Version {
	v := Version{
		Sequence: p.Sequence, Kind: p.Kind, ID: p.ID, Revision: p.Revision, Action: Altered,
		By: Actor(p.Actor), Time: p.Time, Changes: compare(p.Before, p.After),
	}
	body := p.After
	switch {
	case p.Before == nil:
		v.Action = Created
	case p.After == nil:
		v.Action, body = Deleted, p.Before
	}
	var owner struct{ Path, App, Name string }
	if json.Unmarshal(body, &owner) == nil {
		v.Stream = owner.Path
		if p.Kind == KindStream {
			v.Stream = owner.App + "/" + owner.Name
		}
	}
	return v
}

// compare returns the fields of documents that differ, by their names.
func compare(before, after json.RawMessage) []FieldChange {
	changes := []FieldChange{}
	a, b := fields(before), fields(after)
	names := slices.Sorted(maps.Keys(a))
	for name := range b {
		if _, ok := a[name]; !ok {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	secret := false
	for _, name := range names {
		switch {
		case reflect.DeepEqual(a[name], b[name]):
		case slices.Contains(hiddenFields, name):
			secret = before != nil && after != nil
		default:
			changes = append(changes, FieldChange{name, a[name], b[name]})
		}
	}
	if secret {
		changes = append(changes, FieldChange{"secret", "[hidden]", "[hidden]"})
	}
	return changes
}

// fields are those of a document, with labels one by one.
func fields(body json.RawMessage) map[string]any {
	var all map[string]any
	if json.Unmarshal(body, &all) != nil {
		return nil
	}
	if labels, ok := all["labels"].(map[string]any); ok {
		delete(all, "labels")
		for name, value := range labels {
			all["labels."+name] = value
		}
	}
	return all
}

// RollBack makes a stream what it was at a revision. Its keys stay as they are.
func (c *Catalog) RollBack(ctx context.Context, by Actor, id string, toRevision, revision int64) (*Stream, error) {
	was, err := c.streamAt(ctx, id, toRevision)
	if err != nil {
		return nil, err
	}
	return c.ChangeStream(ctx, by, id, revision, func(s *Stream) error {
		*s = *was.clone()
		return nil
	})
}

func (c *Catalog) streamAt(ctx context.Context, id string, revision int64) (*Stream, error) {
	var before int64
	for {
		past, err := c.db.History(ctx, KindStream, id, before, defaultVersions)
		if err != nil {
			return nil, err
		}
		for _, p := range past {
			before = p.Sequence
			if p.Revision == revision && p.After != nil {
				return decodeStream(Meta{ID: id}, p.After)
			}
		}
		if len(past) < defaultVersions {
			return nil, &NotFoundError{"revision", fmt.Sprintf("%d of the stream %s", revision, clipped(id))}
		}
	}
}
