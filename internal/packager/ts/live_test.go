package ts

import (
	"bytes"
	"encoding/binary"
	"slices"
	"testing"
	"time"

	"github.com/millrace-live/millrace/media"
)

// live makes the frames of a stream by hand.
type live struct {
	frames []*media.Frame
	tracks *media.TrackSet
	epoch  uint32
}

func newLive(t testing.TB) *live {
	frames := readClip(t, clips+"ffmpeg-5.1-publish.flv")
	return &live{tracks: frames[len(frames)-1].Tracks}
}

func (l *live) add(kind media.Kind, track uint8, class media.Class, at time.Duration) *media.Frame {
	at = at.Round(time.Millisecond)
	payload := append([]byte{0, 0, 0, 100, 0x41}, bytes.Repeat([]byte{7}, 99)...)
	if class == media.Key {
		payload[4] = 0x65
	}
	binary.BigEndian.PutUint32(payload[90:], uint32(len(l.frames)))
	f := &media.Frame{
		Kind: kind, Track: track, Class: class, DTS: int64(at), PTS: int64(at), Epoch: l.epoch, Tracks: l.tracks,
		Arrival: clipBegin.Add(at), Payload: payload,
	}
	l.frames = append(l.frames, f)
	return f
}

// pictures adds so many a second, a key frame every two seconds.
func (l *live) pictures(from, to time.Duration, rate int) {
	for i := 0; ; i++ {
		at := from + time.Second*time.Duration(i)/time.Duration(rate)
		if at >= to {
			break
		}
		class := media.Inter
		if i%(2*rate) == 0 {
			class = media.Key
		}
		l.add(media.Video, 0, class, at)
	}
	l.sort()
}

func (l *live) sound(from, to time.Duration, track uint8) {
	t := l.tracks.Find(media.Audio, track)
	for i := 0; ; i++ {
		at := from + time.Second*time.Duration(i*t.Sound().FrameLength)/time.Duration(t.Sound().SampleRate)
		if at >= to {
			break
		}
		l.add(media.Audio, track, media.Key, at)
	}
	l.sort()
}

func (l *live) sort() {
	slices.SortStableFunc(l.frames, func(a, b *media.Frame) int { return int(a.DTS - b.DTS) })
}

func (l *live) shift(by time.Duration) {
	for _, f := range l.frames {
		f.DTS, f.PTS = f.DTS+int64(by), f.PTS+int64(by)
	}
}

// scan itself checks counters, CRCs and clock references: these are the streams
// that are hard on them.
func TestClock(t *testing.T) {
	for name, fill := range map[string]func(l *live){
		"picture and sound": func(l *live) { l.pictures(0, 10*time.Second, 25); l.sound(0, 10*time.Second, 0) },
		"two pictures a second": func(l *live) {
			l.pictures(0, 10*time.Second, 2)
		},
		"a picture a second, with sound": func(l *live) { l.pictures(0, 10*time.Second, 1); l.sound(0, 10*time.Second, 0) },
		"sixty pictures":                 func(l *live) { l.pictures(0, 10*time.Second, 60); l.sound(0, 10*time.Second, 0) },
		"sound alone":                    func(l *live) { l.sound(0, 10*time.Second, 0) },
		"sound that is early": func(l *live) {
			l.pictures(0, 10*time.Second, 25)
			for _, f := range l.frames {
				f.DTS, f.PTS = f.DTS+int64(900*time.Millisecond), f.PTS+int64(900*time.Millisecond)
			}
			video := l.frames
			l.frames = nil
			l.sound(900*time.Millisecond, 10*time.Second, 0)
			// It comes a second before the pictures of its time.
			sound := l.frames
			l.frames = nil
			for len(video)+len(sound) > 0 {
				if len(video) == 0 || len(sound) > 0 && sound[0].DTS < video[0].DTS+int64(800*time.Millisecond) {
					l.frames, sound = append(l.frames, sound[0]), sound[1:]
				} else {
					l.frames, video = append(l.frames, video[0]), video[1:]
				}
			}
		},
		"sound that pauses": func(l *live) {
			l.pictures(0, 10*time.Second, 25)
			l.sound(0, 3*time.Second, 0)
			l.sound(8*time.Second, 10*time.Second, 0)
		},
		"pictures that end":    func(l *live) { l.pictures(0, 3*time.Second, 25); l.sound(0, 10*time.Second, 0) },
		"a pause of everybody": func(l *live) { l.pictures(0, 3*time.Second, 25); l.pictures(7*time.Second, 9*time.Second, 25) },
		"a long pause":         func(l *live) { l.pictures(0, 3*time.Second, 25); l.pictures(40*time.Second, 42*time.Second, 25) },
		"the wrap of 33 bits": func(l *live) {
			l.pictures(0, 10*time.Second, 25)
			l.sound(0, 10*time.Second, 0)
			l.shift(time.Duration(1<<33/90)*time.Millisecond - 5*time.Second)
		},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLive(t)
			fill(l)
			r := scan(t, pack(l.frames))
			if len(r.units) != len(l.frames) {
				t.Errorf("%d access units came out of %d", len(r.units), len(l.frames))
			}
			wantBreaks := 0
			if name == "a long pause" {
				wantBreaks = 1
			}
			breaks := 0
			for _, c := range r.clocks {
				if c.discontinuity {
					breaks++
				}
			}
			if breaks != wantBreaks {
				t.Errorf("%d discontinuities, want %d", breaks, wantBreaks)
			}
		})
	}
}

// Sound whose milliseconds jitter comes out at even distances, and follows what
// the encoder says where that is another time.
func TestSoundIsCounted(t *testing.T) {
	l := newLive(t)
	l.sound(0, 10*time.Second, 0)
	l.sound(10*time.Second+100*time.Millisecond, 12*time.Second, 0)
	r := scan(t, pack(l.frames))
	steps := map[int64]int{}
	for i := 1; i < len(r.units); i++ {
		steps[r.units[i].pts-r.units[i-1].pts]++
	}
	// 1024 samples at 44.1 kHz are 2089.8 ticks; the one gap is of 100 ms and what
	// was left of ten seconds.
	if len(steps) != 3 || steps[2089]+steps[2090] != len(r.units)-2 {
		t.Errorf("the distances are %v", steps)
	}
}

// An epoch is told in the clock's PID, and tables come first.
func TestEpoch(t *testing.T) {
	l := newLive(t)
	l.pictures(0, 2*time.Second, 25)
	l.sound(0, 2*time.Second, 0)
	l.epoch++
	l.sound(2*time.Second+500*time.Millisecond, 4*time.Second, 0)
	l.pictures(2*time.Second+600*time.Millisecond, 4*time.Second, 25)
	var places []Place
	p := NewPackager(func(b Burst) {
		if b.Start || b.Discontinuity {
			places = append(places, b.Place)
		}
	})
	for _, f := range l.frames {
		p.Write(f)
	}
	p.End()
	// The key frame of each epoch, and the sound before that of the second.
	if len(places) != 3 || !places[0].Start || places[0].Discontinuity || places[1].Start || !places[1].Discontinuity || !places[2].Start {
		t.Errorf("the bursts begin at %+v", places)
	}
	r := scan(t, pack(l.frames))
	for i, c := range r.clocks {
		if c.discontinuity && c.value != ticks(int64(2*time.Second+500*time.Millisecond)) {
			t.Errorf("clock reference %d has a discontinuity at %d", i, c.value)
		}
	}
	if len(r.programs) != 1 {
		t.Errorf("there are %d PMTs", len(r.programs))
	}
}

// A track that comes makes another version of the PMT, and one that leaves as
// well; counters and times of its PID go on when it comes back.
func TestTracksComeAndGo(t *testing.T) {
	l := newLive(t)
	both := l.tracks
	alone := (*media.TrackSet)(nil).With(both.Default(media.Video))
	for i := range 4 {
		from := time.Duration(i) * 2 * time.Second
		l.tracks = both
		if i%2 == 1 {
			l.tracks = alone
		} else {
			l.sound(from, from+2*time.Second, 0)
		}
		l.pictures(from, from+2*time.Second, 25)
	}
	r := scan(t, pack(l.frames))
	var versions []byte
	for _, p := range r.programs {
		versions = append(versions, p[5]>>1&0x1f)
	}
	if !slices.Equal(versions, []byte{0, 1, 2, 3}) || len(r.units) != len(l.frames) {
		t.Errorf("versions %v, %d of %d units", versions, len(r.units), len(l.frames))
	}
	if testing.Verbose() {
		t.Logf("%x", r.programs)
	}
}

// Tracks that show themselves within the first moments are in the first PMT.
func TestTracksThatComeLate(t *testing.T) {
	l := newLive(t)
	both := l.tracks
	l.tracks = (*media.TrackSet)(nil).With(both.Default(media.Video))
	l.pictures(0, 200*time.Millisecond, 25)
	l.tracks = both
	l.sound(200*time.Millisecond, 2*time.Second, 0)
	r := scan(t, pack(l.frames))
	if len(r.programs) != 1 || len(r.units) != len(l.frames) {
		t.Errorf("%d PMTs, %d of %d units", len(r.programs), len(r.units), len(l.frames))
	}
}

// Every audio track is there with its language, over as many packets of the PMT
// as that takes, and no more than the section can hold.
func TestManyTracks(t *testing.T) {
	l := newLive(t)
	sound := l.tracks.Default(media.Audio)
	languages := []string{"en", "de-CH", "fra", "zh-Hant", "xx", "", "EN"}
	for i := range 20 {
		track := *sound
		track.ID, track.Language = uint8(i), languages[i%len(languages)]
		l.tracks = l.tracks.With(&track)
	}
	l.pictures(0, time.Second, 25)
	for i := range 20 {
		l.sound(0, time.Second, uint8(i))
	}
	p := NewPackager(func(Burst) {})
	p.Write(l.frames[0])
	if len(p.Refused()) != 20-mostAudio || !p.Carries() {
		t.Errorf("refused: %v", p.Refused())
	}
	r := scan(t, pack(l.frames))
	if len(r.programs) != 1 {
		t.Fatalf("%d PMTs", len(r.programs))
	}
	want := ""
	for i := range mostAudio {
		want += [...]string{"eng", "deu", "fra", "zho", "", "", "eng"}[i%len(languages)]
	}
	got := ""
	b := r.programs[0][12 : len(r.programs[0])-4]
	for len(b) > 0 {
		n := int(binary.BigEndian.Uint16(b[3:]) & 0xfff)
		for d := b[5 : 5+n]; len(d) > 0; d = d[2+d[1]:] {
			if d[0] == 0x0a {
				got += string(d[2:5])
			}
		}
		b = b[5+n:]
	}
	if got != want {
		t.Errorf("languages %s, want %s", got, want)
	}
}

// A viewer who goes on after a gap finds it announced.
func TestResume(t *testing.T) {
	l := newLive(t)
	l.pictures(0, 6*time.Second, 25)
	l.sound(0, 6*time.Second, 0)
	var starts []Burst
	p := NewPackager(func(b Burst) {
		if !b.Tables {
			t.Error("a burst begins without tables")
		}
		if b.Start {
			starts = append(starts, b)
		}
	})
	for _, f := range l.frames {
		p.Write(f)
	}
	p.End()
	if len(starts) != 3 {
		t.Fatalf("one can join %d times", len(starts))
	}
	last := map[uint16]byte{}
	for b := starts[2].Resume; len(b) > 0; b = b[PacketSize:] {
		if b[3]&0x30 != 0x20 || b[4] != 183 || b[5] != 0x80 {
			t.Errorf("it begins with %x", b[:6])
		}
		last[uint16(b[1]&0x1f)<<8|uint16(b[2])] = b[3] & 0xf
	}
	for b := starts[2].Bytes; len(b) > 0; b = b[PacketSize:] {
		pid := uint16(b[1]&0x1f)<<8 | uint16(b[2])
		before, ok := last[pid]
		if want := (before + b[3]>>4&1) & 0xf; ok && b[3]&0xf != want {
			t.Errorf("PID %#x goes on with %d after %d", pid, b[3]&0xf, before)
		}
		delete(last, pid)
	}
	if len(last) > 0 {
		t.Errorf("of PIDs %v there are no packets", last)
	}
}

// Sound is a place to join as long as there is no picture, and again when the
// camera has been off for a while.
func TestStarts(t *testing.T) {
	l := newLive(t)
	l.sound(0, 22*time.Second, 0)
	l.pictures(5*time.Second, 9*time.Second, 25)
	var starts []time.Duration
	p := NewPackager(func(b Burst) {
		if b.Start {
			starts = append(starts, duration(b.Decode).Round(100*time.Millisecond))
		}
	})
	for _, f := range l.frames {
		p.Write(f)
	}
	p.End()
	sound, pictures := 0, 0
	for _, at := range starts {
		switch {
		case at <= 5*time.Second, at >= 19*time.Second:
			sound++
		case at == 7*time.Second:
			pictures++
		default:
			t.Errorf("one can join at %v", at)
		}
	}
	// Every 0.4 s but for 14 s; the first picture is a fifth one of that second.
	if sound < 17 || sound > 22 || pictures != 1 {
		t.Errorf("one can join at %v", starts)
	}
}
