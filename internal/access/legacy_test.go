package access

import (
	"net/http"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/millrace-live/millrace/internal/config"
	"github.com/millrace-live/millrace/internal/hub"
	"github.com/millrace-live/millrace/internal/store"
)

func TestFirstStart(t *testing.T) {
	dir := t.TempDir()
	start := func() (*Keyring, string, Token) {
		f, err := store.Open(dir)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		ring := &Keyring{}
		key, err := ring.Load(f)
		if err != nil {
			t.Fatal(err)
		}
		token, err := LoadToken(f)
		if err != nil {
			t.Fatal(err)
		}
		return ring, key, token
	}
	_, key, token := start()
	if len(key) != len(mainKey) || !looksLikeKey(key) {
		t.Errorf("the first key is %q", key)
	}
	ring, again, token2 := start()
	if again != "" {
		t.Error("the second start made a key as well")
	}
	if k, ok := ring.Find(key); !ok || k.Stream != FirstStream {
		t.Errorf("the second start does not know the key: %+v", k)
	}
	if token2 != token {
		t.Error("the second start has another token")
	}
	info, err := os.Stat(dir + "/" + TokenFile)
	if err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
		t.Errorf("%s: %v, %v", TokenFile, info, err)
	}
	files, _ := os.ReadDir(dir)
	for _, file := range files {
		if b, _ := os.ReadFile(dir + "/" + file.Name()); strings.Contains(string(b), key[len(keyPrefix):]) {
			t.Errorf("%s holds the key", file.Name())
		}
	}
	text, _ := os.ReadFile(dir + "/" + TokenFile)
	bearer := strings.TrimSpace(string(text))
	for header, want := range map[string]bool{
		"Bearer " + bearer: true, "bearer " + bearer: true, bearer: false, "Basic " + bearer: false, "Bearer x": false, "": false,
	} {
		r := &http.Request{Header: http.Header{"Authorization": {header}}}
		if token.Admits(r) != want {
			t.Errorf("Admits(%q) = %v", header, !want)
		}
		if (Token{}).Admits(r) {
			t.Errorf("no token admits %q", header)
		}
	}
}

func TestOneKeyForTwoStreams(t *testing.T) {
	ring := &Keyring{}
	secret := config.NewSecret("the very same key")
	for _, stream := range []string{"live/a", "live/a", "live/b"} {
		err := ring.Add(secret, Key{Stream: stream})
		if (err != nil) != (stream == "live/b") {
			t.Errorf("%s: %v", stream, err)
		}
	}
}

func TestAKeyThatWasSentInPlainIsMarked(t *testing.T) {
	f, err := store.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	ring := &Keyring{}
	key, err := ring.Load(f)
	if err != nil {
		t.Fatal(err)
	}
	publish := func(mode Plain, tls string) hub.Grant {
		t.Helper()
		exposed, err := LoadExposed(f) // as another start would
		if err != nil {
			t.Fatal(err)
		}
		c := &Control{Catalog: Legacy{ring, exposed}, Apps: map[string]Rules{"live": {Plain: mode}}}
		g, _ := c.Publish(t.Context(), &hub.PublishRequest{
			App: "live", Name: key, Protocol: "rtmp", TLS: tls, Remote: addresses["public"],
		})
		return g
	}
	marked := func() time.Time {
		t.Helper()
		keys, _, err := f.Keys()
		if err != nil {
			t.Fatal(err)
		}
		return keys[0].SentPlain
	}
	if g := publish(WarnOfPlain, "1.3"); g.Warning != "" || !marked().IsZero() {
		t.Errorf("with TLS: %+v, marked %v", g, marked())
	}
	publish(RefusePlain, "") // too late: it was sent
	first := marked()
	if time.Since(first) > time.Minute {
		t.Fatalf("marked %v", first)
	}
	publish(AllowPlain, "")
	if !marked().Equal(first) {
		t.Error("the mark is not that of the first time")
	}
	if g := publish(RefusePlain, "1.3"); !strings.Contains(g.Warning, "its key was sent without TLS on "+first.Format(time.DateOnly)) {
		t.Errorf("the warning is %q", g.Warning)
	}
	if g := publish(AllowPlain, "1.3"); g.Warning != "" {
		t.Errorf("where nobody asked for it the warning is %q", g.Warning)
	}
}

func TestKeyringsAreOne(t *testing.T) {
	a, b := &Keyring{}, &Keyring{}
	for ring, keys := range map[*Keyring]map[string]Key{
		a: {"one": {ID: "a", Stream: "live/one"}, "both": {ID: "a", Stream: "live/both"}},
		b: {"two": {ID: "b", Stream: "live/two"}, "both": {ID: "b", Stream: "live/both"}},
	} {
		for secret, k := range keys {
			if err := ring.Add(config.NewSecret(secret), k); err != nil {
				t.Fatal(err)
			}
		}
	}
	rings := Keyrings{a, b}
	for secret, id := range map[string]string{"one": "a", "two": "b", "both": "a", "none": ""} {
		if k, ok := rings.Find(secret); k.ID != id || ok != (id != "") {
			t.Errorf("%s: %+v, %v", secret, k, ok)
		}
	}
	if !rings.HasStream("live/one") || !rings.HasStream("live/two") || rings.HasStream("live/none") {
		t.Error("HasStream does not look into every ring")
	}
}
