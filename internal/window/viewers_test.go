package window

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"
)

func TestViewers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var a Audience
		ask := func(addr, agent, session string) {
			r := httptest.NewRequest(http.MethodGet, "/", nil)
			r.RemoteAddr = addr
			r.Header.Set("User-Agent", agent)
			if session != "" {
				r.Header.Set("X-Playback-Session-Id", session)
			}
			a.Note(r)
		}
		want := func(n int) {
			t.Helper()
			if got := a.Viewers(); got != n {
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

// Where players name their sessions by CMCD, address and agent do not matter, nor
// does which way the name comes.
func TestViewersByCMCD(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var a Audience
		ask := func(addr, query, header string) {
			r := httptest.NewRequest(http.MethodGet, "/live/cam/video.m3u8?"+query, nil)
			r.RemoteAddr = addr
			r.Header.Set("User-Agent", "the same")
			if header != "" {
				r.Header.Set("CMCD-Session", header)
			}
			r.Header.Set("X-Playback-Session-Id", "the same")
			a.Note(behind(r))
		}
		for i := range 5 {
			ask("192.0.2.1:1000", "", fmt.Sprintf(`sid="s%d",sf=h`, i))                                // by header
			ask("192.0.2.2:1000", fmt.Sprintf(`_HLS_msn=5&CMCD=ot%%3Dv%%2Csid%%3D%%22s%d%%22`, i), "") // the same, moved, by argument
		}
		if n := a.Viewers(); n != 5 {
			t.Errorf("%d viewers, want 5", n)
		}
		ask("192.0.2.1:1000", "CMCD=%zz", `sid="damaged`)
		if n := a.Viewers(); n != 6 {
			t.Errorf("%d viewers with one that says nothing that can be read, want 6", n)
		}
	})
}

// Who waits for an answer is there, however long it takes, if the end of it shows.
func TestViewersThatWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var a Audience
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil)
		r.RemoteAddr = "192.0.2.9:1"
		a.Note(r)
		time.Sleep(viewerPatience + time.Second)
		if n := a.Viewers(); n != 0 {
			t.Fatalf("%d viewers whose requests may be answered long since", n)
		}
		ctx, answered := context.WithCancel(context.WithValue(t.Context(), http.ServerContextKey, &http.Server{}))
		a.Note(httptest.NewRequestWithContext(ctx, http.MethodGet, "/", nil))
		for range 10 {
			time.Sleep(viewerPatience - time.Second)
			if n := a.Viewers(); n != 1 {
				t.Fatalf("%d viewers", n)
			}
		}
		answered()
		time.Sleep(2*viewerPatience + time.Second)
		if n := a.Viewers(); n != 0 {
			t.Errorf("%d viewers are left", n)
		}
	})
}

func TestViewersAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var v viewers
		crowd := func(net string, n int) {
			r := httptest.NewRequest(http.MethodGet, "/", nil)
			for i := range n {
				r.RemoteAddr = fmt.Sprintf("%s.%d.%d.%d:1", net, i>>16, i>>8&255, i&255)
				v.note(r, &cmcd{})
			}
		}
		crowd("10", mostViewers+10)
		if n := v.count(); n != mostViewers || len(v.listed) != mostSessions {
			t.Errorf("%d viewers are remembered, %d listed", n, len(v.listed))
		}
		time.Sleep(viewerPatience + time.Second)
		// Nobody counts: those who come make room.
		crowd("11", 10)
		if n := len(v.known); n != mostViewers-10 {
			t.Errorf("%d are remembered after ten came", n)
		}
		if n := v.count(); n != 10 || len(v.listed) != 10 {
			t.Errorf("%d viewers, %d listed, want 10", n, len(v.listed))
		}
		time.Sleep(viewerPatience + time.Second)
		if n := v.count(); n != 0 || len(v.known)+len(v.listed) != 0 || v.oldest != nil || v.newest != nil {
			t.Errorf("%d viewers are left, %d listed", n, len(v.listed))
		}
	})
}

// asks are requests of n viewers as the page sends them.
func asks(n int) []*http.Request {
	asks := make([]*http.Request, n)
	for i := range asks {
		r := httptest.NewRequest(http.MethodGet, "/live/cam/abc_v0.m3u8?_HLS_msn=1234&_HLS_part=3", nil)
		r.RemoteAddr = fmt.Sprintf("10.0.%d.%d:40000", i>>8, i&255)
		r.Header.Set("User-Agent", "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36")
		r.Header.Set("CMCD-Session", fmt.Sprintf(`sf=h,sid="6e2fb550-c457-11e9-bb97-%012x",st=l`, i))
		r.Header.Set("CMCD-Request", "bl=1400,dl=1400,mtp=25400,su")
		r.Header.Set("CMCD-Object", "br=4500,d=200,ot=v,tb=4500")
		asks[i] = r
	}
	return asks
}

func TestKnownViewerCostsNoMemory(t *testing.T) {
	var a Audience
	for name, r := range map[string]*http.Request{"CMCD": asks(1)[0], "none": httptest.NewRequest(http.MethodGet, "/", nil)} {
		a.Note(r)
		if n := testing.AllocsPerRun(100, func() { a.Note(r) }); n != 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
}

func BenchmarkNote(b *testing.B) {
	for _, n := range []int{500, 50_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			var a Audience
			requests := asks(n)
			for _, r := range requests {
				a.Note(r)
			}
			b.ReportAllocs()
			b.ResetTimer()
			b.RunParallel(func(pb *testing.PB) {
				for i := 0; pb.Next(); i++ {
					a.Note(requests[i*7919%n])
				}
			})
		})
	}
}

// BenchmarkViewersLock is the part of a Note that is done under the lock.
func BenchmarkViewersLock(b *testing.B) {
	for _, n := range []int{500, 50_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			var v viewers
			requests, said := asks(n), make([]cmcd, n)
			for i, r := range requests {
				said[i] = readCMCD(r)
				v.note(r, &said[i])
			}
			b.ResetTimer()
			b.RunParallel(func(pb *testing.PB) {
				for i := 0; pb.Next(); i++ {
					at := i * 7919 % n
					v.note(requests[at], &said[at])
				}
			})
		})
	}
}

func BenchmarkViewersCount(b *testing.B) {
	var a Audience
	for _, r := range asks(50_000) {
		a.Note(r)
	}
	b.ResetTimer()
	for b.Loop() {
		a.Viewers()
	}
}

// Who comes new is asked about once, and gives back what it took when it is gone,
// or when all are taken for gone.
func TestViewersAreAdmitted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var a Audience
		taken := 0
		full := errors.New("no room")
		a.Admit(func(from netip.Addr) (func(), error) {
			if from != netip.MustParseAddr("192.0.2.1") {
				t.Errorf("asked about %v", from)
			}
			if taken == 2 {
				return nil, full
			}
			taken++
			return func() { taken-- }, nil
		})
		ask := func(agent string) error {
			r := httptest.NewRequest(http.MethodGet, "/", nil)
			r.RemoteAddr = "192.0.2.1:1000"
			r.Header.Set("User-Agent", agent)
			return a.Note(r)
		}
		for _, agent := range []string{"a", "b", "a", "b"} {
			if err := ask(agent); err != nil {
				t.Errorf("%s: %v", agent, err)
			}
		}
		if err := ask("c"); !errors.Is(err, full) || a.Viewers() != 2 {
			t.Errorf("the third: %v, %d viewers", err, a.Viewers())
		}
		time.Sleep(viewerPatience + time.Second)
		if n := a.Viewers(); n != 0 || taken != 0 {
			t.Errorf("%d viewers, who hold %d", n, taken)
		}
		if err := ask("c"); err != nil || taken != 1 {
			t.Errorf("later: %v", err)
		}
		a.Close()
		if err := ask("d"); err != nil || taken != 0 {
			t.Errorf("after the end: %v, and %d are held", err, taken)
		}
	})
}
