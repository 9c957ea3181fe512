package dashboard

import (
	"compress/gzip"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"path"
	"regexp"
	"strings"
	"testing"
)

func pages() map[string]http.Handler {
	return map[string]http.Handler{"home": Home(), "stream": Stream(), "embed": Embed()}
}

func get(h http.Handler, target string, header ...string) *http.Response {
	r := httptest.NewRequest(http.MethodGet, target, nil)
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Result()
}

func body(t *testing.T, r *http.Response) string {
	t.Helper()
	b, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// address finds what an HTML page or a style sheet loads.
var address = regexp.MustCompile(`(?:src|href)="([^"]*)"|url\(["']?([^"')]*)`)

func TestPagesLoadOnlyAssetsThatExist(t *testing.T) {
	assets := Assets()
	for name, h := range pages() {
		text := body(t, get(h, "/live/cam1"))
		scripts := 0
		for _, m := range address.FindAllStringSubmatch(text, -1) {
			target := m[1] + m[2]
			if !strings.HasPrefix(target, "/assets/") {
				t.Errorf("%s loads %s, which is not an asset of this server", name, target)
				continue
			}
			if r := get(assets, target); r.StatusCode != http.StatusOK {
				t.Errorf("%s loads %s: status %d", name, target, r.StatusCode)
			}
			if path.Ext(target) == ".js" {
				scripts++
			}
		}
		if scripts == 0 {
			t.Errorf("%s loads no script", name)
		}
		if strings.Contains(text, "<style") || strings.Contains(text, "style=") || strings.Contains(text, "<script>") {
			t.Errorf("%s has inline style or script, which its policy forbids", name)
		}
	}
}

func TestNothingIsFetchedFromOutside(t *testing.T) {
	outside := regexp.MustCompile(`(?:^|[^a-z])(?:https?:)?//[a-z0-9]`)
	err := fs.WalkDir(dist, "dist", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		content, err := fs.ReadFile(dist, name)
		if err != nil {
			return err
		}
		switch path.Ext(name) {
		case ".html", ".css":
			if m := outside.Find(content); m != nil {
				t.Errorf("%s names another host: %q", name, m)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	// Scripts hold addresses that are names only (XML namespaces): for them the policy is what counts.
	for name, h := range pages() {
		csp := get(h, "/").Header.Get("Content-Security-Policy")
		if !strings.Contains(csp, "default-src 'none'") || strings.Contains(csp, "http") || strings.Contains(csp, "unsafe") {
			t.Errorf("%s: the policy lets something in: %s", name, csp)
		}
	}
}

func TestOnlyThePlayerMayBeFramed(t *testing.T) {
	for name, want := range map[string]string{
		"home": "frame-ancestors 'none'", "stream": "frame-ancestors 'none'", "embed": "frame-ancestors *",
	} {
		if csp := get(pages()[name], "/").Header.Get("Content-Security-Policy"); !strings.HasSuffix(csp, want) {
			t.Errorf("%s: policy %q, want it to end with %q", name, csp, want)
		}
	}
}

func TestPageHeaders(t *testing.T) {
	for name, h := range pages() {
		r := get(h, "/")
		for key, want := range map[string]string{
			"Content-Type":           "text/html; charset=utf-8",
			"Cache-Control":          "no-cache",
			"Referrer-Policy":        "no-referrer",
			"X-Content-Type-Options": "nosniff",
			"Vary":                   "Accept-Encoding",
		} {
			if got := r.Header.Get(key); got != want {
				t.Errorf("%s: %s is %q, want %q", name, key, got, want)
			}
		}
		again := get(h, "/", "If-None-Match", r.Header.Get("ETag"))
		if again.StatusCode != http.StatusNotModified {
			t.Errorf("%s asked for again: status %d, want 304", name, again.StatusCode)
		}
	}
}

func TestAssets(t *testing.T) {
	assets := Assets()
	names, err := fs.Glob(dist, "dist/assets/*.js")
	if err != nil || len(names) == 0 {
		t.Fatalf("no scripts are embedded (%v)", err)
	}
	target := strings.TrimPrefix(names[0], "dist")
	plain := get(assets, target)
	if got := plain.Header.Get("Cache-Control"); !strings.Contains(got, "immutable") {
		t.Errorf("Cache-Control is %q, want immutable", got)
	}
	if got := plain.Header.Get("Content-Type"); got != "text/javascript; charset=utf-8" {
		t.Errorf("Content-Type is %q", got)
	}
	for _, missing := range []string{"/assets/", "/assets/none.js", "/assets/../home.html"} {
		if r := get(assets, missing); r.StatusCode != http.StatusNotFound {
			t.Errorf("%s: status %d, want 404", missing, r.StatusCode)
		}
	}
}

func TestGzip(t *testing.T) {
	h := Home()
	plain, zipped := get(h, "/"), get(h, "/", "Accept-Encoding", "br, gzip")
	if plain.Header.Get("Content-Encoding") != "" || zipped.Header.Get("Content-Encoding") != "gzip" {
		t.Fatalf("Content-Encoding %q and %q, want none and gzip",
			plain.Header.Get("Content-Encoding"), zipped.Header.Get("Content-Encoding"))
	}
	if plain.Header.Get("ETag") == zipped.Header.Get("ETag") {
		t.Error("both encodings have the same ETag")
	}
	z, err := gzip.NewReader(zipped.Body)
	if err != nil {
		t.Fatal(err)
	}
	got, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != body(t, plain) {
		t.Error("the compressed page is not the plain one")
	}
}
