package e2e

import (
	"bufio"
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// steward is somebody who has a token of a server's API.
type steward struct {
	*server
	token string
}

// admin is who has the token in the server's data folder.
func (s *server) admin(t *testing.T) *steward {
	t.Helper()
	token, err := os.ReadFile(filepath.Join(s.data, "admin.token"))
	if err != nil {
		t.Fatal(err)
	}
	return &steward{s, strings.TrimSpace(string(token))}
}

// object is whatever the API answers.
type object map[string]any

// text is what stands at a path of fields, "" if nothing does.
func (o object) text(fields ...string) string {
	var at any = map[string]any(o)
	for _, f := range fields {
		m, _ := at.(map[string]any)
		at = m[f]
	}
	text, _ := at.(string)
	return text
}

// call asks the API; header holds names and values in turn.
func (a *steward) call(method, path string, body any, header ...string) (answer, error) {
	var content io.Reader
	if body != nil {
		b, err := json.Marshal(body)
		if err != nil {
			return answer{}, err
		}
		content = bytes.NewReader(b)
	}
	req, err := http.NewRequest(method, a.url("/api/v1"+path), content)
	if err != nil {
		return answer{}, err
	}
	req.Header.Set("Content-Type", "application/json")
	if a.token != "" {
		req.Header.Set("Authorization", "Bearer "+a.token)
	}
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	resp, err := client.Do(req)
	if err != nil {
		return answer{}, err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	return answer{resp.StatusCode, resp.Header, string(text)}, err
}

// do asks for what must be answered with that status, and returns the answer.
func (a *steward) do(t *testing.T, status int, method, path string, body any, header ...string) object {
	t.Helper()
	got, err := a.call(method, path, body, header...)
	if err != nil {
		t.Fatalf("%s %s: %v", method, path, err)
	}
	if got.status != status {
		t.Fatalf("%s %s: status %d, want %d: %s", method, path, got.status, status, got.body)
	}
	var o object
	if got.body != "" {
		if err := json.Unmarshal([]byte(got.body), &o); err != nil {
			t.Fatalf("%s %s: %v: %s", method, path, err, got.body)
		}
	}
	return o
}

// stream makes a stream, and returns what is said of it and its key.
func (a *steward) create(t *testing.T, name, visibility string) (made object, key string) {
	t.Helper()
	made = a.do(t, http.StatusCreated, "POST", "/streams", object{"name": name, "visibility": visibility})
	if key = made.text("stream_key"); key == "" {
		t.Fatalf("%s was made without a key: %v", name, made)
	}
	return made, key
}

// waitState waits until a stream that strangers need not know of is in that state.
func (a *steward) waitState(t *testing.T, name, state string) {
	t.Helper()
	wait(t, 15*time.Second, fmt.Sprintf("%s to be %q", name, state), func() bool {
		return a.do(t, http.StatusOK, "GET", "/streams/"+name, nil).text("state") == state
	})
}

// frames is how many frames of a stream have come.
func (a *steward) frames(t *testing.T, name string) float64 {
	t.Helper()
	n, _ := a.do(t, http.StatusOK, "GET", "/streams/"+name, nil)["frames"].(float64)
	return n
}

// endless publishes the same few seconds again and again.
func endless(t *testing.T, url string) *process {
	t.Helper()
	return publish(t, clip(t, "plain", 10), url, "-stream_loop", "-1")
}

// signing is a key that signs permissions to watch, as a site has it that knows
// nothing of Millrace but what docs/tokens.md says.
type signing struct{ id, secret string }

func (a *steward) signing(t *testing.T) signing {
	t.Helper()
	k := a.do(t, http.StatusCreated, "POST", "/signing-keys", object{"label": "site"})
	return signing{k.text("id"), k.text("secret")}
}

func (k signing) mac(text string) []byte {
	m := hmac.New(sha256.New, []byte(k.secret))
	m.Write([]byte(text))
	return m.Sum(nil)
}

// token signs claims.
func (k signing) token(claims object) string {
	part := func(v any) string {
		b, _ := json.Marshal(v) // texts and numbers alone
		return base64.RawURLEncoding.EncodeToString(b)
	}
	signed := part(object{"alg": "HS256", "kid": k.id}) + "." + part(claims)
	return signed + "." + base64.RawURLEncoding.EncodeToString(k.mac(signed))
}

// good is a token for a stream that has more claims than it needs, or none.
func (k signing) good(stream string, more ...object) string {
	claims := object{"sub": stream, "exp": time.Now().Add(time.Hour).Unix()}
	for _, m := range more {
		maps.Copy(claims, m)
	}
	return k.token(claims)
}

// link is the query of a link.
func (k signing) link(stream string, exp time.Time) string {
	signed := fmt.Sprintf("%s?exp=%d", stream, exp.Unix())
	return fmt.Sprintf("exp=%d&sig=%s", exp.Unix(), hex.EncodeToString(k.mac(signed)))
}

// told is an event as receivers and followers get it.
type told struct {
	ID, Type, Subject string
	Data              struct {
		Broadcast, Reason string
		Killed            bool
		Stream            struct{ Passthrough string }
	}
	raw string
}

func (e *told) kind() string { return strings.TrimPrefix(e.Type, "live.millrace.") }

// follower reads the server's own feed of events.
type follower struct {
	mu   sync.Mutex
	all  []told
	last string // the id of the feed
}

// follow reads the feed of what has types from there on; "" is from now on, and all
// types. It ends with the test, or the server.
func (a *steward) follow(t *testing.T, types, after string) *follower {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	query := url.Values{}
	for name, value := range map[string]string{"type": types, "after": after} {
		if value != "" {
			query.Set(name, value)
		}
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, a.url("/api/v1/events?"+query.Encode()), nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+a.token)
	resp, err := (&http.Client{}).Do(req)
	if err != nil {
		t.Fatal(err)
	}
	if resp.StatusCode != http.StatusOK {
		t.Fatalf("the feed: %s", resp.Status)
	}
	f := &follower{}
	done := make(chan struct{})
	t.Cleanup(func() {
		cancel()
		<-done
	})
	go func() {
		defer close(done)
		defer resp.Body.Close()
		lines := bufio.NewScanner(resp.Body)
		lines.Buffer(nil, 1<<20)
		for lines.Scan() {
			name, value, _ := strings.Cut(lines.Text(), ": ")
			f.mu.Lock()
			switch name {
			case "id":
				f.last = value
			case "data":
				e := told{raw: value}
				if json.Unmarshal([]byte(value), &e) == nil {
					f.all = append(f.all, e)
				}
			}
			f.mu.Unlock()
		}
	}()
	return f
}

// events are those of a subject so far, of all with "".
func (f *follower) events(subject string) []told {
	f.mu.Lock()
	defer f.mu.Unlock()
	var list []told
	for _, e := range f.all {
		if subject == "" || e.Subject == subject {
			list = append(list, e)
		}
	}
	return list
}

// count is how many events of a kind a subject has had.
func (f *follower) count(subject, kind string) (n int) {
	for _, e := range f.events(subject) {
		if e.kind() == kind {
			n++
		}
	}
	return n
}
