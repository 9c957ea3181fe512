//go:build !portable

package netx

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"runtime/pprof"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// patience is how long a test waits for what must come.
const patience = 20 * time.Second

// testRider is a Rider of functions.
type testRider struct {
	next     func(lane int) (*Vector, error)
	received func(p []byte) error
	tick     func() error
	left     chan departure
}

type departure struct {
	rest []byte
	why  error
}

func newTestRider() *testRider { return &testRider{left: make(chan departure, 1)} }

func (r *testRider) Next(lane int) (*Vector, error) {
	if r.next == nil {
		return nil, nil
	}
	return r.next(lane)
}

func (r *testRider) Received(p []byte) error {
	if r.received == nil {
		return nil
	}
	return r.received(p)
}

func (r *testRider) Tick(time.Time) error {
	if r.tick == nil {
		return nil
	}
	return r.tick()
}

func (r *testRider) Left(rest [][]byte, why error) {
	if rest != nil && len(rest) == 0 {
		panic("an empty rest")
	}
	var all []byte
	for _, p := range rest {
		all = append(all, p...)
	}
	r.left <- departure{all, why}
}

// gone waits for Left.
func (r *testRider) gone(t testing.TB) departure {
	t.Helper()
	return receive(t, r.left)
}

func receive[T any](t testing.TB, c <-chan T) T {
	t.Helper()
	select {
	case v := <-c:
		return v
	case <-time.After(patience):
		t.Fatalf("nothing within %v", patience)
		panic("unreachable")
	}
}

// once returns a Next that gives v the first time.
func once(v *Vector) func(int) (*Vector, error) {
	given := false
	return func(int) (*Vector, error) {
		if given {
			return nil, nil
		}
		given = true
		return v, nil
	}
}

func vectorOf(slices ...[]byte) *Vector {
	v := new(Vector)
	v.Set(slices)
	return v
}

func testDriver(t testing.TB, lanes int, timeout, tick time.Duration) *Driver {
	t.Helper()
	d, err := newDriver(lanes, timeout, tick)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(d.Close)
	return d
}

// pairs makes connections to itself.
type pairs struct{ l *net.TCPListener }

func newPairs(t testing.TB) pairs {
	t.Helper()
	l, err := net.ListenTCP("tcp", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return pairs{l}
}

func (p pairs) open() (here, peer *net.TCPConn, err error) {
	peer, err = net.DialTCP("tcp", nil, p.l.Addr().(*net.TCPAddr))
	if err != nil {
		return nil, nil, err
	}
	here, err = p.l.AcceptTCP()
	if err != nil {
		peer.Close()
		return nil, nil, err
	}
	peer.SetDeadline(time.Now().Add(patience))
	return here, peer, nil
}

func pair(t testing.TB) (here, peer *net.TCPConn) {
	t.Helper()
	here, peer, err := newPairs(t).open()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { here.Close(); peer.Close() })
	return here, peer
}

func add(t testing.TB, d *Driver, c net.Conn, r Rider) *Seat {
	t.Helper()
	s, ok := d.Add(c, r)
	if !ok {
		t.Fatal("the driver refused the connection")
	}
	return s
}

// noise returns bytes that differ by place and seed.
func noise(seed uint64, n int) []byte {
	p := make([]byte, n)
	rand.NewChaCha8([32]byte{byte(seed), byte(seed >> 8)}).Read(p)
	return p
}

// cut returns p in slices of random lengths below limit, some of them empty.
func cut(r *rand.Rand, p []byte, limit int) [][]byte {
	var slices [][]byte
	for len(p) > 0 {
		n := min(r.IntN(limit), len(p))
		slices = append(slices, p[:n])
		p = p[n:]
	}
	return slices
}

func expect(t testing.TB, peer io.Reader, want []byte) {
	t.Helper()
	got := make([]byte, len(want))
	if _, err := io.ReadFull(peer, got); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Fatal("other bytes came than were sent")
	}
}

func TestDriverSharesOneVectorAmongAThousand(t *testing.T) {
	const riders, rounds, size = 1000, 10, 8000
	d := testDriver(t, 2, 0, time.Second)
	p := newPairs(t)
	// What riders of one lane share, as a player's messages are: rendered once.
	type shared struct {
		round int64
		vec   *Vector
	}
	scratch := make([]shared, d.Lanes())
	var round atomic.Int64
	var made atomic.Int64
	seats := make([]*Seat, riders)
	peers := make([]*net.TCPConn, riders)
	for i := range riders {
		here, peer, err := p.open()
		if err != nil {
			t.Fatal(err)
		}
		defer here.Close()
		defer peer.Close()
		sent := int64(0)
		r := newTestRider()
		r.next = func(lane int) (*Vector, error) {
			now := round.Load()
			if sent == now {
				return nil, nil
			}
			sent = now
			s := &scratch[lane]
			if s.round != now {
				if s.vec == nil || s.vec.Kept() {
					s.vec = new(Vector)
				}
				p := noise(uint64(now), size)
				s.vec.Set([][]byte{p[:5], p[5:5000], nil, p[5000:]})
				s.round = now
				made.Add(1)
			}
			return s.vec, nil
		}
		seats[i], peers[i] = add(t, d, here, r), peer
	}
	for range rounds {
		now := round.Add(1)
		for _, s := range seats {
			s.Wake()
		}
		for _, peer := range peers {
			expect(t, peer, noise(uint64(now), size))
		}
	}
	if n := made.Load(); n > rounds*int64(d.Lanes()) {
		t.Errorf("%d vectors for %d rounds on %d lanes", n, rounds, d.Lanes())
	}
	if n := d.Stats().Riders; n != riders {
		t.Errorf("%d riders, want %d", n, riders)
	}
}

func TestDriverGoesOnWithinASlice(t *testing.T) {
	const riders, size = 4, 3 << 20
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	d := testDriver(t, 1, 0, time.Hour) // whose tick would hide a missed event
	want := noise(seed, size)
	var vectors []*Vector
	for p := want; len(p) > 0; {
		n := min(len(p), 1+random.IntN(600_000))
		vectors = append(vectors, vectorOf(cut(random, p[:n], 1+random.IntN(5000))...))
		p = p[n:]
	}
	var reading sync.WaitGroup
	for range riders {
		here, peer := pair(t)
		here.SetWriteBuffer(20_000)
		r, at := newTestRider(), 0
		r.next = func(int) (*Vector, error) {
			if at == len(vectors) {
				return nil, errors.New("done")
			}
			at++
			return vectors[at-1], nil
		}
		add(t, d, here, r)
		steps := rand.New(rand.NewPCG(seed, random.Uint64()))
		reading.Go(func() {
			p := make([]byte, 40_000)
			for read := 0; read < size; {
				n, err := peer.Read(p[:1+steps.IntN(len(p))])
				if err != nil {
					t.Error(err)
					return
				}
				if !bytes.Equal(p[:n], want[read:read+n]) {
					t.Errorf("other bytes than were sent, after %d", read)
					return
				}
				read += n
			}
			if why := r.gone(t).why; why.Error() != "done" {
				t.Error(why)
			}
		})
	}
	reading.Wait()
	for i, v := range vectors {
		if v.Kept() {
			t.Errorf("vector %d is kept, which everybody has", i)
		}
	}
}

func TestDriverWritesMoreSlicesThanACallTakes(t *testing.T) {
	d := testDriver(t, 1, 0, time.Second)
	for _, n := range []int{maxIOV - 1, maxIOV, maxIOV + 1, 2 * maxIOV, 5000} {
		here, peer := pair(t)
		want := noise(uint64(n), n*3)
		var slices [][]byte
		for p := want; len(p) > 0; p = p[3:] {
			slices = append(slices, p[:3])
		}
		r := newTestRider()
		r.next = once(vectorOf(slices...))
		add(t, d, here, r)
		expect(t, peer, want)
	}
}

func TestDriverGoesOnAfterATurnsVectors(t *testing.T) {
	const vectors = 10 * turnVectors
	d := testDriver(t, 1, 0, time.Hour)
	here, peer := pair(t)
	r, given := newTestRider(), 0
	v := vectorOf([]byte("one"))
	r.next = func(int) (*Vector, error) {
		if given == vectors {
			return nil, nil
		}
		given++
		return v, nil
	}
	add(t, d, here, r)
	expect(t, peer, bytes.Repeat([]byte("one"), vectors))
}

func TestDriverReadsMoreThanATurnsBytes(t *testing.T) {
	const size = turnReads*(64<<10) + 1
	d := testDriver(t, 1, 0, time.Hour)
	p := newPairs(t)
	raw, err := p.l.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	raw.Control(func(fd uintptr) { unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_RCVBUF, 4*size) })
	here, peer, err := p.open()
	if err != nil {
		t.Fatal(err)
	}
	defer here.Close()
	defer peer.Close()
	peer.Write(make([]byte, size))
	// All of it is there when the ride begins, and no event comes later.
	raw, err = here.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	for there := 0; there < size; {
		if time.Sleep(time.Millisecond); raw.Control(func(fd uintptr) {
			there, err = unix.IoctlGetInt(int(fd), unix.TIOCINQ)
		}) != nil || err != nil {
			t.Fatal(err)
		}
	}
	r, got := newTestRider(), 0
	done := make(chan bool)
	r.received = func(p []byte) error {
		if got += len(p); got == size {
			close(done)
		}
		return nil
	}
	add(t, d, here, r)
	receive(t, done)
}

func TestDriverTakesMoreThanATurnsBytes(t *testing.T) {
	d := testDriver(t, 1, 0, time.Second)
	here, peer := pair(t)
	want := noise(1, 9<<20)
	r := newTestRider()
	r.next = once(vectorOf(want))
	add(t, d, here, r)
	expect(t, peer, want)
}

// Connections are closed under the driver's hands and their descriptors taken
// by others: no byte may come out of another connection than it was put in.
func TestDriverNeverWritesToAnothersDescriptor(t *testing.T) {
	const workers, each = 8, 100
	d := testDriver(t, 2, 0, 10*time.Millisecond)
	p := newPairs(t)
	var open sync.Mutex // Accept gives the connection that was dialled
	var all sync.WaitGroup
	for w := range workers {
		random := rand.New(rand.NewPCG(uint64(w), 1))
		all.Go(func() {
			for i := range each {
				open.Lock()
				here, peer, err := p.open()
				open.Unlock()
				if err != nil {
					t.Error(err)
					return
				}
				v := vectorOf(bytes.Repeat([]byte{byte(w*each + i)}, 3000), bytes.Repeat([]byte{byte(w*each + i)}, 5000))
				r := newTestRider()
				wanted := new(atomic.Bool)
				r.next = func(int) (*Vector, error) {
					if wanted.CompareAndSwap(true, false) {
						return v, nil
					}
					return nil, nil
				}
				seat := add(t, d, here, r)
				var reading sync.WaitGroup
				reading.Go(func() {
					defer peer.Close()
					_, err := io.Copy(only(w*each+i), peer)
					if err != nil && !errors.Is(err, syscall.ECONNRESET) {
						t.Error(err)
					}
				})
				for range random.IntN(100) {
					wanted.Store(true)
					seat.Wake()
					runtime.Gosched()
				}
				closed := make(chan bool)
				go func() { here.Close(); close(closed) }()
				for range random.IntN(10) {
					wanted.Store(true)
					seat.Wake()
				}
				<-closed
				// If nothing is written any more, the tick sees it.
				reading.Wait()
				if why := r.gone(t).why; !errors.Is(why, net.ErrClosed) {
					t.Error(why)
				}
			}
		})
	}
	all.Wait()
	if n := d.Stats().Riders; n != 0 {
		t.Errorf("%d riders who left are on board", n)
	}
}

// only is a Writer that refuses other bytes.
type only byte

func (o only) Write(p []byte) (int, error) {
	if n := bytes.Count(p, []byte{byte(o)}); n != len(p) {
		return 0, fmt.Errorf("%d of %d bytes are of another connection", len(p)-n, len(p))
	}
	return len(p), nil
}

func TestDriverNoticesAConnectionClosedHere(t *testing.T) {
	d := testDriver(t, 1, 0, 5*time.Millisecond)
	here, _ := pair(t)
	r := newTestRider()
	add(t, d, here, r)
	here.Close()
	if why := r.gone(t).why; !errors.Is(why, net.ErrClosed) {
		t.Error(why)
	}
}

func TestDriverReadsUntilThePeerEnds(t *testing.T) {
	d := testDriver(t, 1, 0, time.Second)
	for _, size := range []int{0, 1, 64 << 10, 3_000_000} {
		here, peer := pair(t)
		want := noise(2, size)
		var got bytes.Buffer
		r := newTestRider()
		r.received = func(p []byte) error { got.Write(p); return nil }
		add(t, d, here, r)
		if _, err := peer.Write(want); err != nil {
			t.Fatal(err)
		}
		peer.CloseWrite()
		if why := r.gone(t).why; why != io.EOF {
			t.Errorf("%d bytes: %v, want EOF", size, why)
		}
		if !bytes.Equal(got.Bytes(), want) {
			t.Errorf("received %d bytes, want the %d that were sent", got.Len(), size)
		}
	}
}

func TestDriverAnswersWhatItReceived(t *testing.T) {
	d := testDriver(t, 1, 0, time.Second)
	here, peer := pair(t)
	r := newTestRider()
	var answer *Vector
	r.received = func(p []byte) error { answer = vectorOf(bytes.Clone(p)); return nil }
	r.next = func(int) (*Vector, error) { v := answer; answer = nil; return v, nil }
	add(t, d, here, r)
	for i := range 100 {
		ping := fmt.Appendf(nil, "ping %d", i)
		peer.Write(ping)
		expect(t, peer, ping)
	}
}

func TestDriverTellsOfAReset(t *testing.T) {
	d := testDriver(t, 1, 0, time.Second)
	here, peer := pair(t)
	r := newTestRider()
	add(t, d, here, r)
	peer.SetLinger(0)
	peer.Close()
	if why := r.gone(t).why; !errors.Is(why, syscall.ECONNRESET) {
		t.Errorf("left with %v, want a reset", why)
	}
}

func TestDriverLetsRidersGoWithTheirError(t *testing.T) {
	d := testDriver(t, 1, 0, 5*time.Millisecond)
	mine := errors.New("mine")
	for name, set := range map[string]func(*testRider){
		"Next":     func(r *testRider) { r.next = func(int) (*Vector, error) { return nil, mine } },
		"Received": func(r *testRider) { r.received = func([]byte) error { return mine } },
		"Tick":     func(r *testRider) { r.tick = func() error { return mine } },
	} {
		here, peer := pair(t)
		r := newTestRider()
		set(r)
		seat := add(t, d, here, r)
		peer.Write([]byte("x"))
		got := r.gone(t)
		if got.why != mine || got.rest != nil {
			t.Errorf("%s: left with %v and %d bytes", name, got.why, len(got.rest))
		}
		seat.Wake()
		// The connection is the rider's again.
		if _, err := here.Write([]byte("bye")); err != nil {
			t.Error(err)
		}
		expect(t, peer, []byte("bye"))
		// And may ride again, in a seat that was another's.
		r = newTestRider()
		r.next = once(vectorOf([]byte("again")))
		add(t, d, here, r)
		expect(t, peer, []byte("again"))
	}
}

func TestDriverLetsAStuckPeerGoWithTheRest(t *testing.T) {
	d := testDriver(t, 1, 100*time.Millisecond, 10*time.Millisecond)
	here, peer := pair(t)
	want := noise(3, 16<<20)
	r := newTestRider()
	v := vectorOf(want[:1000], want[1000:5<<20], want[5<<20:])
	r.next = once(v)
	add(t, d, here, r)
	got := r.gone(t)
	if got.why != ErrStuck {
		t.Fatalf("left with %v", got.why)
	}
	if !v.Kept() {
		t.Error("the vector may be reused, whose rest the rider has")
	}
	here.Close()
	sent, err := io.ReadAll(peer)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(append(sent, got.rest...), want) {
		t.Errorf("what was sent (%d) and the rest (%d) are not the whole", len(sent), len(got.rest))
	}
}

// A peer that takes little, but something, is not stuck, though the system does
// not yet call that room.
func TestDriverKeepsASlowPeer(t *testing.T) {
	const timeout = 500 * time.Millisecond
	d := testDriver(t, 1, timeout, 20*time.Millisecond)
	here, peer := pair(t)
	peer.SetReadBuffer(128 << 10)
	r := newTestRider()
	v := vectorOf(make([]byte, 64<<20))
	r.next = func(int) (*Vector, error) { return v, nil }
	add(t, d, here, r)
	p := make([]byte, 32<<10)
	for begin := time.Now(); time.Since(begin) < 3*timeout; {
		if _, err := io.ReadFull(peer, p); err != nil {
			t.Fatal(err)
		}
		select {
		case gone := <-r.left:
			t.Fatalf("left with %v", gone.why)
		case <-time.After(timeout / 20): // the pace of the peer
		}
	}
}

func TestDriverLosesNoWake(t *testing.T) {
	const wakers, rounds, wakes = 4, 300, 50
	d := testDriver(t, 2, 0, time.Hour) // no tick helps
	var seats []*Seat
	var asked atomic.Int64
	var seen [3]chan int64
	for i := range seen {
		here, _ := pair(t)
		seen[i] = make(chan int64, 1)
		r := newTestRider()
		r.next = func(int) (*Vector, error) {
			select {
			case <-seen[i]:
			default:
			}
			seen[i] <- asked.Load()
			return nil, nil
		}
		seats = append(seats, add(t, d, here, r))
	}
	for round := range rounds {
		var storm sync.WaitGroup
		for range wakers {
			storm.Go(func() {
				for range wakes {
					asked.Add(1)
					for _, s := range seats {
						s.Wake()
					}
				}
			})
		}
		storm.Wait()
		for i := range seen {
			for receive(t, seen[i]) != int64(wakers*wakes*(round+1)) {
			}
		}
	}
}

func TestVectorIsKeptWhileSomebodyWritesIt(t *testing.T) {
	d := testDriver(t, 1, 0, time.Second)
	v := vectorOf(make([]byte, 16<<20))
	quick, peer := pair(t)
	slow, other := pair(t)
	r, s := newTestRider(), newTestRider()
	// Only the lane may touch the vector.
	kept := make(chan bool, 1)
	r.next = func(int) (*Vector, error) {
		kept <- v.Kept()
		if v.Kept() {
			func() {
				defer func() { recover() }()
				v.Set(nil)
				t.Error("Set of a kept vector")
			}()
		}
		return nil, nil
	}
	seat := add(t, d, quick, r)
	if receive(t, kept) {
		t.Error("kept by nobody")
	}
	s.next = once(v)
	add(t, d, slow, s)
	// What began to arrive was written, and the turn is over by the next one.
	expect(t, other, make([]byte, 1))
	seat.Wake()
	if !receive(t, kept) {
		t.Error("not kept while somebody writes it")
	}
	expect(t, other, make([]byte, 16<<20-1))
	for seat.Wake(); receive(t, kept); seat.Wake() {
	}
	peer.Close()
	r.gone(t)
}

func TestVectorLeavesEmptySlicesOut(t *testing.T) {
	v := vectorOf(make([]byte, 10), make([]byte, 20))
	v.Set([][]byte{{}, {1}, nil, {2, 3}})
	if v.Len() != 3 || len(v.iov) != 2 {
		t.Errorf("%d bytes in %d slices, want 3 in 2", v.Len(), len(v.iov))
	}
	if got := bytes.Join(v.from(0, 0), nil); !bytes.Equal(got, []byte{1, 2, 3}) {
		t.Errorf("bytes %v", got)
	}
}

func TestDriverSurvivesPanics(t *testing.T) {
	d := testDriver(t, 1, 0, 5*time.Millisecond)
	here, peer := pair(t)
	lucky := newTestRider()
	ticks := make(chan bool, 1)
	lucky.tick = func() error {
		select {
		case ticks <- true:
		default:
		}
		return nil
	}
	var echo *Vector
	lucky.received = func(p []byte) error { echo = vectorOf(bytes.Clone(p)); return nil }
	lucky.next = func(int) (*Vector, error) { v := echo; echo = nil; return v, nil }
	add(t, d, here, lucky)
	cause := errors.New("a bug")
	sets := []func(*testRider){
		func(r *testRider) { r.next = func(int) (*Vector, error) { panic(cause) } },
		func(r *testRider) { r.received = func([]byte) error { panic(cause) } },
		func(r *testRider) { r.tick = func() error { panic(cause) } },
	}
	for i, set := range sets {
		here, fellow := pair(t)
		r := newTestRider()
		set(r)
		add(t, d, here, r)
		fellow.Write([]byte("x"))
		why := r.gone(t).why
		var p *PanicError
		if !errors.As(why, &p) || !errors.Is(why, cause) || !strings.Contains(string(p.Stack), "TestDriverSurvivesPanics") {
			t.Errorf("left with %v", why)
		}
		if n := d.Stats().Panics; n != uint64(i+1) {
			t.Errorf("%d panics counted, want %d", n, i+1)
		}
		peer.Write([]byte("still here"))
		expect(t, peer, []byte("still here"))
		receive(t, ticks)
		receive(t, ticks)
	}
	// In Left, which has nobody to tell.
	here, fellow := pair(t)
	add(t, d, here, panicsLeaving{newTestRider()})
	fellow.Close()
	for d.Stats().Panics != uint64(len(sets)+1) {
		receive(t, ticks)
	}
	if n := d.Stats().Riders; n != 1 {
		t.Errorf("%d riders, want one", n)
	}
	d.Close()
	if why := lucky.gone(t).why; why != ErrDriverClosed {
		t.Error(why)
	}
}

type panicsLeaving struct{ *testRider }

func (panicsLeaving) Left([][]byte, error) { panic("leaving") }

func TestDriverCloseLeavesNothingBehind(t *testing.T) {
	epolls := epollCount(t)
	d := testDriver(t, 3, 0, time.Second)
	if n := epollCount(t); n != epolls+1 {
		t.Fatalf("%d epolls, want %d", n, epolls+1)
	}
	big := make([]byte, 16<<20)
	var riders []*testRider
	var last *net.TCPConn
	for range 20 {
		here, peer := pair(t)
		r := newTestRider()
		r.next = once(vectorOf(big))
		add(t, d, here, r)
		expect(t, peer, big[:1]) // it has had its turn
		riders, last = append(riders, r), here
	}
	d.Close()
	for _, r := range riders {
		select {
		case gone := <-r.left:
			if gone.why != ErrDriverClosed || len(gone.rest) == 0 {
				t.Errorf("left with %v and %d bytes", gone.why, len(gone.rest))
			}
		default:
			t.Error("Close returned before a rider left")
		}
	}
	if n := epollCount(t); n != epolls {
		t.Errorf("%d epolls, want %d", n, epolls)
	}
	var stacks strings.Builder
	pprof.Lookup("goroutine").WriteTo(&stacks, 1)
	for _, who := range []string{"netx.(*lane).", "netx.(*poller)."} {
		if strings.Contains(stacks.String(), who) {
			t.Errorf("a goroutine of %s is left", who)
		}
	}
	if _, ok := d.Add(last, newTestRider()); ok {
		t.Error("a closed driver took a connection")
	}
	d.Close()
}

func epollCount(t *testing.T) int {
	t.Helper()
	files, err := filepath.Glob("/proc/self/fd/*")
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, f := range files {
		if to, _ := os.Readlink(f); strings.Contains(to, "eventpoll") {
			n++
		}
	}
	return n
}

func TestDriverCloseWhileRidersCome(t *testing.T) {
	for range 20 {
		d, err := NewDriver(2, 0)
		if err != nil {
			t.Fatal(err)
		}
		here, _ := pair(t)
		other, _ := pair(t)
		var coming sync.WaitGroup
		for _, c := range []net.Conn{here, other} {
			coming.Go(func() {
				r := newTestRider()
				if s, ok := d.Add(c, r); ok {
					s.Wake()
					if why := r.gone(t).why; why != ErrDriverClosed {
						t.Error(why)
					}
				}
			})
		}
		d.Close()
		coming.Wait()
	}
}

func TestDriverRefuses(t *testing.T) {
	d := testDriver(t, 0, 0, time.Second)
	if d.Lanes() != max(1, runtime.GOMAXPROCS(0)/2) {
		t.Errorf("%d lanes", d.Lanes())
	}
	here, _ := pair(t)
	add(t, d, here, newTestRider())
	closed, _ := pair(t)
	closed.Close()
	pipe, _ := net.Pipe()
	defer pipe.Close()
	fresh, _ := pair(t)
	for _, c := range []struct {
		name string
		d    *Driver
		conn net.Conn
	}{
		{"twice", d, here},
		{"closed", d, closed},
		{"not TCP", d, pipe},
		{"no driver", nil, fresh},
	} {
		if s, ok := c.d.Add(c.conn, newTestRider()); ok || s != nil {
			t.Errorf("%s: taken", c.name)
		}
	}
	if n := d.Stats().Riders; n != 1 {
		t.Errorf("%d riders, want 1", n)
	}
	var none *Driver
	none.Close()
	var seat *Seat
	seat.Wake()
	if none.Lanes() != 0 || none.Stats() != (DriverStats{}) {
		t.Error("a nil driver has something")
	}
}

func TestDriverAllocatesNothingPerWake(t *testing.T) {
	d := testDriver(t, 1, 0, time.Hour)
	here, peer := pair(t)
	slices := [][]byte{make([]byte, 100), make([]byte, 900)}
	v, wanted := new(Vector), atomic.Bool{}
	r := newTestRider()
	r.next = func(int) (*Vector, error) {
		if !wanted.CompareAndSwap(true, false) {
			return nil, nil
		}
		v.Set(slices)
		return v, nil
	}
	seat := add(t, d, here, r)
	p := make([]byte, v.Len()+1000)
	if n := testing.AllocsPerRun(200, func() {
		wanted.Store(true)
		seat.Wake()
		if _, err := io.ReadFull(peer, p); err != nil {
			t.Error(err)
		}
	}); n != 0 {
		t.Errorf("%v allocations a wake", n)
	}
}

func TestPollerKnowsSeatsByBirth(t *testing.T) {
	d := testDriver(t, 1, 0, time.Hour)
	here, _ := pair(t)
	s := add(t, d, here, newTestRider())
	e := unix.EpollEvent{Events: unix.EPOLLHUP, Fd: s.index, Pad: s.birth - 1}
	d.poll.tell([]unix.EpollEvent{e})
	if s.state.Load()&hungUp != 0 {
		t.Error("took the event of the seat's last holder")
	}
	e.Pad++
	d.poll.tell([]unix.EpollEvent{e})
	if s.state.Load()&hungUp == 0 {
		t.Error("missed its event")
	}
}
