package store

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// Format is the version of the data folder that this build writes. It rises
// when an older build could no longer read the folder.
const Format = 1

const (
	lockName   = "lock"
	formatName = "format"
)

// Folder is the data folder, open and locked. No other server can open it until
// Close or the end of the process.
type Folder struct {
	dir  string
	root *os.Root
	lock *os.File
}

// Open makes the folder when it is not there, locks it and checks its format.
// Its errors are one sentence with the mend.
func Open(dir string) (*Folder, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("the data folder: %w", err)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, FolderError(dir, err)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, FolderError(dir, err)
	}
	f := &Folder{dir: dir, root: root}
	if err := f.open(); err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

func (f *Folder) open() error {
	lock, err := f.root.OpenFile(lockName, os.O_RDWR|os.O_CREATE, 0o600)
	if errors.Is(err, syscall.EISDIR) {
		return f.fileError(lockName, err)
	} else if err != nil {
		return FolderError(f.dir, err)
	}
	f.lock = lock
	if err := tryLock(lock); errors.Is(err, errLocked) {
		who := "another server"
		if b, err := f.Read(lockName); err == nil && len(b) > 0 {
			who += " (process " + strings.TrimSpace(string(b)) + ")"
		}
		return fmt.Errorf("the data folder %s is in use by %s: end that one, or give this one a folder of its own with --data",
			f.dir, who)
	} else if err != nil {
		return fmt.Errorf("cannot lock the data folder %s: %w", f.dir, err)
	}
	if err := lock.Truncate(0); err != nil {
		return FolderError(f.dir, err)
	}
	if _, err := lock.WriteAt([]byte(strconv.Itoa(os.Getpid())+"\n"), 0); err != nil {
		return FolderError(f.dir, err)
	}
	return f.checkFormat()
}

func (f *Folder) checkFormat() error {
	b, err := f.Read(formatName)
	if errors.Is(err, fs.ErrNotExist) {
		return f.Write(formatName, []byte(strconv.Itoa(Format)+"\n"), 0o600)
	}
	if err != nil {
		return err
	}
	n, err := strconv.Atoi(string(bytes.TrimSpace(b)))
	if err != nil || n < 1 {
		return fmt.Errorf("%s is damaged: it should hold the number of the folder's format; restore it from a backup",
			f.Path(formatName))
	}
	if n > Format {
		return fmt.Errorf("the data folder %s was written by a newer Millrace (format %d, this one knows up to %d): "+
			"use that version, or another folder with --data", f.dir, n, Format)
	}
	return nil
}

// Close unlocks the folder.
func (f *Folder) Close() error {
	if f.lock != nil {
		f.lock.Close()
	}
	return f.root.Close()
}

// Dir is the folder's absolute path.
func (f *Folder) Dir() string { return f.dir }

// Path is the absolute path of a file in the folder.
func (f *Folder) Path(name string) string { return filepath.Join(f.dir, name) }

// Read returns the content of a file. When there is none, the error is
// [fs.ErrNotExist]; others are one sentence with the mend.
func (f *Folder) Read(name string) ([]byte, error) {
	b, err := f.root.ReadFile(name)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("cannot read %s (%w): %s", f.Path(name), cause(err), mend(err, "readable"))
	}
	return b, err
}

// Write puts a file into the folder as a whole: after a power cut there is the
// old content or the new one, never a part.
func (f *Folder) Write(name string, data []byte, perm fs.FileMode) error {
	if err := f.write(name, data, perm); err != nil {
		return f.fileError(name, err)
	}
	return nil
}

func (f *Folder) write(name string, data []byte, perm fs.FileMode) error {
	draft := name + ".new"
	// A draft that a crash left may have other permissions.
	if err := f.root.Remove(draft); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	file, err := f.root.OpenFile(draft, os.O_WRONLY|os.O_CREATE|os.O_EXCL, perm)
	if err != nil {
		return err
	}
	_, err = file.Write(data)
	err = errors.Join(err, file.Sync(), file.Close())
	if err != nil {
		return err
	}
	if err := f.root.Rename(draft, name); err != nil {
		return err
	}
	return syncDir(f.root)
}

// Remove removes a file. One that is not there is no error.
func (f *Folder) Remove(name string) error {
	if err := f.root.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("cannot remove %s (%w): %s", f.Path(name), cause(err), mend(err, "readable"))
	}
	return nil
}
