package hls

import (
	"log/slog"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/millrace-live/millrace/media"
)

// uris returns the addresses in a multivariant playlist: those of variants, and
// those of renditions.
func uris(index string) (variants, renditions []string) {
	variants = regexp.MustCompile(`(?m)^[a-z0-9]+_\S+\.m3u8$`).FindAllString(index, -1)
	for _, m := range regexp.MustCompile(`URI="(\S+\.m3u8)"`).FindAllStringSubmatch(index, -1) {
		renditions = append(renditions, m[1])
	}
	return variants, renditions
}

func TestLadder(t *testing.T) {
	bubble(t, Options{}, func(t *testing.T, h *house) {
		p := h.publish(tracks(videoTrack(), smaller(videoTrack(), 1), smaller(videoTrack(), 2),
			audioTrack(), named(audioTrack(), 1, "English", "en")))
		p.send(7*time.Second, true)
		index := h.get("index.m3u8")
		variants, renditions := uris(index)
		if len(variants) != 3 || len(renditions) != 2 {
			t.Fatalf("index\n%s", index)
		}
		var watchers []*watcher
		for _, uri := range append(variants, renditions...) {
			watchers = append(watchers, h.watch(uri))
		}
		poll := func() {
			t.Helper()
			synctest.Wait()
			for _, w := range watchers {
				w.poll()
			}
			// All are cut at the same places, so that players change between them.
			for _, w := range watchers[1:] {
				if w.last.ended {
					continue // the open picture goes along into the next presentation
				}
				if w.last.sequence != watchers[0].last.sequence || len(w.last.entries) != len(watchers[0].last.entries) {
					t.Errorf("segments %d+%d and %d+%d", w.last.sequence, len(w.last.entries),
						watchers[0].last.sequence, len(watchers[0].last.entries))
					continue
				}
				for i, e := range w.last.entries {
					if off := e.date.Sub(watchers[0].last.entries[i].date); off.Abs() > 50*time.Millisecond {
						t.Errorf("%s begins %v beside %s", e.uri, off, watchers[0].last.entries[i].uri)
					}
				}
			}
		}
		for range 20 {
			poll()
			p.send(time.Second, true)
		}

		// Another size of one rung: a discontinuity in all of them.
		larger := smaller(videoTrack(), 1)
		larger.Format.(*media.AVCConfig).Width = 100
		p.tracks = p.tracks.With(larger)
		for range 10 {
			p.send(time.Second, true)
			poll()
		}
		for _, w := range watchers {
			if w.last.ended || w.last.discontinuities+strings.Count(h.get(w.uri), "DISCONTINUITY\n") != 1 {
				t.Errorf("%s: ended %v, %d discontinuities", w.uri, w.last.ended, w.last.discontinuities)
			}
		}

		// A rung goes: players load the index again.
		p.tracks = tracks(videoTrack(), larger, audioTrack(), named(audioTrack(), 1, "English", "en"))
		p.send(5*time.Second, true)
		poll()
		for _, w := range watchers {
			if !w.last.ended {
				t.Errorf("%s goes on", w.uri)
			}
		}
		if again, _ := uris(h.get("index.m3u8")); len(again) != 2 || again[0] == variants[0] {
			t.Errorf("index\n%s", h.get("index.m3u8"))
		}
	})
}

// Another codec is another presentation: the index names codecs.
func TestCodecChanges(t *testing.T) {
	bubble(t, Options{}, func(t *testing.T, h *house) {
		p := h.publish(tracks(videoTrack(), audioTrack()))
		p.send(5*time.Second, true)
		first, _ := children(t, h.get("index.m3u8"))
		vp9 := &media.VPConfig{Codec: media.VP9, Picture: media.Picture{
			Width: 320, Height: 180, SARWidth: 1, SARHeight: 1, BitDepth: 10, ChromaFormat: 1, Color: media.Color{
				Primaries: 9, Transfer: 16, Matrix: 9,
			},
		}, Profile: 2, Level: 11}
		p.tracks = p.tracks.With(&media.Track{Kind: media.Video, Codec: media.VP9, Format: vp9})
		p.send(5*time.Second, true)
		synctest.Wait()
		if list := parsePlaylist(t, h.get(first)); !list.ended {
			t.Error("the playlist of H.264 goes on")
		}
		index := h.get("index.m3u8")
		for _, want := range []string{`"vp09.02.11.10`, "VIDEO-RANGE=PQ", "RESOLUTION=320x180"} {
			if !strings.Contains(index, want) {
				t.Errorf("no %s in\n%s", want, index)
			}
		}
		again, _ := children(t, index)
		h.watch(again).poll()
	})
}

// VP8 has a place in MP4 files and none in players.
func TestVP8IsLeftOut(t *testing.T) {
	var log strings.Builder
	o := Options{Logger: slog.New(slog.NewTextHandler(&log, nil))}
	bubble(t, o, func(t *testing.T, h *house) {
		vp8 := &media.Track{Kind: media.Video, Codec: media.VP8, Format: &media.VPConfig{
			Codec: media.VP8, Picture: media.Picture{Width: 320, Height: 180},
		}}
		p := h.publish(tracks(vp8, audioTrack()))
		p.send(5*time.Second, true)
		index := h.get("index.m3u8")
		p.send(5*time.Second, true)
		if strings.Contains(index, "vp8") || !strings.Contains(index, "mp4a.40.2") {
			t.Errorf("index\n%s", index)
		}
		if Refuses(vp8) == "" || Refuses(audioTrack()) != "" || strings.Count(log.String(), Refuses(vp8)) != 1 {
			t.Errorf("VP8: %q, AAC: %q; log\n%s", Refuses(vp8), Refuses(audioTrack()), log.String())
		}
	})
}

// A stream whose tracks change all the time leaves little behind.
func TestPresentationsAreBounded(t *testing.T) {
	bubble(t, Options{}, func(t *testing.T, h *house) {
		both, alone := tracks(videoTrack(), audioTrack()), tracks(videoTrack())
		p := h.publish(both)
		p.send(5*time.Second, true)
		h.get("index.m3u8")
		for i := range 40 {
			p.tracks = alone
			if i%2 == 1 {
				p.tracks = both
			}
			p.send(1400*time.Millisecond, true)
		}
		synctest.Wait()
		s := h.hls.stream("live/cam")
		s.mu.RLock()
		defer s.mu.RUnlock()
		if n := len(s.over); n != mostOver {
			t.Errorf("%d presentations that are over are kept", n)
		}
	})
}

// A ladder too large for its budget gives way in all of its rungs alike.
func TestMemoryOfALadder(t *testing.T) {
	bubble(t, Options{}, func(t *testing.T, h *house) {
		p := h.publish(tracks(videoTrack(), smaller(videoTrack(), 1), smaller(videoTrack(), 2), audioTrack()))
		p.size = 100_000 // 20 Mbit/s each
		p.send(5*time.Second, true)
		h.get("index.m3u8")
		p.send(25*time.Second, true)
		synctest.Wait()
		show := h.hls.stream("live/cam").run.show
		if n := show.size(); n > budget || n < budget/2 {
			t.Errorf("%d bytes are stored", n)
		}
		variants, renditions := uris(h.get("index.m3u8"))
		for _, uri := range append(variants, renditions...) {
			list := parsePlaylist(t, h.get(uri))
			if n := len(list.entries); n < 2 || n > leastSegments {
				t.Errorf("%s lists %d segments", uri, n)
			}
			for _, e := range list.entries {
				h.get(e.uri)
			}
		}
	})
}
