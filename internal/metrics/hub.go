package metrics

import (
	"cmp"
	"slices"
	"strconv"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/millrace-live/millrace/internal/hub"
	"github.com/millrace-live/millrace/internal/window"
	"github.com/millrace-live/millrace/media"
)

// Hub is the part of the hub that is counted.
type Hub interface {
	Traffic() hub.Traffic
}

// The protocols whose numbers are there, as 0, before anyone used them.
var (
	publisherProtocols = []string{"rtmp", "rtmps", "rtmpe", "rtmpt", "rtmpts", "rtmpte"}
	playerProtocols    = append([]string{"http-flv", "ws-flv", "ts"}, publisherProtocols...)
	viewerProtocols    = slices.Concat(segmented, playerProtocols)
)

// segmented are the protocols whose viewers have no connections.
var segmented = []string{"hls", "dash"}

// noTLS is the version of TLS of sessions in plain.
const noTLS = "none"

// WatchHub has what the hub carries read whenever somebody asks.
func (m *Metrics) WatchHub(h Hub) {
	m.registry.MustRegister(&traffic{
		hub:     h,
		streams: m.describe("millrace_streams", "gauge", "Streams by state.", "state"),
		tracks: m.describe("millrace_tracks", "gauge",
			"Tracks of the streams on air. Height and frame rate are the next common value that is not less, 0 of sound and where it is not known.",
			"kind", "codec", "height", "frame_rate"),
		sessions: m.describe("millrace_sessions", "gauge",
			"Publishers and players that are connected, by their version of TLS. Viewers of HLS and DASH have no connection of their own.",
			"role", "protocol", "tls"),
		viewers: m.describe("millrace_viewers", "gauge",
			"Those who watch; of HLS and DASH, who asked for media in the last 20 seconds.", "protocol"),
		starvations: m.describe("millrace_buffer_starvations_total", "counter",
			"How often players of HLS and DASH that tell so (CMCD) had nothing left to play.", "protocol"),
		waiting: m.describe("millrace_waiting_players", "gauge", "Players that wait for a stream that is not on air."),
		bytesIn: m.describe("millrace_received_bytes_total", "counter",
			"Payload that publishers sent: sound, picture and data without the headers of the protocol.", "protocol"),
		framesIn: m.describe("millrace_received_frames_total", "counter",
			"Frames that publishers sent.", "protocol", "kind"),
		bytesOut: m.describe("millrace_sent_bytes_total", "counter",
			"What was sent to viewers, with the headers of the protocol.", "protocol"),
		drops: prometheus.NewDesc(dropsName, dropsHelp, []string{"protocol"},
			prometheus.Labels{"side": "out", "reason": "too-slow"}),
		skips: m.describe("millrace_skips_total", "counter",
			"How often players that were too slow went on at a later key frame.", "protocol"),
		ringTime: m.describe("millrace_ring_seconds", "gauge",
			"Media time that the rings of all streams keep for those who join; divide by millrace_streams for the mean."),
		ringMax:   m.describe("millrace_ring_max_seconds", "gauge", "Media time that the deepest ring keeps."),
		ringBytes: m.describe("millrace_ring_bytes", "gauge", "Memory that the rings of all streams keep."),
	})
}

// traffic reads the hub once for all its metrics, so that they fit together.
type traffic struct {
	hub Hub

	streams, tracks, sessions, viewers, waiting *prometheus.Desc
	bytesIn, framesIn, bytesOut, starvations    *prometheus.Desc
	drops, skips                                *prometheus.Desc
	ringTime, ringMax, ringBytes                *prometheus.Desc
}

// Describe implements [prometheus.Collector].
func (c *traffic) Describe(to chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{
		c.streams, c.tracks, c.sessions, c.viewers, c.starvations, c.waiting, c.bytesIn, c.framesIn, c.bytesOut, c.drops, c.skips,
		c.ringTime, c.ringMax, c.ringBytes,
	} {
		to <- d
	}
}

// Collect implements [prometheus.Collector].
func (c *traffic) Collect(to chan<- prometheus.Metric) {
	t := c.hub.Traffic()
	gauge := func(d *prometheus.Desc, v float64, labels ...string) {
		to <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	counter := func(d *prometheus.Desc, v uint64, labels ...string) {
		to <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, float64(v), labels...)
	}
	for _, s := range []hub.State{hub.Waiting, hub.Live, hub.Reconnecting} {
		gauge(c.streams, float64(t.Streams[s]), s.String())
	}
	for k, n := range t.Tracks {
		gauge(c.tracks, float64(n), k.Kind.String(), k.Codec.String(), strconv.Itoa(k.Height), strconv.Itoa(k.FrameRate))
	}
	gauge(c.waiting, float64(t.Waiting))
	for connection, n := range connections(t.Connected) {
		gauge(c.sessions, float64(n), connection.Role.String(), connection.Protocol, cmp.Or(connection.TLS, noTLS))
	}
	for _, protocol := range protocols(t.In, publisherProtocols) {
		in := t.In[protocol]
		counter(c.bytesIn, in.Bytes, protocol)
		for k := media.Video; k <= media.Opaque; k++ {
			counter(c.framesIn, in.Frames[k], protocol, k.String())
		}
	}
	delete(t.Out, window.ShiftProtocol) // nobody watches by it
	for _, protocol := range protocols(t.Out, viewerProtocols) {
		out := t.Out[protocol]
		gauge(c.viewers, float64(out.Viewers), protocol)
		counter(c.bytesOut, out.Bytes, protocol)
		counter(c.drops, out.Drops, protocol)
		counter(c.skips, out.Skips, protocol)
	}
	for _, protocol := range segmented {
		counter(c.starvations, t.Out[protocol].Starvations, protocol)
	}
	gauge(c.ringTime, t.RingTime.Seconds())
	gauge(c.ringMax, t.RingMax.Seconds())
	gauge(c.ringBytes, float64(t.RingBytes))
}

// connections are those that there are and, as 0, the most usual ones.
func connections(now map[hub.Connection]int) map[hub.Connection]int {
	all := make(map[hub.Connection]int)
	usual := func(role hub.Role, protocols []string) {
		for _, protocol := range protocols {
			version := ""
			if protocol == "rtmps" || protocol == "rtmpts" {
				version = "1.3"
			}
			all[hub.Connection{Role: role, Protocol: protocol, TLS: version}] = 0
		}
	}
	usual(hub.Publisher, publisherProtocols)
	usual(hub.Player, playerProtocols)
	for c, n := range now {
		if !slices.Contains(segmented, c.Protocol) && c.Protocol != window.ShiftProtocol {
			all[c] = n
		}
	}
	return all
}

// protocols are those that were used and those that always show.
func protocols[V any](used map[string]V, always []string) []string {
	all := append([]string(nil), always...)
	for protocol := range used {
		if !slices.Contains(all, protocol) {
			all = append(all, protocol)
		}
	}
	return all
}
