package catalog

import (
	"net/netip"
	"testing"
	"time"

	"github.com/millrace-live/millrace/internal/database"
)

func TestKeys(t *testing.T) {
	onBoth(t, func(t *testing.T, h *house) {
		ctx := t.Context()
		s := h.create("live/a")
		k, secret := h.key(s, Key{Label: "one", Addresses: []netip.Prefix{netip.MustParsePrefix("192.0.2.7/24")}, Plain: "refuse"})
		if !k.Allows(netip.MustParseAddr("::ffff:192.0.2.9")) || k.Allows(netip.MustParseAddr("192.0.3.1")) {
			t.Errorf("it allows others than %v", k.Addresses)
		}
		k, err := h.ChangeKey(ctx, me, k.ID, 1, func(k *Key) error {
			k.Hash, k.Path, k.Label = "", "live/b", "two"
			return nil
		})
		must(t, err)
		if found, of, ok := h.FindKey(secret); !ok || of.ID != s.ID || found.Label != "two" || found.Revision != 2 {
			t.Errorf("changed to %+v of %v", found, of)
		}
		_, err = h.ChangeKey(ctx, me, k.ID, 0, func(k *Key) error { k.Expires = h.now.Add(-1); return nil })
		fails[*FaultError](t, err)
		_, _, err = h.CreateKey(ctx, me, Key{Stream: "st_none"})
		fails[*NotFoundError](t, err)

		next, fresh, err := h.RotateKey(ctx, me, k.ID, time.Hour)
		must(t, err)
		old, _ := h.Key(k.ID)
		if !old.Good(h.now.Add(59*time.Minute)) || old.Good(h.now.Add(time.Hour)) || next.Plain != "refuse" || !next.Expires.IsZero() {
			t.Errorf("rotated %+v to %+v", old, next)
		}
		if found, _, ok := h.FindKey(fresh.Reveal()); !ok || found.ID != next.ID {
			t.Errorf("the new secret is that of %v", found)
		}
		_, _, err = h.RotateKey(ctx, me, k.ID, -1)
		fails[*FaultError](t, err)

		fails[*database.ConflictError](t, h.RevokeKey(ctx, me, next.ID, 9))
		must(t, h.RevokeKey(ctx, me, next.ID, 1))
		last := h.told[len(h.told)-1]
		if was, ok := last.Before.(*Key); !ok || was.ID != next.ID || last.After != nil || last.By != me || last.Stream != "live/a" {
			t.Errorf("told of the revocation: %+v", last)
		}
		if _, _, ok := h.FindKey(fresh.Reveal()); ok {
			t.Error("a revoked key is found")
		}
		h.reopen()
		equal(t, "keys after a restart", len(h.Keys(s.ID)), 1)
	})
}

func TestKeysByAge(t *testing.T) {
	h := small(t)
	ctx := t.Context()
	// Documents have the times of the database.
	age, overlap := Duration(time.Hour), Duration(10*time.Minute)
	s := h.create("live/a", func(s *Stream) { s.Rotate, s.Overlap = &age, &overlap })
	k, _ := h.key(s, Key{Label: "cam"})
	h.key(s, Key{Once: true})
	rotate := func() {
		t.Helper()
		if err := h.rotate(ctx); err != nil && !isNothing(err) {
			t.Fatal(err)
		}
	}
	rotate()
	equal(t, "keys before the time", len(h.Keys(s.ID)), 2)
	h.now = time.Now().Add(61 * time.Minute)
	rotate()
	keys := h.Keys(s.ID)
	if len(keys) != 3 {
		t.Fatalf("the keys are %+v", keys)
	}
	old, _ := h.Key(k.ID)
	next := keys[2]
	if !old.Expires.Equal(instant(h.now.Add(10*time.Minute))) || !next.Unseen || next.Label != "cam" {
		t.Errorf("rotated %+v to %+v", old, next)
	}
	h.reopen()
	_, secret, err := h.ShowKey(ctx, me, next.ID)
	must(t, err)
	if found, _, ok := h.FindKey(secret.Reveal()); !ok || found.ID != next.ID || found.Unseen {
		t.Errorf("the secret shown is that of %+v", found)
	}
	_, _, err = h.ShowKey(ctx, me, next.ID)
	fails[*FaultError](t, err)

	// A month after its end nobody asks for it any more.
	h.now = h.now.Add(keepEnded + time.Hour)
	must(t, h.removeEnded(ctx))
	if _, ok := h.Key(k.ID); ok {
		t.Error("the old key is still there")
	}
	equal(t, "keys", len(h.Keys(s.ID)), 2)
}

func TestUses(t *testing.T) {
	onBoth(t, func(t *testing.T, h *house) {
		ctx := t.Context()
		s := h.create("live/a")
		k, secret := h.key(s, Key{Once: true})
		token, _, err := h.CreateToken(ctx, me, Token{Role: Viewer})
		must(t, err)
		use := Use{At: h.now.Truncate(time.Second), Address: "192.0.2.1", Encoder: "OBS\n" + string(make([]byte, 300)), Protocol: "rtmp"}
		h.Used(KindKey, k.ID, use)
		h.Used(KindToken, token.ID, use)
		h.Used(KindKey, "ky_none", use)
		h.SentPlain(k.ID)
		use.Encoder = "OBS"
		now, _ := h.Key(k.ID)
		if now.LastUse == nil || *now.LastUse != use || now.Revision != 1 {
			t.Errorf("used: %+v", now.LastUse)
		}
		h.reopen()
		equal(t, "the token's last use after a restart", *h.Tokens()[0].LastUse, use)
		equal(t, "the key's last use after a restart", *h.Keys(s.ID)[0].LastUse, use)
		if h.PlainSince(k.ID).IsZero() {
			t.Error("that it came without TLS is forgotten")
		}
		if found, _, _ := h.FindKey(secret); !found.Good(h.now) {
			t.Errorf("it is no good: %+v", found)
		}
		h.Spent(ctx, k.ID)
		h.end() // without Close: it is written at once
		h.open()
		if found, _, ok := h.FindKey(secret); !ok || found.Good(h.now) {
			t.Errorf("it is not spent: %+v", found)
		}
		audit, err := h.Audit(ctx, 0, 100)
		must(t, err)
		for _, v := range audit {
			if v.Kind == kindUse {
				t.Errorf("the audit tells of a use: %+v", v)
			}
		}
		must(t, h.RevokeKey(ctx, me, k.ID, 0))
		if h.db.Load(ctx, func(d database.Doc) error {
			if d.ID == "key/"+k.ID {
				t.Error("what is known of the uses of a deleted key stays")
			}
			return nil
		}) != nil {
			t.Error("not loaded")
		}
	})
}

// A token that is used all the time is no line in the history every time.
func TestUsesAreWrittenNowAndThen(t *testing.T) {
	h := small(t)
	ctx := t.Context()
	token, _, err := h.CreateToken(ctx, me, Token{Role: Viewer})
	must(t, err)
	written := 0
	for i := range 60 {
		h.Used(KindToken, token.ID, Use{At: h.now.Add(time.Duration(i) * time.Minute), Address: "192.0.2.1"})
		if err := h.flush(ctx); err == nil {
			written++
		} else if !isNothing(err) {
			t.Fatal(err)
		}
	}
	equal(t, "written in an hour", written, 6)
	last := h.Tokens()[0].LastUse
	h.reopen()
	equal(t, "the last use after a restart", *h.Tokens()[0].LastUse, *last)
}
