package deliver

import (
	"net/http"
	"net/netip"

	"github.com/millrace-live/millrace/internal/problem"
)

// Reads lets requests pass that read, from pages of any site. It answers all others
// and reports false: preflights (CORS), and methods that there are not. What is the
// subject of the sentence that then says so, as "playlists and segments are".
func Reads(w http.ResponseWriter, r *http.Request, what string) bool {
	h := w.Header()
	h.Set("Access-Control-Allow-Origin", "*")
	switch r.Method {
	case http.MethodGet, http.MethodHead:
		h.Set("Access-Control-Expose-Headers", "Content-Length, Content-Range, Date, ETag, Last-Modified")
		return true
	case http.MethodOptions:
		h.Set("Access-Control-Allow-Methods", "GET, HEAD, OPTIONS")
		// The star is for all names but one (Fetch, CORS-preflight fetch).
		h.Set("Access-Control-Allow-Headers", "*, Authorization")
		h.Set("Access-Control-Max-Age", "86400")
		w.WriteHeader(http.StatusNoContent)
	default:
		h.Set("Allow", "GET, HEAD, OPTIONS")
		problem.Write(w, http.StatusMethodNotAllowed, what+" read with GET or HEAD")
	}
	return false
}

// Remote is the address that a request comes from; the zero AddrPort where it has
// none.
func Remote(r *http.Request) netip.AddrPort {
	a, _ := netip.ParseAddrPort(r.RemoteAddr) // a connection has one; without one it stays unknown
	return netip.AddrPortFrom(a.Addr().Unmap(), a.Port())
}
