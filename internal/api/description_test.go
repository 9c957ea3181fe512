package api

import (
	"bytes"
	"encoding/json"
	"net/http"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/millrace-live/millrace/internal/access"
)

// The description says what programs are written against, so that a change of it
// is to be seen.
func TestDescriptionGolden(t *testing.T) {
	a := New(onAir{}, Site{}, access.Token{})
	w := get(t, a, "/api/openapi.json", "")
	if w.Code != http.StatusOK || !strings.HasPrefix(w.Header().Get("Content-Type"), "application/vnd.oai.openapi+json") {
		t.Fatalf("%d %v", w.Code, w.Header())
	}
	var got bytes.Buffer
	if err := json.Indent(&got, w.Body.Bytes(), "", " "); err != nil {
		t.Fatal(err)
	}
	const golden = "testdata/openapi.json"
	if *update {
		if err := os.WriteFile(golden, got.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(want, got.Bytes()) {
		t.Errorf("the description is another than %s: look at what changed for programs, and run the test with -update", golden)
	}
}

// Every reference of the document leads somewhere, and every operation has a name
// of its own, a summary and a problem document for errors.
func TestDescriptionIsWhole(t *testing.T) {
	a := New(onAir{}, Site{}, access.Token{})
	doc := a.huma.OpenAPI()
	text, err := json.Marshal(doc)
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range strings.Split(string(text), `"$ref":"#/components/schemas/`)[1:] {
		name, _, _ := strings.Cut(part, `"`)
		if doc.Components.Schemas.Map()[name] == nil {
			t.Errorf("there is no schema %s", name)
		}
	}
	seen := make(map[string]bool)
	for _, op := range operationsOf(doc) {
		if seen[op.OperationID] || op.Summary == "" {
			t.Errorf("%s %s: the name %q is another's, or it has no summary", op.Method, op.Path, op.OperationID)
		}
		seen[op.OperationID] = true
		for status, r := range op.Responses {
			if status >= "4" && r.Content["application/problem+json"] == nil {
				t.Errorf("%s: %s is no problem document", op.OperationID, status)
			}
		}
	}
}

// The page names every operation, needs nothing from elsewhere, and its links lead
// to places of it.
func TestDescriptionPage(t *testing.T) {
	a := New(onAir{}, Site{}, access.Token{})
	w := get(t, a, "/api/docs", "")
	if w.Code != http.StatusOK || w.Header().Get("Content-Type") != "text/html; charset=utf-8" ||
		!strings.Contains(w.Header().Get("Content-Security-Policy"), "default-src 'none'") {
		t.Fatalf("%d %v", w.Code, w.Header())
	}
	text := w.Body.String()
	if found := regexp.MustCompile(`<(script|img|link|iframe)|url\(|https?://`).FindString(text); found != "" {
		t.Errorf("the page has a %s", found)
	}
	ids := make(map[string]bool)
	for _, m := range regexp.MustCompile(` id="([^"]*)"`).FindAllStringSubmatch(text, -1) {
		ids[m[1]] = true
	}
	var links []string
	for _, m := range regexp.MustCompile(` href="([^"]*)"`).FindAllStringSubmatch(text, -1) {
		links = append(links, m[1])
	}
	for _, link := range links {
		if place, ok := strings.CutPrefix(link, "#"); ok && !ids[place] || !ok && link != "/api/openapi.json" {
			t.Errorf("the link to %s leads nowhere", link)
		}
	}
	for _, op := range operationsOf(a.huma.OpenAPI()) {
		if !ids[op.OperationID] {
			t.Errorf("the page does not name %s", op.OperationID)
		}
	}
}
