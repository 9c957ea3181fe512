package catalog

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/millrace-live/millrace/internal/database"
	"github.com/millrace-live/millrace/internal/store"
)

// second is another node with the same database and key file.
func (h *house) second() *house {
	h.t.Helper()
	other := &house{t: h.t, url: h.url, folder: h.t.TempDir(), now: h.now}
	folder, err := store.Open(other.folder)
	must(h.t, err)
	key, err := h.o.Folder.Read(KeyFile)
	must(h.t, err)
	must(h.t, folder.Write(KeyFile, key, 0o600))
	folder.Close()
	other.open()
	h.t.Cleanup(func() { other.end() })
	return other
}

func TestNodesFollowOneAnother(t *testing.T) {
	onBoth(t, func(t *testing.T, a *house) {
		ctx := t.Context()
		b := a.second()
		s := a.create("live/a")
		k, secret := a.key(s, Key{Once: true})
		must(t, b.catchUp(ctx))
		if _, of, ok := b.FindKey(secret); !ok || of.ID != s.ID || !b.told[0].Elsewhere || b.told[0].By != me {
			t.Errorf("the other node knows %v, and was told %+v", of, b.told)
		}
		// Both change it: neither loses what the other did.
		_, err := a.ChangeStream(ctx, me, s.ID, 0, func(s *Stream) error { s.Title = "a"; return nil })
		must(t, err)
		both, err := b.ChangeStream(ctx, me, s.ID, 0, func(s *Stream) error { s.Passthrough = "b"; return nil })
		if err != nil || both.Title != "a" || both.Passthrough != "b" || both.Revision != 3 {
			t.Errorf("after both: %+v, %v", both, err)
		}
		_, err = a.ChangeStream(ctx, me, s.ID, 2, func(s *Stream) error { s.Title = "c"; return nil })
		fails[*database.ConflictError](t, err)
		b.create("live/b")
		_, _, _, err = a.CreateStream(ctx, me, Stream{App: "live", Name: "b"}, CreateOptions{})
		fails[*ExistsError](t, err)
		for _, h := range []*house{a, b} {
			h.Used(KindKey, k.ID, Use{At: h.now.Add(time.Second), Address: "192.0.2.1"})
		}
		a.Spent(ctx, k.ID)
		must(t, b.catchUp(ctx))
		if found, _, _ := b.FindKey(secret); found.Good(b.now) {
			t.Error("a key that was spent at another node is good")
		}
		if err := b.flush(ctx); err != nil && !isNothing(err) {
			t.Error(err)
		}
		must(t, a.RevokeKey(ctx, me, k.ID, 0))
		must(t, b.catchUp(ctx))
		last := b.told[len(b.told)-1]
		if _, _, ok := b.FindKey(secret); ok || last.Kind != KindKey || last.After != nil {
			t.Errorf("a key that was revoked at another node is found; told %+v", last)
		}
		equal(t, "streams", b.paths(), a.paths())
	})
}

func TestManyAtOnce(t *testing.T) {
	onBoth(t, func(t *testing.T, a *house) {
		ctx := t.Context()
		b := a.second()
		const workers, rounds = 4, 6
		var group sync.WaitGroup
		for w := range workers {
			for n, h := range []*house{a, b} {
				group.Go(func() {
					for i := range rounds {
						s, k, secret, err := h.CreateStream(ctx, me,
							Stream{App: "live", Name: fmt.Sprintf("%d/%d/%d", w, n, i)}, CreateOptions{Key: true})
						if err != nil {
							t.Error(err)
							return
						}
						_, err = h.ChangeStream(ctx, me, s.ID, 0, func(s *Stream) error { s.Title = "x"; return nil })
						h.Used(KindKey, k.ID, Use{At: h.now})
						_, _, ok := h.FindKey(secret.Reveal())
						page, _, perr := h.Streams(StreamQuery{Search: "live"})
						if err != nil || perr != nil || !ok || len(page) == 0 {
							t.Errorf("%v, %v, %v", err, perr, ok)
						}
						// All want one name, and one gets it.
						_, _, _, err = h.CreateStream(ctx, me, Stream{App: "live", Name: fmt.Sprint("one", i)}, CreateOptions{})
						var exists *ExistsError
						if err != nil && !errors.As(err, &exists) {
							t.Error(err)
						}
						if i%2 == 0 {
							if err := h.DeleteStream(ctx, me, s.ID, 0); err != nil {
								t.Error(err)
							}
						}
					}
				})
			}
		}
		group.Wait()
		must(t, a.catchUp(ctx))
		must(t, b.catchUp(ctx))
		equal(t, "streams", b.paths(), a.paths())
		equal(t, "how many", len(a.index.paths), 1+workers*2*rounds/2+rounds)
		old := a.paths()
		must(t, a.flush(ctx))
		a.reopen()
		equal(t, "streams after a restart", a.paths(), old)
	})
}
