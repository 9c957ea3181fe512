package bench

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/millrace-live/millrace/internal/tool"
)

// process is what the system says of the server's process.
type process struct {
	cpu time.Duration
	rss uint64 // bytes
	// anon is the part of rss that no files are behind: stacks, heap.
	anon uint64
}

// tick is what Linux counts processor time in, on every architecture that Go
// runs on.
const tick = 10 * time.Millisecond

// look reads the counters of a process from its folder in proc, which only
// Linux has.
func look(proc string, pid int) (p process, err error) {
	dir := filepath.Join(proc, strconv.Itoa(pid))
	stat, err := os.ReadFile(filepath.Join(dir, "stat"))
	if err == nil {
		p.cpu, err = parseStat(stat)
	}
	var status []byte
	if err == nil {
		status, err = os.ReadFile(filepath.Join(dir, "status"))
	}
	if err == nil {
		p.rss, err = parseStatus(status, "VmRSS:")
	}
	if err == nil {
		p.anon, err = parseStatus(status, "RssAnon:")
	}
	if err != nil {
		return p, &tool.Error{Status: tool.Usage, Err: err, Text: fmt.Sprintf(
			"cannot read the counters of process %d; give the one of a server that runs on this machine, a Linux", pid)}
	}
	return p, nil
}

var errProc = errors.New("not as proc(5) has it")

// parseStat reads utime and stime, the 14th and 15th field. The second is the
// program's name in parentheses, which may hold anything.
func parseStat(b []byte) (time.Duration, error) {
	const utime, stime = 14 - 3, 15 - 3 // counted from behind the name
	fields := bytes.Fields(b[bytes.LastIndexByte(b, ')')+1:])
	if len(fields) <= stime {
		return 0, errProc
	}
	user, err := strconv.ParseInt(string(fields[utime]), 10, 64)
	if err != nil {
		return 0, errProc
	}
	system, err := strconv.ParseInt(string(fields[stime]), 10, 64)
	if err != nil {
		return 0, errProc
	}
	return time.Duration(user+system) * tick, nil
}

// parseStatus reads a size, which is in kB.
func parseStatus(b []byte, name string) (uint64, error) {
	for line := range bytes.Lines(b) {
		if f := bytes.Fields(line); len(f) == 3 && string(f[0]) == name {
			n, err := strconv.ParseUint(string(f[1]), 10, 64)
			if err != nil {
				return 0, errProc
			}
			return n << 10, nil
		}
	}
	return 0, errProc
}
