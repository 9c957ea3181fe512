package metrics

import (
	"maps"
	"slices"
	"strings"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/millrace-live/millrace/internal/deliver"
	"github.com/millrace-live/millrace/internal/poster"
	"github.com/millrace-live/millrace/internal/window"
)

// Packaging is what makes the files of HLS and DASH.
type Packaging interface {
	Stats() window.Stats
}

// WatchPackaging has what is packaged, and kept on disk, read whenever somebody asks.
func (m *Metrics) WatchPackaging(of Packaging) {
	m.registry.MustRegister(&packaging{
		of:        of,
		packagers: m.describe("millrace_packagers", "gauge", "Streams that are packaged for HLS and DASH."),
		segments:  m.describe("millrace_segments_total", "counter", "Segments of HLS and DASH that were made."),
		shelved:   m.describe("millrace_time_shift_bytes", "gauge", "What time shift has on disk."),
		lost: m.describe("millrace_time_shift_lost_segments_total", "counter",
			"Segments that time shift could not keep because the disk was too slow or full."),
	})
}

type packaging struct {
	of                                 Packaging
	packagers, segments, shelved, lost *prometheus.Desc
}

// Describe implements [prometheus.Collector].
func (c *packaging) Describe(to chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{c.packagers, c.segments, c.shelved, c.lost} {
		to <- d
	}
}

// Collect implements [prometheus.Collector].
func (c *packaging) Collect(to chan<- prometheus.Metric) {
	s := c.of.Stats()
	to <- prometheus.MustNewConstMetric(c.packagers, prometheus.GaugeValue, float64(s.Packagers))
	to <- prometheus.MustNewConstMetric(c.segments, prometheus.CounterValue, float64(s.Segments))
	to <- prometheus.MustNewConstMetric(c.shelved, prometheus.GaugeValue, float64(s.Shelved))
	to <- prometheus.MustNewConstMetric(c.lost, prometheus.CounterValue, float64(s.Lost))
}

// Files is a door that serves files.
type Files interface {
	Requests() []deliver.Requests
}

// WatchFiles has the requests to a door counted whenever somebody asks. Protocol is
// its name for people, as "HLS".
func (m *Metrics) WatchFiles(protocol string, door Files) {
	m.registry.MustRegister(&files{door, m.describe("millrace_"+strings.ToLower(protocol)+"_requests_total", "counter",
		"Requests for files of "+protocol+"; those with result missed found none.", "file", "result")})
}

type files struct {
	door     Files
	requests *prometheus.Desc
}

// Describe implements [prometheus.Collector].
func (c *files) Describe(to chan<- *prometheus.Desc) { to <- c.requests }

// Collect implements [prometheus.Collector].
func (c *files) Collect(to chan<- prometheus.Metric) {
	for _, r := range c.door.Requests() {
		to <- prometheus.MustNewConstMetric(c.requests, prometheus.CounterValue, float64(r.Served), r.File, "served")
		to <- prometheus.MustNewConstMetric(c.requests, prometheus.CounterValue, float64(r.Missed), r.File, "missed")
	}
}

// Posters is the door of poster pictures.
type Posters interface {
	Stats() poster.Stats
}

// WatchPosters has what the door of poster pictures does read whenever somebody
// asks.
func (m *Metrics) WatchPosters(door Posters) {
	m.registry.MustRegister(&posterDoor{
		door: door,
		makings: m.describe("millrace_poster_makings_total", "counter",
			"Poster pictures that were to be made, by how that ended: made, failed, too-slow, too-large, crowded "+
				"(too many others at once), no-ffmpeg.", "result"),
		placeholders: m.describe("millrace_poster_placeholders_total", "counter",
			"Requests for a poster picture that got the placeholder."),
	})
}

type posterDoor struct {
	door                  Posters
	makings, placeholders *prometheus.Desc
}

// Describe implements [prometheus.Collector].
func (c *posterDoor) Describe(to chan<- *prometheus.Desc) {
	to <- c.makings
	to <- c.placeholders
}

// Collect implements [prometheus.Collector].
func (c *posterDoor) Collect(to chan<- prometheus.Metric) {
	s := c.door.Stats()
	for _, result := range slices.Sorted(maps.Keys(s.Makings)) {
		to <- prometheus.MustNewConstMetric(c.makings, prometheus.CounterValue, float64(s.Makings[result]), result)
	}
	to <- prometheus.MustNewConstMetric(c.placeholders, prometheus.CounterValue, float64(s.Placeholders))
}

// WatchPanics has the panics counted that each part survived; where names it.
func (m *Metrics) WatchPanics(where map[string]func() uint64) {
	m.registry.MustRegister(&panics{where, m.describe("millrace_panics_total", "counter",
		"Panics that ended one session or request. Each is a bug of Millrace, and the log has its stack.", "where")})
}

type panics struct {
	where map[string]func() uint64
	desc  *prometheus.Desc
}

// Describe implements [prometheus.Collector].
func (c *panics) Describe(to chan<- *prometheus.Desc) { to <- c.desc }

// Collect implements [prometheus.Collector].
func (c *panics) Collect(to chan<- prometheus.Metric) {
	for where, count := range c.where {
		to <- prometheus.MustNewConstMetric(c.desc, prometheus.CounterValue, float64(count()), where)
	}
}

// WatchLog has the lines counted that the log left out.
func (m *Metrics) WatchLog(suppressed func() uint64) {
	const name, help = "millrace_suppressed_log_lines_total", "Lines that the log left out because one client caused too many."
	m.note(name, "counter", help, nil)
	m.registry.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{Name: name, Help: help},
		func() float64 { return float64(suppressed()) }))
}
