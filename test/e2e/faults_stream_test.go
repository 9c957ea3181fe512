package e2e

import (
	"context"
	"errors"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/millrace-live/millrace/rtmp"
	"github.com/millrace-live/millrace/rtmp/message"
)

var encoderFaults = section{
	"An encoder is refused", "The encoder is told in an `onStatus`, and one line of the log, of level WARN, has the same sentence as\n" +
		"its reason. [troubleshooting.md](troubleshooting.md) explains them.",
	[]fault{
		{"no key", "rtmp://HOST/live | stream key", published(keyed, "live", "cam1")},
		{"a key that is wrong", "not known | ask for a new one", published(keyed, "live", "cam1?key="+secret+"9")},
		{"a key beside another app", "live/cam1 | rtmp://HOST/live", published(keyed, "event", secret+"cam1")},
		{"a key beside another name", "live/cam1 | rtmp://HOST/live", published(keyed, "live", "cam2?key="+secret+"cam1")},
		{"two keys", "two different | stream key field", published(keyed, "live/"+secret+"cam1", secret+"other")},
		{"a second encoder with another key of the stream", "somebody else", published(keyed, "live", secret+"spare")},
		{"a second encoder where it is set to be refused", "refuse a second publisher", published(opened, "live", "witness")},
		{"an app that there is not", `no app "event" | live/NAME | config file`, published(opened, "event", "cam1")},
		{"a name with a control character", "stream name | control characters", published(opened, "live", "cam\x07")},
		{"a name with a reserved ending", "stream name | .flv", published(opened, "live", "cam1.flv")},
		{"a name with a reserved last part", "stream name | whip", published(opened, "live", "cam1/whip")},
		{"a name with a reserved first part", "stream name | api/", published(opened, "api", "cam1")},
		{"a name that is too long", "stream name | 255", published(opened, "live", strings.Repeat("cam", 90))},
		{"a name that leads elsewhere", "stream name | ..", published(opened, "live", "../cam1")},
		{"no name at all", "stream name | empty | live/cam1", published(opened, "", "")},
	},
}

// patient is a running server whose faults may not disturb the stream that it
// has on air.
type patient struct {
	*server
	stream string

	mu    sync.Mutex
	worst time.Duration // between two messages of the stream that a player got
	ended error
}

// running are the servers that faults are planted in: one that wants keys, and
// one with --open.
var running struct{ keyed, opened *patient }

func keyed() *patient  { return running.keyed }
func opened() *patient { return running.opened }

// beginPatients makes the servers of this test, which end with it.
func beginPatients(t *testing.T) {
	t.Helper()
	running.keyed = treat(t, secret+"witness", "--config", configOf(t, strings.Join([]string{
		"play-wait: 100ms",
		"keys:",
		"- {stream: live/witness, key: " + secret + "witness}",
		"- {stream: live/witness, key: " + secret + "spare}",
		"- {stream: live/cam1, key: " + secret + "cam1}",
		"- {stream: live/cam2, key: " + secret + "other}",
	}, "\n")))
	running.opened = treat(t, "witness", "--open", "--play-wait", "100ms", "--config",
		configOf(t, "streams: {live/witness: {second-publisher: refuse}}"))
}

// treat starts a server with live/witness on air, published with this key, and
// a player of it. When the test ends, the player must not have noticed anything.
func treat(t *testing.T, key string, args ...string) *patient {
	t.Helper()
	p := &patient{server: start(t, append([]string{"--log-format", "json"}, args...)...), stream: "live/witness"}
	publish(t, clip(t, "short", 3), p.rtmpURL("live/"+key), "-stream_loop", "-1")
	p.waitState(t, p.stream, "live")
	player, err := rtmp.Play(t.Context(), p.rtmpURL(p.stream))
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		p.watch(player)
	}()
	t.Cleanup(func() {
		p.check(t)
		player.Close()
		<-done
	})
	return p
}

// watch measures what comes of the stream.
func (p *patient) watch(s *rtmp.Stream) {
	last := time.Now()
	for {
		_, err := s.ReadMessage()
		p.mu.Lock()
		p.worst, p.ended = max(p.worst, time.Since(last)), err
		p.mu.Unlock()
		if last = time.Now(); err != nil {
			return
		}
	}
}

// check looks whether the faults have disturbed the stream.
func (p *patient) check(t *testing.T) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.ended != nil {
		t.Errorf("the play of the stream on air ended with %v", p.ended)
	}
	if p.worst > 5*time.Second {
		t.Errorf("a viewer of the stream on air got nothing for %v", p.worst)
	}
	began := 0
	for _, l := range p.lines() {
		if l.Stream == p.stream && l.Msg == "publish started" {
			began++
		}
		if l.Stream == p.stream && (l.Msg == "publish ended" || l.Msg == "stream ended") {
			t.Errorf("the log says %s of the stream on air: %s", l.Msg, l.Reason)
		}
		if strings.Contains(l.sentence(), secret) {
			t.Errorf("a secret is in the log: %+v", l)
		}
	}
	if began != 1 {
		t.Errorf("the stream on air began %d times", began)
	}
	if strings.Contains(p.log.String(), secret) {
		t.Error("a secret is in the log")
	}
}

// heard returns the one line of the log that a client caused.
func (p *patient) heard(t *testing.T, from net.Addr, level string) line {
	t.Helper()
	var found []line
	wait(t, 20*time.Second, "a line of the log about "+from.String(), func() bool {
		found = slices.DeleteFunc(p.lines(), func(l line) bool { return l.Remote != from.String() || l.Level == "DEBUG" })
		return len(found) > 0
	})
	if len(found) != 1 || found[0].Level != level {
		t.Errorf("not one line of level %s: %+v", level, found)
	}
	return found[0]
}

// published tries to publish, and returns how it is refused.
func published(at func() *patient, app, name string) func(*testing.T, *desk) string {
	return func(t *testing.T, _ *desk) string {
		p := at()
		status, from := p.tried(t, app, func(ctx context.Context, s *rtmp.Session) error {
			_, err := s.Publish(ctx, name)
			return err
		})
		l := p.heard(t, from, "WARN")
		if l.Msg != "publish refused" || status.Code != message.CodePublishBadName || status.Description != l.Reason {
			t.Errorf("the encoder is told %s, %q, and the log has %+v", status.Code, status.Description, l)
		}
		return status.Description
	}
}

// played tries to play.
func played(at func() *patient, code, app, name string) func(*testing.T, *desk) string {
	return func(t *testing.T, _ *desk) string {
		p := at()
		status, from := p.tried(t, app, func(ctx context.Context, s *rtmp.Session) error {
			_, err := s.Play(ctx, name, rtmp.PlayOptions{})
			return err
		})
		l := p.heard(t, from, "INFO")
		if l.Msg != "play refused" || status.Code != code || status.Description != l.Reason {
			t.Errorf("the player is told %s, %q, and the log has %+v", status.Code, status.Description, l)
		}
		return status.Description
	}
}

// tried connects, and returns the refusal and where it came from.
func (p *patient) tried(t *testing.T, app string, try func(context.Context, *rtmp.Session) error) (*rtmp.StatusError, net.Addr) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	d := rtmp.Dialer{FlashVer: "FMLE/3.0 (compatible; FMSc/1.0)"}
	d.Properties.Set("app", app)
	session, err := d.Dial(ctx, p.rtmpURL("live"))
	if err != nil {
		t.Fatal(err)
	}
	defer session.Close()
	err = try(ctx, session)
	var status *rtmp.StatusError
	if !errors.As(err, &status) {
		t.Fatalf("not refused, but: %v", err)
	}
	return status, session.LocalAddr()
}
