package certs

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/fsnotify/fsnotify"
)

const (
	// settle is how long the files must have rested before they are read: the
	// certificate and its key are not written at the same moment.
	settle = time.Second
	// look is how often the files are read without any sign: network file
	// systems give none.
	look = 30 * time.Second
	// renewal is how long before its end a certificate should be renewed.
	renewal = 14 * 24 * time.Hour
)

// watch picks up the files when they change, until ctx ends. It watches the
// folders: most programs, and Kubernetes with its folder of symbolic links, put
// another file in the place of the old one, which would end the watch of a file.
func (s *Source) watch(ctx context.Context) {
	var events chan fsnotify.Event
	var faults chan error
	if watcher, err := s.watcher(); err != nil {
		s.log.Debug("changes of certificate files are noticed every 30 s only", "reason", err)
	} else if watcher != nil {
		defer watcher.Close()
		events, faults = watcher.Events, watcher.Errors
	}
	rest, tick, day := time.NewTimer(settle), time.NewTicker(look), time.NewTicker(24*time.Hour)
	defer rest.Stop()
	defer tick.Stop()
	defer day.Stop()
	var last [sha256.Size]byte // at the first look they are read: they may have changed since Open
	for {
		select {
		case <-ctx.Done():
			return
		case <-events:
			rest.Reset(settle)
			continue
		case err := <-faults:
			s.log.Debug("changes of certificate files were missed", "error", err)
			rest.Reset(settle)
			continue
		case <-day.C:
			for _, h := range *s.files.Load() {
				s.warn(h)
			}
			continue
		case <-rest.C:
		case <-tick.C:
		}
		if now := s.digest(); now != last {
			last = now
			_ = s.Reload() // it is logged
		}
	}
}

// watcher watches the folders of the files; nil when there are none.
func (s *Source) watcher() (*fsnotify.Watcher, error) {
	if len(s.pairs) == 0 {
		return nil, nil
	}
	watcher, err := fsnotify.NewWatcher()
	if err != nil {
		return nil, err
	}
	for _, p := range s.pairs {
		for _, file := range []string{p.Cert, p.Key} {
			if err := watcher.Add(filepath.Dir(file)); err != nil {
				watcher.Close()
				return nil, err
			}
		}
	}
	return watcher, nil
}

// digest stands for what the files hold.
func (s *Source) digest() [sha256.Size]byte {
	h := sha256.New()
	for _, p := range s.pairs {
		for _, file := range []string{p.Cert, p.Key} {
			b, err := os.ReadFile(file)
			fmt.Fprintf(h, "%d %v\n", len(b), err)
			h.Write(b)
		}
	}
	return [sha256.Size]byte(h.Sum(nil))
}

// Reload reads the files anew. New handshakes then use them, while connections
// go on as they are. A pair with a fault is refused, and the old one stays: the
// error names the file and the mend, and is logged.
func (s *Source) Reload() error {
	s.reading.Lock()
	defer s.reading.Unlock()
	all := slices.Clone(*s.files.Load())
	var fault error
	for i, p := range s.pairs {
		h, err := readPair(p)
		if err == nil && h.expired(time.Now()) && !all[i].expired(time.Now()) {
			err = fmt.Errorf("the certificate %s ran out on %s: renew it", p.Cert, h.cert.Leaf.NotAfter.UTC().Format(time.DateOnly))
		}
		switch {
		case err != nil:
			fault = err
			if s.refused != err.Error() {
				s.log.Error("a certificate was not reloaded and the old one stays", "reason", err)
				s.refused = err.Error()
			}
		case !bytes.Equal(h.cert.Leaf.Raw, all[i].cert.Leaf.Raw) || len(h.cert.Certificate) != len(all[i].cert.Certificate):
			s.log.Info("certificate reloaded", "file", p.Cert, "names", h.names(), "until", h.cert.Leaf.NotAfter.UTC())
			s.warn(h)
			all[i] = h
		}
	}
	if fault == nil {
		s.refused = ""
	}
	s.files.Store(&all)
	return fault
}

// warn says what clients will dislike about a certificate.
func (s *Source) warn(h *held) {
	leaf := h.cert.Leaf
	until := leaf.NotAfter.UTC().Format(time.DateOnly)
	switch left := time.Until(leaf.NotAfter); {
	case left < 0:
		s.log.Warn("the certificate has run out, and clients refuse it: renew it", "file", h.from, "until", until)
	case left < min(renewal, leaf.NotAfter.Sub(leaf.NotBefore)/4):
		s.log.Warn("the certificate runs out soon: renew it", "file", h.from, "until", until)
	}
	if len(h.names()) == 0 {
		s.log.Warn("the certificate is for no host name, and clients refuse it: get one with a subject alternative name",
			"file", h.from)
	}
	if h.isAlone() {
		s.log.Warn("the certificate's chain may be incomplete: unless clients know the authority that signed it, "+
			"append the authority's certificates to the file (fullchain.pem)", "file", h.from, "signed_by", leaf.Issuer.String())
	}
}
