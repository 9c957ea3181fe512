package bench

import (
	"fmt"
	"strings"
	"time"

	"github.com/millrace-live/millrace/internal/tool"
)

// Result is what a run has measured. Times are in milliseconds where a name
// says so, else in seconds.
type Result struct {
	Event string `json:"event"` // report
	// Address is the stream's, without its secrets; Clip is what was sent.
	Address string `json:"address"`
	Clip    string `json:"clip,omitempty"`
	// Seconds is how long players played, ramp and all.
	Seconds    float64 `json:"seconds"`
	Players    Group   `json:"players"`
	Publishers Group   `json:"publishers"`
	// Observers are the players that read every message; Messages, Delay, Lost
	// and Unknown are theirs. Of all others it is known when they joined, what
	// came and when.
	Observers int    `json:"observers"`
	Messages  uint64 `json:"messages"`
	// Bytes came to all players from the play command on, headers and all.
	// BytesSent are the publishers', without headers.
	Bytes     uint64  `json:"bytes"`
	Gbit      float64 `json:"gbit"`
	BytesSent uint64  `json:"bytes_sent"`
	// Connect ends with the server's answer to connect (RTMP) or with the
	// answer's header (HTTP). Start is from the play command to
	// NetStream.Play.Start (RTMP). Join is from the play command to the first
	// key frame, or the first sound where there are no pictures. Delay is of
	// messages that were sent after the play command.
	Connect *Spread `json:"connect,omitempty"`
	Start   *Spread `json:"start,omitempty"`
	Join    *Spread `json:"join,omitempty"`
	Delay   *Spread `json:"delay,omitempty"`
	// Of HLS: Delivery is of each part (or segment, where there are none) that was
	// made since the player had enough to begin with, from when its last frame was over at the server,
	// as EXT-X-PROGRAM-DATE-TIME and the durations have it, to its last byte. It
	// compares the server's clock with this machine's. Join is until there was
	// enough to begin with. Failures are the requests without a 200.
	Delivery *Spread `json:"delivery,omitempty"`
	Requests uint64  `json:"requests,omitempty"`
	Failures uint64  `json:"request_failures,omitempty"`
	// Stalls are pauses of more than a second, or of HLS, how often a buffer of
	// (PART-)HOLD-BACK ran dry; StalledPlayers are those who had any. NeverJoined
	// are connected players without a frame to begin with.
	Stalls         int `json:"stalls"`
	StalledPlayers int `json:"stalled_players"`
	NeverJoined    int `json:"never_joined"`
	// Lost are messages that were sent after the play command and passed over
	// between others that came, Unknown those that came and were not found
	// among what was sent. They are known of own publishers' streams.
	Lost        uint64 `json:"lost"`
	LostPlayers int    `json:"lost_players"`
	Unknown     uint64 `json:"unknown,omitempty"`
	// Stuck are the players that were to stop reading, Churn those that came
	// and went. Players, Stalls and NeverJoined do not count either.
	Stuck *Stuck `json:"stuck,omitempty"`
	Churn *Churn `json:"churn,omitempty"`
	// Late is by how much this program's messages left too late, a measure of
	// this machine; LateMS is the most.
	Late   *Spread `json:"late,omitempty"`
	LateMS float64 `json:"late_ms"`
	// Ends are how connections ended, most frequent first.
	Ends []End `json:"ends"`
	// CPU is what this program used.
	CPU float64 `json:"cpu"`
	// Steady is the part of the run that Server's costs are of; none if the run
	// ended before it began.
	Steady *Steady `json:"steady,omitempty"`
	Server *Server `json:"server,omitempty"`
}

// Group counts the players or the publishers.
type Group struct {
	Asked     int `json:"asked"`
	Connected int `json:"connected"`
	Kept      int `json:"kept"` // to the end of the run
}

// Stuck are players that stopped reading with their first frame and kept their
// connections.
type Stuck struct {
	Asked     int `json:"asked"`
	Connected int `json:"connected"`
	// Closed is how many of them the server closed, After how long they had
	// been stuck. Where the server cannot be seen from here it is noticed at
	// the end of the run only, and After does not count it.
	Closed int     `json:"closed"`
	After  *Spread `json:"after,omitempty"`
}

// Churn are players that came during the steady part of the run and went a
// second or two after their first frame.
type Churn struct {
	PerSecond int     `json:"per_second"` // asked for
	Joins     int     `json:"joins"`      // begun
	Failed    int     `json:"failed"`     // refused, or lost before they went
	Connect   *Spread `json:"connect,omitempty"`
	Start     *Spread `json:"start,omitempty"`
	Join      *Spread `json:"join,omitempty"`
	// NeverJoined went after 10 s without a frame to begin with.
	NeverJoined int `json:"never_joined"`
}

// Steady is the part of the run from a second after the ramp to the end.
type Steady struct {
	Seconds float64 `json:"seconds"`
	Players int     `json:"players"` // connected when it began
	// Bytes came to all players, those that come and go included; BytesSent are
	// the publishers'.
	Bytes     uint64  `json:"bytes"`
	Gbit      float64 `json:"gbit"`
	BytesSent uint64  `json:"bytes_sent"`
	// Requests are those of HLS.
	Requests uint64 `json:"requests,omitempty"`
	// CPU is what this program used.
	CPU float64 `json:"cpu"`
}

// End is how connections ended.
type End struct {
	Reason string `json:"reason"`
	Count  int    `json:"count"`
}

// Server is what the server's process used.
type Server struct {
	PID int `json:"pid"`
	// CPU is of the steady part, RampCPU of what came before it, from the first
	// player on.
	CPU        float64 `json:"cpu"`
	CPUPerGbit float64 `json:"cpu_per_gbit,omitempty"`
	// CPUPerRequest is in microseconds.
	CPUPerRequest float64 `json:"cpu_us_per_request,omitempty"`
	RampCPU       float64 `json:"ramp_cpu"`
	// RSS is the resident set in bytes, before the first player came and at the
	// end of the steady part; Anon is the part of it that no files are behind.
	// A process that has served as many before has their memory still, and
	// shows no growth.
	RSSBefore     uint64 `json:"rss_before"`
	RSSAfter      uint64 `json:"rss_after"`
	RSSPerPlayer  int64  `json:"rss_per_player,omitempty"`
	AnonBefore    uint64 `json:"rss_anon_before"`
	AnonAfter     uint64 `json:"rss_anon_after"`
	AnonPerPlayer int64  `json:"rss_anon_per_player,omitempty"`
}

// hls reports whether playlists were played.
func (r *Result) hls() bool { return r.Requests > 0 }

// busy is a lateness of publishers, in milliseconds, that shows in delays.
const busy = 100

// String returns the report as text.
func (r *Result) String() string {
	var b strings.Builder
	line := func(name, format string, args ...any) {
		fmt.Fprintf(&b, "%-12s %s\n", name, fmt.Sprintf(format, args...))
	}
	line("stream", "%s", r.Address)
	if r.Clip != "" {
		line("sent", "%s", r.Clip)
	}
	line("publishers", "%s", r.Publishers)
	text := fmt.Sprintf("%s, for %.1f s", r.Players, r.Seconds)
	if r.Observers > 0 && !r.hls() {
		text += fmt.Sprintf("; %d observed", r.Observers)
	}
	line("players", "%s", text)
	if r.Players.Asked > 0 {
		rate := 0.0
		if r.Seconds > 0 {
			rate = 8 * float64(r.Bytes) / r.Seconds
		}
		line("delivered", "%.3f Gbit (%s), %s on average", r.Gbit, tool.Bytes(r.Bytes), tool.Bits(rate))
		line("connect", "%s", r.Connect)
		if r.Start != nil {
			line("play start", "%s", r.Start)
		}
		if r.hls() {
			line("first part", "%s", r.Join)
			line("delivery", "%s", r.Delivery)
			line("requests", "%d, %.0f a second; %d failed", r.Requests, float64(r.Requests)/max(r.Seconds, 1), r.Failures)
			line("stalls", "%d times a buffer ran dry, with %d players", r.Stalls, r.StalledPlayers)
		} else {
			line("first key", "%s", r.Join)
			line("delay", "%s", r.Delay)
			line("stalls", "%d of more than 1 s, with %d players", r.Stalls, r.StalledPlayers)
		}
		if r.Publishers.Connected > 0 && !r.hls() {
			line("lost", "%d messages, with %d players", r.Lost, r.LostPlayers)
		}
		if r.NeverJoined > 0 {
			line("no picture", "%d players waited for it in vain", r.NeverJoined)
		}
		if r.Unknown > 0 {
			line("unknown", "%d messages that were not sent by this program, or too long ago", r.Unknown)
		}
	}
	if s := r.Stuck; s != nil {
		text := ""
		if s.After != nil {
			text = ", after " + s.After.String()
		}
		line("stuck", "%d of %d connected; the server closed %d%s", s.Connected, s.Asked, s.Closed, text)
	}
	if c := r.Churn; c != nil {
		line("churn", "%d came, %d a second; %d failed, %d waited in vain for a picture", c.Joins, c.PerSecond, c.Failed, c.NeverJoined)
		line("  connect", "%s", c.Connect)
		line("  first key", "%s", c.Join)
	}
	for _, e := range r.Ends {
		line("ended", "%d: %s", e.Count, e.Reason)
	}
	text = fmt.Sprintf("%.2f s of processor time", r.CPU)
	if r.Publishers.Connected > 0 {
		text += fmt.Sprintf(", publishers late by at most %.0f ms", r.LateMS)
	}
	if r.Steady != nil {
		text += fmt.Sprintf(", %.2f s in the steady part", r.Steady.CPU)
	}
	line("bench", "%s", text)
	if r.LateMS > busy {
		line("note", "this machine was too busy for its publishers: delays and stalls are its own, too")
	}
	if s := r.Server; s != nil {
		text := "ended before its steady part"
		if t := r.Steady; t != nil {
			text = fmt.Sprintf("%.2f s of processor time in the steady %.1f s", s.CPU, t.Seconds)
			if s.CPUPerGbit > 0 {
				text += fmt.Sprintf(", %.3f s a Gbit", s.CPUPerGbit)
			}
			if s.CPUPerRequest > 0 {
				text += fmt.Sprintf(", %.1f µs a request", s.CPUPerRequest)
			}
		}
		line("server", "%s; %.2f s before that", text, s.RampCPU)
		text = fmt.Sprintf("%s resident, %s before", tool.Bytes(s.RSSAfter), tool.Bytes(s.RSSBefore))
		if s.RSSPerPlayer != 0 {
			text += fmt.Sprintf(", %.1f kB a player (%.1f kB anonymous)", float64(s.RSSPerPlayer)/1000, float64(s.AnonPerPlayer)/1000)
		}
		line("", "%s", text)
	}
	return b.String()
}

func (g Group) String() string {
	if g.Asked == 0 {
		return "none"
	}
	return fmt.Sprintf("%d of %d connected, %d until the end", g.Connected, g.Asked, g.Kept)
}

func (s *Spread) String() string {
	if s == nil {
		return "not measured"
	}
	return fmt.Sprintf("p50 %.1f ms, p99 %.1f ms, at most %.1f ms", s.P50, s.P99, s.Max)
}

// State is how far a run has come: a line of text, or of JSON.
type State struct {
	Event      string  `json:"event"` // progress
	Seconds    float64 `json:"seconds"`
	Publishers int     `json:"publishers"`
	Players    int     `json:"players"` // connected so far
	Ended      int     `json:"ended"`
	Bytes      uint64  `json:"bytes"`
	Bitrate    float64 `json:"bitrate"` // of the last seconds, in bits a second
}

func (s State) String() string {
	text := fmt.Sprintf("%s · %d publishers · %d players · %s · %s",
		tool.Clock(time.Duration(s.Seconds*float64(time.Second))), s.Publishers, s.Players,
		tool.Bits(s.Bitrate), tool.Bytes(s.Bytes))
	if s.Ended > 0 {
		text += fmt.Sprintf(" · %d ended early", s.Ended)
	}
	return text
}
