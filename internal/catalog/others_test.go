package catalog

import (
	"crypto/md5"
	"encoding/base64"
	"encoding/hex"
	"net/netip"
	"testing"
	"time"

	"github.com/millrace-live/millrace/internal/config"
	"github.com/millrace-live/millrace/internal/ticket"
)

// What FFmpeg answers to challenges is what the verifier says.
func TestVerifier(t *testing.T) {
	v := newVerifier("bob", "salty", config.NewSecret("s3cret"))
	adobe := md5.Sum([]byte(v.Adobe.Reveal() + "opaq==" + "3e6d02a9"))
	equal(t, "adobe", base64.StdEncoding.EncodeToString(adobe[:]), "bP5UcQIW2hAImQT+diZhxA==")
	sum := func(text string) string { s := md5.Sum([]byte(text)); return hex.EncodeToString(s[:]) }
	llnw := sum(v.Limelight.Reveal() + ":NONCE123:00000001:9d88f9b3:auth:" + sum("publish:/live/_definst_"))
	equal(t, "llnw", llnw, "256173a65f111ca9e2aac43b6b891b97")
}

func TestCredentials(t *testing.T) {
	onBoth(t, func(t *testing.T, h *house) {
		ctx := t.Context()
		s := h.create("live/a")
		if h.HasCredentials() {
			t.Error("there is a credential that nobody made")
		}
		k, password, err := h.CreateCredential(ctx, me, Credential{Stream: s.ID, User: "bob"}, config.NewSecret("s3cret-enough"))
		if err != nil || password.Reveal() != "s3cret-enough" {
			t.Fatal(err)
		}
		if !h.HasCredentials() {
			t.Error("it is not there")
		}
		before, _, _ := h.Verifier("bob")
		k, err = h.ChangeCredential(ctx, me, k.ID, 1, func(k *Credential) error { k.Label = "old encoder"; return nil })
		must(t, err)
		h.reopen()
		after, found, ok := h.Verifier("bob")
		if !ok || after.Adobe.Reveal() != before.Adobe.Reveal() || before.Salt == "" || found.Label != k.Label || found.Stream != s.ID {
			t.Errorf("after a restart it is %+v", found)
		}
		_, _, err = h.CreateCredential(ctx, me, Credential{Stream: s.ID, User: "bob"}, config.Secret{})
		fails[*ExistsError](t, err)
		for _, user := range []string{"", "a:b", "a&b", "-a", "a@b"} {
			_, _, err = h.CreateCredential(ctx, me, Credential{Stream: s.ID, User: user}, config.Secret{})
			fails[*FaultError](t, err)
		}
		_, _, err = h.CreateCredential(ctx, me, Credential{Stream: s.ID, User: "eve"}, config.NewSecret("short"))
		fails[*FaultError](t, err)
		must(t, h.DeleteCredential(ctx, me, k.ID, 0))
		_, made, err := h.CreateCredential(ctx, me, Credential{Stream: s.ID, User: "bob"}, config.Secret{})
		if err != nil || len(made.Reveal()) < 30 {
			t.Errorf("a password that was made: %v", err)
		}
		must(t, h.DeleteStream(ctx, me, s.ID, 0))
		if _, _, ok := h.Verifier("bob"); ok {
			t.Error("it outlives its stream")
		}
	})
}

func TestTokensWebhooksAndBans(t *testing.T) {
	onBoth(t, func(t *testing.T, h *house) {
		ctx := t.Context()
		tok, secret, err := h.CreateToken(ctx, me, Token{Role: Operator, Apps: []string{"live"}, Expires: h.now.Add(time.Hour)})
		must(t, err)
		if tok.May("event") || !tok.May("live") || !tok.Good(h.now) || tok.Good(h.now.Add(time.Hour)) {
			t.Errorf("the token is %+v", tok)
		}
		_, err = h.ChangeToken(ctx, me, tok.ID, 1, func(t *Token) error { t.Apps = nil; return nil })
		must(t, err)
		hook, _, err := h.CreateWebhook(ctx, me, Webhook{URL: "https://example.com/hook", Types: []string{"stream.*"}})
		must(t, err)
		_, err = h.ChangeWebhook(ctx, me, hook.ID, 1, func(w *Webhook) error { w.Disabled = true; return nil })
		must(t, err)
		_, next, err := h.RotateWebhookSecret(ctx, me, hook.ID, 2)
		must(t, err)
		s := h.create("live/a")
		k, _ := h.key(s, Key{})
		byKey, err := h.CreateBan(ctx, me, Ban{Key: k.ID, Reason: "leaked"})
		must(t, err)
		_, err = h.CreateBan(ctx, me, Ban{Address: netip.MustParsePrefix("192.0.2.9/24"), Until: h.now.Add(time.Hour)})
		must(t, err)
		h.reopen()
		if found, ok := h.FindToken(secret.Reveal()); !ok || len(found.Apps) != 0 {
			t.Errorf("the token is %+v", found)
		}
		if got, ok := h.WebhookSecret(hook.ID); !ok || got.Reveal() != next.Reveal() || !h.Webhooks()[0].Disabled {
			t.Errorf("the webhook is %+v", h.Webhooks()[0])
		}
		equal(t, "the ban", h.Bans()[1].Address, "192.0.2.0/24")
		must(t, h.DeleteBan(ctx, me, byKey.ID, 0))
		must(t, h.RevokeToken(ctx, me, tok.ID, 0))
		must(t, h.DeleteWebhook(ctx, me, hook.ID, 0))
		if _, ok := h.FindToken(secret.Reveal()); ok || len(h.Webhooks()) > 0 || len(h.Bans()) != 1 {
			t.Error("not all is deleted")
		}

		for _, tok := range []Token{{}, {Role: "root"}, {Role: Viewer, Apps: []string{"a/b"}}, {Role: Admin, Apps: []string{"a"}}, {Role: Viewer, Expires: h.now}} {
			_, _, err := h.CreateToken(ctx, me, tok)
			fails[*FaultError](t, err)
		}
		for _, hook := range []Webhook{
			{}, {URL: "ftp://a/"}, {URL: "https:///"}, {URL: "https://u:p@a/"}, {URL: "https://a/#x"}, {URL: "https://a/", Types: []string{"A"}},
		} {
			_, _, err := h.CreateWebhook(ctx, me, hook)
			fails[*FaultError](t, err)
		}
		for _, ban := range []Ban{{}, {Key: "mk_secret"}, {Key: k.ID, Address: netip.MustParsePrefix("::/0")}, {Address: netip.MustParsePrefix("::/0"), Until: h.now}} {
			_, err := h.CreateBan(ctx, me, ban)
			fails[*FaultError](t, err)
		}
	})
}

func TestSigningKeys(t *testing.T) {
	onBoth(t, func(t *testing.T, h *house) {
		ctx := t.Context()
		one, secret, err := h.CreateSigningKey(ctx, me, SigningKey{Label: "shop"})
		must(t, err)
		two, _, err := h.RotateSigningKey(ctx, me, time.Hour)
		must(t, err)
		h.reopen()
		keys := h.SigningKeys()
		must(t, ticket.CheckKeys(keys))
		if len(keys) != 2 || keys[0].ID != two.ID || keys[1].Secret.Reveal() != secret.Reveal() || keys[1].Until.IsZero() {
			t.Errorf("the keys are %+v", keys)
		}
		signer, err := ticket.NewSigner(keys)
		must(t, err)
		token, err := signer.Issue(ticket.Claims{Subject: "live/a", Expires: time.Now().Add(time.Hour)})
		if err != nil || token == "" {
			t.Error(err)
		}
		h.now = h.now.Add(2 * time.Hour)
		equal(t, "keys later", len(h.SigningKeys()), 1)
		must(t, h.DeleteSigningKey(ctx, me, one.ID, 0))

		end := h.now.Add(time.Hour)
		must(t, h.Revoke(ctx, me, ticket.Revocation{ID: "jti 1", Until: end}))
		must(t, h.Revoke(ctx, me, ticket.Revocation{ID: "jti 1", Until: end.Add(-time.Minute)}))
		fails[*FaultError](t, h.Revoke(ctx, me, ticket.Revocation{}))
		if r, ok := h.told[len(h.told)-1].After.(*ticket.Revocation); !ok || r.ID != "jti 1" {
			t.Errorf("told of %+v", h.told[len(h.told)-1])
		}
		h.reopen()
		if r := h.Revocations(); len(r) != 1 || !r[0].Until.Equal(end) {
			t.Errorf("revoked: %+v", r)
		}
		h.now = h.now.Add(30 * 24 * time.Hour)
		must(t, h.removeEnded(ctx))
		equal(t, "revocations a month later", len(h.Revocations()), 0)
	})
}
