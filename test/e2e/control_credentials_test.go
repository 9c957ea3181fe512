package e2e

import (
	"net/http"
	"strings"
	"testing"
	"time"
)

// Encoders that have a user and a password publish by both challenges, and by
// whatever address they are given; who has a key gets in as ever.
func TestControlCredentialsOfEncoders(t *testing.T) {
	t.Parallel()
	s := start(t)
	a := s.admin(t)
	file := clip(t, "plain", 10)
	made, key := a.create(t, "live/old", "public")
	users := "/streams/" + made.text("id") + "/credentials"
	// Before there is a user, an address that asks for one is like any other.
	asks := publish(t, file, s.rtmpURL("live?auth=adobe/"+key), "-t", "0.5")
	if code := asks.wait(t, 15*time.Second); code != 0 {
		t.Errorf("without users, an address that asks is refused: %s", asks.out)
	}
	s.waitState(t, "live/old", "")

	// One stream each, so that all publish at once.
	type encoder struct {
		name  string
		start func(t *testing.T, host, user, password string) *process
	}
	at := func(host, user, password, path string) string {
		return "rtmp://" + user + ":" + password + "@" + host + "/" + path
	}
	gst := func(t *testing.T, sink ...string) *process {
		return launch(t, "gst-launch-1.0", append([]string{
			"-e", "filesrc", "location=" + clip(t, "plain", 1), "!", "flvdemux", "name=d", "!",
			"h264parse", "!", "flvmux", "name=m", "streamable=true", "!",
		}, sink...)...)
	}
	ffmpeg := func(path string) func(t *testing.T, host, user, password string) *process {
		return func(t *testing.T, host, user, password string) *process {
			return publish(t, file, at(host, user, password, path), "-t", "1")
		}
	}
	for _, e := range []encoder{
		{"ffmpeg-adobe", ffmpeg("live?auth=adobe/ffmpeg-adobe")},
		{"ffmpeg-llnw", ffmpeg("live?auth=llnw/ffmpeg-llnw")},
		{"ffmpeg-nameless", ffmpeg("live?auth=adobe")},
		{"gst-adobe", func(t *testing.T, host, user, password string) *process {
			return gst(t, "rtmp2sink", "location=rtmp://"+host+"/live?auth=adobe/gst-adobe", "username="+user, "password="+password)
		}},
		{"librtmp-llnw", func(t *testing.T, host, user, password string) *process {
			return gst(t, "rtmpsink", "location=rtmp://"+host+"/live?auth=llnw/librtmp-llnw pubUser="+user+" pubPasswd="+password)
		}},
	} {
		t.Run(e.name, func(t *testing.T) {
			t.Parallel()
			own, _ := a.create(t, "live/"+e.name, "public")
			user := a.do(t, http.StatusCreated, "POST", "/streams/"+own.text("id")+"/credentials", object{"user": e.name})
			p := e.start(t, s.rtmp, e.name, user.text("password"))
			if code := p.wait(t, 20*time.Second); code != 0 {
				t.Errorf("it ended with status %d", code)
			}
			use := a.do(t, http.StatusOK, "GET", "/credentials/"+user.text("id"), nil)
			if use.text("last_use", "protocol") != "rtmp" || use.text("password") != "" {
				t.Errorf("afterwards the API says %v", use)
			}
			if strings.Contains(s.log.String(), user.text("password")) {
				t.Error("the log has the password")
			}
		})
	}

	t.Run("refusals", func(t *testing.T) {
		t.Parallel()
		bob := a.do(t, http.StatusCreated, "POST", users, object{"user": "bob"})
		brief := a.do(t, http.StatusCreated, "POST", users, object{"user": "brief", "expires": time.Now().Add(time.Second)})
		good, address := bob.text("password"), bob.text("address")
		if want := at(s.rtmp, "bob", good, "live?auth=adobe"); address != want {
			t.Errorf("the API says to type %q, want %q", address, want)
		}
		end, err := time.Parse(time.RFC3339, brief.text("expires"))
		if err != nil {
			t.Fatal(err)
		}
		wait(t, 5*time.Second, "the user to expire", func() bool { return time.Now().After(end) })
		const wrong = "Incorrect username/password"
		refusals := []struct{ name, url, says string }{
			{"wrong", at(s.rtmp, "bob", mistyped(good), "live?auth=adobe/old"), wrong},
			{"wrong llnw", at(s.rtmp, "bob", mistyped(good), "live?auth=llnw/old"), wrong},
			{"nobody", at(s.rtmp, "mallory", good, "live?auth=adobe/old"), wrong},
			{"expired", at(s.rtmp, "brief", brief.text("password"), "live?auth=adobe/old"), wrong},
			{"another stream", at(s.rtmp, "bob", good, "live?auth=adobe/other"), "this user publishes live/old"},
			{"none", s.rtmpURL("live?auth=adobe/old"), "No credentials set"},
			// Who does not ask is not asked.
			{"unasked", at(s.rtmp, "bob", good, "live/old"), "a stream key is needed"},
		}
		tries := make([]*process, len(refusals))
		for i, r := range refusals {
			tries[i] = publish(t, file, r.url)
		}
		for i, r := range refusals {
			if code := tries[i].wait(t, 15*time.Second); code == 0 || !strings.Contains(tries[i].out.String(), r.says) {
				t.Errorf("%s: FFmpeg ended with status %d and was not told %q:\n%s", r.name, code, r.says, tries[i].out)
			}
		}
		s.logged(t, "connection closed", "wrong user or password")
		if strings.Contains(s.log.String(), "mallory") || strings.Contains(s.log.String(), good) {
			t.Error("the log has a name that nobody has, or a password")
		}

		// Beside users, keys are as good as ever.
		keyed := publish(t, file, s.rtmpURL("live/"+key), "-t", "1")
		if code := keyed.wait(t, 15*time.Second); code != 0 {
			t.Errorf("a key is refused beside users: %s", keyed.out)
		}
		s.waitState(t, "live/old", "")

		// Deleting the user ends what it publishes.
		publisher := endless(t, address)
		s.waitState(t, "live/old", "live")
		s.waitSent(t, "live/old")
		a.do(t, http.StatusNoContent, "DELETE", "/credentials/"+bob.text("id"), nil)
		if code := publisher.wait(t, 6*time.Second); code == 0 {
			t.Error("FFmpeg took the end of its session for its own")
		}
		s.waitState(t, "live/old", "")
		s.logged(t, "publish ended", "the user was revoked")
		if again := publish(t, file, address); again.wait(t, 15*time.Second) == 0 {
			t.Error("a deleted user publishes")
		}
	})
}

// Wrong passwords soon cost time, and keep nobody out who has a key.
func TestControlCredentialsGuessed(t *testing.T) {
	t.Parallel()
	s := start(t)
	a := s.admin(t)
	made, key := a.create(t, "live/old", "public")
	bob := a.do(t, http.StatusCreated, "POST", "/streams/"+made.text("id")+"/credentials", object{"user": "bob"})
	file := clip(t, "plain", 1)
	guesses := make([]*process, 22)
	for i := range guesses {
		guesses[i] = launch(t, "ffmpeg", "-hide_banner", "-loglevel", "warning", "-i", file, "-c", "copy", "-f", "flv",
			"rtmp://bob:wrong@"+s.rtmp+"/live?auth=adobe/old")
	}
	for _, g := range guesses {
		if g.wait(t, 20*time.Second) == 0 {
			t.Error("a guess was right")
		}
	}
	late := publish(t, file, bob.text("address"))
	if code := late.wait(t, 15*time.Second); code == 0 || !strings.Contains(late.out.String(), "Too many wrong passwords") {
		t.Errorf("after 22 wrong passwords FFmpeg ended with status %d: %s", code, late.out)
	}
	keyed := publish(t, file, s.rtmpURL("live/"+key))
	if code := keyed.wait(t, 15*time.Second); code != 0 {
		t.Errorf("guessed passwords keep out a key: %s", keyed.out)
	}
}
