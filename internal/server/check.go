package server

import (
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"time"

	"github.com/millrace-live/millrace/internal/access"
	"github.com/millrace-live/millrace/internal/store"
)

// What a machine should have for a server that does more than start.
const (
	minFiles  = 1024      // each viewer takes one, and a few stay for the server
	minDisk   = 64 << 20  // bytes; logs and keys are small, and what fills a disk is not
	minMemory = 128 << 20 // bytes; one stream may hold 32 MB, and as much again for HLS
)

// checkMachine looks for what will trouble a server that has started. Each
// fault is one sentence with the mend.
func checkMachine(folder *store.Folder, now time.Time) []string {
	var faults []string
	add := func(fault string) {
		if fault != "" {
			faults = append(faults, fault)
		}
	}
	file, written := newest(folder)
	add(clockFault(now, file, written))
	if n, ok := openFiles(); ok {
		add(filesFault(n))
	}
	if n, ok := freeDisk(folder.Dir()); ok {
		add(diskFault(folder.Dir(), n))
	}
	add(memoryFault(debug.SetMemoryLimit(-1)))
	for _, name := range []string{access.TokenFile, firstKeyName} {
		if info, err := os.Stat(folder.Path(name)); err == nil && runtime.GOOS != "windows" {
			add(secretFault(folder.Path(name), info.Mode()))
		}
	}
	return faults
}

// newest is the file of the data folder that was written last, and when.
func newest(folder *store.Folder) (file string, written time.Time) {
	for _, name := range []string{access.TokenFile, store.KeysFile} {
		if info, err := os.Stat(folder.Path(name)); err == nil && info.ModTime().After(written) {
			file, written = folder.Path(name), info.ModTime()
		}
	}
	return file, written
}

// epoch is before the first version of this program.
var epoch = time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC)

// clockFault tells a clock that cannot be right: one that was never set, or that
// stands before the time at which a file was written.
func clockFault(now time.Time, file string, written time.Time) string {
	const mend = "set it, for instance by NTP, as playlists and certificates go by it"
	says := now.UTC().Format(time.DateTime)
	switch {
	case now.Before(epoch):
		return fmt.Sprintf("the clock of this machine is wrong: it says %s UTC; %s", says, mend)
	case written.Sub(now) > 24*time.Hour:
		return fmt.Sprintf("the clock of this machine is wrong, or was: it says %s UTC, but %s was written at %s UTC; %s",
			says, file, written.UTC().Format(time.DateTime), mend)
	}
	return ""
}

func filesFault(n uint64) string {
	if n >= minFiles {
		return ""
	}
	return fmt.Sprintf("this process may open %d files only, and each viewer takes one: "+
		"raise the limit to %d or more (ulimit -n, or LimitNOFILE= of its systemd unit)", n, minFiles)
}

func diskFault(dir string, free uint64) string {
	if free >= minDisk {
		return ""
	}
	return fmt.Sprintf("the disk of the data folder %s has %d MB left: make room on it, or choose a folder on another with --data",
		dir, free>>20)
}

func memoryFault(limit int64) string {
	if limit >= minMemory {
		return ""
	}
	return fmt.Sprintf("the memory limit is %d MB, and one stream may need %d: raise it (GOMEMLIMIT, or that of the container)",
		limit>>20, minMemory>>20)
}

// secretFault is about a file that others may read.
func secretFault(file string, mode os.FileMode) string {
	if mode.Perm()&0o077 == 0 {
		return ""
	}
	return fmt.Sprintf("other users of this machine can use the secret in %s: take it from them with chmod 600", file)
}
