//go:build unix

package database

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"syscall"
	"testing"

	"github.com/millrace-live/millrace/internal/database/databasetest"
)

const crashing = 1000 // changes, of which a part is acknowledged before the end

// applyUntilKilled is the process that is killed. It says a number when that
// change is acknowledged.
func applyUntilKilled(url string) {
	s, err := Open(context.Background(), url, Options{})
	if err != nil {
		panic(err)
	}
	for i := range crashing {
		_, err := s.Apply(context.Background(), Batch{
			Actor:   "test",
			Changes: []Change{{Kind: "a", ID: fmt.Sprint(i), Body: body(`%d`, i)}, {Kind: "b", ID: fmt.Sprint(i), Body: body(`%d`, i)}},
			Events:  []Event{{ID: fmt.Sprint(i), Subject: "s", Type: "t", Body: body(`%d`, i), To: []string{"x"}}},
		})
		if err != nil {
			// The database is dead: it is that one's turn.
			select {}
		}
		fmt.Println(i)
	}
	select {}
}

// crash starts the process, calls kill when enough changes are acknowledged, and
// returns the last one that was.
func crash(t *testing.T, url string, kill func(*os.Process)) int {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "MILLRACE_TEST_CRASH="+url)
	out, err := cmd.StdoutPipe()
	must(t, err)
	cmd.Stderr = t.Output()
	must(t, cmd.Start())
	last, killed := -1, make(chan struct{})
	in := bufio.NewScanner(out)
	for in.Scan() {
		n, err := strconv.Atoi(in.Text())
		must(t, err)
		last = n
		if n == crashing/4 {
			go func() {
				defer close(killed)
				kill(cmd.Process)
				cmd.Process.Kill()
			}()
		}
	}
	<-killed
	cmd.Wait()
	if last < crashing/4 || last == crashing-1 {
		t.Fatalf("it was killed after change %d of %d", last, crashing)
	}
	return last
}

// survived holds what is there against what was acknowledged: all of that, at
// most one change more, and nothing in halves.
func survived(t *testing.T, s *store, last int) {
	t.Helper()
	docs := load(t, s)
	for i := range last + 1 {
		for _, kind := range []string{"a/", "b/"} {
			if d := docs[kind+fmt.Sprint(i)]; string(d.Body) != fmt.Sprint(i) {
				t.Fatalf("change %d of %d acknowledged ones is lost", i, last+1)
			}
		}
	}
	n := len(docs) / 2
	if n > last+2 || len(docs)%2 != 0 {
		t.Errorf("%d documents are there, and %d changes were acknowledged", len(docs), last+1)
	}
	past, err := s.Changes(t.Context(), 0, 10*crashing)
	must(t, err)
	events, err := s.Events(t.Context(), 0, 10*crashing)
	must(t, err)
	logs, err := s.Backlogs(t.Context())
	must(t, err)
	if len(past) != 2*n || len(events) != n || logs[0].Waiting != n {
		t.Errorf("for %d changes there are %d in the history, %d events, %d deliveries", n, len(past), len(events), logs[0].Waiting)
	}
	apply(t, s, Change{Kind: "a", ID: "after", Body: body(`1`)})
}

func TestTheServerIsKilled(t *testing.T) {
	for _, k := range kinds {
		t.Run(k.Name, func(t *testing.T) {
			url := k.URL(t)
			open(t, url) // the tables are there, and somebody else uses it
			last := crash(t, url, func(p *os.Process) { p.Signal(syscall.SIGKILL) })
			survived(t, open(t, url), last)
		})
	}
}

func TestPostgresIsKilled(t *testing.T) {
	p := databasetest.OwnPostgres(t)
	url := p.Create(t)
	last := crash(t, url, func(*os.Process) { p.Kill() })
	must(t, p.Start())
	survived(t, open(t, url), last)
}
