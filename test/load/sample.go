//go:build linux

package main

import (
	"encoding/json"
	"fmt"
	"strings"
)

// sample is what one server did in one round under the loads of one size.
type sample struct {
	Scenario string   `json:"scenario"`
	Size     string   `json:"size"`
	Server   string   `json:"server"`
	Round    int      `json:"round"`
	Runs     []runOut `json:"runs"`
	Error    string   `json:"error,omitempty"`
}

// runOut is what came of one load.
type runOut struct {
	Load   load            `json:"load"`
	Report json.RawMessage `json:"report,omitempty"`
	// RingBytes is the media that all of Millrace's rings hold at the end.
	RingBytes float64 `json:"ring_bytes,omitempty"`
	// Floor is what the floor says of itself.
	Floor json.RawMessage `json:"floor,omitempty"`
	// Files is what serving files cost.
	Files *filesCost `json:"files,omitempty"`

	report *report
}

func (s *sample) report(i int) *report {
	if i >= len(s.Runs) {
		return nil
	}
	return s.Runs[i].report
}

// steady is the first report, if it has what a steady server cost.
func (s *sample) steady() *report {
	if r := s.report(0); r != nil && r.Steady != nil && r.Server != nil {
		return r
	}
	return nil
}

// remarks say what makes the sample's numbers less than they seem.
func (s *sample) remarks() string {
	if s.Error != "" {
		return s.Error
	}
	var all []string
	for i := range s.Runs {
		r := s.Runs[i].report
		if r == nil {
			continue
		}
		lack := func(what string, g group) {
			if g.Kept < g.Asked {
				all = append(all, fmt.Sprintf("%d of %d %s stayed", g.Kept, g.Asked, what))
			}
		}
		lack("players", r.Players)
		lack("publishers", r.Publishers)
		if r.NeverJoined > 0 {
			all = append(all, fmt.Sprintf("%d saw no picture", r.NeverJoined))
		}
		if c := r.Churn; c != nil && c.Failed > 0 {
			all = append(all, fmt.Sprintf("%.0f joins failed", c.Failed))
		}
	}
	return strings.Join(all, ", ")
}
