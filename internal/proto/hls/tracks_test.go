package hls

import (
	"log/slog"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/millrace-live/millrace/internal/hub/hubtest"
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
	bubble(t, settings{}, func(t *testing.T, h *house) {
		p := h.Publish(hubtest.Tracks(hubtest.Video(0), hubtest.Video(1), hubtest.Video(2),
			hubtest.Audio(), named(hubtest.Audio(), 1, "English", "en")))
		p.Send(7 * time.Second)
		index := h.Get("index.m3u8")
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
			p.Send(time.Second)
		}

		// Another size of one rung: a discontinuity in all of them.
		larger := hubtest.Video(1)
		larger.Format.(*media.AVCConfig).Width = 100
		p.Tracks = p.Tracks.With(larger)
		for range 10 {
			p.Send(time.Second)
			poll()
		}
		for _, w := range watchers {
			if w.last.ended || w.last.discontinuities+strings.Count(h.Get(w.uri), "DISCONTINUITY\n") != 1 {
				t.Errorf("%s: ended %v, %d discontinuities", w.uri, w.last.ended, w.last.discontinuities)
			}
		}

		// A rung goes: players load the index again.
		p.Tracks = hubtest.Tracks(hubtest.Video(0), larger, hubtest.Audio(), named(hubtest.Audio(), 1, "English", "en"))
		p.Send(5 * time.Second)
		poll()
		for _, w := range watchers {
			if !w.last.ended {
				t.Errorf("%s goes on", w.uri)
			}
		}
		if again, _ := uris(h.Get("index.m3u8")); len(again) != 2 || again[0] == variants[0] {
			t.Errorf("index\n%s", h.Get("index.m3u8"))
		}
	})
}

// Another codec is another presentation: the index names codecs.
func TestCodecChanges(t *testing.T) {
	bubble(t, settings{}, func(t *testing.T, h *house) {
		p := h.Publish(hubtest.Tracks(hubtest.Video(0), hubtest.Audio()))
		p.Send(5 * time.Second)
		first, _ := children(t, h.Get("index.m3u8"))
		vp9 := &media.VPConfig{Codec: media.VP9, Picture: media.Picture{
			Width: 320, Height: 180, SARWidth: 1, SARHeight: 1, BitDepth: 10, ChromaFormat: 1, Color: media.Color{
				Primaries: 9, Transfer: 16, Matrix: 9,
			},
		}, Profile: 2, Level: 11}
		p.Tracks = p.Tracks.With(&media.Track{Kind: media.Video, Codec: media.VP9, Format: vp9})
		p.Send(5 * time.Second)
		synctest.Wait()
		if list := parsePlaylist(t, h.Get(first)); !list.ended {
			t.Error("the playlist of H.264 goes on")
		}
		index := h.Get("index.m3u8")
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
	o := settings{hls: Options{Logger: slog.New(slog.NewTextHandler(&log, nil))}}
	bubble(t, o, func(t *testing.T, h *house) {
		vp8 := &media.Track{Kind: media.Video, Codec: media.VP8, Format: &media.VPConfig{
			Codec: media.VP8, Picture: media.Picture{Width: 320, Height: 180},
		}}
		p := h.Publish(hubtest.Tracks(vp8, hubtest.Audio()))
		p.Send(5 * time.Second)
		index := h.Get("index.m3u8")
		p.Send(5 * time.Second)
		if strings.Contains(index, "vp8") || !strings.Contains(index, "mp4a.40.2") {
			t.Errorf("index\n%s", index)
		}
		if Refuses(vp8) == "" || Refuses(hubtest.Audio()) != "" || strings.Count(log.String(), Refuses(vp8)) != 1 {
			t.Errorf("VP8: %q, AAC: %q; log\n%s", Refuses(vp8), Refuses(hubtest.Audio()), log.String())
		}
	})
}
