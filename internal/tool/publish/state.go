package publish

import (
	"fmt"
	"strings"
	"time"

	"github.com/millrace-live/millrace/internal/tool"
)

// State is how far a publication has come: a line of text, or a line of JSON.
type State struct {
	// Event is progress, or end for the last one.
	Event string `json:"event"`
	// Pass counts the passes over the file, from 1.
	Pass int `json:"pass"`
	// Position and Length are seconds of the file; Left is what remains of it.
	// Length and Left are 0 if the file does not say how long it is.
	Position float64 `json:"position"`
	Length   float64 `json:"length,omitempty"`
	Left     float64 `json:"left,omitempty"`
	// Bitrate is what was sent over the last seconds, in bits a second.
	Bitrate float64 `json:"bitrate"`
	// Sent and Acknowledged are bytes of the connection; Acknowledged is 0 with
	// servers that do not tell.
	Sent         uint64 `json:"sent"`
	Acknowledged uint64 `json:"acknowledged,omitempty"`
	// RTT is the time to the server and back in milliseconds, 0 if it is not
	// known.
	RTT float64 `json:"rtt_ms,omitempty"`
	// Late is how many seconds the stream has fallen behind the clock.
	Late float64 `json:"late,omitempty"`
	// Reason is why the publication ended.
	Reason string `json:"reason,omitempty"`

	loop bool
}

func seconds(d time.Duration) float64 { return float64(d.Milliseconds()) / 1000 }

func duration(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }

func (s State) String() string {
	parts := []string{tool.Clock(duration(s.Position))}
	if s.Length > 0 {
		parts[0] += " of " + tool.Clock(duration(s.Length))
	}
	if s.loop {
		parts[0] += fmt.Sprintf(" (pass %d)", s.Pass)
	}
	parts = append(parts, tool.Bits(s.Bitrate))
	if s.Left > 0 && !s.loop {
		parts = append(parts, tool.Clock(duration(s.Left))+" left")
	}
	sent := tool.Bytes(s.Sent) + " sent"
	if s.Acknowledged > 0 {
		sent += ", " + tool.Bytes(s.Acknowledged) + " confirmed"
	}
	parts = append(parts, sent)
	if s.RTT > 0 {
		parts = append(parts, fmt.Sprintf("round trip %.0f ms", s.RTT))
	}
	if s.Late >= 0.5 {
		parts = append(parts, fmt.Sprintf("%.1f s late", s.Late))
	}
	return strings.Join(parts, " · ")
}
