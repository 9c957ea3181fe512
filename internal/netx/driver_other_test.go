//go:build !linux || portable

package netx

import (
	"net"
	"testing"
	"time"
)

func TestThereIsNoDriver(t *testing.T) {
	d, err := NewDriver(0, time.Second)
	if d != nil || err != nil {
		t.Fatalf("a driver, %v", err)
	}
	defer d.Close()
	here, peer := net.Pipe()
	defer here.Close()
	defer peer.Close()
	s, ok := d.Add(here, nil)
	if ok {
		t.Error("no driver took a connection")
	}
	s.Wake()
	if d.Lanes() != 0 || d.Stats() != (DriverStats{}) {
		t.Error("no driver has something")
	}
}
