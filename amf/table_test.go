package amf

import "testing"

// The table answers alike while it is a list and once it is a map.
func TestTable(t *testing.T) {
	var tab table[int]
	for i := range 3 * smallTable {
		if _, ok := tab.find(i); ok {
			t.Fatalf("found %d before it was added", i)
		}
		tab.add(i)
		for j := range i + 1 {
			if got, ok := tab.find(j); !ok || got != j {
				t.Fatalf("with %d entries, %d is number %d, %t", i+1, j, got, ok)
			}
		}
	}
}
