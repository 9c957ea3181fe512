package window

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"sync"
)

// disk is the folder of all streams' files: in it a folder for each presentation,
// in that a file for each segment. All names are made of identifiers and numbers of
// the store's own.
type disk struct {
	dir string
	log *slog.Logger

	mu   sync.Mutex
	root *os.Root // nil until there is something to write

	// Tests have disks that hang or are full.
	create func(name string) (io.WriteCloser, error)
	space  func(dir string) (free, total uint64, ok bool)
}

// What is left of a disk for others: this much, or a part of a small one.
const (
	reserve     = 1 << 30
	reservePart = 20
)

var errFull = errors.New("the disk is almost full")

func newDisk(dir string, log *slog.Logger) *disk {
	d := &disk{dir: dir, log: log, space: space}
	d.create = func(name string) (io.WriteCloser, error) { return d.createFile(name) }
	return d
}

// hold opens the folder, which it makes if need be.
func (d *disk) hold() (*os.Root, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.root != nil {
		return d.root, nil
	}
	if err := os.MkdirAll(d.dir, 0o700); err != nil {
		return nil, err
	}
	root, err := os.OpenRoot(d.dir)
	d.root = root
	return root, err
}

func (d *disk) createFile(name string) (*os.File, error) {
	root, err := d.hold()
	if err != nil {
		return nil, err
	}
	const flags = os.O_WRONLY | os.O_CREATE | os.O_TRUNC
	f, err := root.OpenFile(name, flags, 0o600)
	if !errors.Is(err, fs.ErrNotExist) {
		return f, err
	}
	if err := root.Mkdir(filepath.Dir(name), 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, err
	}
	return root.OpenFile(name, flags, 0o600)
}

// write makes a file of a segment, or none.
func (d *disk) write(s *Segment) error {
	if !d.room(s.Size) {
		return errFull
	}
	f, err := d.create(s.file())
	if err != nil {
		return fmt.Errorf("make a file: %w", err)
	}
	for _, part := range s.Parts {
		if _, err = f.Write(part.Bytes); err != nil {
			break
		}
	}
	if err = errors.Join(err, f.Close()); err != nil {
		_ = d.remove(s.file()) // there is nothing more to be done about it
		return fmt.Errorf("write a file: %w", err)
	}
	return nil
}

// room reports whether n bytes more leave the disk its reserve.
func (d *disk) room(n int) bool {
	free, total, ok := d.space(d.dir)
	return !ok || free >= min(reserve, total/reservePart)+uint64(n)
}

func (d *disk) open(name string) (*os.File, error) {
	root, err := d.hold()
	if err != nil {
		return nil, err
	}
	return root.Open(name)
}

func (d *disk) close() {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.root != nil {
		d.root.Close()
	}
}

// remove removes a file or an empty folder. One that is not there is no error.
func (d *disk) remove(name string) error {
	root, err := d.hold()
	if err != nil {
		return err
	}
	if err := root.Remove(name); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

var (
	folderNames = regexp.MustCompile(fmt.Sprintf(`^[a-z2-7]{%d}$`, IDLength))
	fileNames   = regexp.MustCompile(`^(video|audio)[0-9]+-[0-9]+\.m4s$`)
)

// file is the name of the segment's file below the folder.
func (s *Segment) file() string {
	return fmt.Sprintf("%s/%s%d-%d.m4s", s.track.p.id, s.track.kind, s.track.id, s.Number)
}

// folders are those of presentations.
func (d *disk) folders() []string {
	entries, err := os.ReadDir(d.dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		d.log.Warn("the folder of time shift cannot be read", "folder", d.dir, "reason", err)
	}
	var names []string
	for _, e := range entries {
		if e.IsDir() && folderNames.MatchString(e.Name()) {
			names = append(names, e.Name())
		}
	}
	return names
}

// clear removes what a store may have left in folders, and nothing else, until all
// of it has gone or stop says so.
func (d *disk) clear(folders []string, stop <-chan struct{}) {
	removed := 0
	for _, folder := range folders {
		entries, err := os.ReadDir(filepath.Join(d.dir, folder))
		for _, e := range entries {
			select {
			case <-stop:
				return
			default:
			}
			if !fileNames.MatchString(e.Name()) {
				continue
			}
			if err = d.remove(folder + "/" + e.Name()); err != nil {
				break
			}
			removed++
		}
		if err == nil {
			err = d.remove(folder)
		}
		if err != nil {
			d.log.Warn("old files of time shift cannot be removed", "folder", filepath.Join(d.dir, folder), "reason", err)
		}
	}
	if len(folders) > 0 {
		d.log.Debug("old files of time shift removed", "folder", d.dir, "files", removed)
	}
}
