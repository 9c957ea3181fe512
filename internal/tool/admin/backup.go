package admin

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"

	"github.com/millrace-live/millrace/internal/database"
	"github.com/millrace-live/millrace/internal/store"
	"github.com/millrace-live/millrace/internal/tool"
)

// databaseFile is SQLite's in the data folder.
const databaseFile = "millrace.db"

// Backup writes all that a server keeps into a new file: over the API of one that
// runs, else from its data folder, or from the database at a URL if that is not
// empty. It says which.
func Backup(ctx context.Context, s Server, url, file string) (from string, err error) {
	if _, err := os.Lstat(file); err == nil {
		return "", &tool.Error{Status: tool.Usage, Text: file + " is there already; give another name"}
	}
	c, err := s.open()
	if err == nil {
		return "the running server", c.backup(ctx, file)
	}
	if s.API != "" || tool.StatusOf(err) != tool.Unreachable {
		return "", err
	}
	if url == "" {
		// To open it would make it.
		dir := s.Data
		if dir == "" {
			if dir, err = store.Choose(); err != nil {
				return "", err
			}
		}
		if _, err := os.Stat(filepath.Join(dir, databaseFile)); errors.Is(err, fs.ErrNotExist) {
			return "", &tool.Error{Status: tool.Usage, Err: err, Text: fmt.Sprintf(
				"nothing is kept in the data folder %s: name the server's by --data, or its database by --database", dir)}
		}
	}
	err = offline(ctx, s.Data, url, func(d database.Store) error { return d.Backup(ctx, file) })
	if err != nil {
		return "", err
	}
	return "the data folder", nil
}

func (c *client) backup(ctx context.Context, file string) (err error) {
	c.http.Timeout = 0 // it takes as long as there is something to keep
	res, err := c.send(ctx, Request{Method: http.MethodPost, Path: "backup"})
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if kind := res.Header.Get("Content-Type"); res.StatusCode != http.StatusOK || !strings.HasPrefix(kind, "application/octet-stream") {
		body, _ := io.ReadAll(io.LimitReader(res.Body, 1<<20)) // what was read of it is judged
		if err := c.judge(res, body); err != nil {
			return err
		}
		return c.judge(&http.Response{StatusCode: http.StatusNotFound, Request: res.Request}, nil)
	}
	// Half a backup has no name.
	f, err := os.CreateTemp(filepath.Dir(file), ".millrace-backup-*")
	if err != nil {
		return fmt.Errorf("write the backup: %w", err)
	}
	defer func() {
		_ = f.Close() // a second time, where it went well
		if err != nil {
			_ = os.Remove(f.Name()) // err says more
		}
	}()
	if _, err := io.Copy(f, res.Body); err != nil {
		return &tool.Error{Status: tool.Lost, Err: err, Text: fmt.Sprintf("the backup broke off, and there is none: %v", err)}
	}
	if err := errors.Join(f.Sync(), f.Close()); err != nil {
		return fmt.Errorf("write the backup: %w", err)
	}
	// A link is not made over a file that has come meanwhile.
	if err := os.Link(f.Name(), file); err != nil {
		if errors.Is(err, fs.ErrExist) {
			return &tool.Error{Status: tool.Usage, Err: err, Text: file + " is there already; give another name"}
		}
		if err := os.Rename(f.Name(), file); err != nil {
			return fmt.Errorf("write the backup: %w", err)
		}
		return nil
	}
	_ = os.Remove(f.Name()) // its second name
	return nil
}

// Restore puts what a backup has into the database of a server that does not
// run. The database must be empty.
func Restore(ctx context.Context, data, url, file string) error {
	if stat, err := os.Stat(file); errors.Is(err, fs.ErrNotExist) {
		return &tool.Error{Status: tool.Usage, Err: err, Text: fmt.Sprintf("there is no file %s: give one that millrace backup wrote", file)}
	} else if err != nil {
		return &tool.Error{Status: tool.Usage, Err: err, Text: fmt.Sprintf("cannot read the backup: %v", err)}
	} else if stat.IsDir() {
		return &tool.Error{Status: tool.Usage, Text: fmt.Sprintf("%s is a folder: give a file that millrace backup wrote", file)}
	}
	return offline(ctx, data, url, func(d database.Store) error { return d.Restore(ctx, file) })
}

// offline opens the database of a server that does not run.
func offline(ctx context.Context, data, url string, do func(database.Store) error) (err error) {
	if data == "" {
		if data, err = store.Choose(); err != nil {
			return err
		}
	}
	// The lock of the folder keeps servers away meanwhile.
	folder, err := store.Open(data)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, folder.Close()) }()
	if url == "" {
		url = "sqlite:" + folder.Path(databaseFile)
	}
	d, err := database.Open(ctx, url, database.Options{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.Close()) }()
	return do(d)
}
