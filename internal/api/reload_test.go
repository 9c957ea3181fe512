package api

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"github.com/millrace-live/millrace/internal/access"
	"github.com/millrace-live/millrace/internal/store"
)

func TestReload(t *testing.T) {
	dir := t.TempDir()
	folder, err := store.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer folder.Close()
	token, err := access.LoadToken(folder)
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(folder.Path(access.TokenFile))
	if err != nil {
		t.Fatal(err)
	}
	bearer := "Bearer " + strings.TrimSpace(string(text))

	var fault error
	calls := 0
	a := New(streams(), Site{}, token)
	a.HandleReload(func() (Reloaded, error) {
		calls++
		return Reloaded{Changed: []string{"grace"}, Restart: []string{}}, fault
	})
	tests := []struct {
		method, authorization string
		fault                 error
		status                int
		body                  string
		calls                 int
	}{
		{"POST", bearer, nil, 200, `{"changed":["grace"],"restart":[]}`, 1},
		{"POST", bearer, errors.New("f.yaml:1:1: is wrong"), 422, "f.yaml:1:1: is wrong", 1},
		{"POST", "", nil, 401, "admin token", 0},
		{"POST", "Bearer x", nil, 401, "admin token", 0},
		{"GET", bearer, nil, 404, "no such address", 0},
	}
	for _, tt := range tests {
		calls, fault = 0, tt.fault
		r := httptest.NewRequest(tt.method, "http://example.com/api/v1/reload", nil)
		r.Header.Set("Authorization", tt.authorization)
		w := httptest.NewRecorder()
		a.ServeHTTP(w, r)
		if w.Code != tt.status || !strings.Contains(w.Body.String(), tt.body) || calls != tt.calls {
			t.Errorf("%s %q: %d %s, %d calls", tt.method, tt.authorization, w.Code, w.Body, calls)
		}
		if (w.Code == http.StatusUnauthorized) != strings.HasPrefix(w.Header().Get("WWW-Authenticate"), "Bearer") {
			t.Errorf("%s %q: WWW-Authenticate %q", tt.method, tt.authorization, w.Header().Get("WWW-Authenticate"))
		}
	}
}
