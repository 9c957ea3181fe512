//go:build linux

package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

// buildMillrace builds the program from the repository that this is part of.
func buildMillrace(root, into string) (string, error) {
	path := filepath.Join(into, "millrace")
	build := exec.Command("go", "build", "-trimpath", "-ldflags", "-s -w", "-o", path, "./cmd/millrace")
	build.Dir, build.Env = root, append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build millrace: %w\n%s", err, out)
	}
	return path, nil
}

// startMillrace runs millrace with its defaults and one mode of delivery. Its
// log goes to memory, as lines of JSON.
func startMillrace(dir, program, delivery string) (*server, error) {
	c, err := spawn(program, "serve", "--open", "--delivery", delivery, "--data", dir,
		"--rtmp", "127.0.0.1:0", "--rtmps", "off", "--http", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	s := &server{child: c, dir: dir, pid: c.pid()}
	var addresses struct{ RTMP, HTTP string }
	client := &http.Client{Timeout: 10 * time.Second}
	if err := c.ready(func() bool {
		b, err := os.ReadFile(filepath.Join(dir, "addresses.json"))
		if err != nil || json.Unmarshal(b, &addresses) != nil {
			return false
		}
		answer, err := client.Get("http://" + addresses.HTTP + "/readyz")
		if err != nil {
			return false
		}
		answer.Body.Close()
		return answer.StatusCode == http.StatusOK
	}); err != nil {
		c.end()
		return nil, err
	}
	client.CloseIdleConnections()
	s.address, s.http = addresses.RTMP, addresses.HTTP
	s.ringBytes = func() (float64, error) { return ringBytes(client, addresses.HTTP) }
	return s, nil
}

// ringBytes adds up what the API says of all streams.
func ringBytes(client *http.Client, address string) (float64, error) {
	answer, err := client.Get("http://" + address + "/api/v1/streams")
	if err != nil {
		return 0, err
	}
	defer answer.Body.Close()
	var list struct {
		Streams []struct {
			RingBytes float64 `json:"ring_bytes"`
		}
	}
	if err := json.NewDecoder(answer.Body).Decode(&list); err != nil {
		return 0, fmt.Errorf("list streams: %w", err)
	}
	sum := 0.0
	for _, st := range list.Streams {
		sum += st.RingBytes
	}
	return sum, nil
}
