package catalog

import (
	"context"
	"encoding/hex"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/millrace-live/millrace/internal/database"
	"github.com/millrace-live/millrace/internal/store"
)

func TestFirstStart(t *testing.T) {
	onBoth(t, func(t *testing.T, h *house) {
		secret := h.FirstKey()
		k, s, ok := h.FindKey(secret)
		if !ok || s.Path() != FirstStream || s.Visibility != Public || k.Stream != s.ID || len(h.told) != 0 {
			t.Fatalf("the first key is of %+v, %+v", k, s)
		}
		equal(t, "the first key the second time", h.FirstKey(), "")
		if info, err := os.Stat(filepath.Join(h.folder, KeyFile)); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("the key file: %v, %v", info, err)
		}
		must(t, h.DeleteStream(t.Context(), me, s.ID, 0))
		h.reopen()
		equal(t, "streams after a restart", h.paths(), "")
		equal(t, "the first key after a restart", h.FirstKey(), "")
	})
}

func TestTakesOverOlderKeys(t *testing.T) {
	h := &house{t: t, url: "sqlite:" + filepath.Join(t.TempDir(), "db"), folder: t.TempDir(), now: time.Now()}
	folder, err := store.Open(h.folder)
	must(t, err)
	plain := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	a, b, d := digestOf("mk_a"), digestOf("mk_b"), digestOf("mk_d")
	keys := []store.Key{
		{ID: "first", Stream: "live/main", Label: "cam", Hash: a.String(), SentPlain: plain},
		{ID: "k2", Stream: "live/main", Hash: b.String()},
		{ID: "k3", Stream: "live/a/b", Hash: d.String()},
	}
	must(t, folder.PutKeys(keys))
	folder.Close()
	h.open()
	check := func() {
		t.Helper()
		equal(t, "streams", h.paths(), " live/a/b live/main")
		k, s, ok := h.FindKey("mk_a")
		if !ok || s.Path() != "live/main" || k.Label != "cam" || s.Visibility != Public || !h.PlainSince(k.ID).Equal(plain) {
			t.Errorf("the key: %+v of %+v", k, s)
		}
		equal(t, "the keys of live/main", len(h.Keys(s.ID)), 2)
		equal(t, "the first key", h.FirstKey(), "")
		if _, err := os.Stat(filepath.Join(h.folder, store.KeysFile)); err == nil {
			t.Error("the older file is still there")
		}
	}
	check()
	h.end()
	// A crash before the file was removed.
	folder, err = store.Open(h.folder)
	must(t, err)
	must(t, folder.PutKeys(keys))
	folder.Close()
	h.open()
	defer func() { h.end() }()
	check()
}

func TestAnotherKeyFile(t *testing.T) {
	h := small(t)
	file := filepath.Join(h.folder, KeyFile)
	own, err := os.ReadFile(file)
	must(t, err)
	h.end()
	other := hex.EncodeToString(randomKey())
	must(t, os.WriteFile(file, []byte(other), 0o600))
	// Another server with a key file of its own could not read what this one seals later.
	h.shared = true
	if err := h.tryOpen(); err == nil || !strings.Contains(err.Error(), "copy secret.key of the server") {
		t.Errorf("a second server has a key file of its own: %v", err)
	}
	h.shared = false
	h.open() // nothing is sealed yet
	_, secret, err := h.CreateWebhook(t.Context(), me, Webhook{URL: "https://example.com/"})
	must(t, err)
	hook := h.Webhooks()[0]
	h.reopen()
	if got, ok := h.WebhookSecret(hook.ID); !ok || got.Reveal() != secret.Reveal() {
		t.Errorf("the webhook's secret is lost: %v", ok)
	}
	h.end()
	must(t, os.WriteFile(file, own, 0o600))
	if err := h.tryOpen(); err == nil || !strings.Contains(err.Error(), "copy secret.key of the server") {
		t.Errorf("opened with another key file: %v", err)
	}
	must(t, os.WriteFile(file, []byte(other[:40]), 0o600))
	if err := h.tryOpen(); err == nil || !strings.Contains(err.Error(), "secret.key is damaged") || strings.Contains(err.Error(), other[:8]) {
		t.Errorf("opened with half a key file: %v", err)
	}
}

// Two servers that begin at once with key files of their own could not open each
// other's secrets.
func TestTwoFirstStarts(t *testing.T) {
	onBoth(t, func(t *testing.T, a *house) {
		b := &house{t: t, url: a.url, folder: t.TempDir(), now: a.now}
		must(t, b.tryOpen()) // nothing is sealed: it takes its own
		defer func() { b.end() }()
		late, err := Open(t.Context(), &blind{Store: b.db}, Options{})
		if err == nil || !strings.Contains(err.Error(), "another server began a moment ago") {
			t.Errorf("opened %v: %v", late, err)
		}
	})
}

// blind is a database as it was before another server came.
type blind struct {
	database.Store
	asked bool
}

func (*blind) Load(context.Context, func(database.Doc) error) error { return nil }

func (b *blind) Changes(ctx context.Context, after int64, limit int) ([]database.Past, error) {
	if !b.asked {
		b.asked = true
		return nil, nil
	}
	return b.Store.Changes(ctx, after, limit)
}
