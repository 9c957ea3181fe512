package window

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"testing/synctest"
	"time"
)

func TestViewers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var v viewers
		ask := func(addr, agent, session string) {
			r := httptest.NewRequest(http.MethodGet, "/", nil)
			r.RemoteAddr = addr
			r.Header.Set("User-Agent", agent)
			if session != "" {
				r.Header.Set("X-Playback-Session-Id", session)
			}
			v.note(r)
		}
		want := func(n int) {
			t.Helper()
			if got := v.count(); got != n {
				t.Errorf("%d viewers, want %d", got, n)
			}
		}
		want(0)
		ask("192.0.2.1:1000", "a", "")
		ask("192.0.2.1:1001", "a", "") // another connection of the same player
		ask("192.0.2.1:1002", "b", "")
		ask("[2001:db8::1]:1000", "a", "")
		want(3)
		ask("192.0.2.1:1003", "a", "one")
		ask("198.51.100.7:1", "c", "one") // moved from one network to another
		ask("192.0.2.1:1003", "a", "two")
		want(5)
		time.Sleep(viewerPatience - time.Second)
		ask("192.0.2.1:2000", "a", "")
		want(5)
		time.Sleep(2 * time.Second)
		want(1)
		time.Sleep(viewerPatience)
		want(0)
	})
}

func TestViewersAreBounded(t *testing.T) {
	var v viewers
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	for i := range mostViewers + 10 {
		r.RemoteAddr = fmt.Sprintf("10.%d.%d.%d:1", i>>16, i>>8&255, i&255)
		v.note(r)
	}
	if n := v.count(); n != mostViewers {
		t.Errorf("%d viewers are remembered", n)
	}
}
