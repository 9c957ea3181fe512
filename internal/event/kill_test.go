package event

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/millrace-live/millrace/internal/database"
)

// broadcastUntilKilled is a server that has broadcasts begin and end as fast as
// the database takes them, and writes to standard output how many it took.
func broadcastUntilKilled(url string) {
	s, err := database.Open(context.Background(), url, database.Options{})
	if err != nil {
		panic(err)
	}
	f := NewFeed(Options{Store: s, Node: "a"})
	f.hold = quick
	f.Start(&shelf{})
	run := fmt.Sprint(time.Now().UnixNano())
	for n := 0; ; n++ {
		for c := range 4 {
			if n > 0 && rand.IntN(2) == 0 {
				f.Hub(end(fmt.Sprint("live/", c), fmt.Sprint(run, c, n-1)))
			}
			f.Hub(start(fmt.Sprint("live/", c), fmt.Sprint(run, c, n)))
		}
		for f.Stats().Waiting > 20 {
			time.Sleep(time.Millisecond)
		}
		fmt.Println(f.Stats().Written)
	}
}

func TestKilled(t *testing.T) {
	url := "sqlite:" + filepath.Join(t.TempDir(), "millrace.db")
	for range 3 {
		c := exec.Command(os.Args[0], "-test.run=^$")
		c.Env = append(os.Environ(), "MILLRACE_TEST_EVENTS="+url)
		c.Stderr = t.Output()
		out, err := c.StdoutPipe()
		must(t, err)
		must(t, c.Start())
		for in := bufio.NewScanner(out); in.Scan(); {
			var n int
			if _, err := fmt.Sscan(in.Text(), &n); err == nil && n > 150 {
				break
			}
		}
		must(t, c.Process.Kill())
		_ = c.Wait() // killed
	}
	s := open(t, url)
	newFeed(t, Options{Store: s, Node: "a"}, nil).flush(t)
	none(t, s)

	events, err := s.Events(t.Context(), 0, 1_000_000)
	must(t, err)
	onAir, had := map[string]string{}, map[string]int{}
	killed := 0
	for _, e := range events {
		var v struct{ Data idleData }
		must(t, json.Unmarshal(e.Body, &v))
		had[v.Data.Broadcast]++
		switch Type(e.Type) {
		case StreamLive:
			if was := onAir[e.Subject]; was != "" {
				t.Errorf("%s is live as %s, and was as %s", e.Subject, v.Data.Broadcast, was)
			}
			onAir[e.Subject] = v.Data.Broadcast
		case StreamIdle:
			if was := onAir[e.Subject]; was != v.Data.Broadcast {
				t.Errorf("%s is idle as %s, and was live as %q", e.Subject, v.Data.Broadcast, was)
			}
			delete(onAir, e.Subject)
			if v.Data.Killed {
				killed++
			}
		}
	}
	for b, n := range had {
		if n != 2 {
			t.Errorf("of the broadcast %s there are %d events", b, n)
		}
	}
	if len(onAir) > 0 || killed < 3 || len(events) < 450 {
		t.Errorf("of %d events %d are of the kill; %v is live still", len(events), killed, onAir)
	}
}
