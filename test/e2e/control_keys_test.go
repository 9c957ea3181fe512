package e2e

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
)

// FFmpeg publishes with a key that is good, and is told what is wrong with one
// that is not.
func TestControlKeys(t *testing.T) {
	t.Parallel()
	s := start(t)
	a := s.admin(t)
	made, right := a.create(t, "live/keys", "public")
	id := made.text("id")
	key := func(settings object) object {
		t.Helper()
		return a.do(t, http.StatusCreated, "POST", "/streams/"+id+"/keys", settings)
	}
	expired := key(object{"expires": time.Now().Add(time.Second)})
	elsewhere := key(object{"addresses": []string{"192.0.2.0/24"}}).text("key")
	revoked := key(object{"label": "old"})
	a.do(t, http.StatusNoContent, "DELETE", "/keys/"+revoked.text("id"), nil)
	_, off := a.create(t, "live/off", "public")
	a.do(t, http.StatusOK, "PATCH", "/streams/live/off", object{"disabled": true})
	once := key(object{"once": true}).text("key")
	feed := a.follow(t, "key.*,stream.live", "")

	file := clip(t, "plain", 10)
	wait(t, 5*time.Second, "the key to expire", func() bool {
		at, err := time.Parse(time.RFC3339, expired.text("expires"))
		return err == nil && time.Now().After(at)
	})
	refusals := []struct{ name, url, sentence string }{
		{"wrong", s.rtmpURL("live/" + mistyped(right)), "this stream key is not known here"},
		{"expired", s.rtmpURL("live/" + expired.text("key")), "this stream key expired at "},
		{"revoked", s.rtmpURL("live/" + revoked.text("key")), "this stream key is not known here"},
		{"address", s.rtmpURL("live/" + elsewhere), "this stream key is not for use from 127.0.0.1"},
		{"disabled", s.rtmpURL("live/" + off), "this stream is switched off"},
		{"none", s.rtmpURL("live/keys"), "a stream key is needed"},
		{"of another stream", s.rtmpURL("live/other?key=" + right), "this key publishes live/keys"},
	}
	tries := make([]*process, len(refusals))
	for i, r := range refusals {
		tries[i] = publish(t, file, r.url)
	}
	for i, r := range refusals {
		if code := tries[i].wait(t, 15*time.Second); code == 0 || !strings.Contains(tries[i].out.String(), r.sentence) {
			t.Errorf("%s: FFmpeg ended with status %d and was not told %q:\n%s", r.name, code, r.sentence, tries[i].out)
		}
	}

	wait(t, 10*time.Second, "the refusals to be told", func() bool {
		return feed.count("live/keys", "key.refused") >= 2 && feed.count("live/off", "key.refused") == 1 // what is alike is told once
	})

	// A key for one broadcast is spent at its end, and not before.
	spent := publish(t, file, s.rtmpURL("live/"+once), "-t", "2")
	s.waitState(t, "live/keys", "live")
	if code := spent.wait(t, 15*time.Second); code != 0 {
		t.Errorf("publishing with a key for one broadcast ended with status %d", code)
	}
	s.waitState(t, "live/keys", "")
	again := publish(t, file, s.rtmpURL("live/"+once))
	if code := again.wait(t, 15*time.Second); code == 0 || !strings.Contains(again.out.String(), "for one broadcast, which is over") {
		t.Errorf("a key for one broadcast is good for two")
	}

	publisher := endless(t, s.rtmpURL("live/"+right))
	s.waitState(t, "live/keys", "live")
	s.waitSent(t, "live/keys")
	publisher.interrupt(t)
	keys := objects(a.do(t, http.StatusOK, "GET", "/streams/"+id+"/keys", nil)["keys"])
	wait(t, 10*time.Second, "the uses to be told", func() bool { return feed.count("live/keys", "key.used") == 2 })
	if !slices.ContainsFunc(keys, func(k object) bool {
		return strings.Contains(k.text("last_use", "encoder"), "Lavf") &&
			k.text("last_use", "address") == "127.0.0.1" && k.text("last_use", "protocol") == "rtmp"
	}) {
		t.Errorf("the keys do not tell of their last use: %v", keys)
	}
}

// mistyped is a key with another last letter.
func mistyped(key string) string {
	last := "a"
	if strings.HasSuffix(key, last) {
		last = "b"
	}
	return key[:len(key)-1] + last
}

// objects are the objects of a list.
func objects(list any) []object {
	var all []object
	items, _ := list.([]any)
	for _, item := range items {
		if m, ok := item.(map[string]any); ok {
			all = append(all, m)
		}
	}
	return all
}

// A key that is rotated is good until its overlap is over; one that is revoked ends
// the broadcast at once, for the encoder and for everybody who watches.
func TestControlKeysOnAir(t *testing.T) {
	t.Parallel()
	s := start(t)
	a := s.admin(t)
	made, old := a.create(t, "live/rotate", "public")
	id := made.text("id")
	first := objects(a.do(t, http.StatusOK, "GET", "/streams/"+id+"/keys", nil)["keys"])[0].text("id")

	publisher := endless(t, s.rtmpURL("live/"+old))
	s.waitState(t, "live/rotate", "live")
	s.waitSent(t, "live/rotate")
	// During the overlap both are good.
	second := a.do(t, http.StatusOK, "POST", "/keys/"+first+"/rotate", object{"overlap": "1h"})
	if !publisher.running() {
		t.Fatal("rotating its key ended the publisher")
	}
	publisher.interrupt(t)
	s.waitState(t, "live/rotate", "")
	for name, key := range map[string]string{"old": old, "new": second.text("key")} {
		p := publish(t, clip(t, "plain", 10), s.rtmpURL("live/"+key), "-t", "1")
		if code := p.wait(t, 15*time.Second); code != 0 {
			t.Errorf("during the overlap the %s key is refused: %s", name, p.out)
		}
		s.waitState(t, "live/rotate", "")
	}
	// After it the newest alone is.
	third := a.do(t, http.StatusOK, "POST", "/keys/"+second.text("id")+"/rotate", object{"overlap": "0s"})
	late := publish(t, clip(t, "plain", 10), s.rtmpURL("live/"+second.text("key")))
	if code := late.wait(t, 15*time.Second); code == 0 {
		t.Error("a rotated key publishes after its overlap")
	}

	publisher = endless(t, s.rtmpURL("live/"+third.text("key")))
	s.waitState(t, "live/rotate", "live")
	s.waitSent(t, "live/rotate")
	players := map[string]*reading{"RTMP": probe(t, s.rtmpURL("live/rotate")), "HTTP-FLV": probe(t, s.flvURL("live/rotate"))}
	wait(t, 10*time.Second, "the players to be in", func() bool { return s.stream(t, "live/rotate").ViewersTotal == 2 })
	a.do(t, http.StatusNoContent, "DELETE", "/keys/"+third.text("id"), nil)
	began := time.Now()
	if code := publisher.wait(t, 6*time.Second); code == 0 {
		t.Error("FFmpeg took the end of its session for its own")
	}
	for name, p := range players {
		p.wait(t, 6*time.Second)
		if len(of("video", p.packets(t, 6*time.Second))) == 0 {
			t.Errorf("%s showed nothing before the end", name)
		}
	}
	s.waitState(t, "live/rotate", "")
	if took := time.Since(began); took > 6*time.Second {
		t.Errorf("the session of a revoked key ended after %v", took)
	}
	s.logged(t, "publish ended", "the stream key was revoked")
}

// OBS publishes with a key, is sent away when that is revoked, and shows why.
func TestControlOBS(t *testing.T) {
	t.Parallel()
	k := locked(t)
	a := k.admin(t)
	encoder := k.obs(t)
	k.waitState(t, "live/main", "live")
	k.waitSent(t, "live/main")
	keys := objects(a.do(t, http.StatusOK, "GET", "/streams/live%2Fmain/keys", nil)["keys"])
	if len(keys) != 1 {
		t.Fatalf("live/main has the keys %v", keys)
	}
	// A key that was replaced ends nothing; when its time is over it begins nothing.
	a.do(t, http.StatusOK, "POST", "/keys/"+keys[0].text("id")+"/rotate", object{"overlap": "1s"})
	wait(t, 5*time.Second, "the old key to expire", func() bool {
		old := a.do(t, http.StatusOK, "GET", "/keys/"+keys[0].text("id"), nil)
		end, err := time.Parse(time.RFC3339, old.text("expires"))
		return err == nil && time.Now().After(end)
	})
	if !encoder.running() || k.stream(t, "live/main").State != "live" {
		t.Error("the rotation ended the broadcast")
	}
	a.do(t, http.StatusNoContent, "POST", "/streams/live%2Fmain/kick", nil)
	wait(t, 30*time.Second, "OBS to show that its key expired", func() bool {
		return strings.Contains(encoder.out.String(), "this stream key expired at")
	})
	a.do(t, http.StatusNoContent, "DELETE", "/keys/"+keys[0].text("id"), nil)
	const sentence = "this stream key is not known here: compare it letter by letter, or ask for a new one"
	wait(t, 30*time.Second, "OBS to show the refusal", func() bool { return strings.Contains(encoder.out.String(), sentence) })
	k.waitState(t, "live/main", "")
}

// A rehearsal is checked while it is on, and nobody sees it.
func TestControlRehearsal(t *testing.T) {
	t.Parallel()
	s := start(t, "--play-wait", "1s")
	a := s.admin(t)
	made, _ := a.create(t, "live/gala", "public")
	id := made.text("id")
	key := a.do(t, http.StatusCreated, "POST", "/streams/"+id+"/keys", object{"rehearsal": true}).text("key")
	feed := a.follow(t, "stream.*", "")
	endless(t, s.rtmpURL("live/"+key))
	wait(t, 15*time.Second, "a report", func() bool {
		got, err := a.call("GET", "/streams/"+id+"/rehearsal", nil)
		return err == nil && got.status == http.StatusOK && strings.Contains(got.body, "H.264")
	})
	if state := a.do(t, http.StatusOK, "GET", "/streams/live/gala", nil).text("state"); state != "idle" {
		t.Errorf("a rehearsal is %s", state)
	}
	for _, path := range []string{"/live/gala/index.m3u8", "/live/gala.flv", "/live/gala/manifest.mpd", "/api/v1/streams/live/gala"} {
		if got := s.get(path); got.status != http.StatusNotFound {
			t.Errorf("GET %s of a rehearsal: status %d", path, got.status)
		}
	}
	if err := s.watches(t, "gala"); err == nil {
		t.Error("a rehearsal plays")
	}
	if got := s.get("/api/v1/streams").body; strings.Contains(got, "gala") {
		t.Errorf("strangers see the rehearsal: %s", got)
	}
	if n := len(feed.events("live/gala")); n != 0 {
		t.Errorf("a rehearsal is told of: %v", feed.events("live/gala"))
	}
}
