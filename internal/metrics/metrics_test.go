package metrics

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil/promlint"

	"github.com/millrace-live/millrace/internal/callback"
	"github.com/millrace-live/millrace/internal/catalog"
	"github.com/millrace-live/millrace/internal/database"
	"github.com/millrace-live/millrace/internal/deliver"
	"github.com/millrace-live/millrace/internal/event"
	"github.com/millrace-live/millrace/internal/guard"
	"github.com/millrace-live/millrace/internal/hub"
	"github.com/millrace-live/millrace/internal/poster"
	"github.com/millrace-live/millrace/internal/webhook"
	"github.com/millrace-live/millrace/internal/window"
	"github.com/millrace-live/millrace/media"
	"github.com/millrace-live/millrace/rtmp"
)

var update = flag.Bool("update", false, "write the golden files and the documentation anew")

// busy is a hub and a door of HLS with something in each of their counters.
type busy struct{}

func (busy) Traffic() hub.Traffic {
	return hub.Traffic{
		Streams: map[hub.State]int{hub.Live: 3, hub.Reconnecting: 1}, Waiting: 2,
		RingTime: 31 * time.Second, RingMax: 12 * time.Second, RingBytes: 1 << 20,
		In: map[string]hub.Inflow{
			"rtmp": {Publishers: 3, Bytes: 1000, Frames: hub.FrameCounts{0, 10, 20, 3, 4}},
			"demo": {Publishers: 1},
		},
		Out: map[string]hub.Outflow{
			"rtmp": {Players: 5, Viewers: 5, Bytes: 2000, Drops: 90, Skips: 2},
			"hls":  {Viewers: 17, Bytes: 3000, Starvations: 6},
			"dash": {Viewers: 7, Bytes: 500},
			// Packages streams for their time shift.
			window.ShiftProtocol: {},
		},
		Connected: map[hub.Connection]int{
			{Role: hub.Publisher, Protocol: "rtmp"}: 3, {Role: hub.Publisher, Protocol: "demo"}: 1,
			{Role: hub.Player, Protocol: "rtmp"}: 4, {Role: hub.Player, Protocol: "rtmps", TLS: "1.2"}: 1,
			{Role: hub.Player, Protocol: window.ShiftProtocol}: 0, {Role: hub.Player, Protocol: "hls"}: 0, {Role: hub.Player, Protocol: "dash"}: 0,
		},
		Tracks: map[hub.TrackKind]int{
			{Kind: media.Video, Codec: media.HEVC, Height: 1080, FrameRate: 60}: 1,
			{Kind: media.Audio, Codec: media.AAC}:                               3,
		},
	}
}

// requests is a door that was asked.
type requests []deliver.Requests

func (r requests) Requests() []deliver.Requests { return r }

// packages is a store that packages.
type packages struct{}

func (packages) Stats() window.Stats {
	return window.Stats{Packagers: 1, Segments: 44, Shelved: 1 << 20, Lost: 2}
}

// posters is a door that made some pictures.
type posters struct{}

func (posters) Stats() poster.Stats {
	return poster.Stats{Makings: map[string]uint64{"made": 12, "failed": 3, "too-slow": 0}, Placeholders: 5}
}

// governed is a control plane in which something has happened. Two of its back ends
// have one host.
type governed struct{ away bool }

func (governed) Backlogs(ctx context.Context) ([]database.Backlog, error) {
	if _, bounded := ctx.Deadline(); !bounded {
		return nil, errors.New("it may take for ever")
	}
	return []database.Backlog{{Waiting: 3, Dead: 1}, {Waiting: 4, Dead: 2}}, nil
}

func (governed) Lost() uint64 { return 8 }

func (g governed) catalog() catalog.Stats {
	return catalog.Stats{Objects: map[string]int{"stream": 12, "key": 15, "ban": 2}, Away: g.away}
}

// stats are the Stats of one part of it.
type stats[S any] func() S

func (s stats[S]) Stats() S { return s() }

type hooks struct {
	stats[webhook.Stats]
	governed
}

func (g governed) control() Control {
	return Control{
		Catalog: stats[catalog.Stats](g.catalog),
		Guard: stats[guard.Stats](func() guard.Stats {
			return guard.Stats{
				Connections: 9, Refused: map[string]uint64{"banned address": 4, "viewers of one app": 6},
				Failed: map[string]uint64{"key": 30},
			}
		}),
		Events: stats[event.Stats](func() event.Stats {
			return event.Stats{Written: 100, Waiting: 7, Dropped: 5, Lost: 1, Withheld: 50, Followers: 2}
		}),
		Hooks: hooks{func() webhook.Stats { return webhook.Stats{Delivered: 80, Failed: 11, Buried: 3, Underway: 2} }, g},
		Gate: stats[[]callback.Stats](func() []callback.Stats {
			return []callback.Stats{
				{Host: "backend:9000", Asked: 40, Failures: 3, NotAsked: 2}, {Host: "backend:9000", Asked: 2, Away: true},
			}
		}),
		Observer: g,
	}
}

// whole returns metrics that watch all there is to watch.
func whole() *Metrics {
	m := New("v1.2.3")
	m.WatchHub(busy{})
	m.WatchPackaging(packages{})
	m.WatchFiles("HLS", requests{{File: "index", Served: 17, Missed: 3}})
	m.WatchFiles("DASH", requests{{File: "manifest", Served: 19, Missed: 2}})
	m.WatchPosters(posters{})
	m.WatchPanics(map[string]func() uint64{"rtmp": func() uint64 { return 1 }})
	m.WatchLog(func() uint64 { return 250 })
	m.WatchControl(governed{}.control())
	return m
}

// happen tells m of one of each.
func happen(m *Metrics) {
	event := func(k hub.EventKind, err error) {
		m.Event(hub.Event{
			Kind: k, Stream: "live/secret", Broadcast: "abcdefghij", Session: "0123456789", Protocol: "rtmp",
			Software: "obs-output", Remote: netip.MustParseAddrPort("192.0.2.7:5000"), Reason: "a sentence", Err: err,
		})
	}
	event(hub.PublishStarted, nil)
	for _, err := range []error{
		nil, hub.ErrSilent, rtmp.ErrSilent, hub.ErrShutdown, rtmp.ErrFlood, rtmp.ErrConnectionLost, errors.New("192.0.2.7"),
		fmt.Errorf("%w: %w", rtmp.ErrPanic, io.EOF),
	} {
		event(hub.PublishEnded, err)
	}
	event(hub.PublishTakenOver, hub.ErrTakenOver)
	event(hub.PublishRefused, &hub.Refusal{Code: hub.BadKey, Reason: "live/secret"})
	event(hub.PublishRefused, errors.New("live/secret"))
	event(hub.PlayRefused, hub.ErrNotFound)
	event(hub.StreamReconnecting, nil)
	event(hub.StreamReconnecting, nil)
	event(hub.StreamResumed, nil)
	event(hub.StreamEnded, nil)
	event(hub.ReaderSlow, hub.ErrSlowReader)
	event(hub.TimeJoined, nil)
	event(hub.LongGOP, nil)
	event(hub.Alarm, nil)
	m.Joined("rtmp", 3*time.Millisecond)
	m.Joined("rtmp", 3*time.Second)
	m.PlayEnded("ws-flv", "left")
	m.ConnectionEnded("rtmp", "handshake")
	m.Unreadable("rtmp")
}

// scrape returns our own lines of what Prometheus is told.
func scrape(t *testing.T, m *Metrics) string {
	t.Helper()
	w := httptest.NewRecorder()
	m.Handler(slog.New(slog.DiscardHandler)).ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	if w.Code != 200 || !strings.HasPrefix(w.Header().Get("Content-Type"), "text/plain; version=0.0.4") {
		t.Fatalf("%d, %v", w.Code, w.Header())
	}
	if !strings.Contains(w.Body.String(), "\ngo_goroutines ") {
		t.Error("the Go runtime is not among the metrics")
	}
	var own strings.Builder
	for line := range strings.Lines(w.Body.String()) {
		if strings.Contains(line, "millrace_") && !strings.Contains(line, "millrace_build_info") {
			own.WriteString(line)
		}
	}
	return own.String()
}

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	if *update {
		if err := os.WriteFile(name, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s is not what it was; look at the change with git diff after -update. Now:\n%s", name, got)
	}
}

func TestEachThingIsCountedOnce(t *testing.T) {
	m := whole()
	happen(m)
	text := scrape(t, m)
	golden(t, "testdata/metrics.txt", []byte(text))
	for _, secret := range []string{"secret", "192.0.2.7", "abcdefghij", "0123456789", "obs-output", "sentence"} {
		if strings.Contains(text, secret) {
			t.Errorf("%q of an event stands in the metrics", secret)
		}
	}
}

func TestCountersBeginAtZero(t *testing.T) {
	text := scrape(t, whole())
	for _, want := range []string{
		"millrace_reconnects_total 0\n", "millrace_interruptions_total 0\n", `millrace_stream_faults_total{fault="fight"} 0`,
		`millrace_viewers{protocol="ws-flv"} 0`, `millrace_connection_ends_total{protocol="rtmp",reason="handshake"} 0`,
		`millrace_join_seconds_count{protocol="http-flv"} 0`, `millrace_buffer_starvations_total{protocol="dash"} 0`,
	} {
		if !strings.Contains(text, want) {
			t.Errorf("there is no line %s", want)
		}
	}
}

func TestNamesKeepToTheCustoms(t *testing.T) {
	m := whole()
	happen(m)
	families, err := m.registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	problems, err := promlint.NewWithMetricFamilies(families).Lint()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		t.Errorf("%s: %s", p.Metric, p.Text)
	}
}
