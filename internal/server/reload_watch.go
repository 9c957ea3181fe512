package server

import (
	"context"
	"log/slog"
	"path/filepath"
	"time"

	"github.com/fsnotify/fsnotify"
)

// settle is how long a file must have rested before it is read: editors write
// in several steps.
const settle = 200 * time.Millisecond

// watch returns a channel that has a value each time the file may have changed,
// until ctx ends. Without help from the system there are no values and a line
// in the log.
//
// It watches the folder: most editors, and Kubernetes with its folder of
// symbolic links, put another file in the place of the old one, which would end
// the watch of a file.
func watch(ctx context.Context, file string, log *slog.Logger) <-chan struct{} {
	target := resolve(file) // before the watch begins, to see every later turn
	watcher, err := fsnotify.NewWatcher()
	if err == nil {
		if err = watcher.Add(filepath.Dir(file)); err != nil {
			watcher.Close()
		}
	}
	if err != nil {
		log.Warn("changes of the config file are not noticed: use SIGHUP or millrace reload", "reason", err)
		return nil
	}
	changes := make(chan struct{})
	go func() {
		defer watcher.Close()
		rest := time.NewTimer(settle)
		rest.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case e := <-watcher.Events:
				now := resolve(file)
				if filepath.Base(e.Name) == filepath.Base(file) || now != target {
					rest.Reset(settle)
				}
				target = now
			case err := <-watcher.Errors:
				log.Debug("changes of the config file's folder were missed", "error", err)
				rest.Reset(settle)
			case <-rest.C:
				select {
				case changes <- struct{}{}:
				case <-ctx.Done():
					return
				}
			}
		}
	}()
	return changes
}

// resolve returns where symbolic links lead, "" while they lead nowhere.
func resolve(file string) string {
	target, err := filepath.EvalSymlinks(file)
	if err != nil {
		return ""
	}
	return target
}
