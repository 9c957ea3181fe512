package e2e

import (
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// hlsRecording is everything that a stream's playlists ever named.
type hlsRecording struct {
	server *server
	index  string // address of the multivariant playlist

	mu      sync.Mutex
	indexes []string // each another text
	lists   []*hlsList
	files   map[string]string // what stands at an address
}

// hlsList is one media playlist.
type hlsList struct {
	address  string
	segments []hlsSegment
}

type hlsSegment struct{ address, init string }

// recordsHLS records while f runs.
func (s *server) recordsHLS(t *testing.T, stream string, f func(*hlsRecording)) *hlsRecording {
	t.Helper()
	r := &hlsRecording{server: s, index: "/" + stream + "/index.m3u8", files: make(map[string]string)}
	stop, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		for tick := time.NewTicker(250 * time.Millisecond); ; {
			r.poll()
			select {
			case <-stop:
				return
			case <-tick.C:
			}
		}
	}()
	defer func() {
		close(stop)
		<-done
	}()
	f(r)
	return r
}

var quotedURI = regexp.MustCompile(`URI="([^"]*)"`)

func (r *hlsRecording) poll() {
	index := r.server.get(r.index)
	if index.status != 200 {
		return
	}
	r.mu.Lock()
	if !slices.Contains(r.indexes, index.body) {
		r.indexes = append(r.indexes, index.body)
	}
	r.mu.Unlock()
	for line := range strings.Lines(index.body) {
		line = strings.TrimSpace(line)
		switch m := quotedURI.FindStringSubmatch(line); {
		case strings.HasPrefix(line, "#EXT-X-MEDIA:") && m != nil:
			r.follow(beside(r.index, m[1]))
		case line != "" && line[0] != '#':
			r.follow(beside(r.index, line))
		}
	}
}

func (r *hlsRecording) follow(address string) {
	text := r.server.get(address)
	if text.status != 200 {
		return
	}
	r.mu.Lock()
	i := slices.IndexFunc(r.lists, func(l *hlsList) bool { return l.address == address })
	if i < 0 {
		i = len(r.lists)
		r.lists = append(r.lists, &hlsList{address: address})
	}
	list := r.lists[i]
	r.mu.Unlock()
	init := ""
	for line := range strings.Lines(text.body) {
		line = strings.TrimSpace(line)
		switch {
		case strings.HasPrefix(line, "#EXT-X-MAP:"):
			init = beside(address, quotedURI.FindStringSubmatch(line)[1])
			r.fetch(init)
		case line != "" && line[0] != '#':
			segment := hlsSegment{beside(address, line), init}
			if !slices.Contains(list.segments, segment) && r.fetch(segment.address) {
				r.mu.Lock()
				list.segments = append(list.segments, segment)
				r.mu.Unlock()
			}
		}
	}
}

// fetch keeps what stands at an address, and says whether there is something.
func (r *hlsRecording) fetch(address string) bool {
	r.mu.Lock()
	_, known := r.files[address]
	r.mu.Unlock()
	if known {
		return true
	}
	a := r.server.get(address)
	if a.status != 200 {
		return false
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.files[address] = a.body
	return true
}

// beside resolves an address in a playlist.
func beside(playlist, ref string) string {
	base, err := url.Parse(playlist)
	if err != nil {
		return ref
	}
	to, err := base.Parse(ref)
	if err != nil {
		return ref
	}
	return to.RequestURI()
}

// bytes is all media so far, one file behind the other.
func (r *hlsRecording) bytes() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	var b strings.Builder
	for _, l := range r.lists {
		for _, s := range l.segments {
			b.WriteString(r.files[s.address])
		}
	}
	return b.String()
}

// hlsRun is a stretch of a playlist that decodes with one initialization.
type hlsRun struct {
	list, init string
	file       string
}

// runs writes each into a file.
func (r *hlsRecording) runs(t *testing.T) []hlsRun {
	t.Helper()
	dir := t.TempDir()
	var runs []hlsRun
	for _, l := range r.lists {
		var b strings.Builder
		for i, s := range l.segments {
			if b.Len() == 0 {
				b.WriteString(r.files[s.init])
			}
			b.WriteString(r.files[s.address])
			if i+1 < len(l.segments) && l.segments[i+1].init == s.init {
				continue
			}
			file := filepath.Join(dir, strings.ReplaceAll(strings.Trim(s.init, "/"), "/", "-")+".mp4")
			if err := os.WriteFile(file, []byte(b.String()), 0o600); err != nil {
				t.Fatal(err)
			}
			runs = append(runs, hlsRun{l.address, s.init, file})
			b.Reset()
		}
	}
	return runs
}
