package catalog

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/millrace-live/millrace/internal/config"
	"github.com/millrace-live/millrace/internal/ticket"
)

func TestDeclare(t *testing.T) {
	h := small(t)
	ctx := t.Context()
	own := h.create("live/cam1", func(s *Stream) { s.Title = "of the API" })
	_, ownKey := h.key(own, Key{})
	signing := ticket.NewKey()
	d := Declared{
		File: "/etc/millrace.yaml",
		Streams: []Stream{
			{App: "live", Name: "cam1", Title: "of the file"},
			{App: "live", Name: "hidden", Visibility: Unlisted},
		},
		Keys: []DeclaredKey{
			{Key{Path: "live/cam1", Label: "file"}, config.NewSecret("secret of the file")},
			{Key{Path: "live/alone"}, config.NewSecret("another secret")},
		},
		Credentials: []DeclaredCredential{{Credential{Path: "live/cam1", User: "bob"}, config.NewSecret("s3cret-enough")}},
		Tokens:      []DeclaredToken{{Token{Role: Admin}, config.NewSecret("mt_file")}},
		Webhooks:    []DeclaredWebhook{{Webhook{URL: "https://example.com/"}, config.NewSecret("mw_file")}},
		SigningKeys: []ticket.Key{signing},
	}
	must(t, h.Declare(d))
	s, _ := h.StreamByPath("live/cam1")
	if s.Managed != ByConfig || s.Title != "of the file" || s.Visibility != Public {
		t.Errorf("declared: %+v", s)
	}
	equal(t, "streams", h.paths(), " live/alone live/cam1 live/hidden live/main")
	for secret, path := range map[string]string{ownKey: "live/cam1", "secret of the file": "live/cam1", "another secret": "live/alone"} {
		if k, of, ok := h.FindKey(secret); !ok || of.Path() != path || of.Managed != ByConfig || k.Stream != of.ID {
			t.Errorf("a key of %s is %+v of %+v", path, k, of)
		}
	}
	if _, ok := h.Stream(own.ID); ok {
		t.Error("the stream of the API does not stand behind")
	}
	if tok, ok := h.FindToken("mt_file"); !ok || tok.Role != Admin {
		t.Error("the token is not found")
	}
	if secret, ok := h.WebhookSecret(h.Webhooks()[0].ID); !ok || secret.Reveal() != "mw_file" {
		t.Error("the webhook's secret is not there")
	}
	if keys := h.SigningKeys(); len(keys) != 1 || keys[0].Secret.Reveal() != signing.Secret.Reveal() {
		t.Errorf("signing keys %v", keys)
	}
	if _, k, ok := h.Verifier("bob"); !ok || k.Stream != s.ID {
		t.Errorf("the credential is %+v", k)
	}

	// It is changed in the file only.
	_, err := h.ChangeStream(ctx, me, s.ID, 0, func(*Stream) error { return nil })
	if e := fails[*ManagedError](t, err); e != nil && !strings.Contains(e.Error(), "/etc/millrace.yaml declares the stream live/cam1") {
		t.Errorf("it says %v", e)
	}
	fails[*ManagedError](t, h.DeleteStream(ctx, me, s.ID, 0))
	fails[*ManagedError](t, h.RevokeKey(ctx, me, h.Keys(s.ID)[0].ID, 0))
	_, _, _, err = h.CreateStream(ctx, me, Stream{App: "live", Name: "cam1"}, CreateOptions{})
	fails[*ManagedError](t, err)
	fails[*ManagedError](t, h.RevokeToken(ctx, me, h.Tokens()[0].ID, 0))
	// But keys may be made for it.
	_, added := h.key(s, Key{})
	if _, of, ok := h.FindKey(added); !ok || of.ID != s.ID {
		t.Error("a key of the API for a stream of the file does not work")
	}

	// The same again changes nothing; another title is a revision; ids stay.
	hidden, _ := h.StreamByPath("live/hidden")
	told := len(h.told)
	must(t, h.Declare(d))
	equal(t, "told of the same", len(h.told), told)
	d.Streams[0].Title = "new"
	must(t, h.Declare(d))
	if now, _ := h.Stream(s.ID); now.Revision != 2 || now.Title != "new" {
		t.Errorf("declared anew: %+v", now)
	}
	equal(t, "told of one change", len(h.told), told+1)
	h.reopen()
	must(t, h.Declare(d))
	if now, ok := h.StreamByPlayback(hidden.PlaybackIDs[0]); !ok || now.ID != hidden.ID {
		t.Error("the playback id of a declared stream is another after a restart")
	}

	// What is wrong is said, and nothing changes.
	bad := d
	bad.Streams = append([]Stream{{App: "live", Name: "fine"}}, Stream{App: "live", Name: "bad", Title: "a\n"})
	if err := h.Declare(bad); err == nil || !strings.Contains(err.Error(), "live/bad: title") {
		t.Errorf("declared something wrong: %v", err)
	}
	twice := Declared{Keys: []DeclaredKey{d.Keys[0], {Key{Path: "live/x"}, d.Keys[0].Secret}}}
	if err := h.Declare(twice); err == nil || strings.Contains(err.Error(), "secret of the file") {
		t.Errorf("declared one key twice: %v", err)
	}
	equal(t, "streams", h.paths(), " live/alone live/cam1 live/hidden live/main")

	// Taken out of the file, what stood behind is seen again.
	must(t, h.Declare(Declared{}))
	equal(t, "streams", h.paths(), " live/cam1 live/main")
	now, _ := h.StreamByPath("live/cam1")
	if _, of, ok := h.FindKey(ownKey); !ok || now.ID != own.ID || of.ID != own.ID {
		t.Errorf("the stream is %+v, and its key is of %+v", now, of)
	}
}

func TestKeysOfAStreamThatTheFileDeclaredNoMore(t *testing.T) {
	h := small(t)
	must(t, h.Declare(Declared{Streams: []Stream{{App: "live", Name: "a"}}}))
	s, _ := h.StreamByPath("live/a")
	_, secret := h.key(s, Key{})
	must(t, h.Declare(Declared{}))
	if _, _, ok := h.FindKey(secret); ok {
		t.Error("it publishes a stream that there is no more")
	}
	h.create("live/a")
	if _, _, ok := h.FindKey(secret); ok || h.HasKeys("live/a") {
		t.Error("it publishes a stream that is another one")
	}
	must(t, h.Declare(Declared{Keys: []DeclaredKey{{Key{Path: "live/a"}, config.NewSecret("x")}}}))
	a, _ := h.StreamByPath("live/a")
	fails[*ManagedError](t, h.DeleteStream(t.Context(), me, a.ID, 0)) // its key would have none
}

// Whatever becomes an answer, a log line or an error has no secret in it.
func TestSecretsAreNotShown(t *testing.T) {
	h := small(t)
	ctx := t.Context()
	s := h.create("live/a")
	k, secret := h.key(s, Key{})
	_, pass, err := h.CreateCredential(ctx, me, Credential{Stream: s.ID, User: "bob"}, config.Secret{})
	must(t, err)
	_, token, err := h.CreateToken(ctx, me, Token{Role: Viewer})
	must(t, err)
	_, hook, err := h.CreateWebhook(ctx, me, Webhook{URL: "https://example.com/"})
	must(t, err)
	_, sign, err := h.CreateSigningKey(ctx, me, SigningKey{})
	must(t, err)
	_, hook2, err := h.RotateWebhookSecret(ctx, me, h.Webhooks()[0].ID, 0)
	must(t, err)
	audit, err := h.Audit(ctx, 0, 0)
	must(t, err)
	history, err := h.History(ctx, h.Webhooks()[0].ID, 0, 0)
	must(t, err)
	if c := history[0].Changes; len(c) != 1 || c[0].Field != "secret" {
		t.Errorf("the change of a secret is %v", c)
	}
	v, _, _ := h.Verifier("bob")
	all, err := json.Marshal([]any{
		h.Keys(s.ID), h.Credentials(s.ID), h.Tokens(), h.Webhooks(), h.SigningKeyList(), h.told, audit, history, v,
	})
	must(t, err)
	for what, hidden := range map[string]string{
		"key": secret, "hash": k.Hash, "password": pass.Reveal(), "token": token.Reveal(), "webhook": hook.Reveal(),
		"webhook anew": hook2.Reveal(), "signing key": sign.Reveal(), "verifier": v.Adobe.Reveal(), "sealed": `"sealed"`,
	} {
		if hidden == "" || strings.Contains(string(all), hidden) {
			t.Errorf("the %s is shown", what)
		}
	}
	// Nor does the database have what the server uses.
	past, err := h.db.Changes(ctx, 0, 1000)
	must(t, err)
	for _, p := range past {
		for _, hidden := range []string{secret, pass.Reveal(), token.Reveal(), hook.Reveal(), sign.Reveal(), v.Limelight.Reveal()} {
			if strings.Contains(string(p.After), hidden) {
				t.Errorf("the database has a secret in a %s", p.Kind)
			}
		}
	}
	_, _, _, err = h.CreateStream(ctx, me, Stream{App: "live", Name: secret}, CreateOptions{})
	if err == nil || strings.Contains(err.Error(), secret) {
		t.Errorf("a key in the place of a name: %v", err)
	}
}
