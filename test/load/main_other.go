//go:build !linux

package main

import (
	"fmt"
	"os"
)

func main() {
	fmt.Fprintln(os.Stderr, "load: the floor and the counters of processes are Linux's; run it there")
	os.Exit(2)
}
