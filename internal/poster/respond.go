package poster

import (
	"bytes"
	"net/http"

	"github.com/millrace-live/millrace/internal/deliver"
)

const (
	// A picture is not made anew before that age.
	caching = "public, max-age=5"
	// The first key frame may be there any moment.
	placeholderCaching = "public, max-age=2"
)

// serve answers with the picture, or that the client has it already.
func serve(w http.ResponseWriter, r *http.Request, p *picture) {
	age := caching
	if p.taken.IsZero() {
		age = placeholderCaching
	}
	h := w.Header()
	h.Set("Content-Type", "image/jpeg")
	h.Set("Cache-Control", deliver.ReadPass(r).Caching(age))
	deliver.Content(w, r, p.tag, p.taken, bytes.NewReader(p.jpeg))
}
