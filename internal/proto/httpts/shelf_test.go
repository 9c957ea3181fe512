package httpts

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/millrace-live/millrace/internal/packager/ts"
	"github.com/millrace-live/millrace/internal/window"
)

var update = flag.Bool("update", false, "write the golden files anew")

var shelfBegin = time.Date(2026, 11, 21, 6, 47, 40, 826e6, time.UTC)

// filling puts segments on a shelf, each when it is whole.
type filling struct {
	shelf
	at time.Duration
	// late is added to when they arrive.
	late time.Duration
	// now is when the newest was put.
	now time.Duration
}

func newFilling() *filling { return &filling{shelf: shelf{target: 2 * time.Second}} }

func (f *filling) add(lengths ...time.Duration) {
	for _, d := range lengths {
		f.put(&ts.Segment{Duration: int64(d * ts.Timescale / time.Second), Independent: true})
	}
}

func (f *filling) put(s *ts.Segment) {
	s.Arrival, s.Bytes = shelfBegin.Add(f.at+f.late), make([]byte, 188*1000)
	f.at += s.Length()
	f.now = max(f.now, f.at+f.late)
	f.shelf.add(s, shelfBegin.Add(f.now))
}

func (f *filling) breaks(d time.Duration) {
	f.put(&ts.Segment{Duration: int64(d * ts.Timescale / time.Second), Independent: true, Discontinuous: true})
}

const two = 2 * time.Second

func TestPlaylistsAreAsBefore(t *testing.T) {
	for name, fill := range map[string]func(f *filling){
		"young":   func(f *filling) { f.add(two, two-20*time.Millisecond) },
		"sliding": func(f *filling) { f.add(slices.Repeat([]time.Duration{two}, 10)...) },
		"ended":   func(f *filling) { f.add(two, two, time.Second/3); f.ended = true },
		"growing": func(f *filling) { f.add(two, two, 4499*time.Millisecond, 4500*time.Millisecond) },
		"discontinuities": func(f *filling) {
			f.add(two)
			f.at += 7 * time.Second
			f.breaks(two)
			f.add(two)
			f.breaks(time.Second)
		},
		"discontinuity at the head":   func(f *filling) { f.add(two); f.breaks(two); f.add(two, two, two, two, two) },
		"discontinuity that has left": func(f *filling) { f.add(two); f.breaks(two); f.add(two, two, two, two, two, two) },
		"dependent":                   func(f *filling) { f.add(two); f.put(&ts.Segment{Duration: 20 * ts.Timescale}) },
	} {
		t.Run(name, func(t *testing.T) {
			f := newFilling()
			fill(f)
			frames := clip(t, h264)
			got := f.index(anID, frames[len(frames)-1].Tracks.Tracks) + "\n" + f.playlist(anID)
			path := "testdata/" + name + ".golden"
			if *update {
				if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if got != string(want) {
				t.Errorf("it is now:\n%s", got)
			}
		})
	}
}

func TestAnEmptyShelfHasNoPlaylists(t *testing.T) {
	if f := newFilling(); f.playlist(anID) != "" || f.index(anID, nil) != "" {
		t.Error("it has")
	}
}

// read is a media playlist as a player sees it.
type read struct {
	target, sequence, broken int
	segments                 []string // with the tags of each
	lengths                  []time.Duration
	ended                    bool
}

func readPlaylist(t *testing.T, text string) (r read) {
	t.Helper()
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	if len(lines) < 2 || lines[0] != "#EXTM3U" || lines[1] != "#EXT-X-VERSION:3" {
		t.Fatalf("no playlist: %q", text)
	}
	number := func(s string) int {
		n, err := strconv.Atoi(s)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	open := ""
	for _, line := range lines[2:] {
		tag, value, _ := strings.Cut(line, ":")
		switch tag {
		case "#EXT-X-TARGETDURATION":
			r.target = number(value)
		case "#EXT-X-MEDIA-SEQUENCE":
			r.sequence = number(value)
		case "#EXT-X-DISCONTINUITY-SEQUENCE":
			r.broken = number(value)
		case "#EXT-X-ENDLIST":
			r.ended = true
		default:
			open += line + "\n"
			if tag == "#EXTINF" {
				d, err := time.ParseDuration(strings.TrimSuffix(value, ",") + "s")
				if err != nil {
					t.Fatal(err)
				}
				r.lengths = append(r.lengths, d)
			}
			if line[0] != '#' {
				r.segments, open = append(r.segments, open), ""
			}
		}
	}
	if open != "" || len(r.lengths) != len(r.segments) {
		t.Fatalf("tags without a segment: %q", text)
	}
	return r
}

// changed fails unless the rules of RFC 8216 §6.2.1 and §6.2.2 let a playlist become
// another.
func changed(t *testing.T, from, to read) {
	t.Helper()
	gone := to.sequence - from.sequence
	if gone < 0 || gone > len(from.segments) {
		t.Fatalf("the sequence goes from %d to %d", from.sequence, to.sequence)
	}
	tags := 0
	for _, s := range from.segments[:gone] {
		tags += strings.Count(s, "#EXT-X-DISCONTINUITY\n")
	}
	if to.broken != from.broken+tags {
		t.Errorf("the discontinuity sequence goes from %d to %d, and %d tags went", from.broken, to.broken, tags)
	}
	stay := from.segments[gone:]
	if len(stay) > len(to.segments) || !slices.Equal(stay, to.segments[:len(stay)]) {
		t.Errorf("what stays has changed: %q, then %q", stay, to.segments)
	}
	if to.target < from.target {
		t.Errorf("the target shrinks from %d to %d", from.target, to.target)
	}
	var rest time.Duration
	for i, d := range to.lengths {
		rest += d
		if window.WholeSeconds(d) > time.Duration(to.target)*time.Second {
			t.Errorf("segment %d has %v, and the target is %d", i, d, to.target)
		}
	}
	if gone > 0 && (len(to.segments) < leastSegments || rest < leastTargets*time.Duration(to.target)*time.Second) {
		t.Errorf("%d segments of %v are left", len(to.segments), rest)
	}
}

// Whatever comes, playlists change as they may, and what was listed is there for as
// long as a player may ask for it.
func TestPlaylistsChangeAsTheyMay(t *testing.T) {
	for seed := range uint64(200) {
		random := rand.New(rand.NewPCG(seed, 1))
		f := newFilling()
		var before read
		until := make(map[uint64]time.Duration) // how long each was seen to be due
		for step := range 40 {
			length := time.Duration(1+random.IntN(1+random.IntN(6000))) * time.Millisecond
			f.late = time.Duration(random.IntN(3000)) * time.Millisecond
			if random.IntN(8) == 0 {
				f.breaks(length)
			} else {
				f.add(length)
			}
			f.ended = step == 39
			now := readPlaylist(t, f.playlist(anID))
			if step > 0 {
				changed(t, before, now)
			}
			before = now
			var total time.Duration
			for _, d := range now.lengths {
				total += d
			}
			for i := range now.segments {
				n := uint64(now.sequence + i)
				until[n] = max(until[n], f.now+now.lengths[i]+total)
			}
			for n, due := range until {
				if f.find(n) == nil && f.now < due {
					t.Fatalf("seed %d: segment %d has gone %v too early", seed, n, due-f.now)
				}
			}
		}
		if !before.ended {
			t.Error("it has no end")
		}
		if n := len(f.stored); n > 40 || f.bytes != n*188*1000 {
			t.Errorf("%d segments of %d bytes are stored", n, f.bytes)
		}
	}
}

// Dates and durations lie on one line, which follows an encoder's drift slowly.
func TestDatesFollowTheEncoder(t *testing.T) {
	f := newFilling()
	for i := range 100 {
		f.late = []time.Duration{0, 90, -80, 30}[i%4] * time.Millisecond
		f.add(two)
	}
	if last := f.stored[len(f.stored)-1]; !last.wall.Equal(shelfBegin.Add(99 * two)) {
		t.Errorf("jitter moves the dates by %v", last.wall.Sub(shelfBegin.Add(99*two)))
	}
	f.late = time.Second
	for range 200 {
		f.add(two)
		list := f.list()
		a, b := list[len(list)-2], list[len(list)-1]
		if step := b.wall.Sub(a.wall) - a.Length(); step < 0 || step > 20*time.Millisecond {
			t.Fatalf("the dates jump by %v", step)
		}
	}
	if off := f.late - f.stored[len(f.stored)-1].wall.Sub(shelfBegin.Add(299*two)); off.Abs() > wallSlack {
		t.Errorf("the dates stay %v off", off)
	}
	f.late += time.Hour
	f.breaks(two)
	if last := f.stored[len(f.stored)-1]; !last.wall.Equal(last.Arrival) {
		t.Errorf("behind a discontinuity the date is %v, not %v", last.wall, last.Arrival)
	}
}

func TestShed(t *testing.T) {
	f := newFilling()
	f.add(two, two, two, two, two, two, two, two)
	before := len(f.stored)
	if freed := f.shed(188*1000 + 1); freed != 2*188*1000 || len(f.stored) != before-2 {
		t.Errorf("%d bytes are free, %d of %d segments left", freed, len(f.stored), before)
	}
	if f.shed(1 << 30); len(f.stored) != 1 || f.bytes != 188*1000 || len(f.list()) != 1 {
		t.Errorf("%d segments are left, %d listed", len(f.stored), len(f.list()))
	}
	readPlaylist(t, f.playlist(anID))
}

func ExampleMatch() {
	fmt.Println(Match("live/cam/ts.m3u8"))
	fmt.Println(Match("live/cam.ts"))
	// Output:
	// live/cam ts.m3u8 true
	// live/cam  true
}
