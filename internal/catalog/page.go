package catalog

import (
	"encoding/base64"
	"encoding/json"
	"slices"
	"strings"
	"time"
)

// sorts are the values of StreamQuery.Sort: an index of orders, and whether it
// goes backwards.
var sorts = map[string]struct {
	order int
	down  bool
}{
	"": {0, false}, "name": {0, false}, "-name": {0, true},
	"created": {1, false}, "-created": {1, true},
	"updated": {2, false}, "-updated": {2, true},
}

// cursor is where a page ended: what the order looks at of the last stream that
// it had. So nothing is shown twice or left out that does not change its place,
// whatever comes and goes in between, and the stream itself may be gone.
type cursor struct {
	Sort string    `json:"s,omitempty"`
	App  string    `json:"a,omitempty"`
	Name string    `json:"n,omitempty"`
	Time time.Time `json:"t,omitzero"`
	ID   string    `json:"i"`
}

func (cu cursor) text() string { return base64.RawURLEncoding.EncodeToString(marshal(cu)) }

// parseCursor is a stream that stands where the page ended.
func parseCursor(text, sort string) (*Stream, error) {
	fault := &FaultError{"cursor", "it is not one that a page of this list ended with"}
	b, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		return nil, fault
	}
	var cu cursor
	if json.Unmarshal(b, &cu) != nil || cu.Sort != sort {
		return nil, fault
	}
	return &Stream{
		Meta: Meta{ID: cu.ID, Created: cu.Time, Updated: cu.Time}, App: cu.App, Name: cu.Name,
	}, nil
}

func newCursor(s *Stream, sort string, order int) cursor {
	switch order {
	case 1:
		return cursor{Sort: sort, Time: s.Created, ID: s.ID}
	case 2:
		return cursor{Sort: sort, Time: s.Updated, ID: s.ID}
	}
	return cursor{Sort: sort, App: s.App, Name: s.Name, ID: s.ID}
}

// Streams returns one page of streams. Next is the cursor of the page after it,
// "" at the end. The error is a *FaultError.
func (c *Catalog) Streams(q StreamQuery) (page []*Stream, next string, err error) {
	sort, ok := sorts[q.Sort]
	if !ok {
		return nil, "", &FaultError{"sort", "it is one of name, created, updated, or one of them with a - in front"}
	}
	if q.Limit == 0 {
		q.Limit = DefaultLimit
	}
	if q.Limit < 1 || q.Limit > MaxLimit {
		return nil, "", &FaultError{"limit", "it is from 1 to 1000"}
	}
	order := orders[sort.order]
	c.mu.RLock()
	all := c.index.orders[sort.order] // replaced and never changed
	c.mu.RUnlock()
	step, at := 1, 0
	if sort.down {
		step, at = -1, len(all)-1
	}
	if q.Cursor != "" {
		last, err := parseCursor(q.Cursor, q.Sort)
		if err != nil {
			return nil, "", err
		}
		var found bool
		at, found = slices.BinarySearchFunc(all, last, order)
		switch {
		case sort.down:
			at--
		case found:
			at++
		}
	}
	q.Search = strings.ToLower(q.Search)
	labels := labelsOf(q.Labels)
	page = make([]*Stream, 0, min(q.Limit, len(all)))
	for ; at >= 0 && at < len(all); at += step {
		s := all[at]
		if !q.wants(s, labels) {
			continue
		}
		if len(page) == q.Limit {
			return page, newCursor(page[len(page)-1], q.Sort, sort.order).text(), nil
		}
		page = append(page, s)
	}
	return page, "", nil
}

func (q *StreamQuery) wants(s *Stream, labels []label) bool {
	switch {
	case q.App != "" && s.App != q.App,
		len(q.Apps) > 0 && !slices.Contains(q.Apps, s.App),
		q.Visibility != "" && s.Visibility != q.Visibility,
		q.Managed != "" && s.Managed != q.Managed,
		q.Search != "" && !strings.Contains(s.search, q.Search),
		!labelled(s, labels):
		return false
	}
	return q.Keep == nil || q.Keep(s)
}

type label struct{ name, value string }

// labelled reports whether a stream has labels; an empty value stands for any.
func labelled(s *Stream, labels []label) bool {
	for _, l := range labels {
		if value, ok := s.Labels[l.name]; !ok || l.value != "" && value != l.value {
			return false
		}
	}
	return true
}

// labelsOf makes a slice of a map, which thousands of streams go through faster.
func labelsOf(labels map[string]string) []label {
	list := make([]label, 0, len(labels))
	for name, value := range labels {
		list = append(list, label{name, value})
	}
	return list
}
