package bench

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/millrace-live/millrace/internal/tool"
	"github.com/millrace-live/millrace/rtmp"
)

// Options say what load there is.
type Options struct {
	// URL is what players play: an RTMP address of any dialect, one of FLV over
	// HTTP, or one of an HLS playlist.
	URL string
	// PublishTo is where publishers send, URL if it is empty. If there is more
	// than one publisher, a number is appended to the names of both addresses,
	// and players are dealt out among them.
	PublishTo           string
	Players, Publishers int
	// Observers is how many of the players read every message to measure delays
	// and losses; the others discard what comes, which costs this machine
	// little. 0 means all of up to 20 players, else one in 50 and at least 20.
	Observers int
	// Stuck is how many of the players stop reading with their first frame, but
	// stay connected.
	Stuck int
	// Hinted has players of HLS ask for the part that a playlist hints at before
	// it is made, as Apple's do. Else they ask for parts when they are listed, as
	// hls.js does.
	Hinted bool
	// Churn is how many more players a second come, from the steady part of the
	// run on, to leave soon after their first frame.
	Churn int
	// File is an FLV or MP4 file. Without one, noise in the shape of H.264 and
	// AAC is sent, at Bitrate bits and FPS pictures a second; 0 pictures are
	// sound alone. Keys is from one key frame to the next, two seconds if 0.
	File    string
	Bitrate int
	FPS     int
	Keys    time.Duration
	// Ramp is over which time players join, Time how long the run goes on
	// after it.
	Time, Ramp time.Duration
	// PID is the server's process, on this machine; 0 is none.
	PID int
	// JSON writes progress and the report as objects, a line each, to stdout.
	// Else the report goes there as text, and progress to stderr: one live line
	// if Terminal says that this is a terminal, a line each 10 s if not.
	JSON, Terminal bool
	// Dialer connects; its NetDial and TLSConfig do so for HTTP, too.
	Dialer rtmp.Dialer

	proc string // where the system's counters are, "/proc" if empty
}

func usage(format string, args ...any) error {
	return &tool.Error{Status: tool.Usage, Text: fmt.Sprintf(format, args...)}
}

func (o *Options) check() error {
	const most = 100_000
	switch {
	case o.Players < 0 || o.Players > most || o.Publishers < 0 || o.Publishers > most:
		return usage("the number of players or publishers cannot be used; give 0 to %d", most)
	case o.Players+o.Publishers == 0:
		return usage("there is nothing to do; give --players or --publishers a number")
	case o.Observers < 0 || o.Stuck < 0 || o.Observers+o.Stuck > o.Players:
		return usage("there are not that many players; give --observers and --stall less than --players together")
	case o.Stuck > 0 && isHLS(o.URL):
		return usage("players of HLS have no stream that they could leave unread; give --stall with an RTMP or HTTP-FLV address")
	case o.Churn < 0 || o.Churn > 10_000:
		return usage("the number of joins a second cannot be used; give --churn 0 to 10000")
	case o.Time <= 0 || o.Ramp < 0:
		return usage("the time cannot be used; give --time and --ramp lengths such as 30s")
	case o.Bitrate < 8_000 || o.Bitrate > 1_000_000_000:
		return usage("the bit rate cannot be used; give --bitrate 8000 to 1000000000 bits a second")
	case o.FPS < 0 || o.FPS > 240:
		return usage("the rate of pictures cannot be used; give --fps 0 to 240")
	}
	o.Keys = cmp.Or(o.Keys, keyDistance)
	if o.Keys < 100*time.Millisecond || o.Keys > synthLength {
		return usage("the distance of key frames cannot be used; give --keys 100ms to 1m")
	}
	if o.proc == "" {
		o.proc = "/proc"
	}
	return nil
}

// observers is how many players observe.
func (o *Options) observers() int {
	if isHLS(o.URL) {
		return o.Players
	}
	const all, share = 20, 50
	n := o.Observers
	if n == 0 {
		n = max(all, o.Players/share)
	}
	return min(n, o.Players-o.Stuck)
}

// addresses are those of one publisher and its players.
type addresses struct {
	play, publish *tool.Address
}

// streams returns the addresses of all streams, and the one to show.
func (o *Options) streams() ([]addresses, string, error) {
	to := o.PublishTo
	if to == "" {
		to = o.URL
	}
	read := tool.PlayAddress
	if o.Publishers > 0 && o.PublishTo == "" {
		// What is published to may be a key.
		read = tool.PublishAddress
	}
	shown, err := read(o.URL)
	if err != nil {
		return nil, "", err
	}
	n := max(o.Publishers, 1)
	list := make([]addresses, 0, n)
	for i := range n {
		play, publish := o.URL, to
		if n > 1 {
			play, publish = numbered(play, i+1), numbered(publish, i+1)
		}
		var a addresses
		if a.play, err = read(play); err != nil {
			return nil, "", err
		}
		if o.Publishers > 0 {
			if a.publish, err = tool.PublishAddress(publish); err != nil {
				return nil, "", err
			}
			if a.publish.HTTP() {
				return nil, "", usage("publishing goes to an rtmp:// address; give one with --publish-to")
			}
		}
		list = append(list, a)
	}
	return list, shown.String(), nil
}

// numbered appends a number to the name of a stream, which the query and a
// container's ending are no part of.
func numbered(raw string, n int) string {
	raw, query, asked := strings.Cut(strings.TrimSpace(raw), "?")
	ending := ""
	for _, e := range [...]string{".flv", "/index" + playlistEnding} {
		if strings.HasSuffix(raw, e) {
			ending = e
		}
	}
	raw = strings.TrimSuffix(raw, ending) + strconv.Itoa(n) + ending
	if asked {
		raw += "?" + query
	}
	return raw
}
