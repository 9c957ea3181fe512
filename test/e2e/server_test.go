package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/millrace-live/millrace/internal/database/databasetest"
)

// program is the path of the millrace under test.
var program string

func TestMain(m *testing.M) {
	os.Exit(run(m))
}

func run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "millrace-e2e-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	defer databasetest.Stop()
	clips.dir = dir
	if program = os.Getenv("MILLRACE"); program == "" {
		program = filepath.Join(dir, "millrace")
		build := exec.Command("go", "build", "-o", program, "./cmd/millrace")
		build.Dir = "../.."
		if out, err := build.CombinedOutput(); err != nil {
			fmt.Fprintf(os.Stderr, "build millrace: %v\n%s", err, out)
			return 1
		}
	}
	return m.Run()
}

// server is a running millrace with a data folder of its own and free ports on
// loopback.
type server struct {
	data string
	rtmp string // host:port
	http string // host:port
	log  *output
	cmd  *exec.Cmd
	done chan struct{}
}

// start runs millrace with these flags beside the ones that keep it to
// loopback, waits until it is ready and stops it when the test ends.
func start(t *testing.T, flags ...string) *server {
	t.Helper()
	return startIn(t, t.TempDir(), flags...)
}

func startIn(t *testing.T, data string, flags ...string) *server {
	t.Helper()
	s := &server{data: data, log: &output{}, done: make(chan struct{})}
	args := append([]string{
		"serve", "--data", data, "--rtmp", "127.0.0.1:0", "--rtmps", "off", "--http", "127.0.0.1:0",
		"--log-level", "debug",
	}, flags...)
	s.cmd = exec.Command(program, args...)
	s.cmd.Stdout, s.cmd.Stderr = s.log, s.log
	os.Remove(filepath.Join(data, "addresses.json"))
	if err := s.cmd.Start(); err != nil {
		t.Fatalf("start millrace: %v", err)
	}
	go func() {
		s.cmd.Wait()
		close(s.done)
	}()
	t.Cleanup(func() {
		s.stop(t)
		if t.Failed() {
			t.Logf("server log:\n%s", s.log)
		}
		for _, bad := range []string{"WARNING: DATA RACE", "panic:", "goroutine 1 ["} {
			if strings.Contains(s.log.String(), bad) {
				t.Errorf("the server's log holds %q:\n%s", bad, s.log)
			}
		}
	})
	wait(t, 15*time.Second, "the server to be ready", func() bool {
		select {
		case <-s.done:
			t.Fatalf("millrace ended at once:\n%s", s.log)
		default:
		}
		return s.readAddresses() == nil && s.get("/readyz").status == http.StatusOK
	})
	return s
}

func (s *server) readAddresses() error {
	b, err := os.ReadFile(filepath.Join(s.data, "addresses.json"))
	if err != nil {
		return err
	}
	var a map[string]string
	if err := json.Unmarshal(b, &a); err != nil {
		return err
	}
	s.rtmp, s.http = a["rtmp"], a["http"]
	if s.rtmp == "" || s.http == "" {
		return fmt.Errorf("addresses.json lacks rtmp or http: %s", b)
	}
	return nil
}

// stop ends the server as an operator would and checks that it goes in time.
func (s *server) stop(t *testing.T) {
	t.Helper()
	select {
	case <-s.done:
		return
	default:
	}
	s.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-s.done:
		if code := s.cmd.ProcessState.ExitCode(); code != 0 {
			t.Errorf("millrace ended with status %d after SIGTERM:\n%s", code, s.log)
		}
	case <-time.After(20 * time.Second):
		s.cmd.Process.Kill()
		<-s.done
		t.Errorf("millrace did not end within 20 s of SIGTERM:\n%s", s.log)
	}
}

func (s *server) rtmpURL(stream string) string { return "rtmp://" + s.rtmp + "/" + stream }
func (s *server) url(path string) string       { return "http://" + s.http + path }
func (s *server) flvURL(stream string) string  { return s.url("/" + stream + ".flv") }
func (s *server) hlsURL(stream string) string  { return s.url("/" + stream + "/index.m3u8") }

type answer struct {
	status int
	header http.Header
	body   string
}

var client = &http.Client{Timeout: 20 * time.Second}

func (s *server) get(path string) answer {
	resp, err := client.Get(s.url(path))
	if err != nil {
		return answer{body: err.Error()}
	}
	defer resp.Body.Close()
	var b bytes.Buffer
	b.ReadFrom(resp.Body)
	return answer{resp.StatusCode, resp.Header, b.String()}
}

// stream is what GET /api/v1/streams says of one stream.
type stream struct {
	Name  string
	State string
	Video *struct {
		Codec         string
		Width, Height int
	}
	Audio        *struct{ Codec string }
	Frames       int
	Since        time.Time
	Viewers      map[string]int
	ViewersTotal int `json:"viewers_total"`
	WaitingTotal int `json:"waiting_total"`
	Unplayable   []unplayable
}

// unplayable is a track that a protocol cannot carry.
type unplayable struct{ Protocol, Kind, Reason string }

func (s *server) streams(t *testing.T) []stream {
	t.Helper()
	a := s.get("/api/v1/streams")
	var list struct{ Streams []stream }
	if err := json.Unmarshal([]byte(a.body), &list); err != nil || a.status != http.StatusOK {
		t.Fatalf("GET /api/v1/streams: status %d, %v: %s", a.status, err, a.body)
	}
	return list.Streams
}

// stream returns what the API says of one stream.
func (s *server) stream(t *testing.T, name string) stream {
	t.Helper()
	for _, st := range s.streams(t) {
		if st.Name == name {
			return st
		}
	}
	t.Fatalf("%s is not on air", name)
	return stream{}
}

// waitState waits until the API gives the stream that state; "" means that it
// is not listed.
func (s *server) waitState(t *testing.T, name, state string) {
	t.Helper()
	wait(t, 15*time.Second, fmt.Sprintf("%s to be %q", name, state), func() bool {
		for _, st := range s.streams(t) {
			if st.Name == name {
				return st.State == state
			}
		}
		return state == ""
	})
}

// waitSent waits until frames of the stream have come. FFmpeg that is
// interrupted before goes without a word.
func (s *server) waitSent(t *testing.T, name string) {
	t.Helper()
	wait(t, 15*time.Second, "frames of "+name, func() bool { return s.stream(t, name).Frames > 50 })
}

// wait polls until ok or fails the test after limit.
func wait(t *testing.T, limit time.Duration, what string, ok func() bool) {
	t.Helper()
	deadline := time.Now().Add(limit)
	for !ok() {
		if time.Now().After(deadline) {
			t.Fatalf("waited %v in vain for %s", limit, what)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// output collects what a program prints; safe for use while it runs.
type output struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.String()
}
