package hls

import (
	"net/http"
	"strconv"
	"time"

	"github.com/millrace-live/millrace/internal/deliver"
	"github.com/millrace-live/millrace/media"
)

const (
	// A playlist changes with each part; a second of age is at most half a
	// target duration, and lets a cache in front collapse the viewers who begin.
	playlistCaching = "public, max-age=1"
	// The bytes of a name never change. The hour covers any window of ours
	// without making caches keep a live stream for ever.
	mediaCaching = "public, max-age=3600, immutable"
)

// serveText answers with a playlist, in which every address has what let the viewer in. It returns how many bytes of body it sent.
func serveText(w http.ResponseWriter, r *http.Request, t *deliver.Text, caching string) int {
	pass := deliver.ReadPass(r)
	h := w.Header()
	h.Set("Content-Type", "application/vnd.apple.mpegurl")
	h.Set("Cache-Control", pass.Caching(caching))
	return pass.Playlist(t).Serve(w, r)
}

// reloadCaching is for the answer to a blocking reload: its address asks for one
// state of the playlist, so that a cache in front asks once for all its viewers.
// Six target durations are longer than any player looks back (§6.2.5.2).
func reloadCaching(target time.Duration) string {
	return "public, max-age=" + strconv.Itoa(6*int(target/time.Second)) + ", immutable"
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
