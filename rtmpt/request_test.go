package rtmpt

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"
)

func TestRefusals(t *testing.T) {
	l := new(Listener)
	b, c := visit(t, l)
	for _, r := range []struct {
		method, path string
		status       int
	}{
		{"POST", "/fcs/ident2", http.StatusNotFound}, // which tells the Flash Player to go on
		{"POST", "/fcs/ident", http.StatusNotFound},
		{"GET", "/open/1", http.StatusMethodNotAllowed},
		{"GET", b.path(idle, 0), http.StatusMethodNotAllowed},
		{"POST", "/idle/" + b.id, http.StatusNotFound},
		{"POST", "/idle/" + b.id + "/x", http.StatusNotFound},
		{"POST", "/idle/00000000000000000000000000000000/0", http.StatusNotFound},
		{"POST", "/send/AbCdEf0123456789/0", http.StatusNotFound},
		{"POST", "/live/x", http.StatusNotFound},
	} {
		w := httptest.NewRecorder()
		l.ServeHTTP(w, httptest.NewRequest(r.method, r.path, strings.NewReader("\x00")))
		if w.Code != r.status {
			t.Errorf("%s %s: %d, want %d", r.method, r.path, w.Code, r.status)
		}
	}
	write(t, c, "still here")
	if got := b.ask(idle, 0, "\x00"); got != "still here" {
		t.Errorf("the session says %q", got)
	}
}

func TestReplyIsOneThatPlayersTake(t *testing.T) {
	b, c := visit(t, new(Listener))
	write(t, c, "x")
	h := b.do(b.path(idle, 0), "\x00").Header()
	for k, want := range map[string]string{
		"Content-Type": "application/x-fcs", "Cache-Control": "no-cache",
		"Connection": "Keep-Alive", "Content-Length": "2",
	} {
		if got := h.Get(k); got != want {
			t.Errorf("%s: %q, want %q", k, got, want)
		}
	}
	if len(b.id) != 32 {
		t.Errorf("the identifier %q has not 128 bits", b.id)
	}
}

// What a request brings about is in its own reply, if it does not take long.
func TestAnswerIsInTheReply(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, c := visit(t, new(Listener))
		go func() {
			expect(t, c, "question")
			time.Sleep(15 * time.Millisecond)
			write(t, c, "answer")
		}()
		if got := b.ask(send, 0, "question"); got != "answer" {
			t.Errorf("the reply says %q", got)
		}
	})
}

// A client that sends only, one request for each message, is not slowed down.
func TestPublisherIsNotHeldBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, c := visit(t, new(Listener))
		go io.Copy(io.Discard, c)
		begun := time.Now()
		for n := range uint64(1000) {
			b.ask(send, n, "frame")
		}
		if took := time.Since(begun); took > 50*time.Millisecond {
			t.Errorf("1000 requests took %v", took)
		}
	})
}

func TestIdleIsHeldUntilThereIsData(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, c := visit(t, new(Listener))
		begun := time.Now()
		if got := b.ask(idle, 0, "\x00"); got != "" || time.Since(begun) != holdTime {
			t.Errorf("nothing to say: %q after %v", got, time.Since(begun))
		}
		begun = time.Now()
		go func() {
			time.Sleep(20 * time.Millisecond)
			write(t, c, "news")
		}()
		if got := b.ask(idle, 1, "\x00"); got != "news" || time.Since(begun) != 20*time.Millisecond {
			t.Errorf("news: %q after %v", got, time.Since(begun))
		}
	})
}

// A request that is held back makes way for the next, which a client sends on
// another connection.
func TestIdleMakesWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, c := visit(t, new(Listener))
		begun := time.Now()
		held := make(chan string)
		go func() { held <- b.ask(idle, 0, "\x00") }()
		synctest.Wait()
		go b.ask(send, 1, "hurry")
		expect(t, c, "hurry")
		if got := <-held; got != "" || time.Since(begun) > 0 {
			t.Errorf("the held one got %q after %v", got, time.Since(begun))
		}
		synctest.Wait()
	})
}

func TestRepeatedRequest(t *testing.T) {
	b, c := visit(t, new(Listener))
	write(t, c, "reply")
	if got := b.ask(idle, 0, "\x00"); got != "reply" {
		t.Fatalf("first: %q", got)
	}
	write(t, c, "later")
	for range 2 {
		if got := b.ask(idle, 0, "\x00"); got != "reply" {
			t.Errorf("again: %q", got)
		}
	}
	if got := b.ask(send, 1, "once"); got != "later" {
		t.Errorf("next: %q", got)
	}
	if got := b.ask(send, 1, "once"); got != "later" {
		t.Errorf("next again: %q", got)
	}
	if got := b.ask(send, 0, "stale"); got != "" {
		t.Errorf("stale: %q", got)
	}
	b.ask(send, 2, ", twice")
	expect(t, c, "once, twice")
}

func TestRequestsThatOvertake(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, c := visit(t, new(Listener))
		b.ask(send, 0, "0")
		for _, n := range []uint64{5, 3, 4, 2, 1} {
			go b.ask(send, n, string(rune('0'+n)))
			synctest.Wait()
		}
		expect(t, c, "012345")
		synctest.Wait()
	})
}

// A client may count as it likes; it costs it one pause.
func TestRequestsThatLeaveNumbersOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, c := visit(t, new(Listener))
		go io.Copy(io.Discard, c)
		begun := time.Now()
		for n := range uint64(100) {
			b.ask(send, 10*n, "x")
		}
		if took := time.Since(begun); took < overtaking || took > overtaking+100*time.Millisecond {
			t.Errorf("took %v", took)
		}
	})
}

func TestTooManyRequestsWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, c := visit(t, new(Listener))
		go io.Copy(io.Discard, c)
		b.ask(send, 0, "x")
		for n := range uint64(maxWaiting) {
			go b.ask(send, n+2, "y")
		}
		synctest.Wait()
		if got := b.status(send, 1); got != http.StatusServiceUnavailable {
			t.Errorf("one more is answered %d", got)
		}
		time.Sleep(time.Minute)
	})
}

// A body that breaks off is sent again from its beginning, and taken once.
func TestBodyThatBreaksOff(t *testing.T) {
	b, c := visit(t, new(Listener))
	whole := string(noise(3*piece+100, 1))
	got := make(chan string)
	go func() {
		buf := make([]byte, len(whole))
		io.ReadFull(c, buf)
		got <- string(buf)
	}()
	for _, at := range []int{0, 1, piece, 2*piece + 5} {
		body := io.MultiReader(strings.NewReader(whole[:at]), iotest.ErrReader(io.ErrUnexpectedEOF))
		if w := b.request(t.Context(), b.path(send, 0), body); w.Code != http.StatusBadRequest {
			t.Errorf("broken off at %d: %d", at, w.Code)
		}
	}
	b.ask(send, 0, whole)
	if <-got != whole {
		t.Error("what was read is not what was sent")
	}
}

func TestBodyThatBreaksOffForGood(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, c := visit(t, new(Listener))
		body := io.MultiReader(strings.NewReader("half"), iotest.ErrReader(io.ErrUnexpectedEOF))
		b.request(t.Context(), b.path(send, 0), body)
		expect(t, c, "half")
		if got := b.status(send, 1); got != http.StatusNotFound {
			t.Errorf("what follows is answered %d", got)
		}
		if _, err := c.Read(make([]byte, 1)); !errors.Is(err, ErrBody) {
			t.Errorf("Read says %v", err)
		}
		if _, err := c.Write([]byte("x")); !errors.Is(err, ErrBody) {
			t.Errorf("Write says %v", err)
		}
	})
}

type endless struct{}

func (endless) Read(p []byte) (int, error) { return len(p), nil }

func TestBodyThatIsTooLong(t *testing.T) {
	for name, body := range map[string]io.Reader{
		"declared":   strings.NewReader(string(make([]byte, maxBody+1))),
		"undeclared": endless{},
	} {
		for _, v := range []verb{send, idle} {
			l := new(Listener)
			b, c := visit(t, l)
			read := make(chan int64)
			go func() {
				n, err := io.Copy(io.Discard, c)
				if !errors.Is(err, ErrBody) {
					t.Errorf("%s: Read says %v", name, err)
				}
				read <- n
			}()
			if w := b.request(t.Context(), b.path(v, 0), body); w.Code != http.StatusRequestEntityTooLarge {
				t.Errorf("%s: %d", name, w.Code)
			}
			if n := <-read; n > maxBody {
				t.Errorf("%s: %d bytes came through", name, n)
			}
			if l.session(b.id) != nil {
				t.Errorf("%s: the session is still there", name)
			}
		}
	}
}

// A body waits for Read, and its sender for the reply.
func TestBodyWaitsForRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, c := visit(t, new(Listener))
		body := noise(maxBody, 2)
		begun := time.Now()
		replied := make(chan time.Duration)
		go func() {
			b.ask(send, 0, string(body))
			replied <- time.Since(begun)
		}()
		got := make([]byte, 0, len(body))
		buf := make([]byte, 32<<10)
		for len(got) < len(body) {
			time.Sleep(10 * time.Millisecond)
			n, err := c.Read(buf)
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, buf[:n]...)
			c.mu.Lock()
			kept := cap(c.in)
			c.mu.Unlock()
			if kept > 2*piece {
				t.Fatalf("%d bytes are kept for Read", kept)
			}
		}
		same(t, "read", got, body)
		if took := <-replied; took < 600*time.Millisecond {
			t.Errorf("the reply came after %v", took)
		}
	})
}

// One who answers on the goroutine that reads is not stuck when more must be
// said than one reply can hold.
func TestEcho(t *testing.T) {
	l := new(Listener)
	url := serve(t, l)
	go func() {
		c, _ := l.Accept()
		io.Copy(struct{ io.Writer }{c}, c)
		c.Close()
	}()
	c := dial(t, new(Dialer), url)
	want := noise(4<<20, 3)
	go c.Write(want)
	got := make([]byte, len(want))
	if _, err := io.ReadFull(c, got); err != nil {
		t.Fatal(err)
	}
	same(t, "echo", got, want)
}

func TestClientThatHasGoneLosesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, c := visit(t, new(Listener))
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() {
			b.request(ctx, b.path(idle, 0), strings.NewReader("\x00"))
			close(done)
		}()
		synctest.Wait()
		cancel()
		<-done
		write(t, c, "kept")
		if got := b.ask(idle, 0, "\x00"); got != "" {
			t.Errorf("repeated: %q", got)
		}
		if got := b.ask(idle, 1, "\x00"); got != "kept" {
			t.Errorf("next: %q", got)
		}
	})
}

func TestCloseByClient(t *testing.T) {
	l := new(Listener)
	b, c := visit(t, l)
	b.ask(send, 0, "last words")
	w := b.do(b.path(closeVerb, 1), "\x00")
	if w.Code != http.StatusOK || w.Body.String() != "\x00" {
		t.Errorf("close is answered %d %q", w.Code, w.Body)
	}
	expect(t, c, "last words")
	if _, err := c.Read(make([]byte, 1)); err != io.EOF {
		t.Errorf("Read says %v", err)
	}
	if _, err := c.Write([]byte("x")); !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("Write says %v", err)
	}
	if got := b.status(idle, 2); got != http.StatusNotFound {
		t.Errorf("what follows is answered %d", got)
	}
}

func TestCloseByServer(t *testing.T) {
	b, c := visit(t, new(Listener))
	write(t, c, "good bye")
	c.Close()
	if got := b.ask(idle, 0, "\x00"); got != "good bye" {
		t.Errorf("first reply: %q", got)
	}
	w := b.do(b.path(idle, 1), "\x00")
	if w.Body.String() != "\x00" || w.Header().Get("Connection") != "close" {
		t.Errorf("second reply: %q, Connection: %s", w.Body, w.Header().Get("Connection"))
	}
	if got := b.status(idle, 2); got != http.StatusNotFound {
		t.Errorf("third reply: %d", got)
	}
	if _, err := c.Read(make([]byte, 1)); !errors.Is(err, net.ErrClosed) {
		t.Errorf("Read says %v", err)
	}
	if _, err := c.Write([]byte("x")); !errors.Is(err, net.ErrClosed) {
		t.Errorf("Write says %v", err)
	}
	if err := c.Close(); !errors.Is(err, net.ErrClosed) {
		t.Errorf("Close says %v", err)
	}
}

func TestCloseByServerEndsAHeldRequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := new(Listener)
		b, c := visit(t, l)
		go func() {
			time.Sleep(time.Millisecond)
			c.Close()
		}()
		begun := time.Now()
		w := b.do(b.path(idle, 0), "\x00")
		if w.Body.String() != "\x00" || time.Since(begun) > time.Millisecond {
			t.Errorf("the reply is %q after %v", w.Body, time.Since(begun))
		}
		if l.session(b.id) != nil {
			t.Error("the session is still there")
		}
	})
}
