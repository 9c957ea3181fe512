package server

import (
	"strings"
	"testing"
	"testing/fstest"
)

func TestGroupMemory(t *testing.T) {
	const (
		mount2   = "30 25 0:26 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw\n"
		mount1   = "31 25 0:27 / /sys/fs/cgroup/memory rw,relatime shared:9 - cgroup cgroup rw,memory\n"
		mountCPU = "32 25 0:28 / /sys/fs/cgroup/cpu rw,relatime - cgroup cgroup rw,cpu,cpuacct\n"
	)
	tests := []struct {
		name  string
		files map[string]string
		want  int64 // 0: there is no limit
	}{
		{"no control groups", nil, 0},
		{"version 2 in a container", map[string]string{
			"proc/self/cgroup": "0::/\n", "proc/self/mountinfo": mount2,
			"sys/fs/cgroup/memory.max": "268435456\n", "sys/fs/cgroup/memory.high": "max\n",
		}, 268435456},
		{"version 2 as a service", map[string]string{
			"proc/self/cgroup": "0::/system.slice/millrace.service\n", "proc/self/mountinfo": mount2,
			"sys/fs/cgroup/system.slice/millrace.service/memory.max": "500000000\n",
		}, 500000000},
		{"the slice allows less than the service", map[string]string{
			"proc/self/cgroup": "0::/system.slice/millrace.service\n", "proc/self/mountinfo": mount2,
			"sys/fs/cgroup/system.slice/millrace.service/memory.max": "500000000\n",
			"sys/fs/cgroup/system.slice/memory.max":                  "400000000\n",
		}, 400000000},
		{"slowed before it is ended", map[string]string{
			"proc/self/cgroup": "0::/a\n", "proc/self/mountinfo": mount2,
			"sys/fs/cgroup/a/memory.max": "500000000\n", "sys/fs/cgroup/a/memory.high": "450000000\n",
		}, 450000000},
		{"version 2 without a limit", map[string]string{
			"proc/self/cgroup": "0::/a\n", "proc/self/mountinfo": mount2, "sys/fs/cgroup/a/memory.max": "max\n",
		}, 0},
		{"version 1", map[string]string{
			"proc/self/cgroup":    "5:cpu,cpuacct:/b\n4:memory:/docker/1f\n",
			"proc/self/mountinfo": mountCPU + mount1,
			"sys/fs/cgroup/memory/docker/1f/memory.limit_in_bytes": "134217728\n",
			"sys/fs/cgroup/memory/memory.limit_in_bytes":           "9223372036854771712\n",
			"sys/fs/cgroup/cpu/docker/1f/memory.limit_in_bytes":    "1\n",
		}, 134217728},
		{"version 1, the container's group mounted as the root", map[string]string{
			"proc/self/cgroup":                           "4:memory:/docker/1f\n",
			"proc/self/mountinfo":                        strings.Replace(mount1, " / ", " /docker/1f ", 1),
			"sys/fs/cgroup/memory/memory.limit_in_bytes": "134217728\n",
		}, 134217728},
		{"version 1, a path from outside the container", map[string]string{
			"proc/self/cgroup": "4:memory:/docker/1f\n", "proc/self/mountinfo": mount1,
			"sys/fs/cgroup/memory/memory.limit_in_bytes": "134217728\n",
		}, 134217728},
		{"version 2, a path from outside the name space", map[string]string{
			"proc/self/cgroup": "0::/../../b\n", "proc/self/mountinfo": mount2, "sys/fs/cgroup/memory.max": "134217728\n",
			"sys/memory.max": "1\n",
		}, 134217728},
		{"both, and only the first limits", map[string]string{
			"proc/self/cgroup":                             "4:memory:/a\n0::/a\n",
			"proc/self/mountinfo":                          mount1 + strings.Replace(mount2, "cgroup rw", "cgroup/unified rw", 1),
			"sys/fs/cgroup/memory/a/memory.limit_in_bytes": "600000000\n",
		}, 600000000},
		{"damaged", map[string]string{
			"proc/self/cgroup": "0:\n\n0::/a\n", "proc/self/mountinfo": "x\n - \n1 2 0:1 / / rw - cgroup2 x rw\n" + mount2, "sys/fs/cgroup/a/memory.max": "-1\n",
		}, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			root := fstest.MapFS{}
			for name, text := range tt.files {
				root[name] = &fstest.MapFile{Data: []byte(text)}
			}
			got, ok := groupMemory(root)
			if got != tt.want || ok != (tt.want > 0) {
				t.Errorf("groupMemory = %d, %v; want %d", got, ok, tt.want)
			}
		})
	}
}
