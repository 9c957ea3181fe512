package e2e

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// What the config file declares is read by the API and changed there alone, and the
// answer says so.
func TestControlDeclared(t *testing.T) {
	t.Parallel()
	config := filepath.Join(t.TempDir(), "millrace.yaml")
	if err := os.WriteFile(config, []byte(`streams: {live/hall: {title: The hall, visibility: private}}
keys: [{stream: live/hall, key: open-sesame-4711}]
signing-keys: [{id: site, secret: 0123456789abcdef0123456789abcdef}]
webhooks: [{url: "http://127.0.0.1:9/hook", secret: 0123456789abcdef0123456789abcdef, types: [stream.live]}]
ban: [192.0.2.0/24]
`), 0o600); err != nil {
		t.Fatal(err)
	}
	s := start(t, "--config", config)
	a := s.admin(t)
	hall := a.do(t, http.StatusOK, "GET", "/streams/live/hall", nil)
	if hall.text("managed") != "config" || hall.text("title") != "The hall" || hall.text("visibility") != "private" {
		t.Errorf("the declared stream is %v", hall)
	}
	id := hall.text("id")
	first := func(path, list string) object {
		t.Helper()
		all := objects(a.do(t, http.StatusOK, "GET", path, nil)[list])
		if len(all) != 1 || all[0].text("managed") != "config" {
			t.Fatalf("GET %s: %v", path, all)
		}
		return all[0]
	}
	key, signing := first("/streams/"+id+"/keys", "keys"), first("/signing-keys", "signing_keys")
	hook, ban := first("/webhooks", "webhooks"), first("/bans", "bans")
	for _, change := range []struct {
		method, path string
		body         any
	}{
		{"PATCH", "/streams/" + id, object{"title": "x"}},
		{"PATCH", "/streams/live/hall", object{"visibility": "public"}},
		{"DELETE", "/streams/live/hall", nil},
		{"POST", "/streams", object{"name": "live/hall"}},
		{"PUT", "/apply", object{"streams": []object{{"name": "live/hall", "visibility": "public"}}}},
		{"PATCH", "/keys/" + key.text("id"), object{"label": "x"}},
		{"DELETE", "/keys/" + key.text("id"), nil},
		{"POST", "/keys/" + key.text("id") + "/rotate", nil},
		{"DELETE", "/signing-keys/" + signing.text("id"), nil},
		{"PATCH", "/webhooks/" + hook.text("id"), object{"disabled": true}},
		{"POST", "/webhooks/" + hook.text("id") + "/rotate", nil},
		{"DELETE", "/webhooks/" + hook.text("id"), nil},
		{"PATCH", "/bans/" + ban.text("id"), object{"reason": "x"}},
		{"DELETE", "/bans/" + ban.text("id"), nil},
	} {
		got, err := a.call(change.method, change.path, change.body)
		if err != nil || got.status != http.StatusConflict || !strings.Contains(got.body, config) || !strings.Contains(got.body, `"managed"`) {
			t.Errorf("%s %s: %v: status %d: %s", change.method, change.path, err, got.status, got.body)
		}
	}
	if again := a.do(t, http.StatusOK, "GET", "/streams/live/hall", nil); again.text("title") != "The hall" || again.text("visibility") != "private" {
		t.Errorf("after all that it is %v", again)
	}
	if err := offer(s.rtmpURL("live/open-sesame-4711")); err != nil {
		t.Errorf("the declared key: %v", err)
	}
	// A key that the API makes for it is the API's.
	made := a.do(t, http.StatusCreated, "POST", "/streams/"+id+"/keys", object{"label": "van"})
	a.do(t, http.StatusNoContent, "DELETE", "/keys/"+made.text("id"), nil)
}

// Without a token one sees what is public, and nothing that tells of anything else.
func TestControlStrangers(t *testing.T) {
	t.Parallel()
	s := start(t)
	a := s.admin(t)
	secret := map[string]string{} // what strangers must not be told
	for _, name := range []string{"public", "unlisted", "private"} {
		made := a.do(t, http.StatusCreated, "POST", "/streams", object{
			"name": "live/stage-" + name, "visibility": name, "title": "Stage " + name, "labels": object{"contract": "marked-label"}, "passthrough": "marked-text",
		})
		endless(t, s.rtmpURL("live/"+made.text("stream_key")))
		a.waitState(t, "live/stage-"+name, "live")
		secret["id of "+name] = made.text("id")
		if name != "public" {
			secret["name of "+name], secret["title of "+name] = "stage-"+name, "Stage "+name
		}
		if ids, _ := made["playback_ids"].([]any); len(ids) > 0 {
			secret["playback id of "+name], _ = ids[0].(string)
		}
	}
	secret["label"], secret["passthrough"] = "marked-label", "marked-text"
	strangers := &steward{s, ""}
	list := strangers.do(t, http.StatusOK, "GET", "/streams", nil)
	if streams := objects(list["streams"]); len(streams) != 1 || streams[0].text("name") != "live/stage-public" || streams[0].text("title") != "Stage public" {
		t.Errorf("strangers see %v", streams)
	}
	for _, path := range []string{
		"/", "/metrics", "/api/v1/streams", "/api/v1/streams?limit=1000&visibility=private", "/api/v1/streams/live/stage-public", "/api/v1/sessions",
		"/api/v1/sessions?stream=live/stage-private", "/live/stage-public", "/healthz", "/readyz", "/api/openapi.json", "/api/docs",
	} {
		got := s.get(path)
		if got.status != http.StatusOK {
			t.Errorf("GET %s: status %d: %.200s", path, got.status, got.body)
		}
		for name, text := range secret {
			if strings.Contains(got.body, text) {
				t.Errorf("GET %s tells strangers the %s", path, name)
			}
		}
	}
	for _, path := range []string{
		"/streams/live%2Fstage-public/keys", "/streams/live%2Fstage-public/history", "/streams/live%2Fstage-public/credentials", "/tokens", "/webhooks",
		"/bans", "/audit", "/events", "/signing-keys", "/revocations", "/streams/live/stage-private",
	} {
		if got := s.get("/api/v1" + path); got.status != http.StatusUnauthorized || got.header.Get("WWW-Authenticate") == "" {
			t.Errorf("GET %s: status %d, WWW-Authenticate %q: %.200s", path, got.status, got.header.Get("WWW-Authenticate"), got.body)
		}
	}
	if got := s.get("/api/v1/streams/live/stage-unlisted"); got.status != http.StatusNotFound {
		t.Errorf("the unlisted stream: status %d", got.status)
	}
	for _, change := range []struct{ method, path string }{
		{"POST", "/streams"},
		{"PATCH", "/streams/live/stage-public"},
		{"DELETE", "/streams/live/stage-public"},
		{"POST", "/streams/live%2Fstage-public/kick"},
		{"POST", "/reload"},
		{"POST", "/backup"},
		{"PUT", "/apply"},
	} {
		if got, err := strangers.call(change.method, change.path, object{}); err != nil || got.status != http.StatusUnauthorized {
			t.Errorf("%s %s: %+v, %v", change.method, change.path, got, err)
		}
	}
	// A token that is for another app is a stranger's here, and one that only reads
	// changes nothing.
	other := &steward{s, a.do(t, http.StatusCreated, "POST", "/tokens", object{"role": "operator", "apps": []string{"show"}}).text("token")}
	reader := &steward{s, a.do(t, http.StatusCreated, "POST", "/tokens", object{"role": "viewer"}).text("token")}
	if streams := objects(other.do(t, http.StatusOK, "GET", "/streams", nil)["streams"]); len(streams) != 0 {
		t.Errorf("a token for another app lists %v", streams)
	}
	other.do(t, http.StatusForbidden, "PATCH", "/streams/live/stage-public", object{"title": "x"})
	reader.do(t, http.StatusForbidden, "PATCH", "/streams/live/stage-public", object{"title": "x"})
	if got := reader.do(t, http.StatusOK, "GET", "/streams/live/stage-private", nil); got.text("passthrough") != "marked-text" {
		t.Errorf("a reader sees %v", got)
	}
}

// Whoever asks from this machine does everything without a token where a setting says
// so, and pages from elsewhere do nothing in his name.
func TestControlLoopback(t *testing.T) {
	t.Parallel()
	s := start(t, "--trust-loopback")
	here := &steward{s, ""}
	made := here.do(t, http.StatusCreated, "POST", "/streams", object{"name": "live/here"})
	for name, header := range map[string][]string{
		"a page from elsewhere": {"Origin", "https://evil.example"},
		"a proxy":               {"X-Forwarded-For", "203.0.113.9"},
		"another site's script": {"Sec-Fetch-Site", "cross-site"},
	} {
		if got, err := here.call("DELETE", "/streams/"+made.text("id"), nil, header...); err != nil || got.status != http.StatusUnauthorized {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
	if got, err := here.call("POST", "/streams", object{"name": "live/form"}, "Content-Type", "text/plain"); err != nil || got.status != http.StatusUnsupportedMediaType {
		t.Errorf("a form: %+v, %v", got, err)
	}
	here.do(t, http.StatusNoContent, "DELETE", "/streams/"+made.text("id"), nil)
}
