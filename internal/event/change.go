package event

import (
	"bytes"
	"encoding/json"
	"slices"
	"time"

	"github.com/millrace-live/millrace/internal/catalog"
	"github.com/millrace-live/millrace/internal/database"
)

// FromChange makes the events that are kept in the transaction of a change; it
// fits [catalog.Options].Events.
func (f *Feed) FromChange(c catalog.Changed) []database.Event {
	if c.Kind != catalog.KindStream {
		return nil
	}
	before, _ := c.Before.(*catalog.Stream)
	after, _ := c.After.(*catalog.Stream)
	d := &changeData{By: string(c.By)}
	t := StreamUpdated
	switch {
	case before == nil && after == nil:
		return nil
	case before == nil:
		t = StreamCreated
	case after == nil:
		t, after = StreamDeleted, before
	default:
		if d.Changed = changed(before, after); len(d.Changed) == 0 {
			return nil
		}
	}
	d.Stream = streamOf(after)
	subject := subjectOf(after.Path())
	ev := New("", f.o.Source, t, subject, time.Now(), d)
	row, err := ev.row(f.to(t, subject))
	if err != nil {
		f.lose(err)
		return nil
	}
	return []database.Event{row}
}

// Changed takes a change that was made; it fits [catalog.Options].OnChange.
func (f *Feed) Changed(c catalog.Changed) {
	switch c.Kind {
	case catalog.KindStream, catalog.KindWebhook:
	default:
		return
	}
	f.tail.wake()
	if f.o.Stored != nil {
		f.o.Stored(nil)
	}
}

// changed names the fields that differ, as their JSON has them, but for those
// that every change changes.
func changed(before, after *catalog.Stream) []string {
	a, b := fields(before), fields(after)
	var names []string
	for name, v := range b {
		if !bytes.Equal(a[name], v) {
			names = append(names, name)
		}
	}
	for name := range a {
		if _, ok := b[name]; !ok {
			names = append(names, name)
		}
	}
	names = slices.DeleteFunc(names, func(n string) bool { return n == "revision" || n == "updated" })
	slices.Sort(names)
	return names
}

func fields(s *catalog.Stream) map[string]json.RawMessage {
	all := map[string]json.RawMessage{}
	if b, err := json.Marshal(s); err == nil {
		_ = json.Unmarshal(b, &all)
	}
	return all
}
