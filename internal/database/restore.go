package database

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
)

const (
	// maxLine bounds a line of a backup: a change has two bodies.
	maxLine = 2*MaxBody + 1<<16
	// batchBytes is how many bytes of lines one statement carries, at the least.
	batchBytes = 1 << 20
)

func (s *store) Restore(ctx context.Context, path string) error {
	what := "restore the backup " + path
	f, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("restore the backup: %w", err)
	}
	defer f.Close()
	if err := verify(f); err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return s.update(ctx, what, func(w *work) error {
		h, err := advance(w, 0, 0)
		if err != nil {
			return err
		}
		if h != (heads{}) {
			return errors.New("the database holds something already: restore into a new data folder, or a new database, and start the server with that")
		}
		if _, err := f.Seek(0, io.SeekStart); err != nil {
			return notOfDatabase(err)
		}
		r := restorer{w: w}
		if err := lines(f, r.take); err != nil {
			return err
		}
		return r.flush()
	})
}

// verify reads a backup to its end, to see that it is whole.
func verify(f io.Reader) error {
	var head *dumpHead
	var end *dumpEnd
	sum, n := sha256.New(), 0
	err := lines(f, func(line []byte) error {
		var l dumpLine
		err := json.Unmarshal(line, &l)
		switch {
		case n == 0 && (err != nil || l.Head == nil):
			return errors.New("it is no backup of Millrace: give a file that millrace backup wrote")
		case err != nil:
			return fmt.Errorf("it is damaged in line %d (%w): take another backup", n+1, err)
		case n == 0:
			head = l.Head
			if head.Format > dumpFormat {
				return fmt.Errorf("it is of a newer Millrace (format %d, this one reads %d): restore it with that version", head.Format, dumpFormat)
			}
		case end != nil:
			return fmt.Errorf("line %d stands behind its end: take another backup", n+1)
		case l.End != nil:
			end = l.End
			if end.Lines != n || end.Sum != hex.EncodeToString(sum.Sum(nil)) {
				return errors.New("it is damaged, its sum is not that of its lines: take another backup")
			}
		}
		sum.Write(line)
		sum.Write([]byte{'\n'})
		n++
		return nil
	})
	switch {
	case err != nil:
		return err
	case head == nil:
		return errors.New("it is no backup of Millrace, but empty: give a file that millrace backup wrote")
	case end == nil:
		return errors.New("it is cut off, its end is missing: take another backup")
	}
	return nil
}

func lines(f io.Reader, fn func([]byte) error) error {
	in := bufio.NewScanner(f)
	in.Buffer(make([]byte, 1<<16), maxLine)
	in.Split(splitLines)
	for in.Scan() {
		if err := fn(in.Bytes()); err != nil {
			return err
		}
	}
	return notOfDatabase(in.Err())
}

// splitLines leaves a carriage return where it is: the sum is of all bytes.
func splitLines(data []byte, last bool) (int, []byte, error) {
	if i := bytes.IndexByte(data, '\n'); i >= 0 {
		return i + 1, data[:i], nil
	}
	if last && len(data) > 0 {
		return len(data), data, nil
	}
	return 0, nil, nil
}

// restorer collects rows of one table and writes them together.
type restorer struct {
	w     *work
	query string
	rows  [][]any
	bytes int
}

func (r *restorer) take(line []byte) error {
	var l dumpLine
	if err := json.Unmarshal(line, &l); err != nil {
		return err
	}
	switch {
	case l.Heads != nil:
		_, err := r.w.exec("UPDATE heads SET history = $1, events = $2", l.Heads.History, l.Heads.Events)
		return err
	case l.Document != nil:
		d := l.Document
		return r.add(line, "INSERT INTO documents ("+docColumns+") VALUES …", docValues(Doc{
			Kind: d.Kind, ID: d.ID, Revision: d.Revision, Sequence: d.Sequence,
			Created: d.Created, Updated: d.Updated, Body: d.Body,
		}))
	case l.Change != nil:
		c := l.Change
		return r.add(line, "INSERT INTO history ("+pastColumns+") VALUES …", pastValues(Past{
			Sequence: c.Sequence, Kind: c.Kind, ID: c.ID, Revision: c.Revision, Actor: c.Actor,
			Created: c.Created, Time: c.Time, Before: c.Before, After: c.After,
		}))
	case l.Event != nil:
		e := l.Event
		return r.add(line, "INSERT INTO events ("+eventColumns+") VALUES …", eventValues(Event{
			Sequence: e.Sequence, ID: e.ID, Subject: e.Subject, Type: e.Type, Time: e.Time, Body: e.Body,
		}))
	case l.Delivery != nil:
		d := l.Delivery
		return r.add(line, "INSERT INTO deliveries ("+deliveryColumns+") VALUES …", []any{
			d.Endpoint, d.Sequence, d.Subject, d.Attempts, d.Problem, nanos(d.Due), nanos(d.Died),
		})
	}
	return nil
}

func (r *restorer) add(line []byte, query string, row []any) error {
	if query != r.query || r.bytes >= batchBytes || len(r.rows) >= chunk {
		if err := r.flush(); err != nil {
			return err
		}
	}
	r.query = query
	r.rows = append(r.rows, row)
	r.bytes += len(line)
	return nil
}

func (r *restorer) flush() error {
	_, err := r.w.many(r.query, r.rows)
	r.rows, r.bytes = r.rows[:0], 0
	return err
}
