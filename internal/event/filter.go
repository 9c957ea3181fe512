package event

import (
	"fmt"
	"slices"
	"strings"

	"github.com/millrace-live/millrace/internal/catalog"
)

// Filter chooses events. What is empty matches all.
type Filter struct {
	Types  []string // "stream.live", or "stream.*" for all that begin so
	Apps   []string // of streams; what is about no stream is for those who may see all
	Stream string   // the full name of one
}

// Match reports whether an event of a type with a subject is chosen.
func (f *Filter) Match(t Type, subject string) bool {
	return (f.Stream == "" || f.Stream == subject) &&
		(len(f.Types) == 0 || slices.ContainsFunc(f.Types, t.Fits)) &&
		(len(f.Apps) == 0 || subject != Server && slices.Contains(f.Apps, appOf(subject)))
}

// Fits reports whether a pattern, as filters and webhooks have them, stands for
// the type.
func (t Type) Fits(pattern string) bool {
	if group, ok := strings.CutSuffix(pattern, "*"); ok {
		return strings.HasPrefix(string(t), group)
	}
	return pattern == string(t)
}

// CheckPattern says what is wrong with a pattern that stands for no type.
func CheckPattern(pattern string) error {
	for _, t := range Types {
		if t.Fits(pattern) {
			return nil
		}
	}
	return fmt.Errorf("no type of event is %q: write for instance stream.live, or stream.* for all that begin so", pattern)
}

// endpoints returns the webhooks that get an event.
func endpoints(hooks []*catalog.Webhook, t Type, subject string) []string {
	var to []string
	for _, h := range hooks {
		f := Filter{Types: h.Types, Apps: h.Apps}
		if !h.Disabled && f.Match(t, subject) {
			to = append(to, h.ID)
		}
	}
	return to
}
