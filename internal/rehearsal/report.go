package rehearsal

import (
	"time"

	"github.com/millrace-live/millrace/internal/tool/probe"
)

// Verdict is a Report in a word.
type Verdict string

// The verdicts.
const (
	Measuring Verdict = "measuring" // too little has come yet
	TooShort  Verdict = "too-short" // and nothing more will
	Good      Verdict = "good"      // there may be notes
	Warnings  Verdict = "warnings"  // some viewers would have trouble
	Problems  Verdict = "problems"  // all would
)

// Report is what came of a rehearsal.
type Report struct {
	Stream   string  `json:"stream"`
	Verdict  Verdict `json:"verdict"`
	Session  string  `json:"session"`
	Protocol string  `json:"protocol"`
	Encoder  string  `json:"encoder,omitempty"`
	// Began and Ended are in UTC; Ended is zero while it is on. Reason says why
	// it ended.
	Began  time.Time `json:"began"`
	Ended  time.Time `json:"ended,omitzero"`
	Reason string    `json:"reason,omitempty"`
	// Seconds is how much was measured in all.
	Seconds float64 `json:"seconds"`
	// Found is all that was ever wrong, the worst first.
	Found []Finding `json:"found"`
	// Checks is what `millrace probe` says of the last half minute; nil while
	// too little has come.
	Checks *probe.Report `json:"checks,omitempty"`
}

// Finding is a piece of advice, and when it was true.
type Finding struct {
	probe.Advice
	First time.Time `json:"first"`
	Last  time.Time `json:"last"`
}

var ranks = map[probe.Severity]int{probe.Problem: 0, probe.Warning: 1, probe.Note: 2}

// verdict sums up what was found.
func verdict(found []Finding) Verdict {
	worst := len(ranks)
	for _, f := range found {
		worst = min(worst, ranks[f.Severity])
	}
	switch worst {
	case ranks[probe.Problem]:
		return Problems
	case ranks[probe.Warning]:
		return Warnings
	}
	return Good
}
