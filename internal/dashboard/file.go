package dashboard

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"fmt"
	"mime"
	"net/http"
	"path"
	"strconv"
	"strings"
	"sync"
	"time"
)

// file is one embedded file in the two forms that it is served in.
type file struct {
	contentType string
	etag        string
	plain       []byte
	zipped      func() []byte
}

func newFile(name string, content []byte) *file {
	return &file{
		contentType: contentType(name),
		etag:        fmt.Sprintf("%x", sha256.Sum256(content))[:16],
		plain:       content,
		// Compressed when somebody first asks: the player takes some tens of milliseconds, which a start can do without.
		zipped: sync.OnceValue(func() []byte { return compress(content) }),
	}
}

// ServeHTTP answers with the file, honouring conditions and ranges.
func (f *file) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Type", f.contentType)
	h.Set("Vary", "Accept-Encoding")
	content, etag := f.plain, f.etag
	if acceptsGzip(r.Header.Get("Accept-Encoding")) {
		content, etag = f.zipped(), f.etag+"-gzip"
		h.Set("Content-Encoding", "gzip")
	}
	// RFC 9110 §8.8.3: each encoding is a representation of its own and needs its own tag.
	h.Set("ETag", `"`+etag+`"`)
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(content))
}

func contentType(name string) string {
	switch ext := path.Ext(name); ext {
	// The machine's own table decides for these otherwise, and Windows' is known to call scripts plain text.
	case ".js":
		return "text/javascript; charset=utf-8"
	case ".css":
		return "text/css; charset=utf-8"
	case ".html":
		return "text/html; charset=utf-8"
	case ".svg":
		return "image/svg+xml"
	default:
		return mime.TypeByExtension(ext)
	}
}

func compress(content []byte) []byte {
	var b bytes.Buffer
	z, _ := gzip.NewWriterLevel(&b, gzip.BestCompression) // fails for levels out of range only
	_, _ = z.Write(content)                               // a bytes.Buffer takes everything
	z.Close()
	return b.Bytes()
}

// acceptsGzip reads an Accept-Encoding header (RFC 9110 §12.5.3) for gzip, by name.
func acceptsGzip(header string) bool {
	for item := range strings.SplitSeq(header, ",") {
		coding, weight, _ := strings.Cut(strings.TrimSpace(item), ";")
		if !strings.EqualFold(strings.TrimSpace(coding), "gzip") {
			continue
		}
		q, found := strings.CutPrefix(strings.TrimSpace(weight), "q=")
		if !found {
			return true
		}
		v, err := strconv.ParseFloat(q, 64)
		return err == nil && v > 0
	}
	return false
}
