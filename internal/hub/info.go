package hub

import (
	"net/netip"
	"time"

	"github.com/millrace-live/millrace/media"
)

// State is where a stream stands.
type State uint32

// The states of a stream.
const (
	Waiting      State = iota // only players, who wait for a publisher
	Live                      // somebody publishes
	Reconnecting              // the publisher vanished or is silent; players wait
	Ended                     // over; readers get what is left
)

var stateNames = [...]string{"waiting", "live", "reconnecting", "ended"}

// String returns the state as the API writes it.
func (s State) String() string {
	if int(s) < len(stateNames) {
		return stateNames[s]
	}
	return "unknown"
}

// StreamInfo is a snapshot of a stream.
type StreamInfo struct {
	Name  string
	State State
	// Broadcast identifies the broadcast: a random name of its own, "" while
	// nobody has published.
	Broadcast string
	// Since is when the broadcast began; of a waiting stream, when the first
	// player came.
	Since time.Time
	// Generation counts the publications of this broadcast, from 1.
	Generation uint32
	Tracks     []TrackInfo
	// Bitrate is bits a second over all tracks, measured over about 5 s.
	Bitrate int64
	// KeyInterval is the media time between the last two key frames of the
	// default video track; 0 when there were not two.
	KeyInterval time.Duration
	// LastMedia is when the last frame of sound or picture came.
	LastMedia time.Time
	// BytesIn and Frames count payload received, BytesOut what readers
	// reported by Reader.Sent, Drops frames that slow readers skipped.
	BytesIn, BytesOut, Frames, Drops uint64
	// RingTime and RingBytes are what the ring keeps for those who join.
	RingTime  time.Duration
	RingBytes uint64
	// Viewers by protocol, waiting ones not among them.
	Viewers      map[string]int
	ViewersTotal int
	WaitingTotal int
	// Publisher is nil while nobody is connected to publish.
	Publisher *PublisherInfo
	// Refused are the last tries that were not let in, oldest first.
	Refused []Refused
}

// TrackInfo describes a track and what was measured of it.
type TrackInfo struct {
	*media.Track
	// Bitrate (bits a second) and FrameRate (frames a second) are measured over
	// about 5 s.
	Bitrate   int64
	FrameRate float64
}

// PublisherInfo describes who publishes.
type PublisherInfo struct {
	Session, Protocol, Software string
	Remote                      netip.AddrPort
	Since                       time.Time
	// Clock is what the encoder's own clock said last; nil when it sends none.
	Clock *EncoderClock
}

// EncoderClock compares the clock that an encoder sends along with ours.
type EncoderClock struct {
	Source string        // "onFI" or "sei"
	Delay  time.Duration // from the encoder's clock to the arrival; negative when the clock runs ahead
}

// Refused is a try to publish or play that was not let in.
type Refused struct {
	Time               time.Time
	Code               Code
	Reason             string
	Protocol, Software string
	Remote             netip.AddrPort
}
