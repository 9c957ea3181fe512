package server

import (
	"bufio"
	"io/fs"
	"log/slog"
	"os"
	"path"
	"runtime/debug"
	"strconv"
	"strings"
)

// memoryShare of what the container may use goes to the Go heap; the rest is
// for what the runtime does not count: the sockets' buffers, which the kernel
// charges to the same group, and the program itself.
const memoryShare = 0.9

// garbage is how much the heap may grow between two collections, in percent. It
// is rings and sessions, which last, and what comes anew in a second is little
// beside it: at a quarter of Go's default a player takes a third less memory, an
// encoder two fifths, for an eighth more work with encoders and none to speak of
// with players.
const garbage = 25

// limitMemory keeps garbage small, and makes the collector work harder near the
// memory limit of this process's control group instead of growing until the
// kernel kills the server. GOGC and GOMEMLIMIT in the environment win: the
// runtime has read them.
func limitMemory(log *slog.Logger) {
	if _, given := os.LookupEnv("GOGC"); !given {
		debug.SetGCPercent(garbage)
	}
	if _, given := os.LookupEnv("GOMEMLIMIT"); given {
		return
	}
	group, ok := groupMemory(os.DirFS("/"))
	if !ok {
		return
	}
	limit := int64(float64(group) * memoryShare)
	debug.SetMemoryLimit(limit)
	log.Debug("memory limit", "group_bytes", group, "heap_bytes", limit)
}

// groupMemory is the least memory limit of this process's control groups and of
// those that they lie in, read from the root of a Linux file system; ok is
// false where there is none.
func groupMemory(root fs.FS) (limit int64, ok bool) {
	groups := memoryGroups(root)
	for _, m := range memoryMounts(root) {
		group, known := groups[m.version]
		if !known {
			continue
		}
		// A container sees its own group at the mount point, and may see a path
		// from outside (/../x, or x itself), which is not there below it.
		inside := path.Join("/", strings.TrimPrefix(group, m.root))
		for dir := path.Join(m.point, inside); ; dir = path.Dir(dir) {
			for _, file := range m.version.files() {
				if n, set := readLimit(root, path.Join(dir, file)); set && (!ok || n < limit) {
					limit, ok = n, true
				}
			}
			if dir == m.point {
				break
			}
		}
	}
	return limit, ok
}

// groupVersion is 1 or 2: the two interfaces of control groups, which may be in
// use side by side.
type groupVersion int

func (v groupVersion) files() []string {
	if v == 1 {
		return []string{"memory.limit_in_bytes"}
	}
	// Above memory.high the kernel slows a group down, which for live video is
	// as bad as its end.
	return []string{"memory.max", "memory.high"}
}

// memoryGroups are the groups that account for this process's memory, from
// /proc/self/cgroup (cgroups(7)): lines of "ID:CONTROLLERS:PATH", where version
// 2 has ID 0 and no controllers.
func memoryGroups(root fs.FS) map[groupVersion]string {
	groups := make(map[groupVersion]string)
	eachLine(root, "proc/self/cgroup", func(line string) {
		col := strings.SplitN(line, ":", 3)
		switch {
		case len(col) < 3:
		case col[0] == "0" && col[1] == "":
			groups[2] = col[2]
		case hasWord(col[1], "memory"):
			groups[1] = col[2]
		}
	})
	return groups
}

type groupMount struct {
	version groupVersion
	root    string // the group that is mounted
	point   string // where, without the leading slash
}

// memoryMounts are the mounted hierarchies that may limit memory, from
// /proc/self/mountinfo (proc(5)): the group mounted is the fourth field, the
// mount point the fifth, and the type and the options stand behind a "-".
func memoryMounts(root fs.FS) []groupMount {
	var mounts []groupMount
	eachLine(root, "proc/self/mountinfo", func(line string) {
		before, after, _ := strings.Cut(line, " - ")
		where, what := strings.Fields(before), strings.Fields(after)
		if len(where) < 5 || len(what) < 3 {
			return
		}
		m := groupMount{root: strings.TrimSuffix(where[3], "/"), point: strings.Trim(path.Clean(where[4]), "/")}
		if m.point == "" {
			return // no system has groups for its root folder
		}
		switch {
		case what[0] == "cgroup2":
			m.version = 2
		case what[0] == "cgroup" && hasWord(what[2], "memory"):
			m.version = 1
		default:
			return
		}
		mounts = append(mounts, m)
	})
	return mounts
}

// noLimit and more is how version 1 writes that there is none: the largest
// multiple of a page.
const noLimit = 1 << 62

func readLimit(root fs.FS, file string) (n int64, ok bool) {
	b, err := fs.ReadFile(root, file)
	if err != nil {
		return 0, false
	}
	n, err = strconv.ParseInt(strings.TrimSpace(string(b)), 10, 64) // version 2 writes "max" for none
	return n, err == nil && n > 0 && n < noLimit
}

func hasWord(list, word string) bool {
	for w := range strings.SplitSeq(list, ",") {
		if w == word {
			return true
		}
	}
	return false
}

func eachLine(root fs.FS, name string, f func(line string)) {
	file, err := root.Open(name)
	if err != nil {
		return
	}
	defer file.Close()
	for sc := bufio.NewScanner(file); sc.Scan(); {
		f(sc.Text())
	}
}
