package e2e

import (
	"context"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/millrace-live/millrace/internal/database/databasetest"
	"github.com/millrace-live/millrace/rtmp"
)

// leaks are secrets, and what must not hold them.
type leaks struct {
	mu      sync.Mutex
	secrets map[string]string // by what they are
	seen    []seen
}

type seen struct{ where, text string }

// mark has a secret looked for.
func (l *leaks) mark(name, secret string) string {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.secrets[name] = secret
	return secret
}

// saw is what somebody was shown or could read.
func (l *leaks) saw(where, text string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.seen = append(l.seen, seen{where, text})
}

// forms are how a secret may stand somewhere. Of a JWT the signature is the secret:
// its claims are for everybody.
func forms(secret string) []string {
	if parts := strings.Split(secret, "."); len(parts) == 3 && strings.HasPrefix(secret, "ey") {
		return []string{parts[2]}
	}
	all := []string{secret, hex.EncodeToString([]byte(secret)), base64.RawURLEncoding.EncodeToString([]byte(secret)), url.QueryEscape(secret)}
	if _, random, ok := strings.Cut(secret, "_"); ok && len(random) > 15 {
		all = append(all, random)
	}
	if len(secret) > 20 {
		all = append(all, secret[:len(secret)-4]) // cut off, it is still most of it
	}
	return all
}

// check looks for all that was marked in all that was seen. allowed are names of
// secrets that may stand at a place.
func (l *leaks) check(t *testing.T, allowed func(where, name string) bool) {
	t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	found := make(map[string]bool)
	for _, s := range l.seen {
		for name, secret := range l.secrets {
			if allowed != nil && allowed(s.where, name) || found[s.where+name] {
				continue
			}
			for _, form := range forms(secret) {
				if i := strings.Index(s.text, form); i >= 0 {
					found[s.where+name] = true
					t.Errorf("%s holds the %s: …%.200q", s.where, name, s.text[max(0, i-80):min(len(s.text), i+len(form)+20)])
					break
				}
			}
		}
	}
}

// offer begins to publish, and reports what it was told.
func offer(address string) error {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	stream, err := rtmp.Publish(ctx, address)
	if err == nil {
		stream.Close()
	}
	return err
}

// Secrets are shown once and stand nowhere else: not in the log, whatever its level,
// not in metrics, events, answers, refusals or playlists, and in no file in clear.
// Each is used rightly and wrongly, on every path, and replaced.
func TestControlSecretsLeak(t *testing.T) {
	t.Parallel()
	l := &leaks{secrets: make(map[string]string)}
	inFile := func(name string) string { return l.mark(name+" of the config file", "marked-in-the-file-"+hexOf(name)) }
	declaredKey, declaredHook, declaredSigning := inFile("stream key"), inFile("webhook's secret"), inFile("signing key")
	backendSecret, hookSecret := l.mark("secret in the back end's address", "marked0back0end"), l.mark("secret in the webhook's address", "marked0hook0query")

	backend := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var ask struct{ Query map[string]string }
		json.NewDecoder(r.Body).Decode(&ask)
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(w, `{"allow": %t, "reason": "ask us for a password"}`, ask.Query["pass"] == "b0b-marked-pass")
	}))
	defer backend.Close()
	backendPass := l.mark("password that the back end asks for", "b0b-marked-pass")
	hooked := receive(t, nil)
	dead := receive(t, nil)
	dead.die()
	config := filepath.Join(t.TempDir(), "millrace.yaml")
	text := fmt.Sprintf(`apps: {asked: {}}
streams: {live/declared: {visibility: private}}
keys: [{stream: live/declared, key: %s}]
signing-keys: [{id: k-file, secret: %s}]
webhooks: [{url: "http://%s/hook?auth=%s", secret: %s}, {url: "http://%s/dead?auth=%s", secret: %s}]
authorizers: [{url: "%s/?api=%s", apps: [asked], alone: true}, {url: "http://%s/gone?api=%s", apps: [gone]}]
`, declaredKey, declaredSigning, hooked.addr, hookSecret, declaredHook, dead.addr, hookSecret, declaredHook, backend.URL, backendSecret, dead.addr, backendSecret)
	text = strings.Replace(text, "apps: {asked: {}}", "apps: {asked: {}, gone: {}}", 1)
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	hooked.secret = declaredHook
	f := fortified(t, "--config", config, "--play-wait", "1s", "--log-level", "debug")
	s, a := f.server, f.admin(t)
	l.mark("admin token", a.token)
	feed := a.follow(t, "", "0")

	// What is shown once.
	made := a.do(t, http.StatusCreated, "POST", "/streams", object{"name": "live/marked", "visibility": "private"}, "Idempotency-Key", "order-1")
	id, key := made.text("id"), l.mark("stream key", made.text("stream_key"))
	if again := a.do(t, http.StatusCreated, "POST", "/streams", object{"name": "live/marked", "visibility": "private"}, "Idempotency-Key", "order-1"); again.text("stream_key") != key {
		t.Error("a repeated request is not answered with the same key")
	}
	second := a.do(t, http.StatusCreated, "POST", "/streams/"+id+"/keys", object{"label": "second"})
	l.mark("second key", second.text("key"))
	rotated := l.mark("rotated key", a.do(t, http.StatusOK, "POST", "/keys/"+second.text("id")+"/rotate", object{"overlap": "0s"}).text("key"))
	credential := a.do(t, http.StatusCreated, "POST", "/streams/"+id+"/credentials", object{"user": "bob", "password": "marked-s3cret-word"})
	l.mark("password", "marked-s3cret-word")
	made2 := a.do(t, http.StatusCreated, "POST", "/streams/"+id+"/credentials", object{"user": "eve"})
	l.mark("password that was made", made2.text("password"))
	site := a.signing(t)
	l.mark("signing key", site.secret)
	l.mark("rotated signing key", a.do(t, http.StatusOK, "POST", "/signing-keys/rotate", object{"overlap": "1h"}).text("secret"))
	hook := a.do(t, http.StatusCreated, "POST", "/webhooks", object{"url": "http://" + dead.addr + "/made?auth=" + hookSecret})
	l.mark("webhook's secret", hook.text("secret"))
	l.mark("rotated webhook's secret", a.do(t, http.StatusOK, "POST", "/webhooks/"+hook.text("id")+"/rotate", nil).text("secret"))
	made3 := a.do(t, http.StatusCreated, "POST", "/tokens", object{"role": "operator", "label": "mate"})
	mate := &steward{s, l.mark("API token", made3.text("token"))}
	issued := a.do(t, http.StatusCreated, "POST", "/streams/"+id+"/links", object{"type": "token"})
	watch := l.mark("watch token that the server signed", issued.text("token"))
	own := l.mark("watch token", site.good("live/marked", object{"jti": "seen-once"}))
	wrongs := map[string]string{"stream key": mistyped(key), "API token": mistyped(mate.token), "watch token": mistyped(own), "password": "marked-wr0ng-word"}
	for name, wrong := range wrongs {
		l.mark("mistyped "+name, wrong)
	}

	// Rightly.
	publisher := endless(t, f.at("rtmps", "rtmps", "live/"+key))
	a.waitState(t, "live/marked", "live")
	declared := endless(t, s.rtmpURL("live/declared?key="+declaredKey))
	a.waitState(t, "live/declared", "live")
	for _, file := range slices.Concat(s.files(t, "live/marked", "token="+own), s.files(t, "live/declared", signing{"k-file", declaredSigning}.link("live/declared", time.Now().Add(time.Hour)))) {
		if strings.Contains(file, ".m3u8") || strings.Contains(file, ".mpd") {
			_, body := visit(t, file, "")
			l.saw("the playlist "+withoutPass(file), body)
		}
	}
	for _, name := range []string{"marked?token=" + watch, "marked?token=" + own} {
		if err := s.watches(t, name); err != nil {
			t.Errorf("RTMP: %v", err)
		}
	}
	if status, _ := visit(t, s.hlsURL("live/marked"), watch); status != http.StatusOK {
		t.Errorf("HLS by bearer: status %d", status)
	}
	for name, address := range map[string]string{
		"the right password of the back end": s.rtmpURL("asked/x?pass=" + backendPass), "the rotated key": s.rtmpURL("live/" + rotated),
	} {
		if err := offer(address); name != "the rotated key" && err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}

	// Wrongly. Nobody is told more than he knew.
	for name, secret := range map[string]string{
		"mistyped": wrongs["stream key"], "rotated away": second.text("key"), "API token": mate.token, "watch token": watch, "admin token": a.token,
	} {
		for _, address := range []string{
			"rtmpt:live/" + secret, "live/" + secret, "live/marked?key=" + secret, secret + "/live", "live/" + secret + "/marked", "gone/x?key=" + secret, "asked/x?pass=" + secret,
		} {
			address, tunnel := strings.CutPrefix(address, "rtmpt:")
			to := s.rtmpURL(address)
			if tunnel {
				to = strings.Replace(to, "rtmp:", "rtmpt:", 1)
			}
			err := offer(to)
			if err == nil {
				t.Errorf("%s publishes at %s", name, strings.ReplaceAll(address, secret, "SECRET"))
				continue
			}
			if told := (*rtmp.StatusError)(nil); asStatus(err, &told) {
				l.saw("a refusal of RTMP", told.Code+" "+told.Description)
			}
		}
	}
	for _, auth := range []string{"bob:marked-wr0ng-word@", "bob:marked-s3cret-word@"} {
		p := publish(t, clip(t, "plain", 10), strings.Replace(s.rtmpURL("live/marked"), "rtmp://", "rtmp://"+auth, 1), "-t", "1")
		p.wait(t, 15*time.Second)
	}
	for _, secret := range []string{key, wrongs["stream key"], rotated, mate.token, a.token} {
		for _, address := range []string{
			"/live/" + secret + ".flv", "/live/" + secret + "/index.m3u8", "/live/marked.flv?key=" + secret, "/live/marked/index.m3u8?token=" + secret,
			"/live/marked.ts?token=" + secret, "/live/marked/manifest.mpd?token=" + secret, "/live/marked.jpg?token=" + secret, "/api/v1/streams?token=" + secret,
			"/embed/live/marked?token=" + secret,
		} {
			status, body := visit(t, s.url(address), "")
			l.saw(fmt.Sprintf("the answer %d to %s", status, strings.ReplaceAll(address, secret, "SECRET")), strings.ReplaceAll(body, "/live/"+secret, ""))
		}
		if err := s.watches(t, secret); err == nil {
			t.Error("a secret plays")
		}
	}
	for _, wrong := range []struct {
		method, path string
		body         any
		token        string
	}{
		{"POST", "/streams", object{"name": "live/x", "stream_key": key}, a.token},
		{"POST", "/streams", object{"name": "live/y", "visibility": key}, a.token},
		{"POST", "/streams", object{"name": key}, a.token},
		{"POST", "/streams/" + id + "/credentials", object{"user": "bob", "password": []string{"marked-s3cret-word"}}, a.token},
		{"POST", "/streams/" + id + "/keys", object{"addresses": []string{rotated}}, a.token},
		{"PATCH", "/streams/" + key, object{"title": "x"}, a.token},
		{"GET", "/streams/" + key, nil, a.token},
		{"GET", "/streams/live/" + wrongs["stream key"], nil, ""},
		{"GET", "/keys/" + mate.token, nil, a.token},
		{"POST", "/webhooks", object{"url": "http://\x7f" + hookSecret}, a.token},
		{"POST", "/revocations", object{"id": []string{own}}, a.token},
		{"GET", "/tokens", nil, wrongs["API token"]},
		{"GET", "/tokens", nil, mate.token},
		{"GET", "/tokens", nil, own},
		{"POST", "/bans", object{"key": key}, a.token},
	} {
		got, err := (&steward{s, wrong.token}).call(wrong.method, wrong.path, wrong.body)
		if err != nil {
			t.Fatal(err)
		}
		if got.status < 400 {
			t.Logf("%s %s is answered with %d", wrong.method, strings.ReplaceAll(wrong.path, key, "KEY"), got.status)
		}
		l.saw("the problem of "+wrong.method+" "+strings.ReplaceAll(wrong.path, key, "KEY"), got.body)
	}

	// Everything that can be read.
	for _, path := range []string{
		"/streams", "/streams?limit=1000", "/streams/live/marked", "/streams/" + id + "/keys", "/streams/" + id + "/credentials", "/streams/" + id + "/history",
		"/keys/" + second.text("id"), "/credentials/" + credential.text("id"), "/tokens", "/tokens/" + made3.text("id"), "/signing-keys", "/revocations",
		"/webhooks", "/webhooks/" + hook.text("id"), "/webhooks/" + hook.text("id") + "/dead", "/bans", "/audit?limit=1000", "/sessions",
	} {
		got, err := a.call("GET", path, nil)
		if err != nil || got.status != http.StatusOK {
			t.Errorf("GET %s: %+v, %v", path, got, err)
		}
		l.saw("GET /api/v1"+path, got.body)
	}
	tested, _ := a.call("POST", "/webhooks/"+hook.text("id")+"/test", nil)
	l.saw("the test of a webhook", tested.body)
	for _, path := range []string{"/", "/metrics", "/live/marked", "/embed/live/marked", "/api/openapi.json", "/readyz"} {
		l.saw("GET "+path, s.get(path).body)
	}
	a.do(t, http.StatusCreated, "POST", "/revocations", object{"id": "seen-once"})
	a.do(t, http.StatusNoContent, "DELETE", "/tokens/"+made3.text("id"), nil)
	if _, err := mate.call("GET", "/streams", nil); err != nil {
		t.Fatal(err)
	}
	publisher.interrupt(t)
	declared.kill()
	wait(t, 15*time.Second, "the end to be told", func() bool {
		return feed.count("live/marked", "session.closed") > 0 && len(hooked.events("live/marked")) > 5
	})
	for _, e := range feed.events("") {
		l.saw("the event "+e.kind()+" of the feed", e.raw)
	}
	hooked.mu.Lock()
	for _, e := range hooked.taken {
		l.saw("the event "+e.kind()+" of a webhook", e.raw)
	}
	for _, fault := range hooked.faults {
		t.Error(fault)
	}
	hooked.mu.Unlock()
	readFolder(t, s.data, l)
	s.stop(t)
	readFolder(t, s.data, l)
	l.saw("the log", s.log.String())
	l.check(t, func(where, name string) bool {
		switch {
		case strings.HasPrefix(where, "the playlist "):
			return strings.Contains(name, "watch token")
		case strings.HasPrefix(where, "GET /api/v1/webhooks"), strings.HasPrefix(where, "GET /api/v1/audit"):
			return name == "secret in the webhook's address" // it is what was set, for those who set it
		case where == "the file admin.token":
			return name == "admin token"
		case where == "the problem of POST /webhooks":
			return name == "secret in the webhook's address"
		}
		// The addresses of webhooks are kept as they were given.
		return strings.HasPrefix(where, "the file millrace.db") && name == "secret in the webhook's address"
	})
}

func asStatus(err error, to **rtmp.StatusError) bool {
	for err != nil {
		if s, ok := err.(*rtmp.StatusError); ok {
			*to = s
			return true
		}
		u, ok := err.(interface{ Unwrap() error })
		if !ok {
			return false
		}
		err = u.Unwrap()
	}
	return false
}

func hexOf(name string) string { return hex.EncodeToString([]byte(name))[:20] }

// readFolder looks at every file that a server keeps.
func readFolder(t *testing.T, dir string, l *leaks) {
	t.Helper()
	n := 0
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return nil // it went meanwhile
		}
		f, err := os.Open(path)
		if err != nil {
			return nil // likewise
		}
		defer f.Close()
		b, err := io.ReadAll(f)
		name, _ := filepath.Rel(dir, path)
		l.saw("the file "+name, string(b))
		n++
		return err
	})
	if err != nil || n < 3 {
		t.Errorf("%d files in the data folder: %v", n, err)
	}
}

// The password of the database stands nowhere either, whatever becomes of the
// database.
func TestControlDatabasePassword(t *testing.T) {
	t.Parallel()
	l := &leaks{secrets: make(map[string]string)}
	password := l.mark("password of the database", "marked-pa55-word")
	p := databasetest.OwnPostgres(t)
	address := strings.Replace(p.Create(t), "millrace@", "millrace:"+password+"@", 1)
	s := start(t, "--database", address, "--log-level", "debug")
	a := s.admin(t)
	made, key := a.create(t, "live/kept", "public")
	l.mark("stream key", key)
	l.mark("password", a.do(t, http.StatusCreated, "POST", "/streams/"+made.text("id")+"/credentials", object{"user": "bob"}).text("password"))
	l.mark("signing key", a.signing(t).secret)
	l.mark("webhook's secret", a.do(t, http.StatusCreated, "POST", "/webhooks", object{"url": "http://127.0.0.1:9/hook"}).text("secret"))
	l.mark("API token", a.do(t, http.StatusCreated, "POST", "/tokens", object{"role": "viewer"}).text("token"))
	p.Kill()
	readFolder(t, p.Dir, l)
	wait(t, 20*time.Second, "a change to be refused", func() bool {
		got, err := a.call("PATCH", "/streams/live/kept", object{"title": "x"})
		l.saw("the answer to a change", got.body)
		return err == nil && got.status == http.StatusServiceUnavailable
	})
	feed, err := a.call("GET", "/events", nil)
	if err != nil {
		t.Fatal(err)
	}
	l.saw("the answer to who wants to follow", feed.body)
	backup, err := a.call("POST", "/backup", nil)
	if err != nil {
		t.Fatal(err)
	}
	l.saw("the backup", backup.body)
	l.saw("the metrics", s.get("/metrics").body)
	s.stop(t)
	readFolder(t, s.data, l)
	l.saw("the log", s.log.String())
	wrong := map[string]string{
		"not there":  address,
		"unreadable": "postgres://millrace:" + password + "%zz@localhost/x",
		"no scheme":  "millrace:" + password + "@localhost/x",
		"other":      "mysql://millrace:" + password + "@localhost/x",
	}
	for _, name := range slices.Sorted(maps.Keys(wrong)) {
		out := launch(t, program, "serve", "--data", t.TempDir(), "--rtmp", "127.0.0.1:0", "--rtmps", "off", "--http", "127.0.0.1:0", "--database", wrong[name])
		if name == "not there" {
			time.Sleep(time.Second) // it tries for longer
			out.kill()
		} else if code := out.wait(t, 15*time.Second); code != 1 {
			t.Errorf("%s: status %d", name, code)
		}
		l.saw("what a start with an address that is "+name+" says", out.out.String())
	}
	l.check(t, nil)
}
