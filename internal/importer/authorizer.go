package importer

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/millrace-live/millrace/internal/callback"
)

// backend is an HTTP service that is asked who may publish and play.
type backend struct {
	mode string
	url  string              // asked about everything, or
	on   map[string][]string // by event
	// lines are further settings, as YAML.
	lines map[string]string
}

// same tells whether two apps have one back end.
func (b *backend) same(other *backend) bool {
	return b.mode == other.mode && b.url == other.url && maps.Equal(b.lines, other.lines) &&
		maps.EqualFunc(b.on, other.on, slices.Equal)
}

// authorize adds the back end to those that are asked, about the streams of the
// apps, or all. It says why it cannot be.
func (d *draft) authorize(b *backend, apps []string, at place) (fault string) {
	check := callback.Settings{Mode: callback.Mode(b.mode), URL: b.url, On: map[callback.Event][]string{}, Alone: true}
	for event, urls := range b.on {
		check.On[callback.Event(event)] = urls
	}
	if err := check.Check(); err != nil {
		return printable(err.Error())
	}
	s := &section{at: at}
	s.set("mode", text(b.mode), at, 0)
	if b.url != "" {
		s.set("url", text(b.url), place{}, 0)
	}
	for event, urls := range b.on {
		s.set(strings.ReplaceAll(event, "_", "-"), list(urls...), place{}, 0)
	}
	for name, value := range b.lines {
		s.set(name, value, place{}, 0)
	}
	if len(apps) > 0 {
		s.set("apps", list(apps...), place{}, 0)
	}
	// Encoders have no keys of the server: the back end decides about them.
	s.set("alone", "true", place{}, 0)
	d.authorizers = append(d.authorizers, s)
	return ""
}

// maxAnswer is how long an encoder waits for an answer at most.
const maxAnswer = 10 * time.Second

// httpURL is an address of a back end, which nginx-rtmp takes without a scheme.
func httpURL(s string) string {
	if !strings.Contains(s, "://") {
		return "http://" + s
	}
	return s
}
