//go:build darwin || freebsd || linux

package window

import "golang.org/x/sys/unix"

// space is how many bytes this user may still write on the disk of dir, and how
// many the disk has.
func space(dir string) (free, total uint64, ok bool) {
	var fs unix.Statfs_t
	err := unix.Statfs(dir, &fs)
	size := uint64(fs.Bsize)
	return uint64(max(0, fs.Bavail)) * size, fs.Blocks * size, err == nil //nolint:unconvert // signed on FreeBSD
}
