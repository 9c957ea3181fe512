package rtmpt

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"sync"
	"testing"
	"time"
)

// rogue is a proxy of the kind that this protocol was made to get through. It
// has many connections to the server, and does to requests what the standard
// lets it do and what it does not.
type rogue struct {
	upstream  *url.URL
	transport *http.Transport

	mu   sync.Mutex
	dice *rand.Rand
	done map[string]int
}

func (p *rogue) roll(n int) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.dice.IntN(n)
}

func (p *rogue) did(what string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.done[what]++
}

func (p *rogue) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	time.Sleep(time.Duration(p.roll(3)) * time.Millisecond)
	what := "pass"
	if target, _ := parseTarget(r.URL.Path); target.verb == send || target.verb == idle {
		what = []string{"pass", "repeat", "race", "break off", "chunked", "late", "lose"}[p.roll(7)]
	}
	p.did(what)
	var resp []byte
	switch what {
	case "repeat": // and answers with the second reply
		p.forward(r, body, false)
		resp = p.forward(r, body, false)
	case "race": // both at once, and answers with either reply
		replies := make(chan []byte, 2)
		for range 2 {
			go func() { replies <- p.forward(r, body, false) }()
		}
		resp = <-replies
		<-replies
	case "break off": // and begins anew on another connection
		p.breakOff(r, body, p.roll(len(body)+1))
		resp = p.forward(r, body, false)
	case "chunked":
		resp = p.forward(r, body, true)
	case "late": // once more, when nobody waits for it
		resp = p.forward(r, body, false)
		time.AfterFunc(time.Duration(p.roll(20))*time.Millisecond, func() { p.forward(r, body, false) })
	case "lose": // the reply, so it asks again
		ctx, cancel := context.WithTimeout(r.Context(), time.Duration(p.roll(4))*time.Millisecond)
		p.forward(r.WithContext(ctx), body, false)
		cancel()
		resp = p.forward(r, body, false)
	default:
		resp = p.forward(r, body, false)
	}
	reply, err := http.ReadResponse(bufio.NewReader(bytes.NewReader(resp)), r)
	if err != nil {
		w.WriteHeader(http.StatusBadGateway)
		return
	}
	w.Header().Set("Content-Length", reply.Header.Get("Content-Length"))
	w.WriteHeader(reply.StatusCode)
	io.Copy(w, reply.Body)
}

// forward gives the whole reply, nil if there is none.
func (p *rogue) forward(r *http.Request, body []byte, chunked bool) []byte {
	out := r.Clone(context.WithoutCancel(r.Context()))
	if _, bounded := r.Context().Deadline(); bounded {
		out = r.Clone(r.Context())
	}
	out.URL.Scheme, out.URL.Host, out.RequestURI = p.upstream.Scheme, p.upstream.Host, ""
	out.Body, out.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	if chunked {
		out.ContentLength = -1
	}
	resp, err := p.transport.RoundTrip(out)
	if err != nil {
		return nil
	}
	defer resp.Body.Close()
	b, err := httputil.DumpResponse(resp, true)
	if err != nil {
		return nil
	}
	return b
}

func (p *rogue) breakOff(r *http.Request, body []byte, at int) {
	c, err := net.Dial("tcp", p.upstream.Host)
	if err != nil {
		return
	}
	defer c.Close()
	out := r.Clone(r.Context())
	out.Body, out.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	var whole bytes.Buffer
	out.Write(&whole)
	c.Write(whole.Bytes()[:whole.Len()-len(body)+at])
	time.Sleep(time.Duration(p.roll(3)) * time.Millisecond)
}

// crumbs writes in small pieces, so that requests arrive in parts.
type crumbs struct {
	net.Conn
	p *rogue
}

func (c crumbs) Write(b []byte) (n int, err error) {
	for len(b) > 0 {
		k := min(len(b), 1+c.p.roll(1+len(b)/2))
		m, err := c.Conn.Write(b[:k])
		n += m
		if err != nil {
			return n, err
		}
		b = b[k:]
	}
	return n, nil
}

func TestProxyInBetween(t *testing.T) {
	l := new(Listener)
	upstream, _ := url.Parse(serve(t, l))
	p := &rogue{upstream: upstream, dice: rand.New(rand.NewPCG(1, 2)), done: make(map[string]int)}
	p.transport = &http.Transport{
		MaxIdleConnsPerHost: 1, // and so new connections all the time
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			c, err := new(net.Dialer).DialContext(ctx, network, address)
			return crumbs{c, p}, err
		},
	}
	defer p.transport.CloseIdleConnections()
	s := httptest.NewServer(p)
	defer s.Close()

	client := dial(t, new(Dialer), s.URL)
	server := accept(t, l)
	both(t, client, server, 3<<20)
	// Small messages, and their answers.
	for i := range 100 {
		question := string(noise(1+i, uint32(i)))
		write(t, client, question)
		expect(t, server, question)
		write(t, server, question)
		expect(t, client, question)
	}
	client.Close()
	time.Sleep(30 * time.Millisecond) // for what comes late
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, what := range []string{"pass", "repeat", "race", "break off", "chunked", "late", "lose"} {
		if p.done[what] == 0 {
			t.Errorf("the proxy never did %q: %v", what, p.done)
		}
	}
	t.Log(p.done)
}

// librtmp sends on without waiting for replies, and a proxy may put all of its
// requests into one segment, or cut them anywhere.
func TestRequestsMergedAndSplit(t *testing.T) {
	l := new(Listener)
	address := serve(t, l)
	u, _ := url.Parse(address)
	for _, size := range []int{1, 7, 1 << 20} {
		b := openByHand(t, address)
		server := accept(t, l)
		var stream bytes.Buffer
		for n, word := range []string{"first ", "second ", "third"} {
			r, _ := http.NewRequest(http.MethodPost, address+b.path(send, uint64(n)), bytes.NewReader([]byte(word)))
			r.Write(&stream)
		}
		c, err := net.Dial("tcp", u.Host)
		if err != nil {
			t.Fatal(err)
		}
		go func() {
			for stream.Len() > 0 {
				c.Write(stream.Next(size))
			}
		}()
		expect(t, server, "first second third")
		write(t, server, "reply")
		in := bufio.NewReader(c)
		var replies []byte
		for range 3 {
			resp, err := http.ReadResponse(in, nil)
			if err != nil {
				t.Fatal(err)
			}
			body, _ := io.ReadAll(resp.Body)
			replies = append(replies, body[1:]...)
		}
		switch got := string(replies); got {
		case "", "reply": // it may have come too late
		default:
			t.Errorf("replies say %q", got)
		}
		c.Close()
	}
}

func openByHand(t *testing.T, address string) *browser {
	t.Helper()
	resp, err := http.Post(address+"/open/1", "application/x-fcs", bytes.NewReader([]byte{0}))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	id, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	http.DefaultClient.CloseIdleConnections()
	return &browser{t: t, id: string(bytes.TrimSpace(id))}
}
