package admin

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/millrace-live/millrace/internal/access"
	"github.com/millrace-live/millrace/internal/store"
	"github.com/millrace-live/millrace/internal/tool"
)

// Server says which server is asked.
type Server struct {
	// API is the address of its admin side, for instance
	// http://localhost:8080 (--api, MILLRACE_API). Empty: the server that runs
	// with the data folder.
	API string
	// Token is the admin token (MILLRACE_TOKEN), without which addresses of
	// clients are not shown. If API and Token are empty it is that of the data
	// folder, where this user may read it.
	Token string
	// Data is the data folder; empty: the one that serve would choose.
	Data string
}

const (
	timeout       = 30 * time.Second
	maxAnswer     = 64 << 20
	addressesFile = "addresses.json"
)

// client is a server that can be asked.
type client struct {
	base  *url.URL
	token string
	named string // how the server was found, for errors
	http  http.Client
}

func (s Server) open() (*client, error) {
	c := &client{token: s.Token, http: http.Client{
		Timeout: timeout,
		// It would take the token elsewhere.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
	if s.API != "" {
		base, err := apiAddress(s.API)
		c.base, c.named = base, "--api or MILLRACE_API"
		return c, err
	}
	// A proxy is for the world outside.
	c.http.Transport = &http.Transport{}
	dir := s.Data
	if dir == "" {
		var err error
		if dir, err = store.Choose(); err != nil {
			return nil, err
		}
	}
	c.named = filepath.Join(dir, addressesFile)
	host, err := runningIn(dir)
	if err != nil {
		return nil, err
	}
	c.base = &url.URL{Scheme: "http", Host: host}
	if c.token == "" {
		// Who may not read it sees less.
		token, _ := os.ReadFile(filepath.Join(dir, access.TokenFile))
		c.token = string(bytes.TrimSpace(token))
	}
	return c, nil
}

// apiAddress reads the address of an admin side as people write it.
func apiAddress(given string) (*url.URL, error) {
	text := strings.TrimSpace(given)
	if !strings.Contains(text, "://") {
		text = "http://" + text
	}
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.User != nil || u.RawQuery != "" {
		return nil, &tool.Error{Status: tool.Usage, Text: fmt.Sprintf(
			"%q is not the address of a server; give for instance http://localhost:8080", tool.Printable(given))}
	}
	u.Path = strings.TrimSuffix(strings.TrimSuffix(u.Path, "/"), "/api/v1")
	return u, nil
}

// runningIn finds the server that runs with a data folder by the file that it
// keeps there.
func runningIn(dir string) (host string, err error) {
	b, err := os.ReadFile(filepath.Join(dir, addressesFile))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "", &tool.Error{Status: tool.Unreachable, Err: err, Text: fmt.Sprintf(
			"no server runs with the data folder %s: start one, or name another one by --data or --api", dir)}
	case errors.Is(err, fs.ErrPermission):
		return "", &tool.Error{Status: tool.Failed, Err: err, Text: fmt.Sprintf(
			"this user may not read the data folder %s: use the server's user, or --api and MILLRACE_TOKEN", dir)}
	case err != nil:
		return "", fmt.Errorf("cannot learn the server's address: %w", err)
	}
	var addresses map[string]string
	if err := json.Unmarshal(b, &addresses); err != nil {
		return "", fmt.Errorf("cannot learn the server's address from %s: %w", filepath.Join(dir, addressesFile), err)
	}
	if addresses["admin"] == "" {
		return "", errors.New("that server has no admin side, as its --http and --admin are off")
	}
	return addresses["admin"], nil
}

// get asks for a path below /api/v1.
func (c *client) get(ctx context.Context, path string, query url.Values) ([]byte, error) {
	return c.call(ctx, Request{Path: path, Query: query})
}

// judge says what is wrong with an answer.
func (c *client) judge(res *http.Response, body []byte) error {
	var said struct {
		Detail string
		Errors []struct{ Location, Reason string }
	}
	isJSON := json.Unmarshal(body, &said) == nil
	// A list that is not there is no API; an object may be missing.
	object := strings.Contains(strings.TrimPrefix(res.Request.URL.EscapedPath(), c.base.EscapedPath()+"/api/v1/"), "/")
	switch {
	case res.StatusCode/100 == 2 && (isJSON || len(body) == 0 && res.StatusCode == http.StatusNoContent):
		return nil
	case res.StatusCode == http.StatusNotFound && !(object && said.Detail != "" && said.Detail != notServed),
		res.StatusCode/100 == 2, res.StatusCode/100 == 3:
		return &tool.Error{Status: tool.Refused, Text: fmt.Sprintf(
			"there is no API of Millrace at %s: give the address of the server's admin side", c.base)}
	case said.Detail != "":
		parts := []string{"the server says: " + tool.Printable(said.Detail)}
		for _, f := range said.Errors {
			if !strings.Contains(said.Detail, f.Reason) {
				parts = append(parts, fmt.Sprintf("%s: %s", tool.Printable(strings.TrimPrefix(f.Location, "body.")), tool.Printable(f.Reason)))
			}
		}
		if res.StatusCode == http.StatusUnauthorized && c.token == "" {
			parts = append(parts, "name it by --token or MILLRACE_TOKEN, or run the command as the user who owns the data folder")
		}
		return &tool.Error{Status: tool.Refused, Text: strings.Join(parts, "; ")}
	}
	return &tool.Error{Status: tool.Refused, Text: fmt.Sprintf("the server at %s answers %s", c.base, res.Status)}
}

// notServed is what listeners for viewers answer.
const notServed = "the API is not served at this address"
