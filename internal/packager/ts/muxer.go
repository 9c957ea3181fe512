package ts

import (
	"bytes"

	"github.com/millrace-live/millrace/media"
)

const (
	// The tables come again after this long. ETSI TR 101 290 §5.2.1 has half a
	// second as the most; viewers over HTTP are given them where they join.
	tablesEvery = 400 * Timescale / 1000
	// Clock references are at most 100 ms apart (§2.7.2). Access units take them
	// along when they are due; where no access unit of the clock's PID comes, they
	// have packets of their own.
	clockDue   = 40 * Timescale / 1000
	clockAlone = 70 * Timescale / 1000
	clockEvery = 90 * Timescale / 1000
	// Over a longer step of the clock there are none: it is a new clock.
	longestStep = 5 * Timescale
	// A track that is silent for this long does not hold the clock back: what goes
	// on would be more than a second ahead of it (§2.4.2.6).
	clockPatience = Timescale - clockEvery

	// Sound starts without a picture when there was none for this long.
	longestStill = 10 * Timescale

	// mostAudio bounds the PMT, whose section has 1,021 bytes at most.
	mostAudio = 16
)

// Place is what the packets of a frame are to those who cut the stream.
type Place struct {
	// Packets reports whether there are any: of frames that are left out there
	// are none.
	Packets bool
	// Start is set when a viewer can join: PAT and PMT come first, then a key
	// frame with its parameter sets and a clock reference, or sound where there is
	// no picture.
	Start bool
	// Tables is set when PAT and PMT come first: at every start and discontinuity,
	// and some times a second between them.
	Tables bool
	// Discontinuity is set on the first frame of another epoch, after a step of
	// more than 5 s, and when a decoder needs to be configured anew.
	Discontinuity bool
	Kind          media.Kind
	Key           bool
	// Decode is when the frame is to be decoded, in ticks of the stream's
	// timeline that do not wrap: its DTS in the stream is Decode plus [Delay]. End
	// is where it ends, as far as that is known.
	Decode, End int64
}

// Muxer makes packets of the frames of one stream. The zero value is ready. It is
// not safe for concurrent use.
type Muxer struct {
	set   *media.TrackSet
	lanes []*lane // the picture first, if there is one; it has the clock
	// known are the lanes that there ever were, one a PID: counters and times go
	// on when a track comes back.
	known   []*lane
	refused []error

	table          []byte // the PMT's section, nil before the first
	body           []byte // of table
	version        uint8
	patted, pmtted uint8 // their continuity counters
	tabled         int64 // when the tables came last

	begun   bool
	epoch   uint32
	origin  int64 // of the epoch: when its first frame is to be decoded
	clock   int64 // the newest PCR
	changed bool  // decoders need another configuration, and no frame has said so

	// resume are packets for who has missed some and goes on with the newest start.
	resume []byte

	pieces [][]byte
	head   [19]byte
}

// lane is one elementary stream.
type lane struct {
	track   *media.Track
	record  []byte
	stream  stream
	packing packing
	pid     uint16
	counter uint8 // of its next packet
	line    timeline
	keyed   bool
	current bool // it had a frame in this epoch
}

// Refused says which tracks of the newest frame's set are left out, and why, as
// errors of type [*UnsupportedError]. Video tracks other than the default one are
// left out without a word: they are for players who choose.
func (m *Muxer) Refused() []error { return m.refused }

// Carries reports whether a track of the newest frame's set is carried.
func (m *Muxer) Carries() bool { return len(m.lanes) > 0 }

// Append appends the packets of the next frame of the stream, and says what they
// are.
func (m *Muxer) Append(dst []byte, f *media.Frame) ([]byte, Place) {
	if f.Kind != media.Video && f.Kind != media.Audio {
		return dst, Place{}
	}
	if f.Tracks != m.set {
		m.adopt(f.Tracks)
	}
	return m.append(dst, f)
}

// append is Append of a frame whose set has been adopted.
func (m *Muxer) append(dst []byte, f *media.Frame) (out []byte, p Place) {
	l := m.lane(f.Kind, f.Track)
	if l == nil || f.Class == media.Command || f.Header != 0 || len(f.Payload) == 0 {
		return dst, p
	}
	if f.Kind == media.Video && !l.keyed && !f.IsKey() {
		return dst, p
	}
	m.pieces = l.packing.pack(append(m.pieces[:0], nil), f) // the first one is to be the PES header
	size := 0
	for _, piece := range m.pieces {
		size += len(piece)
	}
	if size > 0 && (f.Kind == media.Video || size <= longestPES-len(m.head)) {
		dst, p = m.carry(dst, l, f, size)
	}
	clear(m.pieces) // or they would keep the payload from the collector
	return dst, p
}

// carry appends the access unit of a frame, of size bytes in m.pieces, and what is
// due before it.
func (m *Muxer) carry(dst []byte, l *lane, f *media.Frame, size int) ([]byte, Place) {
	first := !m.begun
	broken := !first && f.Epoch != m.epoch
	m.begun, m.epoch = true, f.Epoch
	if broken {
		for _, o := range m.lanes {
			o.line.anchored, o.current = false, false
		}
	}
	decode, present := l.place(f)
	l.current = true
	if first || broken {
		m.origin = decode
	}
	now := m.safe(l, decode)
	if !first && now-m.clock > longestStep {
		broken = true
	}
	l.keyed = l.keyed || f.Kind == media.Audio || f.IsKey()
	p := Place{
		Packets: true, Kind: f.Kind, Key: f.IsKey(), Discontinuity: broken || m.changed && !first, Decode: decode, End: l.line.end(),
	}
	due := first || decode-m.tabled >= tablesEvery || m.tabled > decode+longestStep
	p.Start = f.IsKey() || due && f.Kind == media.Audio && !m.pictured(decode)
	if p.Start {
		m.resume = m.appendResume(m.resume[:0])
	}
	if p.Start || due || m.changed || broken {
		dst = m.appendTables(dst, decode)
		p.Tables = true
	}
	m.changed = false

	var a field
	switch {
	case broken:
		a = field{flagPCR | flagDiscontinuity, now}
	case first:
		a = field{flagPCR, now}
	default:
		dst, a = m.tick(dst, now, l == m.lanes[0], p.Start)
	}
	if a.flags != 0 {
		m.clock = a.pcr
		if owner := m.lanes[0]; l != owner {
			dst = appendField(dst, owner.pid, owner.counter, a)
			a = field{}
		}
	}
	if p.Start {
		a.flags |= flagRandomAccess
	}
	n := putPES(m.head[:], l.stream.id, size, present+delay, decode+delay)
	m.pieces[0] = m.head[:n]
	return appendPackets(dst, l.pid, &l.counter, a, m.pieces, n+size), p
}

// tick appends the clock references that were due before now, and returns that of
// now if it is due: sooner if it can go with an access unit of the clock's own PID,
// and in any case if that is a start.
func (m *Muxer) tick(dst []byte, now int64, own, start bool) ([]byte, field) {
	owner := m.lanes[0]
	for now-m.clock > clockEvery {
		m.clock += clockEvery
		dst = appendField(dst, owner.pid, owner.counter, field{flagPCR, m.clock})
	}
	switch {
	case own && start:
		return dst, field{flagPCR, max(now, m.clock+1)}
	case now-m.clock >= clockAlone, own && now-m.clock >= clockDue:
		return dst, field{flagPCR, now}
	}
	return dst, field{}
}

// pictured reports whether there are pictures at that time: where there are, only
// they can begin anything.
func (m *Muxer) pictured(now int64) bool {
	l := m.lanes[0]
	return l.track.Kind == media.Video && l.keyed && now-l.line.last < longestStill
}

// place gives a frame its times.
func (l *lane) place(f *media.Frame) (decode, present int64) {
	if f.Kind == media.Video {
		return l.line.picture(f)
	}
	at := l.line.sound(f, l.track.Samples(f.Payload), l.track.Sound().SampleRate)
	return at, at
}

// safe is the clock at a frame of l: its decoding time less the delay, or less
// than that where another track is behind, whose next frame is not to be later
// than its time.
func (m *Muxer) safe(l *lane, decode int64) int64 {
	now := decode
	for _, o := range m.lanes {
		last := m.origin
		if o.current {
			last = o.line.last
		}
		if o != l && last > decode-clockPatience {
			now = min(now, last+delay)
		}
	}
	return now
}

// appendResume appends what makes a gap in the continuity counters of every PID
// good, just before the next packets.
func (m *Muxer) appendResume(dst []byte) []byte {
	gap := field{flags: flagDiscontinuity}
	dst = appendField(dst, pidPAT, m.patted, gap)
	dst = appendField(dst, pidPMT, m.pmtted, gap)
	for _, l := range m.lanes {
		dst = appendField(dst, l.pid, l.counter, gap)
	}
	return dst
}

func (m *Muxer) appendTables(dst []byte, now int64) []byte {
	m.tabled = now
	dst = appendTable(dst, pidPAT, &m.patted, associations)
	return appendTable(dst, pidPMT, &m.pmtted, m.table)
}

func (m *Muxer) lane(k media.Kind, id uint8) *lane {
	for _, l := range m.lanes {
		if l.track.Kind == k && l.track.ID == id {
			return l
		}
	}
	return nil
}

// adopt makes the lanes of another set.
func (m *Muxer) adopt(set *media.TrackSet) {
	m.set, m.lanes = set, nil
	var chosen []choice
	chosen, m.refused = choose(set)
	for _, c := range chosen {
		m.lanes = append(m.lanes, m.renew(c))
	}
	if len(m.lanes) == 0 {
		return
	}
	if body := programBody(m.lanes); !bytes.Equal(body, m.body) {
		const programMap = 2
		if m.table != nil {
			m.version = (m.version + 1) & 0x1f
			m.changed = true
		}
		m.body, m.table = body, section(programMap, program, m.version, body)
	}
}

// choice is a track that is carried.
type choice struct {
	track   *media.Track
	stream  stream
	packing packing
}

// choose finds the tracks of a set that are carried, and says why others are not.
func choose(set *media.TrackSet) (chosen []choice, refused []error) {
	if set == nil {
		return nil, nil
	}
	audio := 0
	for _, t := range set.Tracks {
		if t.Kind == media.Video && t != set.Default(media.Video) {
			continue
		}
		s, p, err := code(t)
		if err == nil && t.Kind == media.Audio {
			if audio++; audio > mostAudio {
				err = &UnsupportedError{Codec: t.Codec, Reason: "is one too many"}
			}
		}
		if err != nil {
			refused = append(refused, err)
			continue
		}
		chosen = append(chosen, choice{t, s, p})
	}
	return chosen, refused
}

// renew makes the lane of a track, which goes on where the last one of its PID
// was.
func (m *Muxer) renew(c choice) *lane {
	t := c.track
	n := &lane{track: t, record: t.Record(), stream: c.stream, packing: c.packing, pid: pidVideo}
	if t.Kind == media.Audio {
		n.pid = pidAudio + uint16(t.ID)
	}
	for i, l := range m.known {
		if l.pid != n.pid {
			continue
		}
		n.counter, n.line = l.counter, l.line
		if l.track.ID == t.ID && l.stream.kind == c.stream.kind {
			n.keyed = l.keyed
			m.changed = m.changed || !bytes.Equal(l.record, n.record)
		} else {
			n.line.anchored = false
		}
		m.known[i] = n
		return n
	}
	m.known = append(m.known, n)
	return n
}
