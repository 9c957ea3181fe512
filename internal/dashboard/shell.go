package dashboard

import (
	"fmt"
	"net/http"
)

const (
	framedByNobody = "'none'"
	framedByAnyone = "*"
)

// policy is the Content-Security-Policy of a page: everything comes from the server that sent it. Media Source
// Extensions hand the video element a blob: address.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
	"media-src 'self' blob:; base-uri 'none'; form-action 'none'; frame-ancestors %s"

// newShell returns a handler that answers every request with one page of dist.
func newShell(name, framedBy string) http.Handler {
	content, err := dist.ReadFile("dist/" + name)
	if err != nil {
		panic(err) // the embedded tree is part of the program
	}
	page := newFile(name, content)
	csp := fmt.Sprintf(policy, framedBy)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		// A page is asked for each time, and mostly not sent: it names the assets of this build.
		h.Set("Cache-Control", "no-cache")
		h.Set("Content-Security-Policy", csp)
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("X-Content-Type-Options", "nosniff")
		page.ServeHTTP(w, r)
	})
}
