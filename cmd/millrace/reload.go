package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/millrace-live/millrace/internal/access"
	"github.com/millrace-live/millrace/internal/api"
	"github.com/millrace-live/millrace/internal/store"
)

type reloadCommand struct {
	Data string `name:"data" env:"MILLRACE_DATA" placeholder:"DIR" help:"The data folder of the running server (chosen as serve does)."`
	JSON bool   `name:"json" help:"Print the answer as JSON."`
}

// Help is shown below the flags.
func (*reloadCommand) Help() string {
	return `The server reads its config file anew, and no session is closed. It does so by itself when the file
changes, and on SIGHUP; this command also works where there are no signals, and says what came of it:
a bad file is refused with its fault and status 1, and the settings before it go on.`
}

// Run asks the server that uses the data folder to reload its settings.
func (c *reloadCommand) Run(env *environment) error {
	dir := c.Data
	if dir == "" {
		var err error
		if dir, err = store.Choose(); err != nil {
			return err
		}
	}
	done, err := requestReload(dir)
	if err != nil {
		return err
	}
	if c.JSON {
		return printJSON(env.stdout, done)
	}
	if len(done.Changed) == 0 {
		fmt.Fprintln(env.stdout, "reloaded; nothing changed")
	} else {
		fmt.Fprintf(env.stdout, "reloaded; changed: %s\n", strings.Join(done.Changed, ", "))
	}
	if len(done.Restart) > 0 {
		fmt.Fprintf(env.stdout, "these take hold at the next start only: %s\n", strings.Join(done.Restart, ", "))
	}
	return nil
}

// requestReload finds the server by its data folder.
func requestReload(dir string) (done api.Reloaded, err error) {
	var addresses map[string]string
	b, err := os.ReadFile(filepath.Join(dir, "addresses.json"))
	if errors.Is(err, fs.ErrNotExist) {
		return done, fmt.Errorf("no server runs with the data folder %s: give that of the running one with --data", dir)
	}
	if err == nil {
		err = json.Unmarshal(b, &addresses)
	}
	if err != nil {
		return done, fmt.Errorf("cannot read the addresses of the server: %w", err)
	}
	if addresses["admin"] == "" {
		return done, errors.New("the server has no admin side, as its --http and --admin are off: send it SIGHUP instead")
	}
	token, err := os.ReadFile(filepath.Join(dir, access.TokenFile))
	if err != nil {
		return done, fmt.Errorf("cannot read the admin token: %w", err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+addresses["admin"]+"/api/v1/reload", nil)
	if err != nil {
		return done, err
	}
	req.Header.Set("Authorization", "Bearer "+string(bytes.TrimSpace(token)))
	// Not through a proxy: the token is for this machine only.
	resp, err := (&http.Client{Transport: &http.Transport{}}).Do(req)
	if err != nil {
		return done, fmt.Errorf("cannot reach the server: %w", err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	if err != nil {
		return done, fmt.Errorf("cannot read the server's answer: %w", err)
	}
	if resp.StatusCode != http.StatusOK {
		var refusal struct{ Detail string }
		if json.Unmarshal(body, &refusal) != nil || refusal.Detail == "" {
			return done, fmt.Errorf("the server answered %s", resp.Status)
		}
		return done, errors.New(refusal.Detail)
	}
	return done, json.Unmarshal(body, &done)
}
