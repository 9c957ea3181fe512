//go:build unix

package store

import "os"

// syncDir makes a rename last: the name is the folder's content, not the file's.
func syncDir(root *os.Root) error {
	d, err := root.Open(".")
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}
