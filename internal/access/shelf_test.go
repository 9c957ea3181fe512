package access

import (
	"context"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/millrace-live/millrace/internal/catalog"
)

// shelf is a catalogue of a test.
type shelf struct {
	mu      sync.Mutex
	streams map[string]*catalog.Stream // by path
	keys    map[string]*catalog.Key    // by secret
	users   map[string]*catalog.Credential
	used    []string
	spent   chan string
	plain   []string
}

// put puts a stream in, with what change makes of it.
func (s *shelf) put(path string, change func(*catalog.Stream)) *catalog.Stream {
	app, name, _ := strings.Cut(path, "/")
	st := &catalog.Stream{Meta: catalog.Meta{ID: "st_" + path}, App: app, Name: name, Visibility: catalog.Public}
	if change != nil {
		change(st)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.streams == nil {
		s.streams = make(map[string]*catalog.Stream)
	}
	s.streams[path] = st
	return st
}

// key puts a key of a stream in; the stream is made if it is not there.
func (s *shelf) key(secret, id, path string, change func(*catalog.Key)) {
	if _, ok := s.StreamByPath(path); !ok {
		s.put(path, nil)
	}
	k := &catalog.Key{Meta: catalog.Meta{ID: id}, Path: path}
	if change != nil {
		change(k)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.keys == nil {
		s.keys = make(map[string]*catalog.Key)
	}
	s.keys[secret] = k
}

// remove takes a key, or a stream, out.
func (s *shelf) remove(what string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.streams, what)
	delete(s.keys, what)
}

func (s *shelf) StreamByPath(path string) (*catalog.Stream, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	st, ok := s.streams[path]
	return st, ok
}

func (s *shelf) StreamByPlayback(id string) (*catalog.Stream, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, st := range s.streams {
		if slices.Contains(st.PlaybackIDs, id) {
			return st, true
		}
	}
	return nil, false
}

func (s *shelf) FindKey(secret string) (*catalog.Key, *catalog.Stream, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	k, ok := s.keys[secret]
	if !ok {
		return nil, nil, false
	}
	return k, s.streams[k.Path], true
}

func (s *shelf) Key(id string) (*catalog.Key, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, k := range s.keys {
		if k.ID == id {
			return k, true
		}
	}
	return nil, false
}

func (s *shelf) HasKeys(path string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, k := range s.keys {
		if k.Path == path {
			return true
		}
	}
	return false
}

func (s *shelf) Verifier(user string) (catalog.Verifier, *catalog.Credential, bool) {
	c, ok := s.users[user]
	return catalog.Verifier{}, c, ok
}

func (s *shelf) Credential(id string) (*catalog.Credential, bool) {
	for _, c := range s.users {
		if c.ID == id {
			return c, true
		}
	}
	return nil, false
}

func (s *shelf) Used(kind, id string, u catalog.Use) {
	s.used = append(s.used, strings.Join([]string{kind, id, u.Address, u.Encoder, u.Protocol}, " "))
}

func (s *shelf) Spent(_ context.Context, id string) { s.spent <- id }
func (s *shelf) SentPlain(id string)                { s.plain = append(s.plain, id) }

// The catalogue that there is fits.
var _ Catalog = (*catalog.Catalog)(nil)

func TestPlaybackIDs(t *testing.T) {
	for part, want := range map[string]bool{
		"pb_abcdefghijklmnopqrst": true, "pb_22334455667722334455": true, "pb_abcdefghijklmnopqrs": false,
		"pb_abcdefghijklmnopqrstu": false, "pb_Abcdefghijklmnopqrst": false, "pb_1bcdefghijklmnopqrst": false, "pb_": false, "": false,
	} {
		if isPlaybackID(part) != want {
			t.Errorf("isPlaybackID(%q) = %v", part, !want)
		}
		if err := CheckName("live/" + part); want && err == nil {
			t.Errorf("%q may be a stream's name", part)
		}
	}
}
