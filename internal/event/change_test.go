package event

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/millrace-live/millrace/internal/catalog"
)

func TestFromChange(t *testing.T) {
	titled := *cam1
	titled.Title, titled.Labels, titled.Revision = "Camera", nil, 2
	touched := *cam1
	touched.Revision++
	var none *catalog.Stream
	for _, c := range []struct {
		name          string
		before, after any
		want          string
	}{
		{"created", nil, cam1, "stream.created []"},
		{"created, of a typed nil", none, cam1, "stream.created []"},
		{"deleted", cam1, nil, "stream.deleted []"},
		{"updated", cam1, &titled, "stream.updated [labels title]"},
		{"as it was", cam1, &touched, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := NewFeed(Options{Source: "https://tv.example"})
			rows := f.FromChange(catalog.Changed{Kind: catalog.KindStream, ID: cam1.ID, Before: c.before, After: c.after, By: "admin"})
			got := ""
			for _, r := range rows {
				var v struct {
					Type string
					Data changeData
				}
				must(t, json.Unmarshal(r.Body, &v))
				got = fmt.Sprint(r.Type, " ", v.Data.Changed)
				if v.Type != Prefix+r.Type || r.Subject != "live/cam1" || v.Data.By != "admin" || v.Data.Stream.ID != cam1.ID {
					t.Errorf("the event is %s", r.Body)
				}
			}
			if got != c.want {
				t.Errorf("it tells %q, not %q", got, c.want)
			}
		})
	}
	f := NewFeed(Options{})
	if rows := f.FromChange(catalog.Changed{Kind: catalog.KindKey, After: &catalog.Key{}}); rows != nil {
		t.Errorf("of a key it tells %v", rows)
	}
}
