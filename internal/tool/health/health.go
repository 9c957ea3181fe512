// Package health asks a server on this machine whether it is ready, for
// containers, which have no other program to ask with.
package health

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// Options say which server is asked.
type Options struct {
	// URL is the base of its web side, http://HOST:PORT. Empty: the server
	// that runs with the data folder.
	URL string
	// Data is that folder.
	Data string
}

// timeout is less than what container engines wait for an answer.
const timeout = 4 * time.Second

// Run returns nil when the server takes encoders and viewers, else one sentence
// that says why not. A command made of it should end with status 0 or 1:
// container engines keep the others for themselves.
func Run(ctx context.Context, o Options) error {
	base := strings.TrimSuffix(o.URL, "/")
	if base == "" {
		var err error
		if base, err = running(o.Data); err != nil {
			return err
		}
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, base+"/readyz", nil)
	if err != nil {
		return fmt.Errorf("%q is not the address of a server; give for instance http://localhost:8080", base)
	}
	// Not the default client: a proxy that the environment names is for the
	// world outside, and a redirect leads to something else than the server.
	client := http.Client{
		Transport:     &http.Transport{DisableKeepAlives: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	res, err := client.Do(req)
	if err != nil {
		return fmt.Errorf("the server does not answer: %w", err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		why, _ := io.ReadAll(io.LimitReader(res.Body, 200)) // only for the sentence
		return fmt.Errorf("the server at %s answers %s: %q", base, res.Status, strings.TrimSpace(string(why)))
	}
	return nil
}

// running is the base address of the server that runs with a data folder, from
// the file that it keeps there while it runs.
func running(data string) (string, error) {
	name := filepath.Join(data, "addresses.json")
	text, err := os.ReadFile(name)
	if errors.Is(err, os.ErrNotExist) {
		return "", fmt.Errorf("no server runs with the data folder %s: give that of the running one with --data", data)
	}
	if err != nil {
		return "", fmt.Errorf("cannot learn the server's address: %w", err)
	}
	var addresses map[string]string
	if err := json.Unmarshal(text, &addresses); err != nil {
		return "", fmt.Errorf("cannot learn the server's address from %s: %w", name, err)
	}
	for _, listener := range []string{"http", "rtmp", "admin"} { // readiness is told on each
		if a := addresses[listener]; a != "" {
			return "http://" + a, nil
		}
	}
	return "", fmt.Errorf("%s names no address to ask", name)
}
