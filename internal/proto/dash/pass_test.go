package dash

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/millrace-live/millrace/internal/deliver"
	"github.com/millrace-live/millrace/internal/hub/hubtest"
	"github.com/millrace-live/millrace/internal/packager/cmaf"
)

// without takes what lets a viewer in out of an address, where it must stand.
func without(t *testing.T, address, pass string) string {
	t.Helper()
	file, there := strings.CutSuffix(address, "?"+pass)
	if !there {
		t.Errorf("%s has not what lets viewers in: %s", address, pass)
	}
	return file
}

func TestPassStandsInEveryAddress(t *testing.T) {
	for asked, pass := range map[string]string{
		"token=eyJ.a_b.c-d":              "token=eyJ.a_b.c-d",
		"sig=ff00&exp=1795240060&ip=::1": "exp=1795240060&ip=%3A%3A1&sig=ff00",
		`token="</MPD>%0a$Number$<&`:     "token=%22%3C%2FMPD%3E%0A%24Number%24%3C",
	} {
		bubble(t, settings{}, func(t *testing.T, h *house) {
			h.Publish(hubtest.Tracks(hubtest.Video(0), hubtest.Audio())).Send(9 * time.Second)
			synctest.Wait()
			r := h.Do(http.MethodGet, manifestName+"?"+asked)
			text := hubtest.Read(t, r)
			if caching := r.Header.Get("Cache-Control"); !strings.HasPrefix(caching, "private") {
				t.Errorf("a manifest for one viewer alone may be kept for others: %s", caching)
			}
			// It is the manifest of all but for that.
			escaped := strings.ReplaceAll(pass, "&", "&amp;")
			plain := strings.ReplaceAll(text, "?"+escaped, "")
			if plain != h.Get(manifestName) {
				t.Errorf("another manifest:\n%s", text)
			}
			p := check(t, plain)
			for _, template := range parseXML(t, text).all("SegmentTemplate") {
				without(t, template.attributes["media"], pass)
				without(t, template.attributes["initialization"], pass)
			}
			for _, clock := range parseXML(t, text).all("UTCTiming") {
				if without(t, clock.attributes["value"], pass) != clockName {
					t.Errorf("the clock is %s", clock.attributes["value"])
				}
			}
			if n := strings.Count(text, escaped); n != 2*2+3 {
				t.Errorf("it stands there %d times", n)
			}
			for _, track := range p.periods[0].tracks {
				for _, uri := range []string{track.init, track.segments[0].uri} {
					r := h.Do(http.MethodGet, uri+"?"+pass)
					if hubtest.Read(t, r); r.StatusCode != http.StatusOK || !strings.HasPrefix(r.Header.Get("Cache-Control"), "private") {
						t.Errorf("%s: %s, %v", uri, r.Status, r.Header)
					}
				}
			}
		})
	}
}

func TestManifestWithAPass(t *testing.T) {
	f := newFeed(200*time.Millisecond, hubtest.Video(0), hubtest.Audio())
	f.add(2*time.Second, 2*time.Second)
	s := &show{
		Presentation: f.p, id: "BROADCAST", begun: zero(f.p.Tracks()[0].View().Segments[0]),
		starts: make(map[*cmaf.Period]time.Duration), newest: &edition{publish: feedBegin.AddDate(1000, 0, 0)},
	}
	doc, err := s.manifest(past{}, false, deliver.Span{})
	if err != nil {
		t.Fatal(err)
	}
	pass := deliver.ReadPass(httptest.NewRequest(http.MethodGet, "/?sig=ff&exp=1795240060", nil))
	golden(t, "testdata/a link.mpd", strings.ReplaceAll(pass.Manifest(doc).String(), f.p.ID(), "PRESENTATION"))
}

// BenchmarkAnswer is what the answer costs with a manifest that is written already: to
// one of many viewers, and to one who has a token of 300 bytes.
func BenchmarkAnswer(b *testing.B) {
	for name, query := range map[string]string{"public": "", "with a token": "token=" + strings.Repeat("x", 300)} {
		b.Run(name, func(b *testing.B) {
			f := newFeed(200*time.Millisecond, hubtest.Video(0), hubtest.Audio())
			for range 8 {
				f.add(2 * time.Second)
			}
			s := &show{Presentation: f.p, id: "BROADCAST", begun: feedBegin, starts: make(map[*cmaf.Period]time.Duration)}
			doc, err := s.manifest(past{}, false, deliver.Span{})
			if err != nil {
				b.Fatal(err)
			}
			q := httptest.NewRequest(http.MethodGet, "/?"+query, nil)
			q.Header.Set("Accept-Encoding", "gzip")
			b.ReportAllocs()
			sent := 0
			for b.Loop() {
				sent = serveText(httptest.NewRecorder(), q, doc)
			}
			b.ReportMetric(float64(sent), "gzip-B")
		})
	}
}
