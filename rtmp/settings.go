package rtmp

import "time"

// settings are the knobs of a session, of either side, all of them set.
type settings struct {
	chunkSize    int
	handshake    time.Duration
	connect      time.Duration
	stream       time.Duration
	write        time.Duration
	ping         time.Duration
	idle         time.Duration
	maxQueue     int
	commandsASec int
}

const (
	// defaultChunkSize makes one chunk of nearly every message, and a
	// continuation header each 64 KiB of a large key frame.
	defaultChunkSize = 64 << 10
	// maxAnswers is how many bytes of answers may wait for a peer to read.
	maxAnswers = 64 << 10
	// maxCommands is how many commands and user control messages a peer may
	// send in one second. A busy player sends ten.
	maxCommands = 1000
	// window is the acknowledgement window in both directions: FMS's own.
	window = 2_500_000

	// The longest messages of a peer that was let in (media, all others).
	mediaLimit = 16 << 20
	otherLimit = 1 << 20

	// strangerBuffer is what is read at once from a peer that has nothing to
	// say but commands, publisherBuffer from one that sends media.
	strangerBuffer  = 4 << 10
	publisherBuffer = 64 << 10
	// playerPing is how long a player may be silent before it is pinged: it
	// has nothing to say, and a dead one is found by what is written to it.
	playerPing = 30 * time.Second
	// linger is how long a peer has to close its side after it was told why.
	linger = time.Second
)

func orDefault[T int | uint8 | time.Duration](v, otherwise T) T {
	if v == 0 {
		return otherwise
	}
	return v
}
