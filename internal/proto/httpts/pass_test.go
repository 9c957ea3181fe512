package httpts

import (
	"net/http"
	"strings"
	"testing"
)

func TestPassStandsInEveryAddress(t *testing.T) {
	bubble(t, func(s *studio) {
		s.publish()
		s.send(6)
		const pass = "?exp=1795240060&sig=ff00"
		// get returns a playlist, which must be that of all but for what lets in.
		get := func(file string) (plain string) {
			w := s.ask(http.MethodGet, file+"?sig=ff00&exp=1795240060&start=0")
			plain = strings.ReplaceAll(w.Body.String(), pass, "")
			if w.Code != http.StatusOK || w.Header().Get("Cache-Control") != "private, max-age=1" || plain != s.get(file) {
				s.Fatalf("%s: %d, %v\n%s", file, w.Code, w.Header(), w.Body)
			}
			for line := range strings.Lines(w.Body.String()) {
				if !strings.HasPrefix(line, "#") && !strings.HasSuffix(line, pass+"\n") {
					s.Errorf("%s lists %s", file, line)
				}
			}
			return plain
		}
		list := last(get("ts.m3u8"))
		segments := readPlaylist(t, get(list)).segments
		if len(segments) == 0 {
			s.Fatal("nothing is listed")
		}
		w := s.ask(http.MethodGet, address(segments[0])+pass)
		if w.Code != http.StatusOK || w.Header().Get("Cache-Control") != "private, max-age=3600, immutable" {
			s.Errorf("a segment: %d, %v", w.Code, w.Header())
		}
		s.pub.End(nil)
	})
}
