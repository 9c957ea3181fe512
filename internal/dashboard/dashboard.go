// Package dashboard serves the pages that people see in a browser: the list of what is on air, and each stream's page
// with its player. The pages are static: what they show comes from the API and the playlists. They are built from web/
// and embedded as built, so that building the server takes Go alone.
package dashboard

import (
	"embed"
	"io/fs"
	"net/http"
)

// Below dist lie the shells of the pages and, in assets, what they load. Everything but the shells carries a hash of its
// content in its name.
//
//go:embed all:dist
var dist embed.FS

// Home serves the page that lists what is on air, for "/".
func Home() http.Handler {
	return newShell("home.html", framedByNobody)
}

// Stream serves the page of a stream, for "/APP/NAME". It is the same for every stream, on air or not: the script in it
// reads the name from the address and waits for the stream.
func Stream() http.Handler {
	return newShell("stream.html", framedByNobody)
}

// Embed serves the player alone, for "/embed/APP/NAME". Any site may put it into a frame.
func Embed() http.Handler {
	return newShell("embed.html", framedByAnyone)
}

// Assets serves what the pages load, for "/assets/". Names change with the content, so browsers may keep it for ever.
func Assets() http.Handler {
	files, err := fs.Sub(dist, "dist/assets")
	if err != nil {
		panic(err) // the embedded tree is part of the program
	}
	entries, err := fs.ReadDir(files, ".")
	if err != nil {
		panic(err)
	}
	assets := make(map[string]*file, len(entries))
	for _, entry := range entries {
		content, err := fs.ReadFile(files, entry.Name())
		if err != nil {
			panic(err)
		}
		assets["/assets/"+entry.Name()] = newFile(entry.Name(), content)
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asset, ok := assets[r.URL.Path]
		if !ok {
			http.NotFound(w, r)
			return
		}
		h := w.Header()
		h.Set("Cache-Control", "public, max-age=31536000, immutable")
		h.Set("X-Content-Type-Options", "nosniff")
		asset.ServeHTTP(w, r)
	})
}
