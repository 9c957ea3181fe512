package database

import (
	"bufio"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"
	"path/filepath"
)

func (s *store) Backup(ctx context.Context, path string) error {
	what := "write the backup " + path
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-*") // mode 0600
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	defer func() { _ = os.Remove(f.Name()) }() // fails once it is renamed
	defer f.Close()
	err = s.view(ctx, what, func(w *work) error {
		if _, err := f.Seek(0, io.SeekStart); err != nil {
			return notOfDatabase(err)
		}
		if err := f.Truncate(0); err != nil {
			return notOfDatabase(err)
		}
		return s.dump(w, f)
	})
	if err != nil {
		return err
	}
	if err := whole(f, path); err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return nil
}

// notOfDatabase keeps an error of the file, such as a full disk, from being taken
// for one of the database's connection: both end in the system's error numbers.
func notOfDatabase(err error) error {
	if err == nil {
		return nil
	}
	return errors.New(err.Error())
}

// whole gives a file its name when its bytes are on the disk.
func whole(f *os.File, path string) error {
	if err := f.Sync(); err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	if err := os.Rename(f.Name(), path); err != nil {
		return err
	}
	dir, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	defer dir.Close()
	// Not every system can sync a folder, and the file is whole in any case.
	_ = dir.Sync()
	return nil
}

func (s *store) dump(w *work, to io.Writer) error {
	d := newDumper(to)
	d.put(dumpLine{Head: &dumpHead{Format: dumpFormat, Time: s.now().UTC()}})
	var h dumpHeads
	if err := w.row("SELECT history, events FROM heads", nil, &h.History, &h.Events); err != nil {
		return err
	}
	d.put(dumpLine{Heads: &h})
	for _, table := range []struct {
		query string
		line  func(*sql.Rows) (dumpLine, error)
	}{
		{"SELECT " + docColumns + " FROM documents ORDER BY kind, id", dumpOfDocument},
		{"SELECT " + pastColumns + " FROM history ORDER BY sequence", dumpOfChange},
		{"SELECT " + eventColumns + " FROM events ORDER BY sequence", dumpOfEvent},
		{"SELECT " + deliveryColumns + " FROM deliveries ORDER BY endpoint, sequence", dumpOfDelivery},
	} {
		err := w.each(table.query, nil, func(rows *sql.Rows) error {
			line, err := table.line(rows)
			if err != nil {
				return err
			}
			d.put(line)
			return d.err
		})
		if err != nil {
			return err
		}
	}
	return d.end()
}

// dumper writes lines, and remembers the first error.
type dumper struct {
	to    *bufio.Writer
	json  *json.Encoder
	sum   hash.Hash
	lines int
	err   error
}

func newDumper(to io.Writer) *dumper {
	d := &dumper{to: bufio.NewWriterSize(to, 1<<16), sum: sha256.New()}
	d.json = json.NewEncoder(io.MultiWriter(d.to, d.sum))
	d.json.SetEscapeHTML(false)
	return d
}

func (d *dumper) put(line dumpLine) {
	if d.err == nil {
		d.err = notOfDatabase(d.json.Encode(line))
		d.lines++
	}
}

func (d *dumper) end() error {
	d.put(dumpLine{End: &dumpEnd{Lines: d.lines, Sum: hex.EncodeToString(d.sum.Sum(nil))}})
	if d.err != nil {
		return d.err
	}
	return notOfDatabase(d.to.Flush())
}

func dumpOfDocument(rows *sql.Rows) (dumpLine, error) {
	d, err := scanDoc(rows)
	return dumpLine{Document: &dumpDocument{
		Kind: d.Kind, ID: d.ID, Revision: d.Revision, Sequence: d.Sequence,
		Created: d.Created, Updated: d.Updated, Body: d.Body,
	}}, err
}

func dumpOfChange(rows *sql.Rows) (dumpLine, error) {
	p, err := scanPast(rows)
	return dumpLine{Change: &dumpChange{
		Sequence: p.Sequence, Kind: p.Kind, ID: p.ID, Revision: p.Revision, Actor: p.Actor,
		Created: p.Created, Time: p.Time, Before: p.Before, After: p.After,
	}}, err
}

func dumpOfEvent(rows *sql.Rows) (dumpLine, error) {
	var e Event
	err := scanEvent(rows, &e)
	return dumpLine{Event: &dumpEvent{
		Sequence: e.Sequence, ID: e.ID, Subject: e.Subject, Type: e.Type, Time: e.Time, Body: e.Body,
	}}, err
}

func dumpOfDelivery(rows *sql.Rows) (dumpLine, error) {
	var d dumpDelivery
	var due, died sql.NullInt64
	err := rows.Scan(&d.Endpoint, &d.Sequence, &d.Subject, &d.Attempts, &d.Problem, &due, &died)
	d.Due, d.Died = moment(due), moment(died)
	return dumpLine{Delivery: &d}, err
}
