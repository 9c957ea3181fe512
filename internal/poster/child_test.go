package poster

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"testing"
	"time"
)

// do has the pretended ffmpeg do something.
func do(t *testing.T, limit time.Duration, what string) (string, error) {
	t.Helper()
	c := child{path: os.Args[0], args: []string{"-nostdin"}, limit: limit, memory: plenty}
	b, err := c.run(t.Context(), []byte(order+what+";"))
	return string(b), err
}

const (
	long = time.Minute // for a machine that has better to do
	// plenty is what a test needs that looks for data races: it reserves far
	// more than it uses.
	plenty = 1 << 50
)

func TestChild(t *testing.T) {
	if got, err := do(t, long, "paint"); err != nil || got != string(drawn(64, 36)) {
		t.Errorf("%d bytes, %v", len(got), err)
	}
	if got, err := do(t, long, "flood"); !errors.Is(err, errTooLarge) || got != "" {
		t.Errorf("a flood: %d bytes, %v", len(got), err)
	}
	if got, err := do(t, 200*time.Millisecond, "hang"); !errors.Is(err, errTooSlow) || got != "" {
		t.Errorf("a hanging child: %d bytes, %v", len(got), err)
	}
	// The first line of what it said is for the log, and no more.
	_, err := do(t, long, "fail")
	if want := "ffmpeg failed: exit status 3: pipe:0: the decoder? gave up"; err == nil || err.Error() != want {
		t.Errorf("got  %v\nwant %s", err, want)
	}
	missing := child{path: os.Args[0] + "-not", limit: long, memory: plenty}
	if _, err := missing.run(t.Context(), nil); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a child that is not there: %v", err)
	}
}

// A child takes input larger than a pipe holds, and need not take it.
func TestChildWithLargeInput(t *testing.T) {
	c := child{path: os.Args[0], args: []string{"-nostdin"}, limit: long, memory: plenty}
	large := make([]byte, 4<<20)
	b, err := c.run(t.Context(), append([]byte(order+"paint;"), large...))
	if err != nil || len(b) == 0 {
		t.Errorf("%d bytes, %v", len(b), err)
	}
	c.args = []string{"-test.run=^$"}
	if _, err := c.run(t.Context(), large); err != nil {
		t.Errorf("a child that reads nothing: %v", err)
	}
}

// What a child has started ends with it.
func TestChildEndsWithItsChildren(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	l.(*net.TCPListener).SetDeadline(time.Now().Add(long))
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() {
		c := child{path: os.Args[0], args: []string{"-nostdin"}, limit: long, memory: plenty}
		_, err := c.run(ctx, []byte(order+"spawn "+l.Addr().String()+";"))
		done <- err
	}()
	grandchild, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer grandchild.Close()
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("the child ended with %v", err)
	}
	grandchild.SetDeadline(time.Now().Add(10 * time.Second))
	if _, err := io.Copy(io.Discard, grandchild); errors.Is(err, os.ErrDeadlineExceeded) {
		t.Error("the grandchild lives on")
	}
}

// A child learns nothing from the server's environment.
func TestChildEnvironment(t *testing.T) {
	t.Setenv("MILLRACE_TOKEN", "secret")
	t.Setenv("FFREPORT", "file=/tmp/report")
	got, err := do(t, long, "environment")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(got, "PATH=") || strings.Contains(got, "MILLRACE") || strings.Contains(got, "FFREPORT") {
		t.Errorf("it has\n%s", got)
	}
}
