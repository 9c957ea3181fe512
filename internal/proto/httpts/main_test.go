package httpts

import (
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/millrace-live/millrace/internal/netx"
)

// driver carries the viewers of all tests; nil in the first of the two runs.
var driver *netx.Driver

// TestMain runs the tests without a driver and, where there is one, with it.
func TestMain(m *testing.M) {
	code := m.Run()
	d, err := netx.NewDriver(2, 500*time.Millisecond)
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	if d != nil && code == 0 {
		driver = d
		code = m.Run()
		d.Close()
		if n := d.Stats().Riders; n > 0 {
			fmt.Printf("%d riders are left behind\n", n)
			code = 1
		}
	}
	os.Exit(code)
}
