package poster

import (
	"bytes"
	"net/http"
	"time"
)

const (
	// A picture is not made anew before that age.
	caching = "public, max-age=5"
	// The first key frame may be there any moment.
	placeholderCaching = "public, max-age=2"

	// patience is how long a viewer may take for the whole picture.
	patience = 30 * time.Second
)

func preflight(w http.ResponseWriter) {
	h := w.Header()
	h.Set("Access-Control-Allow-Methods", "GET, HEAD, OPTIONS")
	h.Set("Access-Control-Allow-Headers", "*")
	h.Set("Access-Control-Max-Age", "86400")
	w.WriteHeader(http.StatusNoContent)
}

// serve answers with the picture, or that the client has it already.
func serve(w http.ResponseWriter, r *http.Request, p *picture) {
	h := w.Header()
	h.Set("Content-Type", "image/jpeg")
	h.Set("ETag", p.tag)
	h.Set("Cache-Control", caching)
	if p.taken.IsZero() {
		h.Set("Cache-Control", placeholderCaching)
	}
	deadline := http.NewResponseController(w)
	deadline.SetWriteDeadline(time.Now().Add(patience)) //nolint:errcheck // tests and tunnels have none
	// A connection that is kept must not keep the deadline.
	defer deadline.SetWriteDeadline(time.Time{}) //nolint:errcheck // where there are none, none is left
	http.ServeContent(w, r, "", p.taken, bytes.NewReader(p.jpeg))
}
