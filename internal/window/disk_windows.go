package window

import "golang.org/x/sys/windows"

// space is how many bytes this user may still write on the disk of dir, and how
// many the disk has.
func space(dir string) (free, total uint64, ok bool) {
	path, err := windows.UTF16PtrFromString(dir)
	if err != nil {
		return 0, 0, false
	}
	err = windows.GetDiskFreeSpaceEx(path, &free, &total, nil)
	return free, total, err == nil
}
