package dash

import (
	"bytes"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

const (
	// A cache in front collapses the viewers for a second. Their own asks every
	// time, or it would keep from them that there is another segment; what has not
	// changed is answered without a body.
	manifestCaching = "public, max-age=0, s-maxage=1"
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

// serveDocument returns how many bytes of body it sent.
func serveDocument(w http.ResponseWriter, r *http.Request, d *document) int {
	h := w.Header()
	h.Set("Content-Type", "application/dash+xml")
	h.Set("Cache-Control", manifestCaching)
	h.Add("Vary", "Accept-Encoding")
	body, etag := d.plain, d.etag
	if takesGzip(r.Header.Values("Accept-Encoding")) {
		h.Set("Content-Encoding", "gzip")
		body, etag = d.zip(), etag+"-gz" // other bytes need another tag (RFC 9110 §8.8.3)
	}
	h.Set("ETag", `"`+etag+`"`)
	if has(r.Header.Values("If-None-Match"), `"`+etag+`"`) {
		h.Del("Content-Encoding")
		w.WriteHeader(http.StatusNotModified)
		return 0
	}
	return send(w, r, body)
}

// has reads If-None-Match (RFC 9110 §13.1.2).
func has(values []string, etag string) bool {
	for tag := range strings.SplitSeq(strings.Join(values, ","), ",") {
		if tag = strings.TrimSpace(tag); tag == "*" || strings.TrimPrefix(tag, "W/") == etag {
			return true
		}
	}
	return false
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

// servePieces sends a file of media in pieces. It returns how many bytes of body it
// sent.
func servePieces(w http.ResponseWriter, r *http.Request, n name, pieces [][]byte) int {
	mediaHeaders(w, n)
	if isConditional(r) {
		c := &countingWriter{ResponseWriter: w}
		http.ServeContent(c, r, "", time.Time{}, bytes.NewReader(slices.Concat(pieces...)))
		return c.n
	}
	w.Header().Set("Accept-Ranges", "bytes")
	return send(w, r, pieces...)
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

// send answers with the shared bytes as they are: http.ServeContent would copy them
// through a buffer for each viewer.
func send(w http.ResponseWriter, r *http.Request, pieces ...[]byte) int {
	size := 0
	for _, p := range pieces {
		size += len(p)
	}
	w.Header().Set("Content-Length", strconv.Itoa(size))
	w.WriteHeader(http.StatusOK)
	if r.Method == http.MethodHead {
		return 0
	}
	out := newSender(w)
	defer out.close()
	for _, p := range pieces {
		if out.write(p) != nil {
			break
		}
	}
	return out.taken()
}

// sender writes to a viewer who must not take for ever.
type sender struct {
	w    http.ResponseWriter
	conn *http.ResponseController
	n    int
}

func newSender(w http.ResponseWriter) *sender {
	return &sender{w: w, conn: http.NewResponseController(w)}
}

func (s *sender) write(p []byte) error {
	for len(p) > 0 {
		s.conn.SetWriteDeadline(time.Now().Add(writePatient)) //nolint:errcheck // tests and tunnels have none
		n, err := s.w.Write(p[:min(len(p), writeStep)])
		s.n += n
		if err != nil {
			return err
		}
		p = p[n:]
	}
	return nil
}

// flush has leave what was written, in a chunk of its own where HTTP/1.1 has them.
func (s *sender) flush() error {
	s.conn.SetWriteDeadline(time.Now().Add(writePatient)) //nolint:errcheck // as above
	return s.conn.Flush()
}

// taken is how many bytes were written since it was asked last.
func (s *sender) taken() int {
	n := s.n
	s.n = 0
	return n
}

// close lifts the deadline, which a connection that is kept must not keep.
func (s *sender) close() {
	s.conn.SetWriteDeadline(time.Time{}) //nolint:errcheck // where there are none, none is left
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
