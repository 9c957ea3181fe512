package rtmp

import (
	"errors"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/millrace-live/millrace/internal/hub"
	"github.com/millrace-live/millrace/rtmp"
	"github.com/millrace-live/millrace/rtmp/message"
)

// alone is one user, alice, who may be away.
type alone struct {
	alice       rtmp.Verifier
	away, wait  atomic.Bool
	failed      atomic.Int32
	failedThere atomic.Pointer[netip.Addr]
}

func (a *alone) Any() bool { return !a.away.Load() }

func (a *alone) Verifier(user string) (rtmp.Verifier, bool) { return a.alice, user == "alice" }

func (a *alone) Allowed(netip.Addr) error {
	if a.wait.Load() {
		return errors.New("too many wrong passwords came from your address")
	}
	return nil
}

func (a *alone) Failed(from netip.Addr) {
	a.failed.Add(1)
	a.failedThere.Store(&from)
}

func TestEncodersWithAUser(t *testing.T) {
	verifier, err := rtmp.NewVerifier("alice", "secret")
	if err != nil {
		t.Fatal(err)
	}
	users := &alone{alice: verifier}
	h := newHouse(t, hub.Options{Access: &guarded{}}, func(o *Options) { o.Users = users })
	at := func(user, app, name string) string { return "rtmp://" + user + h.addr + "/" + app + "/" + name }

	for name, way := range map[string]string{"a": "live?auth=adobe", "b": "live?auth=llnw"} {
		s := mustDial(t, rtmp.Publish, at("alice:secret@", way, name))
		if n := h.registry.KickWhere(func(_ hub.SessionInfo, owner string) bool { return owner == "user alice" }, "x"); n != 1 {
			t.Errorf("%s: the hub does not know who publishes", way)
		}
		s.Close()
	}
	h.log.count(t, "the client has not said who it is", 0) // at debug
	h.met.count(t, "rtmp connection challenged", 4)

	// Who does not ask is not asked, and publishes as nobody.
	mustDial(t, rtmp.Publish, at("", "live", "c"))
	mustDial(t, rtmp.Publish, at("alice:secret@", "live", "d"))
	if n := h.registry.KickWhere(func(_ hub.SessionInfo, owner string) bool { return owner == "user alice" }, "x"); n != 0 {
		t.Error("somebody was asked who did not want to be")
	}

	if _, err := dial(t, rtmp.Publish, at("alice:wrong@", "live?auth=adobe", "e")); !errors.Is(err, rtmp.ErrCredentials) {
		t.Errorf("a wrong password: %v", err)
	}
	h.log.count(t, "wrong user or password", 1)
	h.met.count(t, "rtmp connection credentials", 1)
	if n, from := users.failed.Load(), users.failedThere.Load(); n != 1 || !from.IsLoopback() {
		t.Errorf("%d wrong passwords came from %v", n, from)
	}
	// A name that nobody has may be a secret in the wrong field.
	if _, err := dial(t, rtmp.Publish, at("mk_secret:wrong@", "live?auth=adobe", "e")); !errors.Is(err, rtmp.ErrCredentials) {
		t.Errorf("a user that there is not: %v", err)
	}
	h.log.count(t, "wrong user or password", 2)
	if strings.Contains(h.log.String(), "mk_secret") {
		t.Error("the log has a name that nobody has")
	}

	users.wait.Store(true)
	_, err = dial(t, rtmp.Publish, at("alice:secret@", "live?auth=llnw", "f"))
	if refusal, ok := errors.AsType[*rtmp.StatusError](err); !ok || refusal.Code != message.CodeConnectRejected ||
		!strings.Contains(refusal.Description, "too many wrong passwords") {
		t.Errorf("after too many wrong passwords: %v", err)
	}
	if n := users.failed.Load(); n != 2 {
		t.Errorf("%d answers were looked at, want 2", n)
	}

	// While nobody has a password, an address that asks is like any other.
	users.away.Store(true)
	mustDial(t, rtmp.Publish, at("", "live?auth=adobe", "g"))
}
