package store

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"
)

// FolderError is err, which came of using the data folder dir, as a sentence
// with the mend.
func FolderError(dir string, err error) error {
	return fmt.Errorf("cannot write to the data folder %s (%w): %s", dir, cause(err), mend(err, "writable"))
}

// fileError is a sentence about one file in the folder.
func (f *Folder) fileError(name string, err error) error {
	return fmt.Errorf("cannot write %s (%w): %s", f.Path(name), cause(err), mend(err, "writable"))
}

// cause is err with no more words than people need.
func cause(err error) error {
	if path, ok := errors.AsType[*fs.PathError](err); ok {
		return path.Err
	}
	if link, ok := errors.AsType[*os.LinkError](err); ok {
		return link.Err
	}
	return err
}

// mend says what to do about an error of the file system; need is what the file
// should be.
func mend(err error, need string) string {
	switch {
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return "make room on that disk, or choose a folder on another with --data"
	case errors.Is(err, syscall.EROFS):
		return "mount that disk for writing, or choose another folder with --data"
	case errors.Is(err, syscall.EMFILE), errors.Is(err, syscall.ENFILE):
		return "let the process open more files (ulimit -n, or LimitNOFILE= of its systemd unit)"
	case errors.Is(err, syscall.ENOTDIR):
		return "a file stands where a folder should: move it away, or choose another folder with --data"
	case errors.Is(err, syscall.EISDIR), errors.Is(err, fs.ErrExist):
		return "a folder stands where a file should: move it away, or choose another folder with --data"
	}
	return "make it " + need + " for this user, or choose another folder with --data"
}
