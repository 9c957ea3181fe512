//go:build linux

package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// filesScenario compares what a request costs with nginx, which serves the same
// bytes from files.
func filesScenario(s scale) scenario {
	const viewers = 500
	l := load{Players: viewers, Bitrate: hlsRate, FPS: usualFPS, Time: s.time, HLS: true, Keys: hlsKeys}
	return scenario{
		name: "hls-files", title: "Parts of HLS beside files of nginx", head: "viewers",
		about: "Each 200 ms every viewer asks for a playlist and a part of the picture, and for a playlist and a part of the\n" +
			"sound, over two connections that are kept. nginx, one worker with sendfile, tcp_nopush and open_file_cache, has\n" +
			"the same playlists and parts as files. Nobody publishes meanwhile, and nothing is held, which nginx could not.",
		servers: []string{balanced, nginxFiles},
		columns: []column{
			{head: "CPU µs a request", value: perFile},
			{head: "× nginx", value: perFile, base: nginxFiles},
			{head: "requests/s", value: func(s *sample) (float64, bool) {
				c := s.cost()
				if c == nil {
					return 0, false
				}
				return c.Requests / c.Seconds, true
			}},
		},
		sizes: []size{{label(viewers, l.Bitrate), []load{l}}},
		run:   runFiles,
	}
}

// filesCost is what serving files cost.
type filesCost struct {
	Requests float64 `json:"requests"`
	Bytes    float64 `json:"bytes"`
	Seconds  float64 `json:"seconds"`
	CPU      float64 `json:"cpu"` // of the server's process, in seconds
}

func (s *sample) cost() *filesCost {
	if len(s.Runs) == 0 || s.Runs[0].Files == nil || s.Runs[0].Files.Requests == 0 {
		return nil
	}
	return s.Runs[0].Files
}

func perFile(s *sample) (float64, bool) {
	c := s.cost()
	if c == nil {
		return 0, false
	}
	return 1e6 * c.CPU / c.Requests, true
}

// recording is what a stream consisted of.
type recording struct {
	tracks [][]string // their files: the playlist, and the parts that it lists
	bytes  map[string][]byte
}

// runFiles measures Millrace with what it has of a stream that has just ended,
// or nginx with a recording of one.
func runFiles(ctx context.Context, b *bed, name string, l load) (out runOut, err error) {
	out.Load = l
	if need, limit := l.files(), fileLimit(); need > limit {
		return out, fmt.Errorf("it needs %d open files, the limit is %d", need, limit)
	}
	if name != nginxFiles || b.recorded == nil {
		s, err := b.start(balanced)
		if err != nil {
			return out, err
		}
		defer s.stop()
		if b.recorded, err = b.record(ctx, s, l); err != nil {
			return out, fmt.Errorf("record a stream: %w", err)
		}
		if name != nginxFiles {
			out.Files, err = ask(ctx, s, b.recorded, l)
			return out, err
		}
	}
	s, err := b.startFiles(b.recorded)
	if err != nil {
		return out, fmt.Errorf("start %s: %w", name, err)
	}
	defer s.stop()
	out.Files, err = ask(ctx, s, b.recorded, l)
	return out, err
}

// record publishes until the window of a stream is full, and reads it.
func (b *bed) record(ctx context.Context, s *server, l load) (*recording, error) {
	const full = 20 * time.Second
	bench, err := spawn(b.millrace, "bench", "--json", "--players", "1", "--publishers", "1", "--bitrate", strconv.Itoa(l.Bitrate),
		"--fps", strconv.Itoa(l.FPS), "--keys", l.Keys.String(), "--time", full.String(),
		"--publish-to", "rtmp://"+s.address+"/live/load", "http://"+s.http+"/live/load/index.m3u8")
	if err != nil {
		return nil, err
	}
	if err := finish(ctx, bench, full+time.Minute); err != nil {
		return nil, err
	}
	r := &recording{bytes: make(map[string][]byte)}
	const folder = "/live/load/"
	index, err := r.read(s, folder+"index.m3u8")
	if err != nil {
		return nil, err
	}
	names := []string{}
	for line := range strings.Lines(string(index)) {
		line = strings.TrimSpace(line)
		if _, uri, ok := strings.Cut(line, `URI="`); ok {
			names = append(names, strings.TrimSuffix(uri, `"`))
		} else if line != "" && line[0] != '#' {
			names = append(names, line)
		}
	}
	for _, name := range names {
		list, err := r.read(s, folder+name)
		if err != nil {
			return nil, err
		}
		files := []string{folder + name}
		for line := range strings.Lines(string(list)) {
			if _, rest, ok := strings.Cut(line, "#EXT-X-PART:"); ok {
				_, uri, _ := strings.Cut(rest, `URI="`)
				uri, _, _ = strings.Cut(uri, `"`)
				if _, err := r.read(s, folder+uri); err != nil {
					return nil, err
				}
				files = append(files, folder+uri)
			}
		}
		if len(files) == 1 {
			return nil, fmt.Errorf("%s lists no parts", name)
		}
		r.tracks = append(r.tracks, files)
	}
	if len(r.tracks) == 0 {
		return nil, errors.New("index.m3u8 lists nothing")
	}
	return r, nil
}

// read keeps a file of a server.
func (r *recording) read(s *server, path string) ([]byte, error) {
	answer, err := http.Get("http://" + s.http + path)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	b, err := io.ReadAll(answer.Body)
	if err == nil && answer.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s", path, answer.Status)
	}
	r.bytes[path] = b
	return b, err
}

// filesConfig is what its documentation recommends for files that many ask for.
const filesConfig = `daemon off;
worker_processes 1;
worker_rlimit_nofile %d;
%s
pid nginx.pid;
error_log error.log;
events { worker_connections %d; }
http {
	access_log off;
	sendfile on;
	tcp_nopush on;
	keepalive_requests 1000000;
	open_file_cache max=1000 inactive=1m;
	client_body_temp_path body;
	proxy_temp_path proxy;
	fastcgi_temp_path fastcgi;
	uwsgi_temp_path uwsgi;
	scgi_temp_path scgi;
	types {
		application/vnd.apple.mpegurl m3u8;
		video/mp4 m4s;
	}
	server {
		listen %s;
		root files;
		add_header Access-Control-Allow-Origin *;
		add_header Cache-Control "public, max-age=3600, immutable";
	}
}
`

// startFiles starts nginx with a recording as files.
func (b *bed) startFiles(r *recording) (*server, error) {
	program, err := exec.LookPath("nginx")
	if err != nil {
		if program, err = exec.LookPath("/usr/sbin/nginx"); err != nil {
			return nil, errors.New("nginx is not installed")
		}
	}
	dir, err := os.MkdirTemp(b.dir, nginxFiles+"-")
	if err != nil {
		return nil, err
	}
	for path, content := range r.bytes {
		file := filepath.Join(dir, "files", path)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			return nil, err
		}
		if err := os.WriteFile(file, content, 0o644); err != nil {
			return nil, err
		}
	}
	address, err := freeAddress()
	if err != nil {
		return nil, err
	}
	user := ""
	if os.Geteuid() == 0 {
		user = "user root;"
	}
	config := filepath.Join(dir, "nginx.conf")
	limit := fileLimit()
	text := fmt.Sprintf(filesConfig, limit, user, limit-10, address)
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		return nil, err
	}
	c, err := spawn(program, "-p", dir, "-c", config, "-e", filepath.Join(dir, "error.log"))
	if err != nil {
		return nil, err
	}
	s := &server{child: c, dir: dir, http: address}
	if err := c.ready(func() bool { return s.findWorker() == nil && listens(address) }); err != nil {
		c.end()
		return nil, err
	}
	return s, nil
}

// asking is the pace of parts.
const asking = hlsPart * time.Millisecond

// ask has viewers load the files of a recording, and measures the server after a
// second in which they connect.
func ask(ctx context.Context, s *server, r *recording, l load) (*filesCost, error) {
	ctx, stop := context.WithTimeout(ctx, time.Second+l.Time)
	defer stop()
	var (
		asked   asked
		viewers sync.WaitGroup
		failed  = make(chan error, l.Players*len(r.tracks))
		start   = time.Now()
	)
	for i := range l.Players {
		for _, files := range r.tracks {
			viewers.Go(func() {
				if err := asked.run(ctx, s.http, files, i, start); ctx.Err() == nil {
					failed <- err
					stop()
				}
			})
		}
	}
	timer := time.NewTimer(time.Second)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
	begun := time.Now()
	before, requests, bytes := s.processorTime(), asked.requests.Load(), asked.bytes.Load()
	<-ctx.Done()
	c := &filesCost{
		CPU: (s.processorTime() - before).Seconds(), Seconds: time.Since(begun).Seconds(),
		Requests: float64(asked.requests.Load() - requests), Bytes: float64(asked.bytes.Load() - bytes),
	}
	viewers.Wait()
	select {
	case err := <-failed:
		return nil, err
	default:
	}
	return c, nil
}

// asked counts what viewers got.
type asked struct{ requests, bytes atomic.Int64 }

// run asks for the playlist and a part, again and again, until ctx is done.
func (a *asked) run(ctx context.Context, address string, files []string, n int, start time.Time) error {
	c, err := new(net.Dialer).DialContext(ctx, "tcp", address)
	if err != nil {
		return err
	}
	defer context.AfterFunc(ctx, func() { c.Close() })()
	defer c.Close()
	r := bufio.NewReaderSize(c, 64<<10)
	list, parts := files[0], files[1:]
	timer := time.NewTimer(0)
	defer timer.Stop()
	for i := 1; ; i++ {
		for _, path := range []string{list, parts[(n+i)%len(parts)]} {
			if err := a.get(c, r, address, path); err != nil {
				return err
			}
		}
		timer.Reset(time.Until(start.Add(time.Duration(i) * asking)))
		select {
		case <-timer.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (a *asked) get(c net.Conn, r *bufio.Reader, address, path string) error {
	if _, err := io.WriteString(c, "GET "+path+" HTTP/1.1\r\nHost: "+address+"\r\n\r\n"); err != nil {
		return err
	}
	line, err := r.ReadSlice('\n')
	if err != nil {
		return err
	}
	if !bytes.HasPrefix(line, []byte("HTTP/1.1 200 ")) {
		return fmt.Errorf("%s: %s", path, bytes.TrimSpace(line))
	}
	length := 0
	for {
		if line, err = r.ReadSlice('\n'); err != nil {
			return err
		}
		if line = bytes.TrimSpace(line); len(line) == 0 {
			break
		}
		if value, ok := bytes.CutPrefix(line, []byte("Content-Length: ")); ok {
			if length, err = strconv.Atoi(string(value)); err != nil {
				return err
			}
		}
	}
	if _, err := r.Discard(length); err != nil {
		return err
	}
	a.requests.Add(1)
	a.bytes.Add(int64(length))
	return nil
}

// processorTime is what the server's process has used, 0 when it has ended.
func (s *server) processorTime() time.Duration {
	const utime, stime, tick = 14 - 3, 15 - 3, 10 * time.Millisecond // as proc(5) has them, behind the name
	b, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(s.pid), "stat"))
	if err != nil {
		return 0
	}
	fields := bytes.Fields(b[bytes.LastIndexByte(b, ')')+1:])
	if len(fields) <= stime {
		return 0
	}
	user, _ := strconv.Atoi(string(fields[utime])) // the system writes numbers
	system, _ := strconv.Atoi(string(fields[stime]))
	return time.Duration(user+system) * tick
}
