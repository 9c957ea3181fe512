package hls

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/millrace-live/millrace/internal/deliver"
	"github.com/millrace-live/millrace/internal/hub/hubtest"
	"github.com/millrace-live/millrace/internal/window"
	"github.com/millrace-live/millrace/media"
)

// What lets viewers in, as they may write it, and as it stands in addresses.
var passes = map[string]string{
	"token=eyJ.a_b.c-d":                   "token=eyJ.a_b.c-d",
	"sig=ff00&exp=1795240060&ip=::1":      "exp=1795240060&ip=%3A%3A1&sig=ff00",
	`token="%0a%23EXT-X-ENDLIST%0a%2c$<&`: "token=%22%0A%23EXT-X-ENDLIST%0A%2C%24%3C",
}

// addressForm finds an address of a playlist: of a tag, or on a line of its own.
var addressForm = regexp.MustCompile(`(?m)URI="([^"]*)"|^([^#\n]+)$`)

// passed returns the addresses of a playlist, of which each must end with the pass, and
// the playlist as it is without.
func passed(t *testing.T, text, pass string) (addresses []string, plain string) {
	t.Helper()
	for _, m := range addressForm.FindAllStringSubmatch(text, -1) {
		address := m[1] + m[2]
		file, query, _ := strings.Cut(address, "?")
		if query != pass && !strings.HasSuffix(query, "&"+pass) || strings.Contains(file, pass) || strings.Count(query, pass) != 1 {
			t.Errorf("%s has not what lets viewers in: %s", address, pass)
		}
		addresses = append(addresses, address)
	}
	return addresses, strings.NewReplacer("?"+pass, "", "&"+pass, "").Replace(text)
}

func TestPassStandsInEveryAddress(t *testing.T) {
	for asked, pass := range passes {
		bubble(t, shifted(t, time.Minute), func(t *testing.T, h *house) {
			p := h.Publish(hubtest.Tracks(hubtest.Video(0), hubtest.Audio()))
			p.Send(20*time.Second + 500*time.Millisecond)
			synctest.Wait()
			for _, span := range []string{"", "start=-9", "start=-15&end=-10"} {
				todo, files := []string{"index.m3u8?" + strings.Trim(span+"&"+asked, "&")}, make(map[string]bool)
				for len(todo) > 0 {
					address := todo[0]
					todo = todo[1:]
					if files[address] {
						continue
					}
					files[address] = true
					r := h.Do(http.MethodGet, address)
					body := hubtest.Read(t, r)
					if r.StatusCode != http.StatusOK || !strings.HasPrefix(r.Header.Get("Cache-Control"), "private, ") {
						t.Fatalf("%s: %s, %v", address, r.Status, r.Header)
					}
					file, _, _ := strings.Cut(address, "?")
					if !strings.HasSuffix(file, ".m3u8") {
						continue
					}
					listed, plain := passed(t, body, pass)
					if span == "" && plain != h.Get(file) {
						t.Errorf("%s is another playlist without its pass:\n%s", file, plain)
					}
					if file != "index.m3u8" {
						if hint := parsePlaylist(t, plain).hint; hint != "" { // which is not there before it is made
							listed = slices.DeleteFunc(listed, func(s string) bool { return strings.HasPrefix(s, hint+"?") })
						}
					}
					todo = append(todo, listed...)
				}
				if len(files) < 5 { // the index, and of a kind its playlist, header and segments
					t.Errorf("%s: a player found %d files", span, len(files))
				}
			}
			p.End(nil)
		})
	}
}

func TestPassInReloads(t *testing.T) {
	bubble(t, shifted(t, time.Minute), func(t *testing.T, h *house) {
		p, video, _, _ := h.onAir(t)
		p.Send(30 * time.Second)
		synctest.Wait()
		delta := h.Get(video + "?token=x&_HLS_skip=YES")
		if listed, plain := passed(t, delta, "token=x"); len(listed) == 0 || parseUpdate(t, plain).skipped == 0 {
			t.Errorf("a delta:\n%s", delta)
		}
		list := parsePlaylist(t, h.Get(video))
		msn, part := list.next()
		a := h.ask(fmt.Sprintf("%s?_HLS_msn=%d&_HLS_part=%d&token=x", video, msn, part))
		p.Send(500 * time.Millisecond)
		got := <-a
		if caching := got.Header.Get("Cache-Control"); got.StatusCode != http.StatusOK || !strings.HasPrefix(caching, "private") {
			t.Errorf("a reload: %s, %s", got.Status, caching)
		}
		passed(t, got.body, "token=x")
		// Who bears a token in a header gets the playlist of all, for himself.
		r := h.Do(http.MethodGet, video, "Authorization", "Bearer x")
		if body := hubtest.Read(t, r); r.Header.Get("Cache-Control") != "private, max-age=1" || body != h.Get(video) {
			t.Errorf("with a header: %v\n%s", r.Header, body)
		}
		p.End(nil)
	})
}

func TestPlaylistsWithAPass(t *testing.T) {
	f := newFeed(hubtest.Video(0), hubtest.Audio())
	f.part(500*time.Millisecond, 500*time.Millisecond)
	f.add(2*time.Second, 2*time.Second)
	f.grow(1)
	p := newPresentation(f.p)
	pass := deliver.ReadPass(httptest.NewRequest(http.MethodGet, "/?token=eyJ.a.b", nil))
	out := pass.Playlist(p.multivariant(deliver.Span{})).String()
	for _, r := range p.renditions {
		out += "\n" + pass.Playlist(p.playlist(r, deliver.Span{}).full()).String()
	}
	golden(t, "testdata/a token.golden", strings.ReplaceAll(out, p.ID(), someID))
}

// BenchmarkPlaylist is what the answer to a reload costs of a playlist that is written
// already: to one of many viewers, and to one who has a token of 300 bytes.
func BenchmarkPlaylist(b *testing.B) {
	for name, query := range map[string]string{"public": "", "with a token": "&token=" + strings.Repeat("x", 300)} {
		b.Run(name, func(b *testing.B) {
			f := newFeed(hubtest.Video(0), hubtest.Audio())
			f.part(200*time.Millisecond, 209*time.Millisecond)
			for range 8 {
				f.add(2 * time.Second)
			}
			shown := newPresentation(f.p)
			text := shown.playlist(shown.rendition(window.TrackName{Kind: media.Video}), deliver.Span{}).full()
			q := httptest.NewRequest(http.MethodGet, "/?_HLS_msn=8&_HLS_part=0"+query, nil)
			q.Header.Set("Accept-Encoding", "gzip")
			b.ReportAllocs()
			sent := 0
			for b.Loop() {
				sent = serveText(&keepingWriter{header: make(http.Header)}, q, text, playlistCaching)
			}
			b.ReportMetric(float64(sent), "gzip-B")
		})
	}
}
