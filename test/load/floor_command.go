//go:build linux

package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"net"
	"os"
	"os/signal"
	"runtime"
	"runtime/debug"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/millrace-live/millrace/rtmp"
)

// floorCommand is the hidden subcommand: a bare server on loopback. The first
// line that it prints is its address, the last one what it did.
func floorCommand(args []string) error {
	flags := flag.NewFlagSet("load floor", flag.ContinueOnError)
	read := flags.Bool("read", false, "read from publishers and throw it away")
	nagle := flags.Bool("nagle", false, "leave TCP's wait for acknowledgements as it is")
	hold := flags.Duration("hold", 0, "send what comes within this time together")
	if err := flags.Parse(args); err != nil {
		return err
	}
	// Nothing but the loop is to run: what the library leaves behind in a run
	// is less than what makes the collector begin.
	debug.SetGCPercent(1000)
	runtime.GOMAXPROCS(max(2, runtime.NumCPU())) // one is the loop's

	f, err := newFloor(*read, *nagle, *hold)
	if err != nil {
		return err
	}
	l, err := net.ListenTCP("tcp", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		return err
	}
	fmt.Println(l.Addr())
	over := make(chan os.Signal, 1)
	signal.Notify(over, os.Interrupt, syscall.SIGTERM)
	failed := make(chan error, 1)
	go func() { failed <- f.Serve(handles{l}) }()
	select {
	case err := <-failed:
		return err
	case <-over:
	}
	if f.counts == nil {
		return nil
	}
	return json.NewEncoder(os.Stdout).Encode(f.counts)
}

// floor is a bare server.
type floor struct {
	*rtmp.Server
	counts *floorCounts // nil if it counts nothing
	over   *atomic.Bool // ends its loop
}

func newFloor(read, nagle bool, hold time.Duration) (*floor, error) {
	if read {
		r, err := newReader()
		if err != nil {
			return nil, err
		}
		return &floor{&rtmp.Server{Handler: r, ChunkSize: chunkSize}, nil, &r.over}, nil
	}
	w, err := newWriter(nagle, hold)
	if err != nil {
		return nil, err
	}
	return &floor{&rtmp.Server{Handler: w, ChunkSize: chunkSize}, &w.counts, &w.door.over}, nil
}
