package server

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"syscall"

	"github.com/millrace-live/millrace/internal/certs"
	"github.com/millrace-live/millrace/internal/netx"
	"github.com/millrace-live/millrace/internal/store"
)

// Rehearse tries what a start with these settings needs of the machine, and
// leaves nothing behind. The error says why it would fail. What a server that
// runs now holds, a port or the data folder, is a warning only: that one may be
// about to be restarted with these settings.
func Rehearse(s *Settings) (warnings []string, err error) {
	var errs []error
	for i := range s.Cert {
		if err := (certs.Pair{Cert: s.Cert[i], Key: s.Key[i]}).Check(); err != nil {
			errs = append(errs, err)
		}
	}
	if _, err := s.issuers(); err != nil {
		errs = append(errs, err)
	}
	for _, a := range s.Authorizers {
		if err := a.settings().Check(); err != nil {
			errs = append(errs, err)
		}
	}
	if err := tryFolder(s.Data); err != nil {
		errs = append(errs, err)
	}
	for _, l := range s.listeners() {
		if l.addr == "" || l.addr == netx.Off {
			continue
		}
		socket, err := netx.Listen(context.Background(), "--"+l.name, l.addr)
		switch {
		case err == nil:
			socket.Close()
		case errors.Is(err, syscall.EADDRINUSE):
			warnings = append(warnings, err.Error())
		default:
			errs = append(errs, err)
		}
	}
	return warnings, errors.Join(errs...)
}

// tryFolder finds out whether the data folder can be written or made.
func tryFolder(dir string) error {
	if dir == "" {
		var err error
		if dir, err = store.Choose(); err != nil {
			return err
		}
	}
	at, err := filepath.Abs(dir)
	if err != nil {
		return err
	}
	for {
		if _, err := os.Stat(at); !errors.Is(err, os.ErrNotExist) || filepath.Dir(at) == at {
			break
		}
		at = filepath.Dir(at)
	}
	probe, err := os.CreateTemp(at, ".millrace-*")
	if err != nil {
		return store.FolderError(dir, err)
	}
	probe.Close()
	return os.Remove(probe.Name())
}
