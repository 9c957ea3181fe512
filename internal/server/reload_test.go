package server

import (
	"context"
	"crypto/sha256"
	"errors"
	"log/slog"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/millrace-live/millrace/internal/hub"
	"github.com/millrace-live/millrace/internal/store"
)

// reloadable is a server's reloader and the file that it reads.
type reloadable struct {
	*reloader
	server *Server
	log    buffer
}

func newReloadable(t *testing.T, text string) *reloadable {
	t.Helper()
	file := filepath.Join(t.TempDir(), "millrace.yaml")
	folder, err := store.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	r := &reloadable{server: &Server{set: &Settings{}, folder: folder, log: slog.New(slog.DiscardHandler), level: &slog.LevelVar{}}}
	if err := r.server.openControl(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := errors.Join(r.server.closeControl(context.Background()), folder.Close()); err != nil {
			t.Error(err)
		}
	})
	r.reloader = &reloader{file: file, log: slog.New(slog.NewTextHandler(&r.log, nil)), take: r.server.takeOver}
	r.load = func() (*Settings, []string, error) {
		set, _, warnings, err := LoadFile(file)
		return set, warnings, err
	}
	r.write(t, text)
	set, warnings, err := r.load()
	if err != nil {
		t.Fatal(err)
	}
	if err := r.take(set); err != nil {
		t.Fatal(err)
	}
	r.started, r.current, r.warned, r.text = set, set, warnings, sha256.Sum256([]byte(text))
	return r
}

// write puts another text in the place of the file, as editors do.
func (r *reloadable) write(t *testing.T, text string) {
	t.Helper()
	if err := os.WriteFile(r.file+".new", []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(r.file+".new", r.file); err != nil {
		t.Fatal(err)
	}
}

// publish asks for a stream and returns what was granted.
func (r *reloadable) publish(t *testing.T, stream, key string) (hub.Grant, error) {
	t.Helper()
	req := &hub.PublishRequest{Name: stream, Remote: netip.MustParseAddrPort("127.0.0.1:5000")}
	if key != "" {
		req.Query = map[string][]string{"key": {key}}
	}
	return r.server.access.Publish(t.Context(), req)
}

func TestReloadTakesOver(t *testing.T) {
	r := newReloadable(t, "open: true\n")
	r.write(t, `
open: false
grace: 1m
play-wait: 1s
delivery: economy
enhanced: strict
log-level: warn
apps: {event: {grace: 2m}}
streams: {event/stage: {grace: 3m}}
keys: [{stream: event/stage, key: open-sesame}]
`)
	done, err := r.reload("test")
	want := []string{"open", "delivery", "enhanced", "grace", "play-wait", "log-level", "apps", "streams", "keys"}
	if err != nil || !slices.Equal(done.Changed, want) || len(done.Restart) > 0 {
		t.Errorf("got %+v, %v; want %v", done, err, want)
	}
	if _, err := r.publish(t, "live/cam", ""); err == nil {
		t.Error("publishing is still open")
	}
	if g, err := r.publish(t, "event/stage", "open-sesame"); err != nil || g.Grace != 3*time.Minute {
		t.Errorf("%+v, %v", g, err)
	}
	play := hub.PlayRequest{Stream: "live/cam"}
	if err := r.server.access.Play(t.Context(), &play); err != nil || play.Delivery != hub.Economy || !play.Strict || play.PlayWait != time.Second {
		t.Errorf("%+v, %v", play, err)
	}
	if r.server.level.Level() != slog.LevelWarn {
		t.Errorf("the log level is %v", r.server.level)
	}

	if done, err := r.reload("test"); err != nil || len(done.Changed) > 0 {
		t.Errorf("the same file once more: %+v, %v", done, err)
	}
}

func TestReloadRefusesABadFileAsAWhole(t *testing.T) {
	r := newReloadable(t, "open: true\ngrace: 1m\n")
	for _, tt := range []struct{ text, want string }{
		{"grace: 5m\ngrcae: 1m\n", `f.yaml:2:1: there is no setting "grcae"; did you mean "grace"?`},
		{"grace: 5m\nplay-wait: soon\n", `f.yaml:2:12: play-wait: "soon" is not a length of time; write for instance 30s, 500ms or 5m`},
		{"grace: [\n", `f.yaml:1:8: a list that began with [ is not closed; write ] behind its last value`},
		{
			"keys: [{stream: live/b, key: " + r.server.catalog.FirstKey() + "}]\n",
			`keys[0].key: this is also the key of live/main, which the API made; each stream needs its own`,
		},
	} {
		r.write(t, tt.text)
		_, err := r.reload("test")
		if err == nil || strings.ReplaceAll(err.Error(), r.file, "f.yaml") != tt.want {
			t.Errorf("%q:\ngot  %v\nwant %s", tt.text, err, tt.want)
		}
		if g, err := r.publish(t, "live/cam", ""); err != nil || g.Grace != time.Minute {
			t.Errorf("%q: the old settings do not go on: %+v, %v", tt.text, g, err)
		}
	}
	if n := strings.Count(r.log.String(), "the settings were not reloaded"); n != 4 {
		t.Errorf("%d lines about 4 bad files:\n%s", n, r.log.String())
	}
}

func TestReloadNamesWhatNeedsARestart(t *testing.T) {
	r := newReloadable(t, "")
	r.write(t, "rtmp: :1999\ndata: elsewhere\ngrace: 1m\nrtmps: :1998\nrtmfp: :1997\n")
	for range 2 { // it stays true until the restart
		done, err := r.reload("test")
		if want := []string{"rtmp", "rtmps", "rtmfp", "data"}; err != nil || !slices.Equal(done.Restart, want) {
			t.Errorf("got %+v, %v; want %v", done, err, want)
		}
	}
	log := r.log.String()
	if n := strings.Count(log, `msg="some settings take hold at the next start only" settings="rtmp, rtmps, rtmfp, data"`); n != 2 {
		t.Errorf("%d lines of 2:\n%s", n, log)
	}
	if n := strings.Count(log, "--rtmfp does nothing yet"); n != 1 {
		t.Errorf("the warning was logged %d times:\n%s", n, log)
	}
}

// An encoder takes over from its own hanging session by the identity of its
// key, which must not depend on the key's place in the file.
func TestKeysKeepTheirIdentity(t *testing.T) {
	const a, b, c = "{stream: live/a, key: the-key-of-a}", "{stream: live/b, key: the-key-of-b}", "{stream: live/b, key: another-of-b}"
	r := newReloadable(t, "keys: ["+a+", "+b+"]\n")
	before, err := r.publish(t, "live/b", "the-key-of-b")
	if err != nil {
		t.Fatal(err)
	}
	r.write(t, "keys: ["+c+", "+b+"]\n")
	if _, err := r.reload("test"); err != nil {
		t.Fatal(err)
	}
	after, err := r.publish(t, "live/b", "the-key-of-b")
	if err != nil || after.Owner != before.Owner {
		t.Errorf("the key was %q and is %q, %v", before.Owner, after.Owner, err)
	}
	if other, err := r.publish(t, "live/b", "another-of-b"); err != nil || other.Owner == before.Owner {
		t.Errorf("another key has the identity %q, %v", other.Owner, err)
	}
	if _, err := r.publish(t, "live/a", "the-key-of-a"); err == nil {
		t.Error("a key that was removed publishes")
	}
}

func TestReloadWithoutAFile(t *testing.T) {
	r := newReloadable(t, "")
	r.file = ""
	if _, err := r.reload("test"); err == nil || !strings.Contains(err.Error(), "without a config file") {
		t.Errorf("got %v", err)
	}
}

// waitReloads waits until the log has that many lines about a reload.
func (r *reloadable) waitReloads(t *testing.T, n int) {
	t.Helper()
	for began := time.Now(); strings.Count(r.log.String(), "reloaded") < n; time.Sleep(5 * time.Millisecond) {
		if time.Since(began) > 10*time.Second {
			t.Fatalf("%d reloads did not come:\n%s", n, r.log.String())
		}
	}
}

func TestReloadOnChangeAndOnHangup(t *testing.T) {
	r := newReloadable(t, "grace: 1m\n")
	ctx, cancel := context.WithCancel(t.Context())
	hangup, ended := make(chan os.Signal), make(chan struct{})
	go func() {
		defer close(ended)
		r.run(ctx, hangup)
	}()
	defer func() {
		cancel()
		<-ended
	}()
	hangup <- os.Interrupt // from now on the folder is watched
	r.waitReloads(t, 1)

	r.write(t, "grace: 2m\n")
	r.waitReloads(t, 2)
	// In place, and only when it is whole: an editor empties the file first.
	f, err := os.OpenFile(r.file, os.O_WRONLY|os.O_TRUNC, 0)
	if err != nil {
		t.Fatal(err)
	}
	time.Sleep(settle + settle/2)
	if _, err := f.WriteString("grace: 3m\n"); err != nil {
		t.Fatal(err)
	}
	f.Close()
	r.waitReloads(t, 3)
	// A bad one and what was there before it.
	r.write(t, "grcae: 3m\n")
	r.waitReloads(t, 4)
	r.write(t, "grace: 3m\n")
	r.waitReloads(t, 5)
	if log := r.log.String(); strings.Count(log, "by=file changed=grace") != 2 || strings.Count(log, "by=file") != 4 ||
		strings.Count(log, "by=signal") != 1 {
		t.Errorf("the log:\n%s", log)
	}
	if g, err := r.server.access.Publish(t.Context(), &hub.PublishRequest{}); err == nil {
		t.Errorf("%+v", g)
	}
}

// Kubernetes mounts a folder in which the file is a link to ..data/FILE and
// ..data a link that is turned.
func TestReloadWhenALinkIsTurned(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("links need a privilege here")
	}
	r := newReloadable(t, "")
	dir := filepath.Dir(r.file)
	for version, text := range map[string]string{"1": "grace: 1m\n", "2": "grace: 2m\n"} {
		if err := os.Mkdir(filepath.Join(dir, version), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, version, "millrace.yaml"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	turn := func(target, link string) {
		t.Helper()
		if err := os.Symlink(target, link+".new"); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(link+".new", link); err != nil {
			t.Fatal(err)
		}
	}
	data := filepath.Join(dir, "..data")
	turn("1", data)
	turn(filepath.Join("..data", "millrace.yaml"), r.file)

	hangup := make(chan os.Signal)
	go r.run(t.Context(), hangup)
	r.waitReloads(t, 1) // what changed before the folder was watched
	hangup <- os.Interrupt
	r.waitReloads(t, 2)
	turn("2", data)
	r.waitReloads(t, 3)
	if set, _, _ := r.load(); set.Grace != 2*time.Minute {
		t.Errorf("grace is %v", set.Grace)
	}
}

func TestReloadByTheAPI(t *testing.T) {
	file := filepath.Join(t.TempDir(), "f.yaml")
	if err := os.WriteFile(file, []byte("grace: 1m\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	r := start(t, func(s *Settings, o *Options) {
		s.Config = file
		o.Load = func() (*Settings, []string, error) {
			set, _, warnings, err := LoadFile(file)
			return set, warnings, err
		}
	})
	resp, body := get(t, "POST", r.http, "/api/v1/reload")
	if resp.StatusCode != http.StatusUnauthorized {
		t.Errorf("without the token: %s %s", resp.Status, body)
	}
}
