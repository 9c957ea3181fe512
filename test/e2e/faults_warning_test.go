package e2e

import (
	"bufio"
	"encoding/json"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"
)

var warnings = section{
	"The server starts, and warns", "One line in the log, of level WARN. The last two come while it runs, and are of level ERROR; the very last comes at\n" +
		"most once a minute.",
	[]fault{
		{"a flag whose work is not built in", "--rtmfp | not built in", warned("--rtmfp", "127.0.0.1:0")},
		{"a version of TLS that can be broken", "tls-min 1.1 | update", warned("--tls-min", "1.1")},
		{
			"a variable that is misspelt", "MILLRACE_GARCE | did you mean MILLRACE_GRACE",
			func(t *testing.T, d *desk) string {
				d.env = append(d.env, "MILLRACE_GARCE=5s")
				return d.warning(t)
			},
		},
		{
			"a clock that is wrong", "clock | /srv/data/admin.token | set it",
			func(t *testing.T, d *desk) string {
				file := d.write(t, "data/admin.token", "mt_"+strings.Repeat("x", 32))
				later := time.Now().AddDate(1, 0, 0).UTC()
				if err := os.Chtimes(file, later, later); err != nil {
					t.Fatal(err)
				}
				d.show(later.Format(time.DateTime), "2027-11-21 08:00:00")
				said := d.warning(t)
				_, now, _ := strings.Cut(said, "it says ")
				d.show(now[:len(time.DateTime)], "1970-01-01 00:00:12")
				return said
			},
		},
		{
			"few open files", "64 files only | ulimit -n",
			func(t *testing.T, d *desk) string {
				d.under("ulimit -n 64")
				return d.warning(t)
			},
		},
		{
			"little memory", "64 MB | GOMEMLIMIT",
			func(t *testing.T, d *desk) string {
				d.env = append(d.env, "GOMEMLIMIT=64MiB")
				return d.warning(t)
			},
		},
		{
			"a disk that is nearly full", "/srv/data | 0 MB left | make room | --data",
			func(t *testing.T, d *desk) string {
				d.mount(t, "size=900k", "true")
				return d.warning(t)
			},
		},
		{
			"a secret that others can read", "/srv/data/admin.token | chmod 600",
			func(t *testing.T, d *desk) string {
				file := d.write(t, "data/admin.token", "mt_"+strings.Repeat("x", 32))
				if err := os.Chmod(file, 0o644); err != nil {
					t.Fatal(err)
				}
				return d.warning(t)
			},
		},
		{"a config file that is spoilt while the server runs", "stay as they were | f.yaml:1:1: | grace", spoilt},
		{"too few open files for one viewer more", "all files | ulimit -n | LimitNOFILE=", outOfFiles},
	},
}

func warned(args ...string) func(*testing.T, *desk) string {
	return func(t *testing.T, d *desk) string { return d.warning(t, args...) }
}

// warning starts a server and returns the one warning in its log, when it is
// ready.
func (d *desk) warning(t *testing.T, args ...string) string {
	t.Helper()
	s := d.serve(t, args...)
	lines := s.worse("INFO")
	if len(lines) != 1 || lines[0].Level != "WARN" {
		t.Fatalf("not one warning:\n%s", s.log)
	}
	return lines[0].sentence()
}

// serve starts a server at a desk. It is for servers that start does not know
// how to start.
func (d *desk) serve(t *testing.T, args ...string) *server {
	t.Helper()
	s := &server{data: d.path("data"), log: &output{}, done: make(chan struct{})}
	s.cmd = d.command(d.serving(args)...)
	s.cmd.Stdout, s.cmd.Stderr = s.log, s.log
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		s.cmd.Wait()
		close(s.done)
	}()
	t.Cleanup(func() { s.stop(t) })
	// Its data folder may be on a disk that only it sees: the log has the port.
	wait(t, 15*time.Second, "the server to be ready", func() bool {
		select {
		case <-s.done:
			t.Fatalf("millrace ended at once:\n%s", s.log)
		default:
		}
		for _, l := range s.lines() {
			if l.Msg == "started" {
				s.http, _, _ = strings.Cut(strings.TrimPrefix(l.Watch, "http://"), "/")
				s.rtmp, _, _ = strings.Cut(strings.TrimPrefix(l.Publish, "rtmp://"), "/")
			}
		}
		return s.http != "" && s.get("/readyz").status == http.StatusOK
	})
	return s
}

// line is one of the log.
type line struct {
	Level, Msg, Reason, Remote, Stream, Watch, Publish string
}

// sentence is what a line says: what happened, and why.
func (l line) sentence() string {
	if l.Reason != "" {
		return l.Msg + ": " + l.Reason
	}
	return l.Msg
}

func (s *server) lines() []line {
	var lines []line
	for in := bufio.NewScanner(strings.NewReader(s.log.String())); in.Scan(); {
		var l line
		if json.Unmarshal(in.Bytes(), &l) == nil {
			lines = append(lines, l)
		}
	}
	return lines
}

// worse lists the lines above a level.
func (s *server) worse(level string) []line {
	levels := "DEBUG INFO WARN ERROR"
	var lines []line
	for _, l := range s.lines() {
		if strings.Index(levels, l.Level) > strings.Index(levels, level) {
			lines = append(lines, l)
		}
	}
	return lines
}

// spoilt writes a slip into the config file of a server.
func spoilt(t *testing.T, d *desk) string {
	s := d.serve(t, "--config", d.write(t, "f.yaml", "grace: 5s\n"))
	d.write(t, "f.yaml", "garce: 6s\n")
	wait(t, 10*time.Second, "the log to say that the file is bad", func() bool { return len(s.worse("INFO")) > 0 })
	if s.get("/readyz").status != http.StatusOK {
		t.Error("the server does not go on")
	}
	lines := s.worse("INFO")
	if len(lines) != 1 || lines[0].Level != "ERROR" {
		t.Errorf("not one error: %+v", lines)
	}
	return lines[0].sentence()
}

// outOfFiles takes the last file of a server with connections that say nothing,
// and looks whether it serves again when they are gone.
func outOfFiles(t *testing.T, d *desk) string {
	d.under("ulimit -n 64")
	s := d.serve(t)
	var idle []net.Conn
	for range 80 {
		c, err := net.DialTimeout("tcp", s.rtmp, 5*time.Second)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		idle = append(idle, c)
	}
	var said string
	wait(t, 10*time.Second, "the log to say that files are short", func() bool {
		for _, l := range s.worse("WARN") {
			said = l.sentence()
		}
		return said != ""
	})
	for _, c := range idle {
		c.Close()
	}
	wait(t, 10*time.Second, "the server to serve again", func() bool { return s.get("/readyz").status == http.StatusOK })
	if lines := s.worse("WARN"); len(lines) != 1 {
		t.Errorf("%d lines: %+v", len(lines), lines)
	}
	return said
}
