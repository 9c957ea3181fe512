package dash

import (
	"net/http"

	"github.com/millrace-live/millrace/internal/deliver"
	"github.com/millrace-live/millrace/media"
)

const (
	// A cache in front collapses the viewers for a second. Their own asks every
	// time, or it would keep from them that there is another segment; what has not
	// changed is answered without a body.
	manifestCaching = "public, max-age=0, s-maxage=1"
	// The bytes of a name never change. The hour covers any window of ours
	// without making caches keep a live stream for ever.
	mediaCaching = "public, max-age=3600, immutable"
)

// serveText answers with a manifest, in which every address has what let the viewer in. It returns how many bytes of body it sent.
func serveText(w http.ResponseWriter, r *http.Request, t *deliver.Text) int {
	pass := deliver.ReadPass(r)
	h := w.Header()
	h.Set("Content-Type", "application/dash+xml")
	h.Set("Cache-Control", pass.Caching(manifestCaching))
	return pass.Manifest(t).Serve(w, r)
}

// mediaHeaders are those of every answer with media.
func mediaHeaders(w http.ResponseWriter, r *http.Request, n name) {
	h := w.Header()
	h.Set("Content-Type", "video/mp4")
	if n.track.Kind == media.Audio {
		h.Set("Content-Type", "audio/mp4")
	}
	h.Set("Cache-Control", deliver.ReadPass(r).Caching(mediaCaching))
}
