package dashboard

import (
	"compress/gzip"
	"crypto/sha256"
	"fmt"
	"mime"
	"net/http"
	"path"

	"github.com/millrace-live/millrace/internal/deliver"
)

// file is one embedded file. It is compressed when somebody first asks: the player takes some tens of milliseconds,
// which a start can do without.
type file struct {
	contentType string
	text        *deliver.Text
}

func newFile(name string, content []byte) *file {
	tag := fmt.Sprintf("%x", sha256.Sum256(content))[:16]
	return &file{contentType: contentType(name), text: deliver.NewText(content, tag, gzip.BestCompression)}
}

// ServeHTTP answers with the file, honouring conditions and ranges.
func (f *file) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", f.contentType)
	f.text.Serve(w, r)
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
