//go:build linux

package main

import (
	"fmt"
	"strings"
	"testing"
)

func TestMedian(t *testing.T) {
	for _, c := range []struct {
		values []float64
		want   float64
	}{
		{[]float64{3}, 3},
		{[]float64{9, 1, 4}, 4},
		{[]float64{8, 1, 4, 2}, 3},
	} {
		if got := median(c.values); got != c.want {
			t.Errorf("median of %v is %v, want %v", c.values, got, c.want)
		}
	}
}

func TestDigits(t *testing.T) {
	for v, want := range map[float64]string{
		0: "0", 0.012345: "0.0123", 0.5: "0.5", 1.999: "2", 12.34: "12.3", 123.4: "123", 99999.6: "100000", -4.25: "-4.25",
	} {
		if got := digits(v); got != want {
			t.Errorf("digits of %v are %s, want %s", v, got, want)
		}
	}
}

func TestCell(t *testing.T) {
	for want, values := range map[string][]float64{
		"–":       nil,
		"2":       {2, 2, 2},
		"2 (1–5)": {5, 1, 2},
		// Told apart by the last digits alone.
		"0.312": {0.31201, 0.31199},
	} {
		if got := cell(values); got != want {
			t.Errorf("cell of %v is %s, want %s", values, got, want)
		}
	}
}

// TestTable has a machine of half the speed in the second round, and a server
// that failed in the third: ratios know nothing of the first.
func TestTable(t *testing.T) {
	z := size{"10", []load{{Players: 10, Publishers: 1, FPS: 30}}}
	s := &scenario{
		name: "x", title: "Title", head: "players", about: "About.",
		servers: []string{floorEach, nginx, "absent"}, sizes: []size{z},
		columns: []column{{head: "CPU s/Gbit", value: perDelivered}, {head: "× floor", value: perDelivered, base: floorEach}},
	}
	var samples []*sample
	for round, speed := range []float64{1, 2, 1} {
		for _, name := range []string{nginx, floorEach} {
			cost := speed
			if name == nginx {
				cost *= 3
			}
			kept := 10
			if round == 1 && name == nginx {
				kept = 9
			}
			out := fmt.Sprintf(`{"event":"progress"}
{"event":"report","players":{"asked":10,"kept":%d},"steady":{"gbit":2},"server":{"cpu":%v}}
`, kept, 2*cost)
			r, raw, err := lastReport([]byte(out))
			if err != nil {
				t.Fatal(err)
			}
			made := &sample{Scenario: "x", Size: "10", Server: name, Round: round + 1, Runs: []runOut{{Load: z.loads[0], Report: raw, report: r}}}
			if round == 2 && name == nginx {
				made.Runs, made.Error = nil, "it ended at once"
			}
			samples = append(samples, made)
		}
	}
	want := `### Title

About.

| players | server | CPU s/Gbit | × floor | remarks |
| --- | --- | --- | --- | --- |
| 10 | floor | 1 (1–2) | 1 |  |
| 10 | nginx-rtmp | 4.5 (3–6) | 3 | round 2: 9 of 10 players stayed; round 3: it ended at once |
`
	if got := table(s, samples); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// TestScenarios holds every column's base to the servers of its table.
func TestScenarios(t *testing.T) {
	all := scenarios(scale{players: []int{1}, publishers: []int{1}, viewers: []int{1}})
	for _, s := range all {
		if len(s.sizes) == 0 {
			t.Errorf("%s has no sizes", s.name)
		}
		for _, c := range s.columns {
			if c.base != "" && !strings.Contains(strings.Join(s.servers, " "), c.base) {
				t.Errorf("%s: column %q is a ratio to %s, which is not measured", s.name, c.head, c.base)
			}
			if v, ok := c.value(&sample{Error: "it ended at once"}); ok {
				t.Errorf("%s: column %q of a server that failed is %v", s.name, c.head, v)
			}
		}
	}
	if got, err := choose(all, []string{"ingest"}, []string{nginx}); err != nil || len(got) != 1 || len(got[0].servers) != 1 {
		t.Errorf("chose %v, %v", got, err)
	}
	if _, err := choose(all, []string{"egress"}, nil); err == nil {
		t.Error("chose a scenario that there is not")
	}
}
