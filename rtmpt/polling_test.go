package rtmpt

import (
	"slices"
	"testing"
)

func TestPollingBacksOff(t *testing.T) {
	var p polling
	var seen []byte
	for range 100 {
		if b := p.next(false); len(seen) == 0 || seen[len(seen)-1] != b {
			seen = append(seen, b)
		}
	}
	if want := []byte{0x01, 0x03, 0x05, 0x09, 0x11, 0x21}; !slices.Equal(seen, want) {
		t.Errorf("polling bytes are %x, want %x", seen, want)
	}
	if b := p.next(true); b != 0x01 {
		t.Errorf("with data it is %x", b)
	}
	if b := p.next(false); b != 0x01 {
		t.Errorf("after data it is %x", b)
	}
}
