package e2e

import (
	"context"
	"errors"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/millrace-live/millrace/rtmp"
)

// typed publishes as OBS does when this is in its fields: everything behind the
// host is the app, and the stream key is the name.
func typed(t *testing.T, s *server, address, key string) error {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	d := rtmp.Dialer{FlashVer: "FMLE/3.0 (compatible; FMSc/1.0)"}
	d.Properties.Set("app", strings.TrimPrefix(strings.TrimPrefix(address, "rtmp://localhost"), "/"))
	d.Properties.Set("tcUrl", strings.Replace(address, "localhost", s.rtmp, 1))
	session, err := d.Dial(ctx, s.rtmpURL("live"))
	if err != nil {
		return err
	}
	defer session.Close()
	stream, err := session.Publish(ctx, key)
	if err != nil {
		return err
	}
	return stream.Close()
}

// Everything that docs/obs.md lets people type is let in.
func TestTypedIntoOBS(t *testing.T) {
	page, err := os.ReadFile("../../docs/obs.md")
	if err != nil {
		t.Fatal(err)
	}
	k := locked(t)
	_, table, _ := strings.Cut(string(page), "## What people type instead")
	rows := regexp.MustCompile("(?m)^\\| `(rtmp:[^`]*)` \\|(.*)\\|$").FindAllStringSubmatch(table, -1)
	if len(rows) < 9 {
		t.Fatalf("docs/obs.md has %d rows of what people type", len(rows))
	}
	for _, row := range rows {
		address := strings.ReplaceAll(row[1], "KEY", k.key)
		name := ""
		if code := regexp.MustCompile("`(.*)`").FindStringSubmatch(row[2]); code != nil {
			name = strings.ReplaceAll(code[1], "KEY", k.key)
		}
		if strings.Contains(row[2], "blank") {
			name = " " + name + " "
		}
		if err := typed(t, k.server, address, name); err != nil {
			t.Errorf("server %s, stream key %s: %v", row[1], row[2], err)
		}
		k.waitState(t, "live/main", "")
	}
	if n := strings.Count(k.log.String(), "publish started"); n != len(rows) {
		t.Errorf("%d publications in the log for %d rows", n, len(rows))
	}
	if strings.Contains(k.log.String(), k.key[5:]) {
		t.Error("the key is in the server's log")
	}
}

// What is refused is refused with a sentence that says what to type. It goes to
// the encoder and into the log, and docs/troubleshooting.md has it.
func TestSentences(t *testing.T) {
	page, err := os.ReadFile("../../docs/troubleshooting.md")
	if err != nil {
		t.Fatal(err)
	}
	keyed := locked(t)
	two := locked(t, "--config", configOf(t, "keys: [{stream: live/cam2, key: another-long-secret-word}]"))
	openTo := open(t, "--play-wait", "100ms")
	for _, c := range []struct {
		name         string
		k            *kitchen
		address, key string
		sentence     string
	}{
		{"no key", keyed, "rtmp://localhost/live", "", "a stream key is needed: " +
			"set the server to rtmp://HOST/live and the stream key to your key"},
		{"a name for a key", keyed, "rtmp://localhost/live", "cam1", "a stream key is needed: " +
			"set the server to rtmp://HOST/live and the stream key to your key"},
		{"a slip", keyed, "rtmp://localhost/live", keyed.key[1:] + "x", "a stream key is needed: " +
			"set the server to rtmp://HOST/live and the stream key to your key"},
		{"a letter too few", keyed, "rtmp://localhost/live", keyed.key[:len(keyed.key)-1], "this stream key is not known here: " +
			"compare it letter by letter, or ask for a new one"},
		{"a wrong key behind the name", keyed, "rtmp://localhost/live", "main?key=nonsense", "this stream key is not known here: " +
			"compare it letter by letter, or ask for a new one"},
		{"another app", keyed, "rtmp://localhost/event", keyed.key, "this key publishes live/main: " +
			"set the server to rtmp://HOST/live and the stream key to the key alone"},
		{"another name", keyed, "rtmp://localhost/live", "cam1?key=" + keyed.key, "this key publishes live/main: " +
			"set the server to rtmp://HOST/live and the stream key to the key alone"},
		{"two keys", two, "rtmp://localhost/live/another-long-secret-word", two.key, "two different stream keys were given: " +
			"put one into the stream key field, and none into the server address"},
		{"an app that is not there", openTo, "rtmp://localhost/event", "cam1", `there is no app "event": ` +
			"publish to live/NAME, or name the app in the config file"},
		{"a reserved name", openTo, "rtmp://localhost/live", "cam1.flv", "not a stream name: the ending .flv is reserved"},
	} {
		err := typed(t, c.k.server, c.address, c.key)
		c.k.said(t, c.name, err, c.sentence, string(page))
	}

	for _, c := range []struct{ name, stream, sentence string }{
		{"a viewer with a key", "live/" + openTo.key, "a stream key is for publishing only and must not be given to viewers: " +
			"watch the stream by its name"},
		{"nothing on air", "live/nothing", "this stream is not on air"},
	} {
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		_, err := rtmp.Play(ctx, openTo.rtmpURL(c.stream))
		cancel()
		openTo.said(t, c.name, err, c.sentence, string(page))
	}
}

// said checks that a refusal has this sentence, that the log has it, and the
// page too.
func (k *kitchen) said(t *testing.T, name string, err error, sentence, page string) {
	t.Helper()
	var status *rtmp.StatusError
	if !errors.As(err, &status) || status.Description != sentence {
		t.Errorf("%s: got %v, want %q", name, err, sentence)
	}
	_, inLog, _ := strings.Cut(strings.ReplaceAll(sentence, `"`, `\"`), " ")
	wait(t, 5*time.Second, "the log to say "+sentence, func() bool { return strings.Contains(k.log.String(), inLog) })
	if !strings.Contains(page, sentence) {
		t.Errorf("docs/troubleshooting.md does not have %q", sentence)
	}
	if strings.Contains(k.log.String(), k.key[5:]) {
		t.Errorf("%s: the key is in the log", name)
	}
}

func configOf(t *testing.T, text string) string {
	t.Helper()
	file := t.TempDir() + "/millrace.yml"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// An encoder that another one took the stream from is told so.
func TestTwoEncoders(t *testing.T) {
	page, err := os.ReadFile("../../docs/troubleshooting.md")
	if err != nil {
		t.Fatal(err)
	}
	k := open(t)
	file := clip(t, "long", 60)
	first := publish(t, file, k.rtmpURL("live/cam1"))
	k.begun(t, "live/cam1", 100)
	publish(t, file, k.rtmpURL("live/cam1"))
	wasTold(t, first, "another encoder took this stream over", string(page))
	wasTold(t, publish(t, file, k.rtmpURL("live/cam1")),
		"another encoder (127.0.0.1) took this stream over and sends; stop one of the two", string(page))
}

// wasTold waits until FFmpeg gives up and checks that it printed the sentence.
func wasTold(t *testing.T, p *process, sentence, page string) {
	t.Helper()
	if code := p.wait(t, 20*time.Second); code == 0 {
		t.Error("FFmpeg ended with status 0")
	}
	if !strings.Contains(p.out.String(), sentence) {
		t.Errorf("FFmpeg was not told %q:\n%s", sentence, p.out)
	}
	if !strings.Contains(page, strings.Replace(sentence, "127.0.0.1", "192.0.2.7", 1)) {
		t.Errorf("docs/troubleshooting.md does not have %q", sentence)
	}
}
