//go:build !portable

package netx

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

const benchPlayers = 1000

// audience is the peers of a benchmark, in a process of their own so that their
// work is not counted: they throw away what comes, without copying it.
type audience struct {
	conns []*net.TCPConn // to them
	heard chan bool      // when all have had one more round
}

const audienceEnv = "MILLRACE_TEST_AUDIENCE" // address and bytes of a round

func newAudience(b *testing.B, size int) *audience {
	p := newPairs(b)
	child := exec.Command(os.Args[0], "-test.run=^TestBeAudience$")
	child.Env = append(os.Environ(), fmt.Sprintf("%s=%s %d", audienceEnv, p.l.Addr(), size*benchPlayers))
	child.Stderr = os.Stderr
	stdin, err := child.StdinPipe() // it ends when this does
	if err != nil {
		b.Fatal(err)
	}
	out, err := child.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := child.Start(); err != nil {
		b.Fatal(err)
	}
	a := &audience{heard: make(chan bool, 1)}
	b.Cleanup(func() {
		stdin.Close()
		for _, c := range a.conns {
			c.Close()
		}
		child.Wait()
	})
	for range benchPlayers {
		c, err := p.l.AcceptTCP()
		if err != nil {
			b.Fatal(err)
		}
		a.conns = append(a.conns, c)
	}
	go func() {
		for p := make([]byte, 1); ; {
			if _, err := out.Read(p); err != nil {
				return
			}
			a.heard <- true
		}
	}()
	return a
}

// TestBeAudience is the audience's process.
func TestBeAudience(t *testing.T) {
	what := os.Getenv(audienceEnv)
	if what == "" {
		t.Skip("it is a part of BenchmarkFanOut")
	}
	var addr string
	var round int
	fmt.Sscan(what, &addr, &round)
	poll, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		t.Fatal(err)
	}
	for range benchPlayers {
		c, err := net.Dial("tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		raw, _ := c.(*net.TCPConn).SyscallConn()
		raw.Control(func(fd uintptr) {
			unix.EpollCtl(poll, unix.EPOLL_CTL_ADD, int(fd), &unix.EpollEvent{Events: unix.EPOLLIN, Fd: int32(fd)})
		})
	}
	go func() {
		os.Stdin.Read(make([]byte, 1))
		os.Exit(0)
	}()
	events := make([]unix.EpollEvent, 256)
	for total := 0; ; {
		n, _ := unix.EpollWait(poll, events, -1)
		for _, e := range events[:max(n, 0)] {
			n, _, errno := syscall.RawSyscall6(unix.SYS_RECVFROM, uintptr(e.Fd), 0, 1<<20,
				unix.MSG_TRUNC|unix.MSG_DONTWAIT, 0, 0)
			if errno == 0 {
				total += int(n)
			}
		}
		for ; total >= round; total -= round {
			os.Stdout.Write([]byte{'.'})
		}
	}
}

// measure runs send b.N times and reports what it costs a player: time until the
// last was written to, and processor time.
func measure(b *testing.B, a *audience, send func()) {
	var took, used time.Duration
	for range b.N {
		begin, cpu := time.Now(), processorTime()
		send()
		took += time.Since(begin)
		used += processorTime() - cpu
		<-a.heard
	}
	b.ReportMetric(float64(took.Nanoseconds())/float64(b.N)/benchPlayers, "ns/player")
	b.ReportMetric(float64(used.Nanoseconds())/float64(b.N)/benchPlayers, "cpu-ns/player")
	b.ReportMetric(0, "ns/op")
}

func processorTime() time.Duration {
	var t unix.Timespec
	unix.ClockGettime(unix.CLOCK_PROCESS_CPUTIME_ID, &t)
	return time.Duration(t.Nano())
}

// benchSlices are of a shape that a batch of chunks has: header, payload.
func benchSlices(size int) [][]byte {
	var slices [][]byte
	for left := size; left > 0; {
		n := min(left, 1000)
		p := make([]byte, n)
		slices = append(slices, p[:12], p[12:])
		left -= n
	}
	return slices
}

func BenchmarkFanOut(b *testing.B) {
	for _, size := range []int{1000, 8000} {
		for _, loop := range []struct {
			name  string
			write func(fd uintptr, v *Vector)
		}{
			{"RawSyscall", func(fd uintptr, v *Vector) {
				syscall.RawSyscall(unix.SYS_WRITEV, fd, uintptr(unsafe.Pointer(&v.iov[0])), uintptr(len(v.iov)))
			}},
			{"Syscall", func(fd uintptr, v *Vector) {
				syscall.Syscall(unix.SYS_WRITEV, fd, uintptr(unsafe.Pointer(&v.iov[0])), uintptr(len(v.iov)))
			}},
		} {
			b.Run(fmt.Sprintf("bare/%s/%d", loop.name, size), func(b *testing.B) {
				a := newAudience(b, size)
				var fds []uintptr
				for _, c := range a.conns {
					raw, _ := c.SyscallConn()
					raw.Control(func(fd uintptr) { fds = append(fds, fd) })
				}
				v := vectorOf(benchSlices(size)...)
				measure(b, a, func() {
					for _, fd := range fds {
						loop.write(fd, v)
					}
				})
			})
		}
		for _, lanes := range []int{1, 2} {
			b.Run(fmt.Sprintf("driver/lanes=%d/%d", lanes, size), func(b *testing.B) {
				benchDriver(b, lanes, size)
			})
		}
		b.Run(fmt.Sprintf("goroutines/%d", size), func(b *testing.B) { benchGoroutines(b, size) })
	}
}

func benchDriver(b *testing.B, lanes, size int) {
	a := newAudience(b, size)
	driver := testDriver(b, lanes, 0, time.Second)
	vectors := make([]*Vector, lanes)
	for i := range vectors {
		vectors[i] = vectorOf(benchSlices(size)...)
	}
	var round, through atomic.Int64
	done := make(chan bool, 1)
	seats := make([]*Seat, 0, benchPlayers)
	for _, c := range a.conns {
		sent := int64(0)
		r := newTestRider()
		r.next = func(lane int) (*Vector, error) {
			now := round.Load()
			if sent == now {
				if now > 0 && through.Add(1) == now*benchPlayers {
					done <- true
				}
				return nil, nil
			}
			sent = now
			return vectors[lane], nil
		}
		seats = append(seats, add(b, driver, c, r))
	}
	for driver.lanes[0].head.Load() != nil { // the first turns
		time.Sleep(time.Millisecond)
	}
	measure(b, a, func() {
		round.Add(1)
		for _, s := range seats {
			s.Wake()
		}
		<-done
	})
}

// benchGoroutines is what the driver replaces: a goroutine a player.
func benchGoroutines(b *testing.B, size int) {
	a := newAudience(b, size)
	slices := benchSlices(size)
	var wakes []chan bool
	var through sync.WaitGroup
	for _, c := range a.conns {
		wake := make(chan bool, 1)
		wakes = append(wakes, wake)
		go func() {
			var buffers [][]byte
			for range wake {
				buffers = append(buffers[:0], slices...)
				batch := net.Buffers(buffers)
				batch.WriteTo(c)
				through.Done()
			}
		}()
		b.Cleanup(func() { close(wake) })
	}
	measure(b, a, func() {
		through.Add(benchPlayers)
		for _, w := range wakes {
			w <- true
		}
		through.Wait()
	})
}

func BenchmarkWake(b *testing.B) {
	d := testDriver(b, 1, 0, time.Second)
	c, _ := pair(b)
	s := add(b, d, c, newTestRider())
	for b.Loop() {
		s.Wake()
	}
}

func BenchmarkControl(b *testing.B) {
	c, _ := pair(b)
	raw, _ := c.SyscallConn()
	nothing := func(uintptr) {}
	b.ReportAllocs()
	for b.Loop() {
		raw.Control(nothing)
	}
}
