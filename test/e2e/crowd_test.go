package e2e

import (
	"os/exec"
	"testing"
	"time"
)

// Players come and go by the hundred, some stop reading, and the stream ends
// under the rest: when all are gone the server holds what it held before.
func TestCrowdLeavesNothing(t *testing.T) {
	s := start(t, "--open")
	crowd := func(play string) {
		t.Helper()
		out, err := exec.Command(program, "bench", "--json", "--publishers", "1", "--players", "150", "--stall", "3",
			"--churn", "40", "--ramp", "500ms", "--time", "4s", "--publish-to", s.rtmpURL("live/crowd"), play).CombinedOutput()
		if err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
	}
	ways := []string{s.rtmpURL("live/crowd"), s.flvURL("live/crowd")}
	for _, way := range ways {
		crowd(way) // what is made once is made now
	}
	client.CloseIdleConnections()
	wait(t, 10*time.Second, "the stream to be gone", func() bool { return len(s.streams(t)) == 0 })
	before := s.scrape(t)
	for _, way := range ways {
		crowd(way)
	}
	for name, allowance := range map[string]float64{
		"go_goroutines": 0, "process_open_fds": 0,
		// The collector has its own time; a crowd's players alone are 3 MB.
		"go_memstats_heap_alloc_bytes": 2 << 20,
	} {
		var now float64
		wait(t, 30*time.Second, name+" to fall to what it was", func() bool {
			now = s.scrape(t)[name]
			return now <= before[name]+allowance
		})
		if now == 0 {
			t.Errorf("there is no %s", name)
		}
	}
}
