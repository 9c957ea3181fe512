package store

import (
	"errors"
	"io/fs"
	"os"
	"strings"
	"syscall"
	"testing"
)

func TestFaultsSayTheMend(t *testing.T) {
	for err, want := range map[error]string{
		&fs.PathError{Op: "open", Path: "keys.json.new", Err: syscall.ENOSPC}:    "cannot write to the data folder /d (no space left on device): make room on that disk",
		&fs.PathError{Op: "open", Path: "lock", Err: syscall.EROFS}:              "(read-only file system): mount that disk for writing",
		&fs.PathError{Op: "open", Path: "lock", Err: syscall.EMFILE}:             "(too many open files): let the process open more files (ulimit -n",
		&fs.PathError{Op: "mkdir", Path: "/d", Err: syscall.EACCES}:              "(permission denied): make it writable for this user, or choose another folder with --data",
		&os.LinkError{Op: "rename", Old: "a.new", New: "a", Err: syscall.EEXIST}: "(file exists): a folder stands where a file should",
		errors.New("odd"): "(odd): make it writable",
	} {
		if got := FolderError("/d", err); !strings.Contains(got.Error(), want) || !errors.Is(got, errors.Unwrap(err)) && errors.Unwrap(err) != nil {
			t.Errorf("%v: %v, want %q", err, got, want)
		}
	}
}

func TestAFolderInTheWay(t *testing.T) {
	f := open(t, t.TempDir())
	if err := os.Mkdir(f.Path("a"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := f.Write("a", nil, 0o600); err == nil || !strings.HasPrefix(err.Error(), "cannot write "+f.Path("a")+" (") {
		t.Errorf("written: %v", err)
	}
	if _, err := f.Read("a"); err == nil || !strings.HasPrefix(err.Error(), "cannot read "+f.Path("a")+" (") {
		t.Errorf("read: %v", err)
	}
}
