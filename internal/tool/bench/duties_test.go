package bench

import "testing"

func TestDuties(t *testing.T) {
	if !draining {
		t.Skip("all observe")
	}
	for _, c := range []struct {
		o                         Options
		streams, observers, stuck int
	}{
		{Options{Players: 20}, 1, 20, 0},
		{Options{Players: 20, Stuck: 5}, 1, 15, 5},
		{Options{Players: 100}, 4, 20, 0},
		{Options{Players: 5000}, 7, 100, 0},
		{Options{Players: 1000, Observers: 3, Stuck: 10}, 2, 3, 10},
		{Options{Players: 30, Observers: 30}, 3, 30, 0},
		{Options{}, 1, 0, 0},
	} {
		count := make(map[duty]int)
		most, least := 0, c.observers
		halves := [2]int{}
		byStream := make([]int, c.streams)
		all := duties(&c.o, c.streams)
		for i, d := range all {
			count[d]++
			if d == observe {
				byStream[i%c.streams]++
				halves[2*i/len(all)]++
			}
		}
		for _, n := range byStream {
			most, least = max(most, n), min(least, n)
		}
		if len(all) != c.o.Players || count[observe] != c.observers || count[stick] != c.stuck {
			t.Errorf("%+v: %v", c.o, count)
		}
		if most-least > 1 || halves[0]-halves[1] > 1 || halves[1]-halves[0] > 1 {
			if c.stuck == 0 {
				t.Errorf("%+v: by streams %v, by halves %v", c.o, byStream, halves)
			}
		}
	}
}
