package e2e

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/millrace-live/millrace/internal/database/databasetest"
)

// databases are what a server keeps things in: the flags for it.
var databases = []struct {
	name  string
	flags func(t *testing.T) []string
}{
	{"SQLite", func(*testing.T) []string { return nil }},
	{"PostgreSQL", func(t *testing.T) []string {
		return []string{"--database", databasetest.Postgres(t).Create(t)}
	}},
}

// changes are what one client did to a stream of its own, as far as it was told that
// it was done.
type changes struct {
	name   string
	exists bool
	title  string // of the last change that was acknowledged
	tried  string // of the one that nobody knows about
	keys   map[string]bool
	acked  int
}

// next makes one change, and reports whether it was acknowledged.
func (c *changes) next(a *steward, i int) (done bool, fault error) {
	var got answer
	var err error
	switch {
	case !c.exists:
		c.tried = "created"
		got, err = a.call("POST", "/streams", object{"name": c.name, "title": c.tried})
	case i%5 == 4:
		got, err = a.call("POST", "/streams/"+strings.Replace(c.name, "/", "%2F", 1)+"/keys", object{"label": fmt.Sprint("key ", i)})
	default:
		c.tried = fmt.Sprint("title ", i)
		got, err = a.call("PATCH", "/streams/"+c.name, object{"title": c.tried})
	}
	if err != nil {
		return false, nil //nolint:nilerr // the server is gone
	}
	if got.status != http.StatusOK && got.status != http.StatusCreated {
		return false, fmt.Errorf("change %d of %s: status %d: %s", i, c.name, got.status, got.body)
	}
	if c.exists && i%5 == 4 {
		c.keys[fmt.Sprint("key ", i)] = true
	} else {
		c.title, c.exists = c.tried, true
	}
	c.acked++
	return true, nil
}

// Of the changes that several clients make while the server is killed, every one that
// was acknowledged is there after the restart.
func TestControlSurvivesKill(t *testing.T) {
	t.Parallel()
	const clients, each = 8, 125 // 1,000 changes
	for _, db := range databases {
		t.Run(db.name, func(t *testing.T) {
			t.Parallel()
			flags := db.flags(t)
			s := start(t, flags...)
			a := s.admin(t)
			var all sync.WaitGroup
			var acked atomic.Int64
			work := make([]changes, clients)
			for n := range work {
				token := a.do(t, http.StatusCreated, "POST", "/tokens", object{"role": "operator", "label": fmt.Sprint("client ", n)}).text("token")
				mine := &steward{s, token}
				c := &work[n]
				c.name, c.keys = fmt.Sprintf("live/client%d", n), make(map[string]bool)
				all.Go(func() {
					for i := range each {
						done, err := c.next(mine, i)
						if err != nil {
							t.Error(err)
						}
						if !done {
							return
						}
						acked.Add(1)
					}
				})
			}
			wait(t, 30*time.Second, "half of the changes", func() bool { return acked.Load() >= clients*each/2 })
			s.cmd.Process.Kill()
			<-s.done
			all.Wait()
			if n := acked.Load(); n == clients*each {
				t.Fatal("all changes were made before the server was killed")
			}
			s = startIn(t, s.data, flags...)
			a = s.admin(t)
			for _, c := range work {
				o := a.do(t, http.StatusOK, "GET", "/streams/"+c.name, nil)
				if title := o.text("title"); title != c.title && title != c.tried {
					t.Errorf("%s has the title %q; %q was acknowledged, and %q was tried", c.name, title, c.title, c.tried)
				}
				there := make(map[string]bool)
				for _, k := range objects(a.do(t, http.StatusOK, "GET", "/streams/"+o.text("id")+"/keys", nil)["keys"]) {
					there[k.text("label")] = true
				}
				for label := range c.keys {
					if !there[label] {
						t.Errorf("%s has lost %s", c.name, label)
					}
				}
				if len(there) > len(c.keys)+2 { // the first, and one that nobody knows about
					t.Errorf("%s has %d keys, and %d were acknowledged", c.name, len(there), len(c.keys))
				}
				history := objects(a.do(t, http.StatusOK, "GET", "/streams/"+o.text("id")+"/history?limit=1000", nil)["history"])
				if want := c.acked - len(c.keys); len(history) < want || len(history) > want+1 {
					t.Errorf("%s has a history of %d changes, and %d were acknowledged", c.name, len(history), want)
				}
			}
			t.Logf("killed after %d changes", acked.Load())
		})
	}
}

// While the database is away a stream and those who watch it go on, new ones come in,
// and changes are answered with 503. When it is back all is well, and what happened
// meanwhile is told.
func TestControlDatabaseAway(t *testing.T) {
	t.Parallel()
	p := databasetest.OwnPostgres(t)
	s := start(t, "--database", p.Create(t))
	a := s.admin(t)
	_, before := a.create(t, "live/before", "public")
	_, during := a.create(t, "live/during", "public")
	endless(t, s.rtmpURL("live/"+before))
	s.waitState(t, "live/before", "live")
	watching, err := http.Get(s.flvURL("live/before"))
	if err != nil {
		t.Fatal(err)
	}
	defer watching.Body.Close()
	var seen atomic.Int64
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		io.Copy(counting{&seen}, watching.Body)
	}()
	told := a.follow(t, "stream.*", "0")
	wait(t, 10*time.Second, "the stream's live event", func() bool { return told.count("live/before", "stream.live") == 1 })

	p.Kill()
	at, frames := seen.Load(), a.frames(t, "live/before")
	var refused answer
	wait(t, 20*time.Second, "changes to be refused", func() bool {
		refused, err = a.call("PATCH", "/streams/live/before", object{"title": "while it is away"})
		return err == nil && refused.status == http.StatusServiceUnavailable
	})
	if refused.header.Get("Retry-After") == "" || !strings.Contains(refused.body, "database") {
		t.Errorf("a change while the database is away: %+v", refused)
	}
	if title := a.do(t, http.StatusOK, "GET", "/streams/live/before", nil).text("title"); title != "" {
		t.Errorf("a change that was refused is in force: %q", title)
	}
	// Keys and viewers are let in from memory.
	late := endless(t, s.rtmpURL("live/"+during))
	s.waitState(t, "live/during", "live")
	if err := s.watches(t, "during"); err != nil {
		t.Errorf("playing while the database is away: %v", err)
	}
	if got := s.get("/readyz"); got.status != http.StatusOK {
		t.Errorf("the server is not ready while the database is away: %+v", got)
	}
	wait(t, 10*time.Second, "the stream to go on", func() bool {
		return seen.Load() > at+100_000 && a.frames(t, "live/before") > frames+100
	})
	late.interrupt(t)
	s.waitState(t, "live/during", "")

	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	wait(t, 20*time.Second, "changes to be taken again", func() bool {
		got, err := a.call("PATCH", "/streams/live/before", object{"title": "after it was away"})
		return err == nil && got.status == http.StatusOK
	})
	select {
	case <-ended:
		t.Error("the viewer was sent away")
	default:
	}
	f := a.follow(t, "stream.*", "0")
	wait(t, 20*time.Second, "what happened meanwhile", func() bool {
		return f.count("live/during", "stream.live") == 1 && f.count("live/during", "stream.idle") == 1
	})
	if n := f.count("live/before", "stream.live"); n != 1 {
		t.Errorf("live/before went live %d times", n)
	}
}

// counting counts what is written to it.
type counting struct{ n *atomic.Int64 }

func (c counting) Write(b []byte) (int, error) {
	c.n.Add(int64(len(b)))
	return len(b), nil
}

// Servers that share a database and the key of what is sealed in it agree: what one
// is told, the other goes by.
func TestControlManyNodes(t *testing.T) {
	t.Parallel()
	database := databasetest.Postgres(t).Create(t)
	one := start(t, "--database", database)
	const name = "secret.key"
	seal, err := os.ReadFile(filepath.Join(one.data, name))
	if err != nil {
		t.Fatal(err)
	}
	data := t.TempDir()
	if err := os.WriteFile(filepath.Join(data, name), seal, 0o600); err != nil {
		t.Fatal(err)
	}
	other := startIn(t, data, "--database", database)
	a, b := one.admin(t), other.admin(t)
	made, key := a.create(t, "live/shared", "private")
	wait(t, 10*time.Second, "the other to know the stream", func() bool {
		got, err := b.call("GET", "/streams/live/shared", nil)
		return err == nil && got.status == http.StatusOK
	})
	publisher := endless(t, other.rtmpURL("live/"+key))
	b.waitState(t, "live/shared", "live")
	site := a.signing(t)
	pass := "?token=" + site.good("live/shared", object{"jti": "visitor"})
	wait(t, 10*time.Second, "the other to know the signing key", func() bool {
		return other.get("/live/shared/index.m3u8"+pass).status == http.StatusOK
	})
	a.do(t, http.StatusCreated, "POST", "/revocations", object{"id": "visitor"})
	wait(t, 10*time.Second, "the other to know the revocation", func() bool {
		return other.get("/live/shared/index.m3u8"+pass).status == http.StatusForbidden
	})
	keys := objects(a.do(t, http.StatusOK, "GET", "/streams/"+made.text("id")+"/keys", nil)["keys"])
	a.do(t, http.StatusNoContent, "DELETE", "/keys/"+keys[0].text("id"), nil)
	if code := publisher.wait(t, 10*time.Second); code == 0 {
		t.Error("the session of a key that was revoked at another node ended as if by itself")
	}
}
