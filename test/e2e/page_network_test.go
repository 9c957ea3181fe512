package e2e

import (
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// road is a way to a server that can be left: what was under way on it then never
// arrives, without a word, as when a phone goes from one network to another.
type road struct {
	listener net.Listener
	to       string

	mu    sync.Mutex
	pairs [][2]net.Conn
	left  map[net.Conn]bool
}

func newRoad(t *testing.T, to string) *road {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r := &road{listener: listener, to: to, left: make(map[net.Conn]bool)}
	go r.serve()
	t.Cleanup(func() {
		listener.Close()
		r.mu.Lock()
		defer r.mu.Unlock()
		for _, pair := range r.pairs {
			pair[0].Close()
			pair[1].Close()
		}
	})
	return r
}

func (r *road) serve() {
	for {
		near, err := r.listener.Accept()
		if err != nil {
			return
		}
		far, err := net.Dial("tcp", r.to)
		if err != nil {
			near.Close()
			continue
		}
		r.mu.Lock()
		r.pairs = append(r.pairs, [2]net.Conn{near, far})
		r.mu.Unlock()
		go r.carry(near, far)
		go r.carry(far, near)
	}
}

// carry takes bytes along until the road is left: from then on they are lost.
func (r *road) carry(from, to net.Conn) {
	buffer := make([]byte, 32<<10)
	for {
		n, err := from.Read(buffer)
		r.mu.Lock()
		left := r.left[from]
		r.mu.Unlock()
		if left {
			io.Copy(io.Discard, from)
			return
		}
		if n > 0 {
			if _, err := to.Write(buffer[:n]); err != nil {
				return
			}
		}
		if err != nil {
			to.Close()
			return
		}
	}
}

// leave loses all that is under way. What is dialled after it arrives.
func (r *road) leave() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, pair := range r.pairs {
		r.left[pair[0]], r.left[pair[1]] = true, true
	}
}

// By each protocol the page comes back when the network under it is another and
// nobody says so.
func TestPageAfterNetworkChange(t *testing.T) {
	parallelInBrowser(t)
	for _, way := range ways {
		t.Run(way.name, func(t *testing.T) {
			if way.name != "hls" && testing.Short() {
				t.Skip("one protocol is enough for a short run")
			}
			s := start(t, "--open")
			publish(t, clip(t, "long", 100), s.rtmpURL("live/moving"))
			s.waitState(t, "live/moving", "live")
			r := newRoad(t, s.http)
			page := browser(t)
			see(t, page, 10*time.Second, "open the page", chromedp.Navigate(
				strings.Replace(s.url("/live/moving"), s.http, r.listener.Addr().String(), 1)))
			plays(t, page, 15*time.Second)
			by(t, page, way.label, way.file)
			plays(t, page, 20*time.Second)
			r.leave()
			left := time.Now()
			textHas(t, page, 25*time.Second, "reconnecting")
			screenshot(t, page, "page-network-"+way.name)
			quiet(t, page)
			t.Logf("%s: plays %v after the network changed", way.label, time.Since(left).Round(100*time.Millisecond))
		})
	}
}
