package hls

import (
	"bytes"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/millrace-live/millrace/media"
)

const (
	// A playlist changes with each segment; a second of age is at most half a
	// target duration, and lets a cache in front collapse its viewers.
	playlistCaching = "public, max-age=1"
	// The bytes of a name never change. The hour covers any window of ours
	// without making caches keep a live stream for ever.
	mediaCaching = "public, max-age=3600, immutable"

	// A viewer must take this much in this time, or is gone.
	writeStep    = 64 << 10
	writePatient = 10 * time.Second
)

func preflight(w http.ResponseWriter) {
	h := w.Header()
	h.Set("Access-Control-Allow-Methods", "GET, HEAD, OPTIONS")
	h.Set("Access-Control-Allow-Headers", "*")
	h.Set("Access-Control-Max-Age", "86400")
	w.WriteHeader(http.StatusNoContent)
}

// servePlaylist returns how many bytes of body it sent.
func servePlaylist(w http.ResponseWriter, r *http.Request, t text) int {
	h := w.Header()
	h.Set("Content-Type", "application/vnd.apple.mpegurl")
	h.Set("Cache-Control", playlistCaching)
	h.Add("Vary", "Accept-Encoding")
	body := t.plain
	if takesGzip(r.Header.Values("Accept-Encoding")) {
		h.Set("Content-Encoding", "gzip")
		body = t.zipped
	}
	h.Set("Content-Length", strconv.Itoa(len(body)))
	return send(w, r, body)
}

// takesGzip reads Accept-Encoding (RFC 9110 §12.5.3).
func takesGzip(values []string) bool {
	for coding := range strings.SplitSeq(strings.Join(values, ","), ",") {
		coding, weight, _ := strings.Cut(strings.TrimSpace(coding), ";")
		if !strings.EqualFold(strings.TrimSpace(coding), "gzip") {
			continue
		}
		_, q, weighted := strings.Cut(weight, "=")
		if !weighted {
			return true
		}
		v, err := strconv.ParseFloat(strings.TrimSpace(q), 64)
		return err == nil && v > 0
	}
	return false
}

// serveMedia returns how many bytes of body it sent.
func serveMedia(w http.ResponseWriter, r *http.Request, n name, body []byte) int {
	h := w.Header()
	h.Set("Content-Type", "video/mp4")
	if n.track.kind == media.Audio {
		h.Set("Content-Type", "audio/mp4")
	}
	h.Set("Cache-Control", mediaCaching)
	h.Set("ETag", `"`+n.String()+`"`)
	if isConditional(r) {
		c := &countingWriter{ResponseWriter: w}
		http.ServeContent(c, r, "", time.Time{}, bytes.NewReader(body))
		return c.n
	}
	h.Set("Accept-Ranges", "bytes")
	h.Set("Content-Length", strconv.Itoa(len(body)))
	return send(w, r, body)
}

// isConditional reports whether the answer may be other than the whole file.
func isConditional(r *http.Request) bool {
	for _, field := range []string{"Range", "If-Match", "If-None-Match"} {
		if r.Header.Get(field) != "" {
			return true
		}
	}
	return false
}

// send writes the shared bytes as they are: http.ServeContent would copy them
// through a buffer for each viewer.
func send(w http.ResponseWriter, r *http.Request, body []byte) (n int) {
	w.WriteHeader(http.StatusOK)
	if r.Method == http.MethodHead {
		return 0
	}
	deadline := http.NewResponseController(w)
	// A connection that is kept must not keep the deadline.
	defer deadline.SetWriteDeadline(time.Time{}) //nolint:errcheck // where there are none, none is left
	for len(body) > 0 {
		deadline.SetWriteDeadline(time.Now().Add(writePatient)) //nolint:errcheck // tests and tunnels have none
		m, err := w.Write(body[:min(len(body), writeStep)])
		n += m
		if err != nil {
			return n
		}
		body = body[m:]
	}
	return n
}

type countingWriter struct {
	http.ResponseWriter
	n int
}

func (c *countingWriter) Write(p []byte) (int, error) {
	n, err := c.ResponseWriter.Write(p)
	c.n += n
	return n, err
}
