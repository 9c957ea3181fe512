package window

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/millrace-live/millrace/internal/hub/hubtest"
	"github.com/millrace-live/millrace/media"
)

// shifted are the options of a store with time shift.
func shifted(t *testing.T, s Shift) Options {
	return Options{Folder: filepath.Join(t.TempDir(), "time-shift"), Shift: func(string) Shift { return s }}
}

const enough = 1 << 40

// files are those of the store's folder.
func (h *house) files() (names []string) {
	h.T.Helper()
	err := filepath.WalkDir(h.store.disk.dir, func(path string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			names = append(names, path)
		}
		return nil
	})
	if err != nil {
		h.T.Fatal(err)
	}
	return names
}

// lines is a log that tests read.
type lines struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *lines) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(b)
}

func (l *lines) count(text string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Count(l.text.String(), text)
}

func (l *lines) logger() *slog.Logger { return slog.New(slog.NewTextHandler(l, nil)) }

// checkWhole checks that a view has no holes and that all of it can be read.
func checkWhole(t *testing.T, v *View) {
	t.Helper()
	for i, s := range v.Segments {
		if want := v.Segments[0].Number + uint64(i); s.Number != want {
			t.Fatalf("segment %d stands in the place of %d", s.Number, want)
		}
		if got := read(t, s); len(got) != s.Size {
			t.Fatalf("segment %d has %d bytes of %d", s.Number, len(got), s.Size)
		}
	}
}

func read(t *testing.T, s *Segment) []byte {
	t.Helper()
	if !s.Shelved() {
		return s.Append(nil)
	}
	if s.Parts != nil {
		t.Errorf("segment %d is on disk and has parts in memory", s.Number)
	}
	f, err := s.Open()
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	b, err := io.ReadAll(f)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// A stream with time shift is packaged without a viewer, never rests, and keeps as
// much of the past as it should, on disk.
func TestShift(t *testing.T) {
	bubble(t, shifted(t, Shift{Window: 4 * time.Minute, Bytes: enough}), func(t *testing.T, h *house) {
		p := h.Publish(hubtest.Tracks(hubtest.Video(0), hubtest.Audio()))
		h.store.OnAir("live/cam")
		p.Send(10 * time.Second)
		s := h.store.Stream("live/cam")
		shown, err := s.Live(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		track := shown.Track(media.Video, 0)
		first := track.Segment(0).Append(nil)
		p.Send(time.Minute)
		synctest.Wait()
		if got := s.Presentation(shown.ID()); got != shown || shown.Broadcast() != p.Broadcast() {
			t.Fatal("another presentation, or of another broadcast")
		}
		if s := track.Segment(0); !s.Shelved() || !bytes.Equal(read(t, s), first) || track.Part(0, 0) != nil || s.Number != 0 || !s.Independent {
			t.Error("the first segment is another than it was")
		}
		p.Send(4 * time.Minute)
		synctest.Wait()
		v := track.View()
		checkWhole(t, v)
		if n := len(v.Segments); n < 120 || n > 122 {
			t.Errorf("%d segments are in the window", n)
		}
		recent := slices.IndexFunc(v.Segments, func(s *Segment) bool { return !s.Shelved() })
		if n := len(v.Segments) - recent; n < leastSegments || n > leastSegments+2 {
			t.Errorf("%d segments are in memory", n)
		}
		oldest, available, ok := s.Shifted()
		if first := v.Segments[0]; !ok || !oldest.Equal(first.Wall) || available < 4*time.Minute || available > 4*time.Minute+4*time.Second {
			t.Errorf("one can seek back to %v, %v, %v", oldest, available, ok)
		}
		if s.Shift().Window != 4*time.Minute {
			t.Errorf("%+v", s.Shift())
		}
		// Nobody has played the whole time.
		if info, _ := h.Registry.Stream("live/cam"); info.ViewersTotal != 0 {
			t.Errorf("viewers %v", info.Viewers)
		}
		if n, size := shown.size(), h.store.Stats().Shelved; n > 3<<20 || size < 6<<20 {
			t.Errorf("%d bytes in memory, %d on disk", n, size)
		}
	})
}

// What leaves the window is there for as long as the window was, then its files go.
func TestShiftExpires(t *testing.T) {
	bubble(t, shifted(t, Shift{Window: time.Minute, Bytes: enough}), func(t *testing.T, h *house) {
		p := h.Publish(hubtest.Tracks(hubtest.Video(0), hubtest.Audio()))
		h.store.OnAir("live/cam")
		p.Send(100 * time.Second)
		shown, err := h.store.Stream("live/cam").Live(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		track := shown.Track(media.Video, 0)
		first := track.View().Segments[0]
		if first.Number == 0 || track.Segment(0) == nil {
			t.Fatalf("the first of the window is %d", first.Number)
		}
		opened, err := track.Segment(0).Open()
		if err != nil {
			t.Fatal(err)
		}
		defer opened.Close()
		p.Send(100 * time.Second)
		synctest.Wait()
		if track.Segment(0) != nil {
			t.Error("the first segment is there for ever")
		}
		if b, err := io.ReadAll(opened); len(b) == 0 || err != nil {
			t.Errorf("who reads it already gets %d bytes, %v", len(b), err)
		}
		if _, err := first.Open(); first.Shelved() && !errors.Is(err, os.ErrNotExist) {
			t.Errorf("opened: %v", err)
		}
		if n := len(h.files()); n < 110 || n > 140 { // of two tracks for twice a minute
			t.Errorf("%d files", n)
		}
	})
}

// What has ended stays for as long as one may seek back, with a clean end, and a
// broadcast after it does not shorten that.
func TestShiftAfterTheEnd(t *testing.T) {
	bubble(t, shifted(t, Shift{Window: 5 * time.Minute, Bytes: enough}), func(t *testing.T, h *house) {
		p := h.Publish(hubtest.Tracks(hubtest.Video(0), hubtest.Audio()))
		h.store.OnAir("live/cam")
		p.Send(time.Minute)
		s := h.store.Stream("live/cam")
		ended, err := s.Live(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		p.End(nil)
		time.Sleep(2 * endedFor)
		if v := ended.Tracks()[0].View(); !v.Ended || len(v.Segments) < 29 || !v.Last().Shelved() || ended.size() != 0 {
			t.Errorf("ended: %v, %d segments, %d bytes in memory", v.Ended, len(v.Segments), ended.size())
		}
		checkWhole(t, ended.Tracks()[0].View())
		if _, available, ok := s.Shifted(); !ok || available < 58*time.Second {
			t.Errorf("one can seek back %v, %v", available, ok)
		}
		p = h.Publish(hubtest.Tracks(hubtest.Video(0), hubtest.Audio()))
		h.store.OnAir("live/cam")
		p.Send(20 * time.Second)
		if again, err := s.Live(t.Context()); err != nil || again == ended || again.Broadcast() == ended.Broadcast() {
			t.Errorf("%v, %v", again, err)
		}
		if _, available, _ := s.Shifted(); available > 21*time.Second {
			t.Errorf("one can seek back %v: into another broadcast", available)
		}
		p.Send(2 * time.Minute)
		if s.Presentation(ended.ID()) != ended {
			t.Error("it has gone too early")
		}
		p.Send(time.Minute)
		synctest.Wait()
		if s.Presentation(ended.ID()) != nil {
			t.Error("it does not go")
		}
		if _, err := os.Stat(filepath.Join(h.store.disk.dir, ended.ID())); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("its folder: %v", err)
		}
		p.End(nil)
		time.Sleep(6 * time.Minute)
		synctest.Wait()
		if n := len(h.files()); n != 0 || h.store.Stream("live/cam") != nil || h.store.Stats().Shelved != 0 {
			t.Errorf("%d files of what is over, %d bytes", n, h.store.Stats().Shelved)
		}
	})
}

// The files of a stream take no more than they may, whatever the window.
func TestShiftBytes(t *testing.T) {
	const most = 8 << 20
	bubble(t, shifted(t, Shift{Window: time.Hour, Bytes: most}), func(t *testing.T, h *house) {
		both := hubtest.Tracks(hubtest.Video(0), hubtest.Audio())
		p := h.Publish(both)
		p.Size = 10_000 // 2 Mbit/s
		h.store.OnAir("live/cam")
		p.Send(10 * time.Second)
		s := h.store.Stream("live/cam")
		for i := range 30 {
			p.Tracks = both
			if i%10 == 9 {
				p.Tracks = hubtest.Tracks(hubtest.Video(0)) // another presentation
			}
			p.Send(4 * time.Second)
			synctest.Wait()
			used := int64(0)
			for _, name := range h.files() {
				if info, err := os.Stat(name); err == nil {
					used += info.Size()
				}
			}
			if used > most || used != h.store.Stats().Shelved || i > 10 && used < most*3/4 {
				t.Errorf("%d bytes on disk, and %d are known", used, h.store.Stats().Shelved)
			}
			for _, p := range s.all() {
				for _, track := range p.Tracks() {
					if p.Playable() && len(track.View().Segments) == 0 {
						t.Error("a track without a segment")
					}
				}
			}
		}
		shown, err := s.Live(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		p.Send(time.Minute)
		synctest.Wait()
		checkWhole(t, shown.Tracks()[0].View())
		if v := shown.Tracks()[0].View(); len(v.Segments) < 12 || len(v.Segments) > 16 {
			t.Errorf("%d segments in the window", len(v.Segments))
		}
	})
}

// hung is a file whose writes wait.
type hung struct{ until chan struct{} }

func (h hung) Write(b []byte) (int, error) { <-h.until; return len(b), nil }
func (hung) Close() error                  { return nil }

// A disk that hangs costs history, and neither the live window nor memory. When it
// works again there is history again.
func TestHungDisk(t *testing.T) {
	var log lines
	o := shifted(t, Shift{Window: time.Hour, Bytes: enough})
	o.Logger = log.logger()
	bubble(t, o, func(t *testing.T, h *house) {
		p := h.Publish(hubtest.Tracks(hubtest.Video(0), hubtest.Video(1), hubtest.Audio()))
		p.Size = 25_000 // 10 Mbit/s together
		h.store.OnAir("live/cam")
		p.Send(time.Minute)
		shown, err := h.store.Stream("live/cam").Live(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		track := shown.Track(media.Video, 0)
		synctest.Wait()
		until, works := make(chan struct{}), h.store.disk.create
		h.store.disk.create = func(string) (io.WriteCloser, error) { return hung{until}, nil }
		for range 25 {
			p.Send(2 * time.Second)
			synctest.Wait()
			v := track.View()
			for i, s := range v.Segments {
				if s.Number != v.Segments[0].Number+uint64(i) {
					t.Fatal("a hole")
				}
			}
			if n := len(v.Segments); n < leastSegments || v.Next-v.Last().Number > 1 {
				t.Errorf("%d segments", n)
			}
			if n := shown.size(); n > mostWaiting+(leastSegments+2)*3<<20 {
				t.Errorf("%d bytes are in memory", n)
			}
			for _, other := range shown.Tracks() {
				if apart := other.View().Segments[0].Wall.Sub(v.Segments[0].Wall).Abs(); apart > 4*time.Second {
					t.Errorf("the windows of two tracks begin %v apart", apart)
				}
			}
		}
		if n := log.count("does not keep up"); n != 1 || h.store.Stats().Lost == 0 {
			t.Errorf("%d lines of log, %+v", n, h.store.Stats())
		}
		if n := len(track.View().Segments); n > 30 {
			t.Errorf("%d segments in the window", n)
		}
		h.store.disk.create = works
		close(until)
		p.Send(80 * time.Second)
		synctest.Wait()
		if n := log.count("works again"); n != 1 || log.count("does not keep up") != 1 {
			t.Errorf("%d lines of log say that it works again", n)
		}
		v := track.View()
		checkWhole(t, v)
		if n := len(v.Segments); n < 40 || !v.Segments[0].Shelved() {
			t.Errorf("%d segments in the window", n)
		}
	})
}

// The end of the store does not wait for a disk that hangs.
func TestCloseWithHungDisk(t *testing.T) {
	bubble(t, shifted(t, Shift{Window: time.Hour, Bytes: enough}), func(t *testing.T, h *house) {
		until := make(chan struct{})
		h.store.disk.create = func(string) (io.WriteCloser, error) { return hung{until}, nil }
		p := h.Publish(hubtest.Tracks(hubtest.Video(0)))
		h.store.OnAir("live/cam")
		p.Send(10 * time.Second)
		before := time.Now()
		h.store.Close()
		if took := time.Since(before); took != closeWait {
			t.Errorf("it took %v", took)
		}
		h.store.OnAir("live/cam")
		close(until)
	})
}

// Where a disk is almost full the oldest gives way to the newest, and where that
// is not enough, nothing is written.
func TestFullDisk(t *testing.T) {
	var log lines
	o := shifted(t, Shift{Window: time.Hour, Bytes: enough})
	o.Logger = log.logger()
	bubble(t, o, func(t *testing.T, h *house) {
		var others int64 // what others have on the disk
		const total = 1 << 30
		h.store.disk.space = func(string) (uint64, uint64, bool) {
			return uint64(max(0, total-others-h.store.Stats().Shelved)), total, true
		}
		p := h.Publish(hubtest.Tracks(hubtest.Video(0), hubtest.Audio()))
		h.store.OnAir("live/cam")
		p.Send(2 * time.Minute)
		synctest.Wait()
		shown, err := h.store.Stream("live/cam").Live(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		track := shown.Track(media.Video, 0)
		whole := len(track.View().Segments)
		// A twentieth of the disk is free, and no more.
		others = total - total/20 - h.store.Stats().Shelved
		p.Send(time.Minute)
		synctest.Wait()
		checkWhole(t, track.View())
		if n := len(track.View().Segments); n < whole-3 || n > whole+3 {
			t.Errorf("%d segments, and %d before the disk was full", n, whole)
		}
		if n := log.count("does not keep up"); n != 1 {
			t.Errorf("%d lines of log", n)
		}
		others = total
		p.Send(5 * time.Minute)
		synctest.Wait()
		if n, files := len(track.View().Segments), len(h.files()); n < leastSegments || files > 0 {
			t.Errorf("%d segments, %d files", n, files)
		}
		if n := shown.size(); n > mostWaiting+2<<20 {
			t.Errorf("%d bytes are in memory", n)
		}
		others = 0
		p.Send(3 * time.Minute)
		synctest.Wait()
		checkWhole(t, track.View())
		if n := len(track.View().Segments); n < 85 || log.count("works again") != 1 {
			t.Errorf("%d segments; the log says %d times that it works again", n, log.count("works again"))
		}
	})
}

// A folder that cannot be made costs history as well, and one line of log.
func TestNoPlaceForTheFolder(t *testing.T) {
	var log lines
	o := shifted(t, Shift{Window: time.Hour, Bytes: enough})
	o.Logger = log.logger()
	if err := os.WriteFile(o.Folder, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	bubble(t, o, func(t *testing.T, h *house) {
		p := h.Publish(hubtest.Tracks(hubtest.Video(0)))
		h.store.OnAir("live/cam")
		p.Send(time.Minute)
		synctest.Wait()
		shown, err := h.store.Stream("live/cam").Live(t.Context())
		if err != nil || len(shown.Tracks()[0].View().Segments) < leastSegments || h.store.Stats().Shelved != 0 {
			t.Errorf("%v, %+v", err, h.store.Stats())
		}
		if log.count("does not keep up") != 1 || log.count("not a directory") == 0 {
			t.Errorf("the log says %s", &log.text)
		}
	})
}

// What an earlier store has left is removed, and nothing else.
func TestClear(t *testing.T) {
	o := shifted(t, Shift{Window: time.Hour, Bytes: enough})
	id := strings.Repeat("a", IDLength)
	stay := []string{"notes.txt", "video/film.mp4", id + "x/video0-1.m4s", id[1:] + "b/mine.txt", id + ".txt"}
	for _, name := range append([]string{id + "/video0-1.m4s", id + "/audio12-123456.m4s", id[1:] + "b/video0-1.m4s"}, stay...) {
		name = filepath.Join(o.Folder, name)
		if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	bubble(t, o, func(t *testing.T, h *house) {
		synctest.Wait()
		var want []string
		for _, name := range stay {
			want = append(want, filepath.Join(o.Folder, name))
		}
		got := h.files()
		slices.Sort(want)
		slices.Sort(got)
		if !slices.Equal(got, want) {
			t.Errorf("left are %q", got)
		}
		if _, err := os.Stat(filepath.Join(o.Folder, id)); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("the folder: %v", err)
		}
		p := h.Publish(hubtest.Tracks(hubtest.Video(0)))
		h.store.OnAir("live/cam")
		p.Send(20 * time.Second)
		synctest.Wait()
		if len(h.files()) <= len(want) {
			t.Error("nothing is written")
		}
		h.store.Close()
		if got := h.files(); len(got) != len(want) {
			t.Errorf("at the end %q are left", got)
		}
	})
}

// Memory is bounded by the same budget where a segment cannot be written for the
// next ones, and what is on disk is no loss.
func TestShiftBudget(t *testing.T) {
	bubble(t, shifted(t, Shift{Window: time.Hour, Bytes: enough}), func(t *testing.T, h *house) {
		p := h.Publish(hubtest.Tracks(hubtest.Video(0), hubtest.Audio()))
		p.Size = 500_000 // 100 Mbit/s
		h.store.OnAir("live/cam")
		p.Send(8 * time.Second)
		shown, err := h.store.Stream("live/cam").Live(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for range 8 {
			p.Send(time.Second)
			synctest.Wait()
			if n := shown.size(); n > budget {
				t.Fatalf("%d bytes are in memory", n)
			}
		}
		v := shown.Track(media.Video, 0).View()
		checkWhole(t, v)
		if len(v.Segments) < 7 || h.store.Stats().Lost != 0 {
			t.Errorf("%d segments, %+v", len(v.Segments), h.store.Stats())
		}
	})
}

// A panic in the packager does not end time shift.
func TestShiftAfterPanic(t *testing.T) {
	bubble(t, shifted(t, Shift{Window: time.Hour, Bytes: enough}), func(t *testing.T, h *house) {
		p := h.Publish(hubtest.Tracks(hubtest.Video(0), hubtest.Audio()))
		h.store.OnAir("live/cam")
		p.Send(5 * time.Second)
		synctest.Wait()
		s := h.store.Stream("live/cam")
		s.run.pack = nil
		p.Send(15 * time.Second)
		synctest.Wait()
		if h.store.Stats().Packagers != 1 || h.store.Stats().Panics != 1 {
			t.Errorf("%+v", h.store.Stats())
		}
	})
}

// Without the setting, or without a folder, nothing is packaged that nobody watches.
func TestNoShift(t *testing.T) {
	for name, o := range map[string]Options{
		"off":       {Folder: t.TempDir(), Shift: func(string) Shift { return Shift{Bytes: enough} }},
		"no folder": {Shift: func(string) Shift { return Shift{Window: time.Hour, Bytes: enough} }},
		"nothing":   {},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, o, func(t *testing.T, h *house) {
				p := h.Publish(hubtest.Tracks(hubtest.Video(0)))
				h.store.OnAir("live/cam")
				p.Send(5 * time.Second)
				if h.store.Stream("live/cam") != nil {
					t.Error("the stream is packaged")
				}
				s, _ := h.open("hls")
				if _, _, ok := s.Shifted(); ok {
					t.Error("one can seek back")
				}
			})
		})
	}
}

// Views are read while segments come and go.
func TestShiftRace(t *testing.T) {
	h := &house{Hub: hubtest.New(t)}
	h.store = New(h.Registry, shifted(t, Shift{Window: 30 * time.Second, Bytes: 1 << 20}))
	defer h.store.Close()
	p := h.Publish(hubtest.Tracks(hubtest.Video(0)))
	h.store.OnAir("live/cam")
	var readers sync.WaitGroup
	ctx, stop := context.WithCancel(t.Context())
	for range 4 {
		readers.Go(func() {
			for ctx.Err() == nil {
				if s := h.store.Stream("live/cam"); s != nil {
					s.Shifted()
					for _, p := range s.all() {
						look(ctx, p.Tracks()[0])
					}
				}
			}
		})
	}
	track, class := p.Tracks.Tracks[0], media.Key
	for at := time.Duration(0); at < 100*time.Second; at += 10 * hubtest.Picture {
		p.WriteFrame(track, class, at, 5000)
		class = media.Inter
		if (at+10*hubtest.Picture)%(2*time.Second) == 0 {
			class = media.Key
			time.Sleep(5 * time.Millisecond)
		}
	}
	stop()
	readers.Wait()
}

func look(ctx context.Context, track *Track) {
	v := track.View()
	for _, s := range v.Segments {
		if s.Shelved() {
			if f, err := s.Open(); err == nil {
				f.Close()
			}
		}
		track.Segment(s.Number)
	}
	select {
	case <-v.Changed():
	case <-ctx.Done():
	case <-time.After(time.Millisecond):
	}
}

// A broadcast keeps what it began with, whatever the settings say meanwhile.
func TestShiftChanges(t *testing.T) {
	var on atomic.Bool
	o := shifted(t, Shift{})
	o.Shift = func(string) Shift {
		if on.Load() {
			return Shift{Window: time.Hour, Bytes: enough}
		}
		return Shift{}
	}
	bubble(t, o, func(t *testing.T, h *house) {
		p := h.Publish(hubtest.Tracks(hubtest.Video(0)))
		h.store.OnAir("live/cam")
		p.Send(5 * time.Second)
		s, _ := h.open("hls")
		on.Store(true)
		p.Send(30 * time.Second)
		if _, _, ok := s.Shifted(); ok || len(h.store.disk.folders()) > 0 {
			t.Error("a broadcast that is on air is given time shift")
		}
		p.End(nil)
		p = h.Publish(hubtest.Tracks(hubtest.Video(0)))
		h.store.OnAir("live/cam")
		p.Send(30 * time.Second)
		on.Store(false)
		p.Send(5 * time.Minute)
		if _, available, ok := h.store.Stream("live/cam").Shifted(); !ok || available < 5*time.Minute {
			t.Errorf("the next goes back %v, %v", available, ok)
		}
		p.End(nil)
		p = h.Publish(hubtest.Tracks(hubtest.Video(0)))
		h.store.OnAir("live/cam")
		p.Send(30 * time.Second)
		if s := h.store.Stream("live/cam"); s.run != nil || s.Last() == nil || h.store.Stats().Packagers != 0 {
			t.Error("the one after it is packaged without a viewer, or the former has gone")
		}
	})
}

// A publisher that comes back goes on in the same window, which then has a
// discontinuity.
func TestShiftGoesOn(t *testing.T) {
	bubble(t, shifted(t, Shift{Window: time.Hour, Bytes: enough}), func(t *testing.T, h *house) {
		p := h.Publish(hubtest.Tracks(hubtest.Video(0), hubtest.Audio()))
		h.store.OnAir("live/cam")
		p.Send(time.Minute)
		s := h.store.Stream("live/cam")
		shown, err := s.Live(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		p.End(io.ErrUnexpectedEOF)
		time.Sleep(10 * time.Second)
		p = h.Publish(hubtest.Tracks(hubtest.Video(0), hubtest.Audio()))
		h.store.OnAir("live/cam")
		p.Send(time.Minute)
		synctest.Wait()
		again, err := s.Live(t.Context())
		if err != nil || again != shown || p.Broadcast() != shown.Broadcast() {
			t.Fatalf("%v, %v", again, err)
		}
		v := shown.Tracks()[0].View()
		checkWhole(t, v)
		breaks := slices.IndexFunc(v.Segments, func(s *Segment) bool { return s.Breaks })
		if len(v.Segments) < 59 || breaks < 29 || !v.Segments[breaks].Shelved() || v.Segments[breaks].Broken != 1 {
			t.Errorf("%d segments, the %dth after a discontinuity", len(v.Segments), breaks)
		}
		if _, available, _ := s.Shifted(); available < 128*time.Second {
			t.Errorf("one can seek back %v", available)
		}
	})
}

// A broadcast that follows another at once is packaged as well, although the end of
// the former is not known to its packager yet.
func TestShiftOfBroadcastsInARow(t *testing.T) {
	bubble(t, shifted(t, Shift{Window: time.Hour, Bytes: enough}), func(t *testing.T, h *house) {
		for range 20 {
			p := h.Publish(hubtest.Tracks(hubtest.Video(0)))
			h.store.OnAir("live/cam")
			p.Send(5 * time.Second)
			synctest.Wait()
			shown, err := h.store.Stream("live/cam").Live(t.Context())
			if err != nil || shown.Broadcast() != p.Broadcast() || shown.Tracks()[0].View().Ended {
				t.Fatalf("the broadcast is not packaged: %v", err)
			}
			// As if its packager had not been told yet.
			s := h.store.Stream("live/cam")
			s.mu.Lock()
			p.End(nil)
			p = h.Publish(hubtest.Tracks(hubtest.Video(0)))
			h.store.OnAir("live/cam")
			s.mu.Unlock()
			p.Send(5 * time.Second)
			synctest.Wait()
			if shown, err = s.Live(t.Context()); err != nil || shown.Broadcast() != p.Broadcast() {
				t.Fatalf("the next broadcast is not packaged: %v", err)
			}
			p.End(nil)
			synctest.Wait()
		}
	})
}
